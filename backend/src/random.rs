//! Text that nobody can guess.

use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// So many random bytes, as text that needs no escaping in URLs, headers and JSON.
pub(crate) fn text<const BYTES: usize>() -> String {
    let mut bytes = [0; BYTES];
    rand::fill(&mut bytes).expect("the system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A number below `bound`, which is not 0.
pub(crate) fn below(bound: u64) -> u64 {
    let mut bytes = [0; 8];
    rand::fill(&mut bytes).expect("the system gives random bytes");
    u64::from_be_bytes(bytes) % bound
}
