//! What the caller may do, before they try.

use axum::{
    Json,
    extract::{Path, State},
};
use podshell_shared::api::{ApiError, Rights};

use super::check_label;
use crate::{
    auth::CallersCluster, cluster::Right, error::Failure, session::Mode, switches::Switches,
};

/// `GET /api/v1/rights/{namespace}`: what the caller may do with the pods of a namespace.
#[utoipa::path(
    get,
    path = "/api/v1/rights/{namespace}",
    params(("namespace" = String, Path)),
    responses((status = OK, body = Rights), (status = "4XX", body = ApiError), (status = "5XX", body = ApiError)),
    security(("key" = []))
)]
pub(crate) async fn rights(
    State(switches): State<Switches>,
    CallersCluster(cluster): CallersCluster,
    Path(namespace): Path<String>,
) -> Result<Json<Rights>, Failure> {
    check_label(&namespace)?;
    switches.check_namespace(&namespace)?;
    let there_are = [
        (switches.allows(Mode::Exec), Right::Exec),
        (switches.allows(Mode::Attach), Right::Attach),
        (switches.allows_logs(), Right::Log),
        (!switches.debug_profiles().is_empty(), Right::Debug),
    ];
    let there_are = there_are.into_iter().filter(|(is_on, _)| *is_on);
    let wanted: Vec<_> = there_are.map(|(_, right)| right).collect();
    let held = cluster.held(&wanted, &namespace).await?;
    Ok(Json(Rights {
        exec: held.contains(&Right::Exec),
        attach: held.contains(&Right::Attach),
        log: held.contains(&Right::Log),
        debug: held.contains(&Right::Debug),
    }))
}
