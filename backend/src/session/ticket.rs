//! Tickets: minted ids that carry all that a bind needs, sealed so that only this server reads them.
//!
//! A ticket is AES-256-GCM over JSON, in base64url without padding: no dots, so that it may stand
//! in a SockJS path. The server keeps nothing for an id until it is redeemed; then it remembers it
//! until it would have expired, so that each is good once.

use std::{
    collections::HashMap,
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    rand,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Caller, Target};

/// How long an id is good.
const VALID: Duration = Duration::from_secs(30);
/// Ties the seal to its purpose.
const PURPOSE: &[u8] = b"podshell ticket 2";

/// Why an id is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// Not an id of this server, or of another caller.
    #[error("This session id is not known here.")]
    Unknown,
    /// Minted too long ago.
    #[error("This session id has expired: it is good for 30 seconds.")]
    Expired,
    /// Redeemed before.
    #[error("This session id was used before: each is good for one connection.")]
    Used,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Ticket {
    serial: [u8; 16],
    /// Milliseconds since the Unix epoch.
    expires: u64,
    caller: Caller,
    target: Target,
}

/// The keys that seal tickets: the first seals, all of them open. Two are enough to change the key
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

/// Mints ids and redeems them.
#[derive(Debug)]
pub struct Tickets {
    keys: TicketKeys,
    /// Redeemed serials and when they would have expired.
    used: Mutex<HashMap<[u8; 16], u64>>,
}

impl Tickets {
    /// Sealed with these keys.
    pub fn new(keys: TicketKeys) -> Self {
        let used = Mutex::default();
        Self { keys, used }
    }

    /// An id with which `caller` may open a shell at `target`, within 30 s from `now`.
    pub fn mint(&self, caller: &Caller, target: &Target, now: SystemTime) -> String {
        let mut serial = [0; 16];
        rand::fill(&mut serial).expect("the system gives random bytes");
        let ticket = Ticket {
            serial,
            expires: millis(now + VALID),
            caller: caller.clone(),
            target: target.clone(),
        };
        let mut sealed = serde_json::to_vec(&ticket).expect("strings and numbers are always JSON");
        let nonce = self.keys.0[0]
            .seal_in_place_append_tag(Aad::from(PURPOSE), &mut sealed)
            .expect("a ticket is far shorter than the cipher's limit");
        sealed.extend_from_slice(nonce.as_ref());
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// Takes an id that `caller` presents.
    ///
    /// # Errors
    ///
    /// If it is not of this server or not for this caller, too old, or was redeemed before.
    pub fn redeem(&self, caller: &Caller, id: &str, now: SystemTime) -> Result<Target, Refused> {
        let ticket = self.open(id).ok_or(Refused::Unknown)?;
        if ticket.caller != *caller {
            return Err(Refused::Unknown);
        }
        let now = millis(now);
        if now >= ticket.expires {
            return Err(Refused::Expired);
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, expires| now < *expires);
        match used.insert(ticket.serial, ticket.expires) {
            None => Ok(ticket.target),
            Some(_) => Err(Refused::Used),
        }
    }

    /// Who minted an id of this server that has not expired, used or not.
    pub fn caller(&self, id: &str, now: SystemTime) -> Option<Caller> {
        let ticket = self.open(id)?;
        (millis(now) < ticket.expires).then_some(ticket.caller)
    }

    fn open(&self, id: &str) -> Option<Ticket> {
        let mut sealed = URL_SAFE_NO_PAD.decode(id).ok()?;
        let nonce = sealed.split_off(sealed.len().checked_sub(NONCE_LEN)?);
        self.keys.0.iter().find_map(|key| {
            let nonce = Nonce::try_assume_unique_for_key(&nonce).ok()?;
            // what can't be opened is spoiled for the next key
            let mut sealed = sealed.clone();
            let opened = key
                .open_in_place(nonce, Aad::from(PURPOSE), &mut sealed)
                .ok()?;
            serde_json::from_slice(opened).ok()
        })
    }
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Mode, Shell};
    use proptest::prelude::*;

    fn target() -> Target {
        Target {
            namespace: "shop".to_owned(),
            pod: "web-0".to_owned(),
            container: "app".to_owned(),
            shell: Some(Shell::Sh),
            mode: Mode::Exec,
            windows: false,
            image: "sha256:0".to_owned(),
        }
    }

