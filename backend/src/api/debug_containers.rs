//! Debug containers, for containers without a shell.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use podshell_shared::api::{ApiError, DebugContainer, DebugOptions, DebugProfile, DebugState};
use serde::Deserialize;

use super::check_names;
use crate::{
    app::{App, DebugImage},
    audit::{Entry, Event},
    auth::{CallersCluster, Principal},
    error::Failure,
    switches::Switches,
};

/// Which profile a debug container is to have.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(crate) struct DebugQuery {
    /// `general`, `baseline`, `restricted`, `netadmin` or `sysadmin`. If it is missing or empty, the server chooses one that
    /// the namespace allows.
    profile: Option<String>,
}

/// `GET /api/v1/debug`: what debug containers there may be.
#[utoipa::path(
    get,
    path = "/api/v1/debug",
    responses((status = OK, body = DebugOptions), (status = "4XX", body = ApiError)),
    security(("key" = []))
)]
pub(crate) async fn options(State(switches): State<Switches>) -> Json<DebugOptions> {
    let profiles = switches.debug_profiles().to_vec();
    Json(DebugOptions { profiles })
}

/// `POST /api/v1/pod/{namespace}/{pod}/debug/{container}`: adds a debug container for `container`, unless
/// one is there already.
#[utoipa::path(
    post,
    path = "/api/v1/pod/{namespace}/{pod}/debug/{container}",
    params(("namespace" = String, Path), ("pod" = String, Path), ("container" = String, Path), DebugQuery),
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
    Query(query): Query<DebugQuery>,
) -> Result<(StatusCode, Json<DebugContainer>), Failure> {
    app.shutdown.refuse_when_begun()?;
    check_names(&namespace, &pod, &container)?;
    let wanted = query.profile.filter(|name| !name.is_empty());
    let wanted: Option<DebugProfile> = wanted.map(|name| name.parse()).transpose()?;
    let profiles = app.switches.check_debug_container(&namespace, wanted)?;
    let DebugImage(image) = &app.debug_image;
    let debug = cluster
        .add_debug_container(&namespace, &pod, &container, image, &profiles)
        .await?;
    let (container, profile) = (debug.container, debug.added);
    let mut status = StatusCode::OK;
    if let Some(profile) = profile {
        status = StatusCode::CREATED;
        let entry = Entry::new(Event::DebugContainer).by(&principal.identity);
        let entry = entry.in_container(&namespace, &pod, &container);
        app.audit.note(&entry.with_profile(profile));
    }
    Ok((status, Json(DebugContainer { container, profile })))
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
