//! Whether a request was made by a page of our own, or by no page at all (RFC 6454; RFC 6455, section 10.2).

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, StatusCode, header::ORIGIN},
    middleware::Next,
    response::{IntoResponse, Response},
};

use podshell_shared::api::ErrorCode;

use super::host::CalledBy;
use crate::error::Failure;

/// What a browser says of the page that makes a request, whether it shows the answer to it or not.
/// Chromium says nothing of a `WebSocket`; there the origin counts.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Lets through what no foreign page has asked for. It is for all that does something or costs something, GET as well.
pub(crate) async fn require_own_origin(request: Request, next: Next) -> Response {
    let called = request.extensions().get::<CalledBy>();
    if is_own(request.headers(), called) {
        return next.run(request).await;
    }
    Failure::new(
        StatusCode::FORBIDDEN,
        ErrorCode::ForeignOrigin,
        "A page of another site may not use this server.",
    )
    .hint("Open Podshell by the address that it printed.")
    .into_response()
}

fn is_own(headers: &HeaderMap, called: Option<&CalledBy>) -> bool {
    let same_origin = headers.get_all(ORIGIN).iter().all(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        called.is_some_and(|called| called.is_origin(origin))
    });
    let no_other_site = headers
        .get_all(FETCH_SITE)
        .iter()
        .all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
    same_origin && no_other_site
}
