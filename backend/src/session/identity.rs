//! Who calls, and what tells one session from all others.

use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who calls, as ids and sessions are tied to them: an id is good for the caller alone that minted it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Caller(pub String);

/// Who calls, for those who watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What ids and sessions are tied to.
    pub caller: Caller,
    /// The user, as the cluster or a sign-in tells it; [`None`] for whoever started this server.
    pub user: Option<User>,
    /// Where the request came from.
    pub address: Option<IpAddr>,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct User {
    /// The name that the cluster knows them by.
    pub name: String,
    /// The groups that they are in.
    pub groups: Vec<String>,
    /// Who vouches for them, if that is another than the cluster.
    pub issuer: Option<String>,
}

/// What tells a session from all others: in our events, in the API server's audit log, and in the shell's environment
/// (`PODSHELL_SESSION`). No secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(Uuid);

impl SessionId {
    /// A new one.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
