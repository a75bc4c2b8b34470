//! For whoever watches the server: alive, and ready to do its work.

use axum::{extract::State, http::StatusCode};

use super::Failure;
use crate::server::App;

/// The process answers.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// The cluster answers and new sessions are taken.
pub(crate) async fn ready(State(app): State<App>) -> Result<&'static str, Failure> {
    if app.is_shutting_down() {
        return Err(Failure::shutting_down());
    }
    match app.cluster().probe().await {
        Ok(()) => Ok("ok\n"),
        Err(error) => {
            tracing::warn!(%error, "not ready: the cluster does not answer");
            Err(Failure::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "not-ready",
                "The cluster does not answer.",
                "",
            ))
        }
    }
}
