//! The log of a container, as it is printed.

use std::io;

use axum::{
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderName, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use futures_util::stream;
use podshell_shared::{
    api::{ApiError, ErrorCode},
    log::{BadLogQuery, LogOptions, LogQuery},
    terminal::EndReason,
};

use super::check_names;
use crate::{
    app::App,
    auth::{CallersCluster, Principal},
    cluster::{Cluster, Log},
    container_logs::Reading,
    error::Failure,
    session::Sessions,
};

/// What a proxy is told that would collect an answer before it passes it on.
const UNBUFFERED: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

/// `GET /api/v1/logs/{namespace}/{pod}/{container}`: what a container has printed, and as long as it is followed what it
/// prints. It ends with the run of the container; whoever wants the next one asks again. An answer that is cut short (its
/// last chunk is missing) is not the log's end: whoever asks again is told why.
#[utoipa::path(
    get,
    path = "/api/v1/logs/{namespace}/{pod}/{container}",
    params(("namespace" = String, Path), ("pod" = String, Path), ("container" = String, Path), LogQuery),
    responses(
        (status = OK, body = String, content_type = "text/plain; charset=utf-8"),
        (status = "4XX", body = ApiError), (status = "5XX", body = ApiError)
    ),
    security(("key" = []))
)]
pub(crate) async fn log(
    State(app): State<App>,
    principal: Principal,
    CallersCluster(cluster): CallersCluster,
    Path((namespace, pod, container)): Path<(String, String, String)>,
    Query(query): Query<LogQuery>,
) -> Result<Response, Failure> {
    app.shutdown.refuse_when_begun()?;
    check_names(&namespace, &pod, &container)?;
    let options = LogOptions::try_from(query).map_err(|error| bad_query(&error))?;
    app.switches.check_log(&namespace)?;
    let identity = &principal.identity;
    let place = app.logs.enter(&identity.caller)?;
    let log = cluster.log(&namespace, &pod, &container, options).await?;
    let reading = place.begin(identity, namespace, pod, container)?;
    let sending = Sending {
        log,
        reading,
        sessions: app.sessions,
    };
    let pieces = stream::unfold(Some(sending), |sending| async move {
        let mut sending = sending?;
        match sending.next().await? {
            Ok(piece) => Some((Ok(piece), Some(sending))),
            Err(error) => Some((Err(error), None)),
        }
    });
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), UNBUFFERED];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

fn bad_query(error: &BadLogQuery) -> Failure {
    let status = StatusCode::BAD_REQUEST;
    Failure::new(status, ErrorCode::BadRequest, error.to_string())
}

/// A log on its way. When its reader goes away, it is dropped.
struct Sending {
    log: Log,
    reading: Reading,
    /// They end with the server, as this does.
    sessions: Sessions<Cluster>,
}

impl Sending {
    async fn next(&mut self) -> Option<io::Result<axum::body::Bytes>> {
        let next = tokio::select! {
            biased;
            () = self.sessions.shutdown() => Some(Err(EndReason::Shutdown)),
            next = self.log.next() => next,
        };
        match next {
            Some(Ok(piece)) => {
                self.reading.carried(piece.len());
                Some(Ok(piece))
            }
            Some(Err(why)) => {
                self.reading.ended(why);
                // Else what came would be taken for all.
                Some(Err(io::Error::other("the log was cut short")))
            }
            None => {
                self.reading.ended(EndReason::Exited);
                None
            }
        }
    }
}