    fn tickets() -> Tickets {
        Tickets::new(TicketKeys::random())
    }

    fn caller(name: &str) -> Caller {
        Caller(name.into())
    }

    #[test]
    fn good_once_for_its_caller() {
        let tickets = tickets();
        let now = SystemTime::now();
        let id = tickets.mint(&caller("ann"), &target(), now);
        assert!(!id.contains(['.', '/', '+', '=']), "{id}");
        let redeem = |name, id: &str| tickets.redeem(&caller(name), id, now);
        assert_eq!(redeem("bob", &id), Err(Refused::Unknown));
        assert_eq!(redeem("ann", &id), Ok(target()));
        assert_eq!(redeem("ann", &id), Err(Refused::Used));
    }

    #[test]
    fn good_for_thirty_seconds() {
        let tickets = tickets();
        let now = SystemTime::now();
        let after = |seconds| now + Duration::from_secs(seconds);
        let redeem = |seconds| {
            let id = tickets.mint(&caller("ann"), &target(), now);
            tickets.redeem(&caller("ann"), &id, after(seconds))
        };
        assert_eq!(redeem(29), Ok(target()));
        assert_eq!(redeem(30), Err(Refused::Expired));
        // what has expired is not remembered
        assert_eq!(tickets.used.lock().unwrap().len(), 1);
        let id = tickets.mint(&caller("ann"), &target(), after(60));
        tickets.redeem(&caller("ann"), &id, after(60)).unwrap();
        assert_eq!(tickets.used.lock().unwrap().len(), 1);
    }

    #[test]
    fn unknown_to_another_server() {
        let now = SystemTime::now();
        let id = tickets().mint(&caller("ann"), &target(), now);
        assert_eq!(
            tickets().redeem(&caller("ann"), &id, now),
            Err(Refused::Unknown)
        );
    }

    #[test]
    fn keys_change_while_ids_are_under_way() {
        let line = |byte: u8| STANDARD.encode([byte; 32]);
        let with = |lines: &[String]| Tickets::new(lines.join("\n").parse().unwrap());
        let (old, new) = (line(1), line(2));
        let now = SystemTime::now();
        let redeem = |by: &Tickets, of: &Tickets| {
            let id = of.mint(&caller("ann"), &target(), now);
            by.redeem(&caller("ann"), &id, now)
        };
        let (before, between, after) = (
            with(std::slice::from_ref(&old)),
            with(&["# new first".to_owned(), new.clone(), String::new(), old]),
            with(&[new]),
        );
        assert_eq!(redeem(&between, &before), Ok(target()));
        assert_eq!(redeem(&after, &between), Ok(target()));
        assert_eq!(redeem(&after, &before), Err(Refused::Unknown));
    }

    #[test]
    fn what_is_no_key() {
        let keys = |text: &str| text.parse::<TicketKeys>().map(drop).unwrap_err();
        let line = STANDARD.encode([7; 32]);
        assert_eq!(keys(""), KeysError::WrongNumber(0));
        assert_eq!(keys(&[&*line; 3].join("\n")), KeysError::WrongNumber(3));
        assert_eq!(
            keys(&format!("{line}\nsecret")),
            KeysError::NotAKey { line: 2 }
        );
        assert_eq!(keys("c2hvcnQ="), KeysError::NotAKey { line: 1 });
    }

    proptest! {
        #[test]
        fn noise_is_unknown(id in ".{0,200}") {
            prop_assert_eq!(
                tickets().redeem(&caller("ann"), &id, SystemTime::now()),
                Err(Refused::Unknown)
            );
        }

        #[test]
        fn a_changed_id_is_unknown(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let tickets = tickets();
            let now = SystemTime::now();
            let mut id = URL_SAFE_NO_PAD
                .decode(tickets.mint(&caller("ann"), &target(), now))
                .unwrap();
            let at = at.index(id.len());
            id[at] ^= 1 << bit;
            let id = URL_SAFE_NO_PAD.encode(id);
            prop_assert_eq!(tickets.redeem(&caller("ann"), &id, now), Err(Refused::Unknown));
        }
    }
}
