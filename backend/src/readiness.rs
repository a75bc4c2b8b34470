//! Whether the cluster answers, for all who ask.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use crate::cluster::{Cluster, ClusterError};

/// How long an answer of the cluster is good for, that there is none as well.
const KEPT: Duration = Duration::from_secs(3);
/// How long the cluster may take for it.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// Whether the cluster answers. Anyone may ask this server, and it asks with the user's credentials: so it
/// asks once for all who want to know, and says in the log only what is new.
#[derive(Default)]
pub(crate) struct Readiness {
    latest: Mutex<Option<Probe>>,
    /// What the log has last: the cluster answered when the server started.
    is_down: Arc<AtomicBool>,
}

/// A question to the cluster, which whoever wants to know its answer drives on: so none is asked anew
/// because those who asked have gone.
#[derive(Clone)]
struct Probe {
    since: Instant,
    found: Shared<BoxFuture<'static, Found>>,
}

#[derive(Clone, Copy)]
struct Found {
    at: Instant,
    answers: bool,
}

impl Readiness {
    /// Whether the cluster answers, or did within the last seconds. Takes 5 s at most.
    pub(crate) async fn look(&self, cluster: &Cluster) -> bool {
        let found = self.probe(cluster).found;
        found.await.answers
    }

    fn probe(&self, cluster: &Cluster) -> Probe {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        match &*latest {
            Some(probe) if probe.is_good() => probe.clone(),
            _ => latest.insert(self.begin(cluster.clone())).clone(),
        }
    }

    fn begin(&self, cluster: Cluster) -> Probe {
        let is_down = Arc::clone(&self.is_down);
        let found = async move {
            let answered = timeout(ANSWER_TIME, cluster.probe()).await;
            let answered = answered.unwrap_or(Err(ClusterError::Silent));
            let was_down = is_down.swap(answered.is_err(), Ordering::Relaxed);
            match &answered {
                Ok(()) if was_down => info!("ready again: the cluster answers"),
                Err(error) if !was_down => {
                    warn!(%error, "not ready: the cluster does not answer");
                }
                _ => {}
            }
            Found {
                at: Instant::now(),
                answers: answered.is_ok(),
            }
        };
        Probe {
            since: Instant::now(),
            found: found.boxed().shared(),
        }
    }
}

impl Probe {
    fn is_good(&self) -> bool {
        match self.found.peek() {
            Some(found) => found.at.elapsed() < KEPT,
            // Whom nobody waited for may have timed out meanwhile, whatever the cluster said.
            None => self.since.elapsed() < ANSWER_TIME,
        }
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readiness").finish_non_exhaustive()
    }
}
