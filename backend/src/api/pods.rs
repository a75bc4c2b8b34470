//! The list of pods.

use axum::{Json, extract::State};
use podshell_shared::api::{ApiError, PodList};

use crate::{auth::CallersCluster, error::Failure, switches::Switches};

/// `GET /api/v1/pods`: all pods that the caller may list.
#[utoipa::path(
    get,
    path = "/api/v1/pods",
    responses((status = OK, body = PodList), (status = "4XX", body = ApiError), (status = "5XX", body = ApiError)),
    security(("key" = []))
)]
pub(crate) async fn list(
    State(switches): State<Switches>,
    CallersCluster(cluster): CallersCluster,
) -> Result<Json<PodList>, Failure> {
    let mut pods = cluster.pods().await?;
    switches.hide(&mut pods);
    Ok(Json(pods))
}
