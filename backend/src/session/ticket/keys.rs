//! The keys that seal tickets and cookies.

use std::str::FromStr;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    rand,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use thiserror::Error;

/// The keys that seal tickets and cookies: the first seals, all of them open. Two are enough to change the key
/// while ids are under way.
pub struct TicketKeys(Vec<RandomizedNonceKey>);

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

    /// What only these keys open, for `purpose` alone: nobody else can read or make it.
    pub(crate) fn seal(&self, purpose: &[u8], mut text: Vec<u8>) -> Vec<u8> {
        let nonce = self.0[0]
            .seal_in_place_append_tag(Aad::from(purpose), &mut text)
            .expect("what is sealed is far shorter than the cipher's limit");
        text.extend_from_slice(nonce.as_ref());
        text
    }

    /// What was sealed for `purpose` with one of these keys.
    pub(crate) fn open(&self, purpose: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (sealed, nonce) = sealed.split_at_checked(sealed.len().checked_sub(NONCE_LEN)?)?;
        self.0.iter().find_map(|key| {
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            // What can't be opened is spoiled for the next key.
            let mut sealed = sealed.to_vec();
            let length = key
                .open_in_place(nonce, Aad::from(purpose), &mut sealed)
                .ok()?
                .len();
            sealed.truncate(length);
            Some(sealed)
        })
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
