//! What programs put on the clipboard: OSC 52, as of xterm's control sequences ("Manipulate Selection Data"). They may write it,
//! and never read it.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use js_sys::JsString;
use wasm_bindgen::prelude::*;

use crate::xterm::bindings::{Disposable, Xterm};

/// The sequence's number.
const OSC: u32 = 52;
/// How much a program may put there, in bytes.
const LIMIT: usize = 1 << 20;
/// In base64, with the targets before it.
const LONGEST: u32 = (LIMIT as u32).div_ceil(3) * 4 + 64;
/// Some programs leave out the signs at the end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a program asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClipboardRequest {
    /// To put this text on the clipboard.
    Write(String),
    /// To put more there than it may.
    TooMuch,
}

/// Listens to a terminal's output while it lives.
pub(crate) struct Listening {
    listening: Disposable,
    _heard: Closure<dyn FnMut(JsString) -> bool>,
}

/// Tells of what programs ask for in a terminal.
pub(crate) fn listen(terminal: &Xterm, tell: impl Fn(ClipboardRequest) + 'static) -> Listening {
    let heard = Closure::<dyn FnMut(JsString) -> bool>::new(move |data: JsString| {
        let wish = if data.length() > LONGEST {
            Some(ClipboardRequest::TooMuch)
        } else {
            read(&String::from(data))
        };
        if let Some(request) = wish {
            tell(request);
        }
        // Nobody else is to answer.
        true
    });
    Listening {
        listening: terminal
            .parser()
            .register_osc_handler(OSC, heard.as_ref().unchecked_ref()),
        _heard: heard,
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.listening.dispose();
    }
}

/// What is asked for; [`None`] for nothing that concerns the clipboard: to read it, to empty it, other selections, garbage.
fn read(data: &str) -> Option<ClipboardRequest> {
    let (targets, text) = data.split_once(';')?;
    // tmux names none; `s` is whichever of the selections a terminal uses, and here there is one.
    if !targets.is_empty() && !targets.contains(['c', 's']) {
        return None;
    }
    let bytes = BASE64.decode(text).ok().filter(|bytes| !bytes.is_empty())?;
    if bytes.len() > LIMIT {
        return Some(ClipboardRequest::TooMuch);
    }
    Some(ClipboardRequest::Write(
        String::from_utf8_lossy(&bytes).into_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> Option<ClipboardRequest> {
        Some(ClipboardRequest::Write(text.to_owned()))
    }

    #[test]
    fn the_clipboard_is_written_by_each_of_its_names() {
        for targets in ["c", "", "s", "s0", "pc", "cps01234567"] {
            assert_eq!(
                read(&format!("{targets};aGVsbG8=")),
                written("hello"),
                "{targets}"
            );
        }
        for targets in ["p", "q", "0", "7", "p0"] {
            assert_eq!(read(&format!("{targets};aGVsbG8=")), None, "{targets}");
        }
    }

    #[test]
    fn it_is_never_read_emptied_or_filled_with_garbage() {
        for data in [
            "c;?",
            ";?",
            "c;",
            ";",
            "",
            "c",
            "?",
            "c;!",
            "c;aGVsbG8=;aGVsbG8=",
            "c;你好",
        ] {
            assert_eq!(read(data), None, "{data}");
        }
    }

    #[test]
    fn what_is_no_utf_8_is_shown_to_be_none() {
        assert_eq!(read("c;Y2Fm6Q=="), written("caf\u{fffd}"));
        // Without the signs at the end.
        assert_eq!(read("c;Y2Fm6Q"), written("caf\u{fffd}"));
        assert_eq!(read("c;5L2g5aW98J+OiQ=="), written("你好🎉"));
    }

    #[test]
    fn there_is_a_limit() {
        let text = "a".repeat(LIMIT);
        let data = |text: &str| format!("c;{}", BASE64.encode(text));
        assert_eq!(read(&data(&text)), written(&text));
        assert!(data(&text).len() <= LONGEST as usize);
        assert_eq!(read(&data(&(text + "a"))), Some(ClipboardRequest::TooMuch));
    }

    proptest! {
        #[test]
        fn every_text_arrives(text in "\\PC{1,40}|[\u{0}-\u{1f}\n]{1,9}") {
            prop_assert_eq!(read(&format!("c;{}", BASE64.encode(&text))), written(&text));
        }

        #[test]
        fn nothing_fails(data in "\\PC{0,40}") {
            drop(read(&data));
        }
    }
}
