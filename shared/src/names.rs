//! What can be the name of something in Kubernetes.

/// How long a label may be (RFC 1123).
const LABEL: usize = 63;

/// Whether this can be the name of a namespace or a container: a label of RFC 1123.
pub fn is_label(name: &str) -> bool {
    name.len() <= LABEL && is_part(name)
}

/// Whether this can stand between the dots of a name, however long it is.
pub fn is_part(name: &str) -> bool {
    let is_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let [first, .., last] = name.as_bytes() else {
        return name.bytes().all(is_alphanumeric) && !name.is_empty();
    };
    is_alphanumeric(*first)
        && is_alphanumeric(*last)
        && name
            .bytes()
            .all(|byte| is_alphanumeric(byte) || byte == b'-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// As the API server has it.
        #[test]
        fn a_label_is_what_the_expression_says(name in "[a-b0.-]{0,4}|[a-z0-9]([-a-z0-9]*[a-z0-9])?|\\PC{0,3}") {
            let bytes = name.as_bytes();
            let fits = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9');
            let expected = bytes.iter().all(|byte| fits(byte) || *byte == b'-')
                && bytes.first().is_some_and(fits)
                && bytes.last().is_some_and(fits);
            prop_assert_eq!(is_part(&name), expected);
            prop_assert_eq!(is_label(&name), expected && name.len() <= LABEL);
        }
    }
}
