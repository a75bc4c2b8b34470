//! The list of pods.

use axum::{Json, extract::State};
use podshell_shared::api::PodList;

use super::Failure;
use crate::server::App;

/// `GET /api/v1/pods`: all pods that the caller may list.
pub(crate) async fn list(State(app): State<App>) -> Result<Json<PodList>, Failure> {
    Ok(Json(app.cluster().pods().await?))
}
