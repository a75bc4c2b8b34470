//! The SockJS frame codec: text in, text out, no I/O.
//!
//! A server sends [`Frame`]s (SockJS 0.3.3, "Protocol and framing"). A client sends *batches*: a JSON array of strings,
//! without any framing around it ([`encode_batch`], [`decode_batch`]).

mod batch;

use std::fmt::Write as _;

#[cfg(feature = "server")]
pub(crate) use self::batch::Batch;
pub use self::batch::decode_batch;

/// A frame as a SockJS server sends it to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// `o`: the session is open. Always the first frame of a session.
    Open,
    /// `h`: keeps proxies from cutting an idle connection.
    Heartbeat,
    /// `a["…","…"]`: messages, in order.
    Messages(Vec<String>),
    /// `c[code,"reason"]`: the session is closed. Always the last frame of a session.
    Close {
        /// Why, as a number. 3000–4999 are the application's own (RFC 6455, section 7.4.2); SockJS allows any.
        code: u16,
        /// Why, for people.
        reason: String,
    },
}

/// Why a text is not a SockJS frame or batch.
///
/// The message tells where the text is wrong and never repeats a part of it, so that it is safe to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A server's frame has at least its type letter.
    #[error("the frame is empty")]
    Empty,
    /// The first letter is none of `o`, `h`, `a` and `c`.
    #[error("the frame's type is none of o, h, a and c")]
    UnknownType,
    /// An `o` or `h` frame with something behind its letter.
    #[error("the frame goes on behind its end")]
    TrailingText,
    /// Not the JSON that was expected: an array of strings, or code and reason for a close frame.
    #[error("the frame is not the JSON expected: wrong at line {line}, column {column}")]
    Json {
        /// Counted from 1, within the JSON.
        line: usize,
        /// Counted from 1, in bytes; 0 if the line's beginning is already wrong.
        column: usize,
    },
}

impl From<serde_json::Error> for FrameError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json {
            line: error.line(),
            column: error.column(),
        }
    }
}

impl Frame {
    /// This frame's text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        match self {
            Self::Open => text.push('o'),
            Self::Heartbeat => text.push('h'),
            Self::Messages(messages) => encode_messages(&mut text, messages),
            Self::Close { code, reason } => encode_close(&mut text, *code, reason),
        }
        text
    }

    /// Reads one frame.
    ///
    /// # Errors
    /// [`FrameError`] if the text is not exactly one frame.
    pub fn decode(text: &str) -> Result<Self, FrameError> {
        let kind = text.chars().next().ok_or(FrameError::Empty)?;
        let rest = &text[kind.len_utf8()..];
        match kind {
            'o' | 'h' if !rest.is_empty() => Err(FrameError::TrailingText),
            'o' => Ok(Self::Open),
            'h' => Ok(Self::Heartbeat),
            'a' => Ok(Self::Messages(serde_json::from_str(rest)?)),
            'c' => {
                let (code, reason) = serde_json::from_str(rest)?;
                Ok(Self::Close { code, reason })
            }
            _ => Err(FrameError::UnknownType),
        }
    }
}

/// Appends one `a[…]` frame that carries `messages`, in one pass.
///
/// ```
/// let mut frame = String::new();
/// axum_sockjs::frame::encode_messages(&mut frame, ["one", "zwei\u{1b}"]);
/// assert_eq!(frame, r#"a["one","zwei\u001b"]"#);
/// ```
pub fn encode_messages<I>(out: &mut String, messages: I)
where
    I: IntoIterator<Item: AsRef<str>>,
{
    out.push('a');
    encode_batch(out, messages);
}

/// Appends one `c[code,"reason"]` frame.
///
/// ```
/// let mut frame = String::new();
/// axum_sockjs::frame::encode_close(&mut frame, 3000, "Go away!");
/// assert_eq!(frame, r#"c[3000,"Go away!"]"#);
/// ```
pub fn encode_close(out: &mut String, code: u16, reason: &str) {
    out.push_str("c[");
    // Writing to a String cannot fail.
    let _ = write!(out, "{code}");
    out.push(',');
    push_json_string(out, reason);
    out.push(']');
}

