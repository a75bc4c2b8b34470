//! Text that comes in one piece from elsewhere, by the clipboard, the mouse or a drop: cleaned, then given to the terminal.
//!
//! Whoever wrote it may have hidden control characters in it: an escape sequence ends the bracketed paste early, and a
//! shell runs what follows. So none gets through but tabs and line ends, and the user sees where they were.

use std::{borrow::Cow, rc::Rc};

use wasm_bindgen::JsCast as _;
use web_sys::{ClipboardEvent, DataTransfer, DragEvent, Event, HtmlElement};

use crate::browser::listener::Listener;

/// What browsers call plain text.
const TEXT: &str = "text/plain";

/// Takes what is pasted or dropped into `host`, in place of what is in it, and gives the text to `paste`.
///
/// The middle mouse button pastes too: xterm.js puts its text field under the pointer, and the browser fires `paste` there.
pub(crate) fn listen(host: &HtmlElement, paste: impl Fn(&str) + 'static) -> [Listener; 4] {
    let paste = Rc::new(move |data: Option<DataTransfer>| {
        let text = data.and_then(|data| data.get_data(TEXT).ok());
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            paste(&clean_paste(&text));
        }
    });
    let pasted = {
        let paste = Rc::clone(&paste);
        Listener::capturing(host, "paste", move |event| {
            take(&event);
            paste(event.unchecked_ref::<ClipboardEvent>().clipboard_data());
        })
    };
    // Who takes neither of these gets no drop.
    let [entered, dragged] = ["dragenter", "dragover"].map(|moved| {
        Listener::capturing(host, moved, |event| {
            if let Some(data) = dropped(&event) {
                take(&event);
                data.set_drop_effect("copy");
            }
        })
    });
    let dropped = Listener::capturing(host, "drop", move |event| {
        if let Some(data) = dropped(&event) {
            take(&event);
            paste(Some(data));
        }
    });
    [pasted, entered, dragged, dropped]
}

/// Nobody else is to have it: neither xterm.js nor the browser.
fn take(event: &Event) {
    event.prevent_default();
    event.stop_propagation();
}

/// What is dragged, if there is text in it.
fn dropped(event: &Event) -> Option<DataTransfer> {
    let data = event.unchecked_ref::<DragEvent>().data_transfer()?;
    let kinds = data.types();
    kinds.includes(&TEXT.into(), 0).then_some(data)
}

/// The lines of a text, as a terminal sends them; what ends with a line end has none behind it.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let text = text
        .strip_suffix("\r\n")
        .or_else(|| text.strip_suffix(['\r', '\n']))
        .unwrap_or(text);
    // A line end of two characters has an empty line within.
    let mut after_return = false;
    text.split_inclusive(['\r', '\n'])
        .filter_map(move |line| {
            let is_rest = after_return && line == "\n";
            after_return = line.ends_with('\r');
            (!is_rest).then(|| line.trim_end_matches(['\r', '\n']))
        })
        .chain(text.ends_with(['\r', '\n']).then_some(""))
}

/// A text as one line, which so waits for the user to send it.
pub(crate) fn as_one_line(text: &str) -> String {
    let words = text.split(['\r', '\n']).map(str::trim);
    let words: Vec<&str> = words.filter(|line| !line.is_empty()).collect();
    words.join(" ")
}

/// Text without control characters: those that have a picture in Unicode become that, as in xterm.js from 6.1 on, where
/// it does so with ESC; the others U+FFFD. Tabs and line ends stay.
pub(crate) fn clean_paste(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find(is_control) else {
        return Cow::Borrowed(text);
    };
    // A picture has three bytes for one.
    let mut clean = String::with_capacity(text.len() + text.len() / 8);
    clean.push_str(&text[..first]);
    clean.extend(text[first..].chars().map(|character| {
        if is_control(character) {
            picture(character)
        } else {
            character
        }
    }));
    Cow::Owned(clean)
}

