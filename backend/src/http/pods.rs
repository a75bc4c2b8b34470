//! The list of pods.

use axum::{Json, extract::State};
use podshell_shared::api::PodList;

use super::Failure;
use crate::server::App;

/// `GET /api/v1/pods`: all pods that the caller may list.
pub(crate) async fn list(State(app): State<App>) -> Result<Json<PodList>, Failure> {
    let cluster = app.cluster();
    let pods = cluster.pods().await?;
    Ok(Json(PodList {
        cluster: cluster.name().to_owned(),
        demo: cluster.is_demo(),
        pods,
    }))
}
