//! What is told of requests that are refused: to the audit events and to the metrics.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use podshell_shared::api::ErrorCode;

use crate::{
    audit::{Audit, Entry, Event},
    auth::{self, Auth, Principal},
    metrics::Metrics,
    session::Identity,
};

/// Tells of a request that is refused. It comes after those who found out who makes it.
pub(crate) async fn watch(
    State(audit): State<Audit>,
    State(metrics): State<Arc<Metrics>>,
    State(auth): State<Arc<Auth>>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let identity = Principal::of(&parts).map(|principal| principal.identity.clone());
    let address = auth::client_address(auth.proxies(), &parts);
    let is_signed_out = auth::is_signed_out(&parts);
    let response = next.run(Request::from_parts(parts, body)).await;
    let Some(code) = response.extensions().get::<ErrorCode>().copied() else {
        return response;
    };
    metrics.refused(code);
    let refused = matches!(
        response.status(),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
    );
    // A page that is opened asks before anyone has signed in.
    if refused && !is_signed_out {
        note(&audit, identity.as_ref(), address, code);
    }
    response
}

fn note(
    audit: &Audit,
    identity: Option<&Identity>,
    address: Option<std::net::IpAddr>,
    code: ErrorCode,
) {
    let entry = Entry::new(Event::Refused).refused(code);
    match identity {
        Some(identity) => audit.note(&entry.by(identity)),
        None => audit.note(&entry.from(address)),
    }
}
