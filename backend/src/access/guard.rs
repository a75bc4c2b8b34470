//! Who may open a terminal's connection, and what for.
//!
//! Browsers can't send a header with a WebSocket or an `EventSource`, so the right to a connection stands in its query, as
//! Kubernetes Dashboard's clients have it: a minted id, or the handle of the session that it goes on with. Neither is good
//! for anything else: the first message has to bring that very id, or the session's whole key.

use axum::{
    extract::{OriginalUri, Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, Uri};
use podshell_shared::terminal::session_handle;

use super::unauthorized;
use crate::{server::App, session::Caller};

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

/// What a request may open a connection for; [`None`] if nothing.
pub(crate) fn admit(app: &App, headers: &HeaderMap, uri: &Uri) -> Option<Admission> {
    if let Some(caller) = app.access().caller(headers) {
        let to = Purpose::Anything;
        return Some(Admission { caller, to });
    }
    let shown = shown(uri)?;
    let admission = |caller, to| Admission { caller, to };
    let of_id = || {
        let caller = app.tickets().caller(shown, app.now())?;
        Some(admission(caller, Purpose::Bind(shown.to_owned())))
    };
    let of_session = || {
        let caller = app.sessions().caller_of(shown)?;
        Some(admission(caller, Purpose::Resume(shown.to_owned())))
    };
    of_id().or_else(of_session)
}

/// What a request shows in its query: the first thing there, for SockJS's own client puts more behind it.
fn shown(uri: &Uri) -> Option<&str> {
    uri.query()?
        .split('&')
        .next()
        .filter(|shown| !shown.is_empty())
}

/// Lets through what may open a connection.
pub(crate) async fn require_admission(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    mut request: Request,
    next: Next,
) -> Response {
    match admit(&app, request.headers(), &uri) {
        Some(admission) => {
            request.extensions_mut().insert(admission);
            next.run(request).await
        }
        None => unauthorized("You are not signed in."),
    }
}
