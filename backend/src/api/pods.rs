//! The list of pods.

use axum::{Json, extract::State};
use podshell_shared::api::PodList;

use super::Failure;
use crate::cluster::Cluster;

/// `GET /api/v1/pods`: all pods that the caller may list.
pub(crate) async fn list(State(cluster): State<Cluster>) -> Result<Json<PodList>, Failure> {
    Ok(Json(cluster.pods().await?))
}
