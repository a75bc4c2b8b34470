//! Who may call, from where, and by which name: one layer for each question.
//!
//! * [`host`]: is this server called by a name of its own? On every route.
//! * [`origin`]: does the request come from a page of our own, or from no page at all? On all that does something.
//! * [`keys`]: does the caller have the key of this run? On the API; [`sign_in`] gives it to browsers.
//! * [`guard`]: may this request open a terminal's connection? On SockJS, where browsers can't send headers.
//!
//! Podshell acts with one person's kubeconfig, so there is one caller. No cookie is ever set: browsers send
//! a host's cookies to all of its ports, and any of those may be a stranger's.

mod guard;
mod host;
mod keys;
mod origin;
mod proxies;
pub(crate) mod sign_in;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use http::{HeaderValue, request::Parts};

use podshell_shared::api::ErrorCode;

pub(crate) use self::{
    guard::{Admission, Guard},
    host::{CalledBy, Hosts, require_own_host},
    keys::Keys,
    origin::require_own_origin,
    proxies::{Proxies, client_address},
};
use crate::{burst::Burst, error::Failure, random, session::Caller};

/// What tells who may call.
pub(crate) struct Auth {
    keys: Keys,
    hosts: Hosts,
    proxies: Proxies,
    /// The only caller. Of this run alone, so that what was sealed for it is of no use to another server.
    caller: Caller,
    refused: Mutex<Burst>,
}

impl Auth {
    pub(crate) fn new(keys: Keys, hosts: Hosts, proxies: Proxies) -> Self {
        Self {
            keys,
            hosts,
            proxies,
            caller: Caller(format!("local-{}", random::text::<24>())),
            refused: Mutex::default(),
        }
    }

    /// The only caller that there is.
    pub(crate) fn local_caller(&self) -> &Caller {
        &self.caller
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    pub(crate) fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    /// The caller, if the request brings a key as a bearer token (RFC 6750, section 2.1). A wrong one is said in the log.
    fn caller(&self, headers: &HeaderMap) -> Option<Caller> {
        self.caller_by(bearer(headers)?)
    }

    /// The caller, if this is a key. A wrong one is said in the log.
    fn caller_by(&self, key: &str) -> Option<Caller> {
        if self.keys.accepts(key) {
            return Some(self.caller.clone());
        }
        self.refused();
        None
    }

    /// Says in the log that somebody brought a wrong key: one line a burst.
    fn refused(&self) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let before = refused.over();
        if refused.begins() {
            tracing::warn!(
                before,
                "someone was refused: the key that they brought is not of this run"
            );
        }
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}

/// Who calls, by the key in `Authorization`; 401 without it. What takes a caller needs no other guard.
impl<S> FromRequestParts<S> for Caller
where
    Arc<Auth>: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let caller = Arc::<Auth>::from_ref(state).caller(&parts.headers);
        caller.ok_or_else(signed_out)
    }
}

/// The answer to who has no key, or a wrong one.
fn signed_out() -> Response {
    unauthorized(ErrorCode::SignIn, "You are not signed in.")
}

fn unauthorized(code: ErrorCode, message: &str) -> Response {
    let hint = "Open the link that podshell printed in its terminal. Each is good once; podshell says there how to get another. \
         Scripts send a key as \"Authorization: Bearer …\".";
    let failure = Failure::new(StatusCode::UNAUTHORIZED, code, message).hint(hint);
    let challenge = HeaderValue::from_static("Bearer");
    ([(WWW_AUTHENTICATE, challenge)], failure).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
