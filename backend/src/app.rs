//! What all requests share. A handler asks for the parts that it needs, by `State`.

use std::{sync::Arc, time::Duration};

use axum::extract::FromRef;
use tokio_util::sync::CancellationToken;

use crate::{
    audit::Audit, auth::Auth, cluster::Cluster, container_logs::Logs, descriptors::Budget,
    error::Failure, metrics::Metrics, minting::Minting, page::assets::Page, readiness::Readiness,
    session::Sessions, switches::Switches,
};

/// What all requests share.
#[derive(Clone, Debug, FromRef)]
pub(crate) struct App {
    pub(crate) audit: Audit,
    pub(crate) auth: Arc<Auth>,
    pub(crate) cluster: Cluster,
    pub(crate) debug_image: DebugImage,
    pub(crate) logs: Logs,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) minting: Minting,
    pub(crate) page: Arc<Page>,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) sessions: Sessions<Cluster>,
    pub(crate) shutdown: Shutdown,
    pub(crate) switches: Switches,
    pub(crate) times: Times,
}

/// Image of the containers that are added for debugging.
#[derive(Clone, Debug)]
pub(crate) struct DebugImage(pub(crate) Arc<str>);

/// How long things may take, and how many at once, that are none of a session's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// How long a new connection may take to say which terminal it is for.
    pub(crate) bind: Duration,
    pub(crate) budget: Budget,
}

/// Whether the server shuts down.
#[derive(Clone, Debug)]
pub(crate) struct Shutdown(pub(crate) CancellationToken);

impl Shutdown {
    /// Refuses what would only begin to be ended.
    pub(crate) fn refuse_when_begun(&self) -> Result<(), Failure> {
        if self.0.is_cancelled() {
            Err(Failure::shutting_down())
        } else {
            Ok(())
        }
    }
}
