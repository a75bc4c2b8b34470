//! Minting: an id with which the caller may open one shell.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use podshell_shared::{
    api::{ApiError, Minted},
    target::{self, ModeQuery},
};
use serde::Deserialize;

use super::{check_names, check_pod};
use crate::{
    app::App,
    audit::{Entry, Event},
    auth::{Auth, CallersCluster, Principal},
    error::Failure,
    session::{Mode, Shell, TargetRequest},
};

/// Lets a request through that mints, unless its user does so too often: before it takes a turn at the cluster, so that
/// others don't wait for what is refused.
pub(crate) async fn limit(
    State(auth): State<Arc<Auth>>,
    principal: Principal,
    request: Request,
    next: Next,
) -> Response {
    match auth.rates().mint(&principal.identity.caller) {
        Ok(()) => next.run(request).await,
        Err(too_often) => too_often.answer().await,
    }
}

/// The query of the short route.
#[derive(Debug, Deserialize)]
pub(crate) struct MintQuery {
    namespace: Option<String>,
    container: Option<String>,
    #[serde(flatten)]
    mode: ModeQuery,
}

/// `GET /api/v1/pod/{namespace}/{pod}/shell/{container}`, as Kubernetes Dashboard has it.
#[utoipa::path(
    get,
    path = "/api/v1/pod/{namespace}/{pod}/shell/{container}",
    params(("namespace" = String, Path), ("pod" = String, Path), ("container" = String, Path), ModeQuery),
    responses((status = OK, body = Minted), (status = "4XX", body = ApiError), (status = "5XX", body = ApiError)),
    security(("key" = []))
)]
pub(crate) async fn mint(
    State(app): State<App>,
    principal: Principal,
    cluster: CallersCluster,
    Path((namespace, pod, container)): Path<(String, String, String)>,
    Query(mode): Query<ModeQuery>,
) -> Result<Response, Failure> {
    let query = MintQuery {
        namespace: Some(namespace),
        container: Some(container),
        mode,
    };
    mint_at(&app, (&principal, cluster), pod, query).await
}

/// `GET /api/pod/{pod}/shell?namespace=&container=`: namespace `default` and the pod's default
/// container if not given.
#[utoipa::path(
    get,
    path = "/api/pod/{pod}/shell",
    params(
        ("pod" = String, Path),
        ("namespace" = Option<String>, Query, description = "`default` if it is missing."),
        ("container" = Option<String>, Query, description = "The pod's default one if it is missing: the one that its annotation `kubectl.kubernetes.io/default-container` names, else the first."),
        ModeQuery
    ),
    responses((status = OK, body = Minted), (status = "4XX", body = ApiError), (status = "5XX", body = ApiError)),
    security(("key" = []))
)]
pub(crate) async fn mint_short(
    State(app): State<App>,
    principal: Principal,
    cluster: CallersCluster,
    Path(pod): Path<String>,
    Query(mut query): Query<MintQuery>,
) -> Result<Response, Failure> {
    query.container = query.container.filter(|name| !name.is_empty());
    mint_at(&app, (&principal, cluster), pod, query).await
}

async fn mint_at(
    app: &App,
    (principal, CallersCluster(cluster)): (&Principal, CallersCluster),
    pod: String,
    query: MintQuery,
) -> Result<Response, Failure> {
    app.shutdown.refuse_when_begun()?;
    let identity = &principal.identity;
    let namespace = query.namespace.unwrap_or_else(|| "default".to_owned());
    match &query.container {
        Some(container) => check_names(&namespace, &pod, container)?,
        None => check_pod(&namespace, &pod)?,
    }
    let (mode, shell) = match query.mode.try_into()? {
        target::Mode::Exec(shell) => (Mode::Exec, shell),
        target::Mode::Attach => (Mode::Attach, None),
    };
    let shell: Option<Shell> = shell.map(|name| name.parse()).transpose()?;
    let request = TargetRequest {
        namespace,
        pod,
        container: query.container,
        shell,
        mode,
    };
    app.switches.check_terminal(&request)?;
    let target = cluster.resolve(request).await?;
    let id = app.minting.mint(&identity.caller, &target);
    app.audit
        .note(&Entry::new(Event::Mint).by(identity).at(&target));
    Ok(Json(Minted { id }).into_response())
}
