//! Debug containers, for containers without a shell.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use podshell_shared::api::{ApiError, DebugContainer, DebugState};

use super::check_names;
use crate::{
    app::{App, DebugImage},
    audit::{Entry, Event},
    auth::{CallersCluster, Principal},
    error::Failure,
    switches::Switches,
};

/// `POST /api/v1/pod/{namespace}/{pod}/debug/{container}`: adds a debug container for `container`, unless
/// one is there already.
#[utoipa::path(
    post,
    path = "/api/v1/pod/{namespace}/{pod}/debug/{container}",
    params(("namespace" = String, Path), ("pod" = String, Path), ("container" = String, Path)),
    responses(
        (status = CREATED, body = DebugContainer, description = "It was added now."),
        (status = OK, body = DebugContainer, description = "It was there already."),
        (status = "4XX", body = ApiError), (status = "5XX", body = ApiError)
    ),
    security(("key" = []))
)]
pub(crate) async fn add(
    State(app): State<App>,
    principal: Principal,
    CallersCluster(cluster): CallersCluster,
    Path((namespace, pod, container)): Path<(String, String, String)>,
) -> Result<(StatusCode, Json<DebugContainer>), Failure> {
    app.shutdown.refuse_when_begun()?;
    check_names(&namespace, &pod, &container)?;
    app.switches.check_debug_container(&namespace)?;
    let DebugImage(image) = &app.debug_image;
    let debug = cluster
        .add_debug_container(&namespace, &pod, &container, image)
        .await?;
    let status = if debug.is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let container = debug.container;
    if debug.is_new {
        let entry = Entry::new(Event::DebugContainer).by(&principal.identity);
        app.audit
            .note(&entry.in_container(&namespace, &pod, &container));
    }
    Ok((status, Json(DebugContainer { container })))
}

/// `GET /api/v1/pod/{namespace}/{pod}/debug/{container}`: what the debug container `container` is doing.
#[utoipa::path(
    get,
    path = "/api/v1/pod/{namespace}/{pod}/debug/{container}",
    params(("namespace" = String, Path), ("pod" = String, Path), ("container" = String, Path)),
    responses((status = OK, body = DebugState), (status = "4XX", body = ApiError), (status = "5XX", body = ApiError)),
    security(("key" = []))
)]
pub(crate) async fn state(
    State(switches): State<Switches>,
    CallersCluster(cluster): CallersCluster,
    Path((namespace, pod, container)): Path<(String, String, String)>,
) -> Result<Json<DebugState>, Failure> {
    check_names(&namespace, &pod, &container)?;
    switches.check_namespace(&namespace)?;
    let state = cluster.debug_state(&namespace, &pod, &container).await?;
    Ok(Json(state))
}
