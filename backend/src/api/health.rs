//! For whoever watches the server: alive, and ready to do its work.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use podshell_shared::api::{ApiError, ErrorCode};

use crate::{app::Shutdown, cluster::Cluster, error::Failure, readiness::Readiness};

/// The process answers.
#[utoipa::path(get, path = "/healthz", responses((status = OK, body = String)))]
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// The cluster answers and new sessions are taken.
#[utoipa::path(
    get,
    path = "/readyz",
    responses((status = OK, body = String), (status = SERVICE_UNAVAILABLE, body = ApiError))
)]
pub(crate) async fn ready(
    State(shutdown): State<Shutdown>,
    State(readiness): State<Arc<Readiness>>,
    State(cluster): State<Cluster>,
) -> Result<&'static str, Failure> {
    shutdown.refuse_when_begun()?;
    if readiness.look(&cluster).await {
        Ok("ok\n")
    } else {
        Err(Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::NotReady,
            "The cluster does not answer.",
        ))
    }
}
