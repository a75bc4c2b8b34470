//! The keys of this run: the link that signs a browser in, what the browser gets for it, and the token of scripts.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use thiserror::Error;

use crate::secret::Secret;

/// So many used links are remembered, to tell whoever comes with one what became of it.
const REMEMBERED: usize = 16;

/// Why a browser was not signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Refused {
    /// The link did its work before.
    #[error(
        "This sign-in link was used before. In case that was not you, all browsers have been signed out."
    )]
    Used,
    /// The link is of another run, or none at all.
    #[error("This sign-in link is not of the Podshell that runs now.")]
    Unknown,
}

/// All keys.
pub(crate) struct Keys {
    /// What the user has set for scripts.
    token: Option<Secret>,
    browsers: Mutex<Browsers>,
}

struct Browsers {
    /// What they have for their link.
    credential: Secret,
    /// The one that is good.
    good: Secret,
    used: VecDeque<Secret>,
}

impl Keys {
    /// New keys, beside the `token` that the user has set.
    pub(crate) fn new(token: Option<Secret>) -> Self {
        Self {
            token,
            browsers: Mutex::new(Browsers {
                credential: Secret::random(),
                good: Secret::random(),
                used: VecDeque::new(),
            }),
        }
    }

    /// Whether this is a key to the API.
    pub(super) fn accepts(&self, given: &str) -> bool {
        let token = self.token.as_ref().is_some_and(|token| token.is(given));
        token | self.browsers().credential.is(given)
    }

    /// The key that programs send: the user's, else that of browsers.
    pub(crate) fn token(&self) -> Secret {
        let browsers = self.browsers();
        self.token.as_ref().unwrap_or(&browsers.credential).clone()
    }

    /// The token of the link that signs a browser in, until it is used.
    pub(crate) fn link(&self) -> Secret {
        self.browsers().good.clone()
    }

    /// A new link. The one before is good no more.
    pub(crate) fn new_link(&self) -> Secret {
        let mut browsers = self.browsers();
        browsers.good = Secret::random();
        browsers.good.clone()
    }

    /// Gives a browser its key for a link's token, which then is used up, or for the user's own.
    ///
    /// A link that comes a second time was seen by somebody else, who may have been the first: so all browsers are signed
    /// out (as RFC 6749 advises for its codes, section 4.1.2).
    pub(super) fn exchange(&self, given: &str) -> Result<Secret, Refused> {
        let mut browsers = self.browsers();
        if self.token.as_ref().is_some_and(|token| token.is(given)) {
            return Ok(browsers.credential.clone());
        }
        if browsers.good.is(given) {
            let used = std::mem::replace(&mut browsers.good, Secret::random());
            browsers.used.truncate(REMEMBERED - 1);
            browsers.used.push_front(used);
            Ok(browsers.credential.clone())
        } else if browsers.used.iter().any(|used| used.is(given)) {
            browsers.credential = Secret::random();
            Err(Refused::Used)
        } else {
            Err(Refused::Unknown)
        }
    }

    fn browsers(&self) -> MutexGuard<'_, Browsers> {
        self.browsers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_link_is_good_once() {
        let keys = Keys::new(None);
        let link = keys.link();
        assert!(!keys.accepts(link.reveal()), "a link is no key");
        let credential = keys.exchange(link.reveal()).unwrap();
        assert!(keys.accepts(credential.reveal()));
        assert_eq!(keys.exchange("x").unwrap_err(), Refused::Unknown);
        assert_eq!(keys.exchange("").unwrap_err(), Refused::Unknown);
        // Nobody was told of the one that takes its place.
        let next = keys.new_link();
        assert_ne!(next.reveal(), link.reveal());
        let second = keys.exchange(next.reveal()).unwrap();
        assert_eq!(second.reveal(), credential.reveal());
    }

    #[test]
    fn a_link_that_comes_again_signs_all_browsers_out() {
        let keys = Keys::new(Some(Secret::new(TOKEN).unwrap()));
        let link = keys.link();
        let credential = keys.exchange(link.reveal()).unwrap();
        assert_eq!(keys.exchange(link.reveal()).unwrap_err(), Refused::Used);
        assert!(!keys.accepts(credential.reveal()));
        // Scripts go on.
        assert!(keys.accepts(TOKEN));
        let next = keys.exchange(keys.new_link().reveal()).unwrap();
        assert!(keys.accepts(next.reveal()));
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
        assert_eq!(keys.browsers().used.len(), REMEMBERED);
    }

    #[test]
    fn a_token_of_the_users_own_is_a_key_and_signs_in_each_time() {
        let keys = Keys::new(Some(Secret::new(&format!(" {TOKEN}\n")).unwrap()));
        assert!(keys.accepts(TOKEN));
        assert_eq!(keys.token().reveal(), TOKEN);
        for _ in 0..2 {
            assert_ne!(keys.exchange(TOKEN).unwrap().reveal(), TOKEN);
        }
    }
}
