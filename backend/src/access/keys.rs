//! The keys of this run: the link that signs a browser in, what the browser gets for it, and the token of scripts.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::{constant_time::verify_slices_are_equal, rand};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use thiserror::Error;

/// So many used links are remembered, to tell whoever comes with one what became of it.
const REMEMBERED: usize = 16;
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
    fn random() -> Self {
        Self(random_text())
    }

    /// The text, for who is to have it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn is(&self, given: &str) -> bool {
        verify_slices_are_equal(given.as_bytes(), self.0.as_bytes()).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Why a browser was not signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Refused {
    /// The link did its work before.
    #[error("This sign-in link was used before: each is good once.")]
    Used,
    /// The link is of another run, or none at all.
    #[error("This sign-in link is not of the Podshell that runs now.")]
    Unknown,
}

/// All keys.
pub(crate) struct Keys {
    /// What the user has set for scripts.
    token: Option<Secret>,
    /// What browsers have for their link.
    credential: Secret,
    links: Mutex<Links>,
}

struct Links {
    /// The one that is good.
    good: Secret,
    used: VecDeque<Secret>,
}

impl Keys {
    /// New keys, beside the `token` that the user has set.
    pub(crate) fn new(token: Option<Secret>) -> Self {
        Self {
            token,
            credential: Secret::random(),
            links: Mutex::new(Links {
                good: Secret::random(),
                used: VecDeque::new(),
            }),
        }
    }

    /// Whether this is a key to the API.
    pub(super) fn accepts(&self, given: &str) -> bool {
        let token = self.token.as_ref().is_some_and(|token| token.is(given));
        token | self.credential.is(given)
    }

    /// The key that programs send: the user's, else that of browsers.
    pub(crate) fn token(&self) -> &Secret {
        self.token.as_ref().unwrap_or(&self.credential)
    }

    /// The token of the link that signs a browser in, until it is used.
    pub(crate) fn link(&self) -> Secret {
        self.links().good.clone()
    }

    /// A new link. The one before is good no more.
    pub(crate) fn new_link(&self) -> Secret {
        let mut links = self.links();
        links.good = Secret::random();
        links.good.clone()
    }

    /// Gives a browser its key for a link's token, which then is used up, or for the user's own.
    pub(super) fn exchange(&self, given: &str) -> Result<&Secret, Refused> {
        if self.token.as_ref().is_some_and(|token| token.is(given)) {
            return Ok(&self.credential);
        }
        let mut links = self.links();
        if links.good.is(given) {
            let used = std::mem::replace(&mut links.good, Secret::random());
            links.used.truncate(REMEMBERED - 1);
            links.used.push_front(used);
            Ok(&self.credential)
        } else if links.used.iter().any(|used| used.is(given)) {
            Err(Refused::Used)
        } else {
            Err(Refused::Unknown)
        }
    }

    fn links(&self) -> MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 192 bits that nobody can guess, as text that needs no escaping anywhere.
pub(super) fn random_text() -> String {
    let mut bytes = [0; 24];
    rand::fill(&mut bytes).expect("the system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_once() {
        let keys = Keys::new(None);
        let link = keys.link();
        assert!(!keys.accepts(link.reveal()), "a link is no key");
        let credential = keys.exchange(link.reveal()).unwrap().reveal();
        assert!(keys.accepts(credential));
        assert_eq!(keys.exchange(link.reveal()).unwrap_err(), Refused::Used);
        assert_eq!(keys.exchange("x").unwrap_err(), Refused::Unknown);
        assert_eq!(keys.exchange("").unwrap_err(), Refused::Unknown);
        // nobody was told of the one that takes its place
        let next = keys.new_link();
        assert_ne!(next.reveal(), link.reveal());
        assert_eq!(keys.exchange(next.reveal()).unwrap().reveal(), credential);
    }

    #[test]
    fn a_new_link_takes_the_place_of_the_last() {
        let keys = Keys::new(None);
        let first = keys.link();
        let second = keys.new_link();
        assert_eq!(keys.exchange(first.reveal()).unwrap_err(), Refused::Unknown);
        keys.exchange(second.reveal()).unwrap();
    }

    #[test]
    fn used_links_are_not_remembered_for_ever() {
        let keys = Keys::new(None);
        for _ in 0..100 {
            let link = keys.new_link();
            keys.exchange(link.reveal()).unwrap();
        }
        assert_eq!(keys.links().used.len(), REMEMBERED);
    }

    #[test]
    fn a_token_of_the_users_own_is_a_key_and_signs_in_each_time() {
        let token = "0123456789abcdef0123456789abcdef";
        let keys = Keys::new(Some(Secret::new(&format!(" {token}\n")).unwrap()));
        assert!(keys.accepts(token));
        assert_eq!(keys.token().reveal(), token);
        for _ in 0..2 {
            assert_ne!(keys.exchange(token).unwrap().reveal(), token);
        }
    }

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
        let token = "0123456789abcdef0123456789abcdef";
        assert_eq!(format!("{:?}", Secret::new(token).unwrap()), "Secret");
    }
}
