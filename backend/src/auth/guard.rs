//! Who may open a terminal's connection, and what for.
//!
//! Browsers can't send a header with a WebSocket or an `EventSource`, so the right to a connection stands in its query, as
//! Kubernetes Dashboard's clients have it: a minted id, or the handle of the session that it goes on with. Neither is good
//! for anything else: the first message has to bring that very id, or the session's whole key.
//!
//! A page that has no id yet, but wants to lose no time, shows its key: as a subprotocol that it offers, which is the one
//! header that it can choose, and which, as a header, stands in no address.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::response::Response;
use http::{HeaderMap, header::SEC_WEBSOCKET_PROTOCOL, request::Parts};
use podshell_shared::terminal::{KEY_PROTOCOL, session_handle};

use super::{Auth, bearer, signed_out};
use crate::{
    cluster::Cluster,
    minting::Minting,
    session::{Caller, Sessions},
};

/// What a connection may be used for, and by whom.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    caller: Caller,
    to: Purpose,
}

/// What a connection is for.
#[derive(Clone, Debug)]
enum Purpose {
    /// Whatever its caller may do: it brought the key.
    Anything,
    /// To bind this id.
    Bind(String),
    /// To go on with the session that has this handle.
    Resume(String),
}

impl Admission {
    /// Who may bind this id over the connection, if anyone may.
    pub(crate) fn to_bind(&self, id: &str) -> Option<&Caller> {
        let may = match &self.to {
            Purpose::Anything => true,
            Purpose::Bind(admitted) => admitted == id,
            Purpose::Resume(_) => false,
        };
        may.then_some(&self.caller)
    }

    /// Who may resume the session of this key over the connection, if anyone may.
    pub(crate) fn to_resume(&self, key: &str) -> Option<&Caller> {
        let may = match &self.to {
            Purpose::Anything => true,
            Purpose::Bind(_) => false,
            Purpose::Resume(handle) => handle == session_handle(key),
        };
        may.then_some(&self.caller)
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

    /// What a request may open a connection for; [`None`] if nothing.
    fn admission(&self, parts: &Parts) -> Option<Admission> {
        let admission = |caller, to| Admission { caller, to };
        let by_offer = || self.auth.caller_by(offered(&parts.headers)?);
        if let Some(caller) = self.auth.caller(&parts.headers).or_else(by_offer) {
            return Some(admission(caller, Purpose::Anything));
        }
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
        let admission = self.admission(parts);
        let admission = admission.ok_or_else(signed_out)?;
        parts.extensions.insert(admission);
        Ok(())
    }

    /// The key, or else what stands in the query, which is good for this long after it was good for the first time.
    fn identity(&self, parts: &Parts) -> Option<Vec<u8>> {
        // A key that is none may be anyone's, as one that a proxy adds.
        let key = bearer(&parts.headers).filter(|key| self.auth.keys().accepts(key));
        let brought = key.or_else(|| shown(parts))?;
        Some(digest(&SHA256, brought.as_bytes()).as_ref().to_vec())
    }
}

/// The key that stands in a subprotocol on offer.
fn offered(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(|name| name.trim().strip_prefix(KEY_PROTOCOL))
}

/// What a request shows in its query: the first thing there, for SockJS's own client puts more behind it.
fn shown(parts: &Parts) -> Option<&str> {
    let shown = parts.uri.query()?.split('&').next();
    shown.filter(|shown| !shown.is_empty())
}
