//! The title that a program gives its terminal (OSC 0 and 2), as it may stand in the browser's tab.

/// So many characters are shown of it: tabs have room for fewer, their tooltips for about as many.
const LENGTH: usize = 100;

/// What can be shown of a title; [`None`] if nothing is left of it.
pub(crate) fn displayable(title: &str) -> Option<String> {
    let plain: String = title
        .chars()
        .filter(|character| !character.is_control() && !turns_text(*character))
        .take(LENGTH)
        .collect();
    let plain = plain.trim();
    (!plain.is_empty()).then(|| plain.to_owned())
}

/// Whether it changes the direction of the text behind it, which is not the program's.
fn turns_text(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::{LENGTH, displayable};

    #[test]
    fn a_title_is_shown_as_it_is() {
        let title = "root@web-0: ~/src – 你好 👩‍💻";
        assert_eq!(displayable(title).as_deref(), Some(title));
    }

    #[test]
    fn what_is_no_text_is_left_out() {
        assert_eq!(
            displayable("a\x07b\n\u{9b}c\u{202e}d ").as_deref(),
            Some("abcd")
        );
        assert_eq!(displayable(" \u{202e}\r "), None);
        assert_eq!(displayable(""), None);
    }

    #[test]
    fn a_long_title_is_cut_at_a_character() {
        let title = displayable(&"長".repeat(1 << 16)).unwrap();
        assert_eq!(title, "長".repeat(LENGTH));
    }
}
