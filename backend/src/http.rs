//! The HTTP API's handlers.

mod failure;
pub(crate) mod health;
pub(crate) mod mint;
pub(crate) mod pods;
pub(crate) mod ui;

pub(crate) use failure::Failure;

use axum::http::{HeaderMap, header::ACCEPT};

/// Whether a request comes from a person's browser that is to show the answer.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/html"))
}
