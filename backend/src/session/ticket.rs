//! Tickets: minted ids that carry all that a bind needs, sealed so that only this server reads them.
//!
//! A ticket is AES-256-GCM over its expiry and JSON, in base64url without padding: no dots, so that it may stand
//! in a SockJS path. The server keeps nothing for an id until it is redeemed; then it remembers it
//! until it would have expired, so that each is good once.

mod keys;
mod used;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::aead::NONCE_LEN;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::keys::{KeysError, TicketKeys};
use self::used::Used;
use super::{Caller, Mode, Shell, Target};

/// How long an id is good.
const VALID: Duration = Duration::from_secs(30);
/// Ties the seal to its purpose.
const PURPOSE: &[u8] = b"podshell ticket 3";

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
    /// So many others were redeemed that the server can remember no more. The id stays good.
    #[error("Too many terminals were opened here in the last 30 seconds.")]
    TooMany,
}

/// What tells one ticket from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Serial([u8; NONCE_LEN]);

/// Where ids are good, beside the keys: with the same keys, those of one scope are unknown in every other.
#[derive(Clone, PartialEq, Eq)]
pub struct Scope(Vec<u8>);

impl Scope {
    /// The scope that these parts make, in this order: the cluster, who may use the server and how, and the like.
    pub fn new<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Self {
        let mut bytes = PURPOSE.to_vec();
        for part in parts {
            let part = part.as_ref();
            // Without it "ab", "c" would be the same as "a", "bc".
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Self(bytes)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// What an id says once it is opened.
struct Ticket {
    serial: Serial,
    /// Milliseconds since the Unix epoch.
    expires: u64,
    caller: Caller,
    target: Target,
}

/// How caller and target are written: an array, for names of fields would be half of an id.
#[derive(Serialize, Deserialize)]
struct Written(
    Caller,
    String,
    String,
    String,
    Option<Shell>,
    Mode,
    bool,
    String,
);

impl Written {
    fn of(caller: Caller, target: Target) -> Self {
        let Target {
            namespace,
            pod,
            container,
            shell,
            mode,
            windows,
            image,
        } = target;
        Self(
            caller, namespace, pod, container, shell, mode, windows, image,
        )
    }

    fn read(self) -> (Caller, Target) {
        let Self(caller, namespace, pod, container, shell, mode, windows, image) = self;
        let target = Target {
            namespace,
            pod,
            container,
            shell,
            mode,
            windows,
            image,
        };
        (caller, target)
    }
}

/// Mints ids and redeems them.
#[derive(Debug)]
pub struct Tickets {
    keys: Arc<TicketKeys>,
    scope: Scope,
    used: Mutex<Used>,
}

impl Tickets {
    /// Sealed with these keys, and good in `scope` alone.
    pub fn new(keys: impl Into<Arc<TicketKeys>>, scope: Scope) -> Self {
        let (keys, used) = (keys.into(), Mutex::default());
        Self { keys, scope, used }
    }

    /// An id with which `caller` may open a shell at `target`, within 30 s from `now`.
    pub fn mint(&self, caller: &Caller, target: &Target, now: SystemTime) -> String {
        let mut sealed = millis(now + VALID).to_be_bytes().to_vec();
        let written = Written::of(caller.clone(), target.clone());
        serde_json::to_writer(&mut sealed, &written).expect("strings and numbers are always JSON");
        URL_SAFE_NO_PAD.encode(self.keys.seal(&self.scope.0, sealed))
    }

    /// Takes an id that `caller` presents.
    ///
    /// # Errors
    ///
    /// If it is not of this server and scope or not for this caller, too old, or was redeemed before.
    pub fn redeem(&self, caller: &Caller, id: &str, now: SystemTime) -> Result<Target, Refused> {
        let ticket = self.open(id).ok_or(Refused::Unknown)?;
        if ticket.caller != *caller {
            return Err(Refused::Unknown);
        }
        let Ticket {
            serial, expires, ..
        } = ticket;
        self.used().redeem(serial, expires, millis(now))?;
        Ok(ticket.target)
    }

    /// Who minted an id that is still good; [`None`] once it was redeemed.
    pub fn caller(&self, id: &str, now: SystemTime) -> Option<Caller> {
        let Ticket {
            serial,
            expires,
            caller,
            target: _,
        } = self.open(id)?;
        let is_good = self.used().is_good(serial, expires, millis(now));
        is_good.then_some(caller)
    }

    fn open(&self, id: &str) -> Option<Ticket> {
        let sealed = URL_SAFE_NO_PAD.decode(id).ok()?;
        let opened = self.keys.open(&self.scope.0, &sealed)?;
        let (expires, written) = opened.split_first_chunk()?;
        let (caller, target) = serde_json::from_slice::<Written>(written).ok()?.read();
        Some(Ticket {
            // The nonce: random, and authentic as all the rest.
            serial: Serial(*sealed.last_chunk()?),
            expires: u64::from_be_bytes(*expires),
            caller,
            target,
        })
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
