//! Text into a JSON string, and into a JSON string that stands in a SockJS frame's JSON string.

/// Appends `text` as the inside of a JSON string.
pub(super) fn push_once(out: &mut String, text: &str) {
    push(out, text, &ONCE, |out, code| {
        out.push_str("\\u");
        push_hex(out, code);
    });
}

/// Appends `text` as the inside of a JSON string that is itself the inside of a SockJS message.
pub(super) fn push_twice(out: &mut String, text: &str) {
    push(out, text, &TWICE, |out, code| {
        // what SockJS escapes it escapes outside; what JSON does is escaped inside, and its backslash outside
        out.push_str(if code < 0x20 { "\\\\u" } else { "\\u" });
        push_hex(out, code);
    });
}

/// What becomes of a byte.
#[derive(Clone, Copy)]
enum Escape {
    /// It stands for itself.
    Plain,
    /// Control characters without a letter of their own.
    Code,
    /// The first of three bytes that may make a character which SockJS escapes.
    Lead,
    /// Something short.
    Text(&'static str),
}

static ONCE: [Escape; 256] = table(
    [r"\b", r"\t", r"\n", r"\f", r"\r", r#"\""#, r"\\"],
    Escape::Plain,
);
static TWICE: [Escape; 256] = table(
    [r"\\b", r"\\t", r"\\n", r"\\f", r"\\r", r#"\\\""#, r"\\\\"],
    Escape::Lead,
);

const fn table(short: [&'static str; 7], lead: Escape) -> [Escape; 256] {
    let mut table = [Escape::Plain; 256];
    let mut control = 0;
    while control < 0x20 {
        table[control] = Escape::Code;
        control += 1;
    }
    let [b, t, n, f, r, quote, backslash] = short;
    table[0x08] = Escape::Text(b);
    table[0x09] = Escape::Text(t);
    table[0x0a] = Escape::Text(n);
    table[0x0c] = Escape::Text(f);
    table[0x0d] = Escape::Text(r);
    table[b'"' as usize] = Escape::Text(quote);
    table[b'\\' as usize] = Escape::Text(backslash);
    // U+200C–200F, U+2028–202F, U+2060–206F and U+FFF0–FFFF begin with these
    table[0xe2] = lead;
    table[0xef] = lead;
    table
}

/// Copies what needs no escape in runs as long as possible.
#[inline]
fn push(out: &mut String, text: &str, table: &[Escape; 256], code: impl Fn(&mut String, u32)) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        match table[usize::from(bytes[at])] {
            Escape::Plain => at += 1,
            Escape::Text(escape) => {
                out.push_str(&text[copied..at]);
                out.push_str(escape);
                at += 1;
                copied = at;
            }
            Escape::Code => {
                out.push_str(&text[copied..at]);
                code(out, u32::from(bytes[at]));
                at += 1;
                copied = at;
            }
            Escape::Lead => {
                let character = u32::from(text[at..].chars().next().unwrap_or_default());
                if sockjs::frame::is_escaped_by_sockjs(character) {
                    out.push_str(&text[copied..at]);
                    code(out, character);
                    copied = at + 3;
                }
                at += 3;
            }
        }
    }
    out.push_str(&text[copied..]);
}

fn push_hex(out: &mut String, code: u32) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for shift in [12, 8, 4, 0] {
        out.push(char::from(DIGITS[(code >> shift & 0xf) as usize]));
    }
}
