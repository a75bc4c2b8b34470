//! The HTTP API's handlers.

pub(crate) mod debug;
mod failure;
pub(crate) mod health;
pub(crate) mod mint;
pub(crate) mod pods;
pub(crate) mod sessions;
pub(crate) mod turns;
pub(crate) mod ui;

pub(crate) use failure::Failure;

use axum::http::{HeaderMap, StatusCode, header::ACCEPT};

/// Whether a request comes from a person's browser that is to show the answer.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/html"))
}

/// Names go into the paths of calls to the API server: nothing may stand in them but what a
/// Kubernetes name can hold (RFC 1123 subdomain).
fn check_name(name: &str) -> Result<(), Failure> {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    if name.len() <= 253 && name.bytes().all(fits) && !name.starts_with('.') {
        Ok(())
    } else {
        Err(Failure::new(
            StatusCode::BAD_REQUEST,
            "bad-name",
            format!("{name:?} can't be the name of anything in Kubernetes."),
            "Names have lower-case letters, digits, '-' and '.' only.",
        ))
    }
}
