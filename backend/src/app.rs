//! What all requests share. A handler asks for the parts that it needs, by `State`.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::extract::FromRef;
use tokio_util::sync::CancellationToken;

use crate::{
    api::{Failure, health::Readiness},
    auth::Auth,
    cluster::Cluster,
    descriptors::Budget,
    page::assets::Page,
    session::{Caller, Refused, Sessions, Target, Tickets},
};

/// What all requests share.
#[derive(Clone, Debug, FromRef)]
pub(crate) struct App {
    pub(crate) auth: Arc<Auth>,
    pub(crate) cluster: Cluster,
    pub(crate) debug_image: DebugImage,
    pub(crate) minting: Minting,
    pub(crate) page: Arc<Page>,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) sessions: Sessions<Cluster>,
    pub(crate) shutdown: Shutdown,
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

/// Ids for targets, with the clock that they expire by.
#[derive(Clone)]
pub(crate) struct Minting {
    tickets: Arc<Tickets>,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl Minting {
    pub(crate) fn new(tickets: Tickets, clock: Arc<dyn Fn() -> SystemTime + Send + Sync>) -> Self {
        let tickets = Arc::new(tickets);
        Self { tickets, clock }
    }

    /// An id with which the caller may open a terminal at the target, once.
    pub(crate) fn mint(&self, caller: &Caller, target: &Target) -> String {
        self.tickets.mint(caller, target, (self.clock)())
    }

    /// What an id was minted for. It is good no more.
    pub(crate) fn redeem(&self, caller: &Caller, id: &str) -> Result<Target, Refused> {
        self.tickets.redeem(caller, id, (self.clock)())
    }

    /// Whose an id is, as long as it is good.
    pub(crate) fn caller(&self, id: &str) -> Option<Caller> {
        self.tickets.caller(id, (self.clock)())
    }
}

impl fmt::Debug for Minting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minting").finish_non_exhaustive()
    }
}
