//! The list of pods.

use axum::{Json, extract::State};
use podshell_shared::api::{ApiError, PodList};

use crate::{cluster::Cluster, error::Failure};

/// `GET /api/v1/pods`: all pods that the caller may list.
#[utoipa::path(
    get,
    path = "/api/v1/pods",
    responses((status = OK, body = PodList), (status = "4XX", body = ApiError), (status = "5XX", body = ApiError)),
    security(("key" = []))
)]
pub(crate) async fn list(State(cluster): State<Cluster>) -> Result<Json<PodList>, Failure> {
    Ok(Json(cluster.pods().await?))
}