/// Appends `messages` as a client sends them: `["…","…"]`.
pub fn encode_batch<I>(out: &mut String, messages: I)
where
    I: IntoIterator<Item: AsRef<str>>,
{
    out.push('[');
    for (index, message) in messages.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_json_string(out, message.as_ref());
    }
    out.push(']');
}

/// What a byte of UTF-8 needs inside a JSON string: itself, `\` and a letter, or a closer look.
///
/// Besides what JSON demands SockJS escapes U+200C–200F, U+2028–202F, U+2060–206F and U+FFF0–FFFF, which browsers mangle
/// on some transports (SockJS 0.3.3, "JSON Unicode Encoding"). In UTF-8 those begin with E2 or EF.
static ESCAPES: [u8; 256] = {
    let mut table = [PLAIN; 256];
    let mut control = 0;
    while control < 0x20 {
        table[control] = HEX;
        control += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0a] = b'n';
    table[0x0c] = b'f';
    table[0x0d] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table[0xe2] = LEAD;
    table[0xef] = LEAD;
    table
};

/// The byte stands for itself.
const PLAIN: u8 = 0;
/// A control character without a letter of its own: `\u00XX`.
const HEX: u8 = 1;
/// The first of three bytes that may make a character which SockJS escapes.
const LEAD: u8 = 2;

/// Appends `text` as a JSON string with SockJS's escapes: copies what needs none in runs as long as possible.
fn push_json_string(out: &mut String, text: &str) {
    let bytes = text.as_bytes();
    // With the bracket that may follow, for which a long frame would be copied into twice its room.
    out.reserve(bytes.len() + 3);
    out.push('"');
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        let escape = ESCAPES[usize::from(bytes[at])];
        if escape == PLAIN {
            at += 1;
            continue;
        }
        let (length, code) = match escape {
            LEAD => {
                let code = three_byte_char(bytes, at);
                if !is_escaped_by_sockjs(code) {
                    at += 3;
                    continue;
                }
                (3, code)
            }
            _ => (1, u32::from(bytes[at])),
        };
        out.push_str(&text[copied..at]);
        if matches!(escape, HEX | LEAD) {
            push_unicode_escape(out, code);
        } else {
            out.push('\\');
            out.push(char::from(escape));
        }
        at += length;
        copied = at;
    }
    out.push_str(&text[copied..]);
    out.push('"');
}

/// The character whose three bytes of UTF-8 begin at `at`.
fn three_byte_char(bytes: &[u8], at: usize) -> u32 {
    let tail = |offset: usize| u32::from(bytes[at + offset] & 0x3f);
    (u32::from(bytes[at] & 0x0f) << 12) | (tail(1) << 6) | tail(2)
}

/// Whether SockJS wants the character with this code escaped though JSON does not (SockJS 0.3.3, "JSON Unicode
/// Encoding"): U+200C–200F, U+2028–202F, U+2060–206F and U+FFF0–FFFF.
#[must_use]
pub fn is_escaped_by_sockjs(code: u32) -> bool {
    matches!(code, 0x200c..=0x200f | 0x2028..=0x202f | 0x2060..=0x206f | 0xfff0..=0xffff)
}