/// Whether a terminal takes it for something other than text.
fn is_control(character: char) -> bool {
    character.is_control() && !matches!(character, '\t' | '\r' | '\n')
}

/// What stands for a control character.
fn picture(control: char) -> char {
    match control {
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(control)),
        '\x7f' => Some('\u{2421}'),
        // C1, which have no pictures.
        _ => None,
    }
    .unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_stays_as_it_is() {
        for text in ["", "ls -l\r\n\tx\n", "你好 🎉 café ~\u{a0}\u{200b}"] {
            assert!(matches!(clean_paste(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn control_characters_are_shown() {
        for (text, clean) in [
            (
                "echo safe\x1b[201~\recho PWNED\r",
                "echo safe␛[201~\recho PWNED\r",
            ),
            ("a\u{9b}201~b", "a\u{fffd}201~b"),
            ("\0\x03\x04\x08\x1f\x7f", "␀␃␄␈␟␡"),
            ("\u{80}\u{85}\u{9f}\u{a0}", "\u{fffd}\u{fffd}\u{fffd}\u{a0}"),
            ("\x1b你\x1b", "␛你␛"),
        ] {
            assert_eq!(clean_paste(text), clean);
        }
    }

    #[test]
    fn lines_are_counted_as_they_would_run() {
        for (text, expected) in [
            ("", &[] as &[&str]),
            ("ls", &["ls"]),
            ("ls\n", &["ls"]),
            ("ls\r\n", &["ls"]),
            ("ls\r", &["ls"]),
            ("a\nb", &["a", "b"]),
            ("a\r\nb\r\n", &["a", "b"]),
            ("a\rb", &["a", "b"]),
            ("a\n\nb", &["a", "", "b"]),
            ("\nls", &["", "ls"]),
            ("ls\n\n", &["ls", ""]),
            ("ls\n\r", &["ls", ""]),
        ] {
            assert_eq!(lines(text).collect::<Vec<_>>(), expected, "{text:?}");
        }
    }

    #[test]
    fn one_line_ends_none() {
        assert_eq!(
            as_one_line("set -e\r\n\tcd  /srv \n\n rm x\r"),
            "set -e cd  /srv rm x"
        );
        assert_eq!(as_one_line("\r\n\n"), "");
    }

    #[test]
    fn ten_megabytes_stay_whole() {
        let text = "0123456789 你好🎉\x1b[A\n".repeat(500_000);
        assert!(text.len() > 10 << 20);
        let clean = clean_paste(&text);
        assert_eq!(clean.len(), text.len() + 2 * 500_000);
    }

    proptest! {
        #[test]
        fn there_is_a_line_for_each_return_that_is_sent(text in "[ab\r\n]{1,12}") {
            // As xterm.js sends it.
            let sent = text.replace("\r\n", "\r").replace('\n', "\r");
            let ends = sent.strip_suffix('\r').unwrap_or(&sent).matches('\r').count();
            let lines: Vec<&str> = lines(&text).collect();
            prop_assert_eq!(lines.len().max(1), ends + 1, "{:?}", text);
            prop_assert!(!as_one_line(&text).contains(['\r', '\n']));
        }

        #[test]
        fn nothing_but_control_characters_changes(text in "[a-z\\PC\u{0}-\u{1f}\u{7f}-\u{a0}]{0,80}") {
            let clean = clean_paste(&text);
            prop_assert_eq!(clean.chars().count(), text.chars().count());
            for (before, after) in text.chars().zip(clean.chars()) {
                prop_assert!(!after.is_control() || "\t\r\n".contains(after));
                let changed = before.is_control() && !"\t\r\n".contains(before);
                prop_assert_eq!(before != after, changed, "{:?}", before);
            }
            // And again it changes nothing.
            prop_assert!(matches!(clean_paste(&clean), Cow::Borrowed(_)));
        }
    }
}
