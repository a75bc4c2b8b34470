//! Text that nobody else may know, and what may be such text.

use std::fmt;

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};
use thiserror::Error;

use crate::random;

/// The fewest characters that a token of the user's own may have: 128 bits in hexadecimal digits.
const SHORTEST: usize = 32;

/// Text that nobody else may know. It shows itself nowhere.
#[derive(Clone)]
pub struct Secret(String);

/// Why a text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SecretError {
    /// Easily guessed.
    #[error(
        "a token has at least {SHORTEST} characters, as `openssl rand -hex 32` makes them; this one has {0}"
    )]
    TooShort(usize),
    /// It can't be sent in a header.
    #[error("a token has letters, digits and -._~+/= only (RFC 6750)")]
    BadCharacter,
}

impl Secret {
    /// A token, blanks and line ends around it aside (RFC 6750, section 2.1).
    ///
    /// # Errors
    ///
    /// If it is too short to be secret, or can't be sent.
    pub fn new(text: &str) -> Result<Self, SecretError> {
        let text = text.trim();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        if !text.bytes().all(fits) {
            Err(SecretError::BadCharacter)
        } else if text.len() < SHORTEST {
            Err(SecretError::TooShort(text.len()))
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// 192 bits that nobody can guess.
    pub(crate) fn random() -> Self {
        Self(random::text::<24>())
    }

    /// The text, for who is to have it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether this is the text. The time that it takes tells nothing of it.
    pub(crate) fn is(&self, given: &str) -> bool {
        verify_slices_are_equal(given.as_bytes(), self.0.as_bytes()).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What is kept of a secret to know it again.
pub(crate) type Digest = [u8; digest::SHA256_OUTPUT_LEN];

/// What tells a secret from others, and tells nothing of it.
pub(crate) fn digest_of(secret: &str) -> Digest {
    let digest = digest::digest(&digest::SHA256, secret.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_token() {
        assert_eq!(
            Secret::new("hunter2").unwrap_err(),
            SecretError::TooShort(7)
        );
        assert_eq!(Secret::new(" \n").unwrap_err(), SecretError::TooShort(0));
        let spaced = "0123456789abcdef 0123456789abcdef";
        assert_eq!(Secret::new(spaced).unwrap_err(), SecretError::BadCharacter);
    }

    #[test]
    fn secrets_do_not_show() {
        assert_eq!(
            format!(
                "{:?}",
                Secret::new("0123456789abcdef0123456789abcdef").unwrap()
            ),
            "Secret"
        );
    }
}
