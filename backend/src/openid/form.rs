//! Forms and queries, as RFC 6749 wants them encoded (appendix B).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A text, so that nothing in it means anything.
pub(crate) fn quoted(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// All fields.
pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    let fields = fields
        .iter()
        .map(|(name, value)| format!("{}={}", quoted(name), quoted(value)));
    fields.collect::<Vec<_>>().join("&")
}