/// Appends the `\uXXXX` of a character below U+10000, in lower case as SockJS has it.
pub fn push_unicode_escape(out: &mut String, code: u32) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        out.push(char::from(DIGITS[(code >> shift) as usize & 0xf]));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any string, with the characters that need an escape far more often than by chance.
    fn message() -> impl Strategy<Value = String> {
        let character = prop_oneof![
            any::<char>(),
            prop::char::range('\0', '\u{ff}'),
            prop::char::range('\u{2000}', '\u{2070}'),
            prop::char::range('\u{ffe0}', '\u{ffff}'),
        ];
        prop::collection::vec(character, 0..40).prop_map(String::from_iter)
    }

    /// A unit of UTF-16, often half of a surrogate pair.
    fn unit() -> impl Strategy<Value = u16> {
        prop_oneof![any::<u16>(), 0xd800..=0xdfff_u16]
    }

    proptest! {
        #[test]
        fn what_a_server_sends_is_read_back(messages in prop::collection::vec(message(), 0..5)) {
            let frame = Frame::Messages(messages.clone());
            let text = frame.encode();
            prop_assert_eq!(serde_json::from_str::<Vec<String>>(&text[1..]).unwrap(), messages);
            prop_assert_eq!(Frame::decode(&text), Ok(frame));
        }

        #[test]
        fn what_a_client_sends_is_read_back(messages in prop::collection::vec(message(), 0..5)) {
            let mut text = String::new();
            encode_batch(&mut text, &messages);
            prop_assert_eq!(decode_batch(&text), Ok(messages));
        }

        #[test]
        fn what_javascript_sends_is_read_with_lone_surrogates_replaced(units in prop::collection::vec(unit(), 0..20)) {
            let escaped: String = units.iter().map(|unit| format!("\\u{unit:04X}")).collect();
            let decoded = decode_batch(&format!(r#"["{escaped}","\\ud800 is text"]"#));
            prop_assert_eq!(decoded, Ok(vec![String::from_utf16_lossy(&units), r"\ud800 is text".to_owned()]));
        }

        #[test]
        fn a_close_frame_is_read_back(code: u16, reason in message()) {
            let frame = Frame::Close { code, reason };
            prop_assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
        }

        #[test]
        fn what_sockjs_forbids_is_never_sent_verbatim(message in message()) {
            let text = Frame::Messages(vec![message]).encode();
            prop_assert!(!text.chars().any(|c| c < ' ' || is_escaped_by_sockjs(u32::from(c))), "{text:?}");
        }

        #[test]
        fn any_text_is_decoded_without_a_panic(text: String) {
            let _ = Frame::decode(&text);
            let _ = decode_batch(&text);
        }
    }

    /// SockJS 0.3.3's `server_killer_string_esc`: each of these characters is sent as `\u` and four lowercase digits.
    #[test]
    fn every_character_of_sockjs_is_escaped() {
        let killers = (0xff..=0xffff).filter(|&code| is_escaped_by_sockjs(code));
        let message: String = killers.clone().filter_map(char::from_u32).collect();
        let escaped: String = killers.map(|code| format!("\\u{code:04x}")).collect();
        assert_eq!(
            Frame::Messages(vec![message]).encode(),
            format!("a[\"{escaped}\"]")
        );
    }

    #[test]
    fn frames_look_as_specified() {
        let close = Frame::Close {
            code: 3000,
            reason: "Go away!".into(),
        };
        let messages = Frame::Messages(vec!["a\"\\/\u{1b}[1m\r\n".into(), "─ 中文 🦀".into()]);
        for (frame, text) in [
            (Frame::Open, "o"),
            (Frame::Heartbeat, "h"),
            (close, r#"c[3000,"Go away!"]"#),
            (messages, r#"a["a\"\\/\u001b[1m\r\n","─ 中文 🦀"]"#),
            (Frame::Messages(Vec::new()), "a[]"),
        ] {
            assert_eq!(frame.encode(), text);
            assert_eq!(Frame::decode(text), Ok(frame));
        }
    }

    #[test]
    fn a_long_frame_has_little_room_to_spare() {
        let mut frame = String::new();
        encode_messages(&mut frame, ["x".repeat(10_000)]);
        assert!(frame.capacity() < 10_100, "{}", frame.capacity());
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for (text, error) in [
            ("", FrameError::Empty),
            ("x", FrameError::UnknownType),
            ("öa", FrameError::UnknownType),
            ("o ", FrameError::TrailingText),
            ("h[]", FrameError::TrailingText),
            ("a", FrameError::Json { line: 1, column: 0 }),
            ("a[1]", FrameError::Json { line: 1, column: 2 }),
            ("c[70000,\"\"]", FrameError::Json { line: 1, column: 6 }),
        ] {
            assert_eq!(Frame::decode(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_client_may_send_an_array_or_one_string_or_nothing() {
        for (text, messages) in [
            ("", vec![]),
            ("[]", vec![]),
            ("[\"a\",\"b\"]", vec!["a", "b"]),
            (" \"a\"", vec!["a"]),
        ] {
            assert_eq!(decode_batch(text).unwrap(), messages, "{text:?}");
        }
        for text in [
            "[\"a",
            "a",
            "{}",
            "[1]",
            "[[\"a\"]]",
            "null",
            "[\"a\"]x",
            "\"\\ud800",
            "\"\\",
            "\"\n\"",
        ] {
            assert!(
                matches!(decode_batch(text), Err(FrameError::Json { .. })),
                "{text:?}"
            );
        }
    }
}
