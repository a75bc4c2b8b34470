//! Who may open a terminal's connection, and what for.
//!
//! Browsers can't send a header with a WebSocket or an `EventSource`, so the right to a connection stands in its query, as
//! Kubernetes Dashboard's clients have it: a minted id, or the handle of the session that it goes on with. Neither is good
//! for anything else: the first message has to bring that very id, or the session's whole key.
//!
//! A page that has no id yet, but wants to lose no time, shows its key: as a subprotocol that it offers, which is the one
//! header that it can choose, and which, as a header, stands in no address.

use std::sync::Arc;

use axum::response::Response;
use http::request::Parts;
use podshell_shared::terminal::session_handle;

use super::{Auth, Principal, bearer, client_address, principal::Identified, signed_out};
use crate::{
    cluster::{CallAs, Cluster},
    minting::Minting,
    secret::digest_of,
    session::{Caller, Identity, Sessions},
};

/// What a connection may be used for, and by whom.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    principal: Principal,
    to: Purpose,
}

/// What a connection is for.
#[derive(Clone, Debug)]
enum Purpose {
    /// Whatever its caller may do: it showed who that is.
    Anything,
    /// To bind this id.
    Bind(String),
    /// To go on with the session that has this handle.
    Resume(String),
}

impl Admission {
    /// Who has it.
    pub(crate) fn identity(&self) -> &Identity {
        &self.principal.identity
    }

    /// The same for each channel of a multiplex. What opened that says nothing of the channels, for each brings an id or a
    /// whole key of its own, and with either one could open a connection for itself.
    pub(crate) fn for_channels(&self) -> Self {
        Self {
            principal: self.principal.clone(),
            to: Purpose::Anything,
        }
    }

    /// Who may bind this id over the connection, if anyone may.
    pub(crate) fn to_bind(&self, id: &str) -> Option<&Principal> {
        let may = match &self.to {
            Purpose::Anything => true,
            Purpose::Bind(admitted) => admitted == id,
            Purpose::Resume(_) => false,
        };
        may.then_some(&self.principal)
    }

    /// Who may resume the session of this key over the connection, if anyone may.
    pub(crate) fn to_resume(&self, key: &str) -> Option<&Principal> {
        let may = match &self.to {
            Purpose::Anything => true,
            Purpose::Bind(_) => false,
            Purpose::Resume(handle) => handle == session_handle(key),
        };
        may.then_some(&self.principal)
    }
}

/// Guards SockJS.
pub(crate) struct Guard {
    auth: Arc<Auth>,
    minting: Minting,
    sessions: Sessions<Cluster>,
}

impl Guard {
    pub(crate) fn new(auth: Arc<Auth>, minting: Minting, sessions: Sessions<Cluster>) -> Self {
        Self {
            auth,
            minting,
            sessions,
        }
    }

    /// What a request may open a connection for, beside what its caller may do; [`None`] if nothing.
    ///
    /// In local mode alone: elsewhere an id does not tell by whose rights a shell is to be opened.
    fn by_query(&self, parts: &Parts) -> Option<Admission> {
        self.auth.local()?;
        let admission = |caller, to| {
            let identity = Identity {
                caller,
                user: None,
                address: client_address(self.auth.proxies(), parts),
            };
            let call_as = CallAs::Own;
            let principal = Principal {
                identity,
                call_as,
                until: None,
            };
            Admission { principal, to }
        };
        let shown = shown(parts)?;
        let of_id = || {
            let caller = self.minting.caller(shown)?;
            Some(admission(caller, Purpose::Bind(shown.to_owned())))
        };
        let of_session = || {
            let caller = self.sessions.caller_of(shown)?;
            Some(admission(caller, Purpose::Resume(shown.to_owned())))
        };
        of_id().or_else(of_session)
    }
}

impl sockjs::Guard for Guard {
    fn admit(&self, parts: &mut Parts) -> Result<(), Box<Response>> {
        let admission = match parts.extensions.get() {
            Some(Identified(Ok(principal))) => Admission {
                principal: principal.clone(),
                to: Purpose::Anything,
            },
            identified => self.by_query(parts).ok_or_else(|| match identified {
                Some(Identified(Err(why))) => why.response(&self.auth),
                _ => signed_out(&self.auth),
            })?,
        };
        parts.extensions.insert(admission);
        Ok(())
    }

    /// The key, or else what stands in the query, which is good for this long after it was good for the first time; outside
    /// of local mode, who calls and whom the cluster is to take them for: a session that goes on for hours opens no shell as
    /// they were known at its beginning.
    fn identity(&self, parts: &Parts) -> Option<Vec<u8>> {
        let brought = match self.auth.local() {
            Some((keys, _)) => {
                // A key that is none may be anyone's, as one that a proxy adds.
                let key = bearer(&parts.headers).filter(|key| keys.accepts(key));
                key.or_else(|| shown(parts))?
            }
            None => {
                let Principal {
                    identity, call_as, ..
                } = Principal::of(parts)?;
                let Caller(caller) = &identity.caller;
                return Some([digest_of(caller), call_as.digest()].concat());
            }
        };
        Some(digest_of(brought).to_vec())
    }
}

/// What a request shows in its query: the first thing there, for SockJS's own client puts more behind it.
fn shown(parts: &Parts) -> Option<&str> {
    let shown = parts.uri.query()?.split('&').next();
    shown.filter(|shown| !shown.is_empty())
}
