//! The keys that seal tickets.

use std::str::FromStr;

use aws_lc_rs::{
    aead::{AES_256_GCM, RandomizedNonceKey},
    rand,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use thiserror::Error;

/// The keys that seal tickets: the first seals, all of them open. Two are enough to change the key
/// while ids are under way.
pub struct TicketKeys(pub(super) Vec<RandomizedNonceKey>);

/// Why a text holds no keys.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeysError {
    /// A line that is no key.
    #[error(
        "line {line} is not a key: 32 random bytes in base64, as `openssl rand -base64 32` makes them"
    )]
    NotAKey {
        /// Counted from 1.
        line: usize,
    },
    /// None, or too many.
    #[error("there must be one key, or two while the key is being changed; there are {0}")]
    WrongNumber(usize),
}

impl TicketKeys {
    /// A new key: ids of an earlier run are unknown.
    pub fn random() -> Self {
        let mut key = [0; 32];
        rand::fill(&mut key).expect("the system gives random bytes");
        Self(vec![Self::key(&key).expect("the key has 32 bytes")])
    }

    fn key(bytes: &[u8]) -> Option<RandomizedNonceKey> {
        RandomizedNonceKey::new(&AES_256_GCM, bytes).ok()
    }
}

impl FromStr for TicketKeys {
    type Err = KeysError;

    /// One key per line, in base64; empty lines and lines that begin with `#` do not count.
    fn from_str(text: &str) -> Result<Self, KeysError> {
        let keys = text
            .lines()
            .map(str::trim)
            .enumerate()
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .map(|(at, line)| {
                let bytes = STANDARD.decode(line).unwrap_or_default();
                Self::key(&bytes).ok_or(KeysError::NotAKey { line: at + 1 })
            })
            .collect::<Result<Vec<_>, _>>()?;
        match keys.len() {
            1 | 2 => Ok(Self(keys)),
            count => Err(KeysError::WrongNumber(count)),
        }
    }
}

impl std::fmt::Debug for TicketKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} keys", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> String {
        STANDARD.encode([7; 32])
    }

    #[test]
    fn what_is_no_key() {
        let keys = |text: &str| text.parse::<TicketKeys>().map(drop).unwrap_err();
        let line = line();
        assert_eq!(keys(""), KeysError::WrongNumber(0));
        assert_eq!(keys(&[&*line; 3].join("\n")), KeysError::WrongNumber(3));
        assert_eq!(
            keys(&format!("{line}\nsecret")),
            KeysError::NotAKey { line: 2 }
        );
        assert_eq!(keys("c2hvcnQ="), KeysError::NotAKey { line: 1 });
    }
}
