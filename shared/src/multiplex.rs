//! Many terminals over one SockJS session, a *multiplex*: each has a channel, whose number stands before its texts.
//!
//! To the server a text is a client's message, or nothing, with which the channel is over. To the client it is a server's
//! message, or SockJS' close frame, with which it is over, too.

/// Where it is served, below the server's base.
pub const PATH: &str = "api/multiplex";
/// So many channels a client may have open.
pub const MAX_CHANNELS: usize = 48;

/// A text of a channel.
pub fn put(channel: u32, text: &str) -> String {
    format!("{channel}{text}")
}

/// The channel that a text is of, and the text; [`None`] if it is of none. No text begins with a digit.
pub fn split(text: &str) -> Option<(u32, &str)> {
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let end = text.bytes().position(|byte| !is_digit(byte));
    let (channel, text) = text.split_at(end.unwrap_or(text.len()));
    Some((channel.parse().ok()?, text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_put_together_comes_apart(channel: u32, text in "(?s)([^0-9].{0,20})?") {
            let both = put(channel, &text);
            prop_assert_eq!(split(&both), Some((channel, text.as_str())));
        }

        #[test]
        fn anything_is_read_without_a_panic(text: String) {
            split(&text);
        }
    }

    #[test]
    fn what_is_of_no_channel_is_told() {
        for text in ["", "{}", "-1{}", "+1{}", " 1", "٣{}", "4294967296{}"] {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
