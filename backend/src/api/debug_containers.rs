//! Debug containers, for containers without a shell.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use podshell_shared::api::{DebugContainer, DebugState};

use super::{Failure, check_names};
use crate::server::App;

/// `POST /api/v1/pod/{namespace}/{pod}/debug/{container}`: adds a debug container for `container`, unless
/// one is there already.
pub(crate) async fn add(
    State(app): State<App>,
    Path((namespace, pod, container)): Path<(String, String, String)>,
) -> Result<(StatusCode, Json<DebugContainer>), Failure> {
    if app.is_shutting_down() {
        return Err(Failure::shutting_down());
    }
    check_names(&namespace, &pod, &container)?;
    let image = app.debug_image();
    let debug = app
        .cluster()
        .add_debug_container(&namespace, &pod, &container, image)
        .await?;
    let status = if debug.is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let container = debug.container;
    Ok((status, Json(DebugContainer { container })))
}

/// `GET /api/v1/pod/{namespace}/{pod}/debug/{container}`: what the debug container `container` is doing.
pub(crate) async fn state(
    State(app): State<App>,
    Path((namespace, pod, container)): Path<(String, String, String)>,
) -> Result<Json<DebugState>, Failure> {
    check_names(&namespace, &pod, &container)?;
    let state = app
        .cluster()
        .debug_state(&namespace, &pod, &container)
        .await?;
    Ok(Json(state))
}
