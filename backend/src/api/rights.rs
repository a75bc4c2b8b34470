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
    let may = async |is_on: bool, right: Right| match is_on {
        true => cluster.may(right, &namespace).await,
        false => Ok(false),
    };
    let (exec, attach, log) = tokio::try_join!(
        may(switches.allows(Mode::Exec), Right::Exec),
        may(switches.allows(Mode::Attach), Right::Attach),
        may(switches.allows_logs(), Right::Log),
    )?;
    Ok(Json(Rights { exec, attach, log }))
}
