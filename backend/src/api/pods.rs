//! The list of pods, and one of them.

use axum::{
    Json,
    extract::{Path, State},
};
use podshell_shared::api::{ApiError, Pod, PodList};

use super::check_pod;
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

/// `GET /api/v1/pod/{namespace}/{pod}`: one pod, as it is listed.
#[utoipa::path(
    get,
    path = "/api/v1/pod/{namespace}/{pod}",
    params(("namespace" = String, Path), ("pod" = String, Path)),
    responses((status = OK, body = Pod), (status = "4XX", body = ApiError), (status = "5XX", body = ApiError)),
    security(("key" = []))
)]
pub(crate) async fn one(
    State(switches): State<Switches>,
    CallersCluster(cluster): CallersCluster,
    Path((namespace, pod)): Path<(String, String)>,
) -> Result<Json<Pod>, Failure> {
    check_pod(&namespace, &pod)?;
    switches.check_namespace(&namespace)?;
    Ok(Json(cluster.pod_shown(&namespace, &pod).await?))
}
