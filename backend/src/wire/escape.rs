//! Text into a JSON string that stands in a SockJS frame's JSON string, in one pass.

use sockjs::frame::{is_escaped_by_sockjs, push_unicode_escape};

/// What becomes of a byte.
#[derive(Clone, Copy)]
enum Escape {
    /// It stands for itself.
    Plain,
    /// Control characters without a letter of their own.
    Control,
    /// The first of three bytes that may make a character which SockJS escapes.
    Lead,
    /// Something short.
    Text(&'static str),
}

/// What JSON escapes is escaped inside, and its backslash outside; what SockJS escapes, outside alone.
static ESCAPES: [Escape; 256] = {
    let mut table = [Escape::Plain; 256];
    let mut control = 0;
    while control < 0x20 {
        table[control] = Escape::Control;
        control += 1;
    }
    table[0x08] = Escape::Text(r"\\b");
    table[0x09] = Escape::Text(r"\\t");
    table[0x0a] = Escape::Text(r"\\n");
    table[0x0c] = Escape::Text(r"\\f");
    table[0x0d] = Escape::Text(r"\\r");
    table[b'"' as usize] = Escape::Text(r#"\\\""#);
    table[b'\\' as usize] = Escape::Text(r"\\\\");
    // U+200C–200F, U+2028–202F, U+2060–206F and U+FFF0–FFFF begin with these.
    table[0xe2] = Escape::Lead;
    table[0xef] = Escape::Lead;
    table
};

/// What is not [`Escape::Plain`]: little enough to stay in the nearest cache.
static IS_ESCAPED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = !matches!(ESCAPES[byte], Escape::Plain);
        byte += 1;
    }
    table
};

/// Appends `text` as the inside of a JSON string that is itself the inside of a SockJS message: copies
/// what needs no escape in runs as long as possible.
pub(super) fn push_twice(out: &mut String, text: &str) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    let mut at = 0;
    while let Some(plain) = bytes[at..]
        .iter()
        .position(|byte| IS_ESCAPED[usize::from(*byte)])
    {
        at += plain;
        match ESCAPES[usize::from(bytes[at])] {
            Escape::Plain => at += 1,
            Escape::Text(escape) => {
                out.push_str(&text[copied..at]);
                out.push_str(escape);
                at += 1;
                copied = at;
            }
            Escape::Control => {
                out.push_str(&text[copied..at]);
                out.push('\\');
                push_unicode_escape(out, u32::from(bytes[at]));
                at += 1;
                copied = at;
            }
            Escape::Lead => {
                let character = u32::from(text[at..].chars().next().unwrap_or_default());
                if is_escaped_by_sockjs(character) {
                    out.push_str(&text[copied..at]);
                    push_unicode_escape(out, character);
                    copied = at + 3;
                }
                at += 3;
            }
        }
    }
    out.push_str(&text[copied..]);
}
