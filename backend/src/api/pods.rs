//! The list of pods.

use axum::Json;
use podshell_shared::api::{ApiError, PodList};

use crate::{auth::CallersCluster, error::Failure};

/// `GET /api/v1/pods`: all pods that the caller may list.
#[utoipa::path(
    get,
    path = "/api/v1/pods",
    responses((status = OK, body = PodList), (status = "4XX", body = ApiError), (status = "5XX", body = ApiError)),
    security(("key" = []))
)]
pub(crate) async fn list(
    CallersCluster(cluster): CallersCluster,
) -> Result<Json<PodList>, Failure> {
    Ok(Json(cluster.pods().await?))
}
