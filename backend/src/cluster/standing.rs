//! Whether the right that a session was opened with still holds: asked once for all sessions that somebody has in a namespace.

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use podshell_shared::terminal::{EndReason, Exit};
use tokio::{
    sync::watch,
    time::{Duration, sleep},
};

use super::{
    CallAs, Cluster, ClusterError, Right,
    access_review::{self, Where},
    call_as::CallerDigest,
    shell::refused,
};
use crate::{random, session::signed_out};

/// How often it is asked, as long as nobody says otherwise.
const EVERY: Duration = Duration::from_secs(45);

/// The reviews of rights that are in use.
#[derive(Debug)]
pub(super) struct Standings {
    every: AtomicU64,
    /// Each until it has told that the right is lost, or nobody wants to know.
    all: Mutex<HashMap<Key, watch::Sender<Option<Exit>>>>,
}

/// Whose right to what is reviewed, and where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    caller: CallerDigest,
    right: Right,
    namespace: String,
    /// [`None`] for the whole namespace.
    pod: Option<String>,
}

impl Default for Standings {
    fn default() -> Self {
        Self {
            every: AtomicU64::new(millis(EVERY)),
            all: Mutex::default(),
        }
    }
}

impl Standings {
    /// From here on, rights are reviewed so often.
    pub(super) fn review_every(&self, time: Duration) {
        self.every.store(millis(time), Ordering::Relaxed);
    }

    /// Some time less than the usual: so that not all reviews come at once.
    fn pause(&self) -> Duration {
        let every = self.every.load(Ordering::Relaxed);
        Duration::from_millis(every - random::below(every / 5 + 1))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, watch::Sender<Option<Exit>>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Cluster {
    /// From here on, the rights of running sessions are reviewed so often.
    pub(crate) fn review_every(&self, time: Duration) {
        self.standings.review_every(time);
    }

    /// Waits until the identity has lost a right in a pod, and tells how.
    pub(super) fn lost_right(
        &self,
        right: Right,
        namespace: &str,
        pod: &str,
    ) -> impl Future<Output = Exit> + Send + use<> {
        let everywhere = self.standing(right, namespace, None);
        let (cluster, namespace, pod) = (self.clone(), namespace.to_owned(), pod.to_owned());
        async move {
            let lost = until_lost(everywhere).await;
            if lost.reason != EndReason::Forbidden {
                return lost;
            }
            // It may be a right to some pods alone.
            until_lost(cluster.standing(right, &namespace, Some(pod))).await
        }
    }

    /// What is told of a right, by whoever asks for all who want to know.
    fn standing(
        &self,
        right: Right,
        namespace: &str,
        pod: Option<String>,
    ) -> watch::Receiver<Option<Exit>> {
        let key = Key {
            caller: self.call_as.digest(),
            right,
            namespace: namespace.to_owned(),
            pod,
        };
        let mut all = self.standings.lock();
        if let Some(tell) = all.get(&key) {
            return tell.subscribe();
        }
        let (tell, standing) = watch::channel(None);
        all.insert(key.clone(), tell.clone());
        tokio::spawn(review(self.clone(), key, tell));
        standing
    }
}

async fn until_lost(mut standing: watch::Receiver<Option<Exit>>) -> Exit {
    loop {
        if let Some(lost) = standing.borrow_and_update().clone() {
            return lost;
        }
        if standing.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// How a right is lost, if it is.
async fn lost_now(cluster: &Cluster, key: &Key) -> Option<Exit> {
    if let Some(standing) = cluster.call_as.standing()
        && !standing.keep().await
    {
        return Some(signed_out());
    }
    let place = Where {
        namespace: &key.namespace,
        pod: key.pod.as_deref(),
    };
    match access_review::check(cluster, key.right, place).await {
        Ok(()) => None,
        // The latter is of a server that may not impersonate the user any more.
        Err(error @ (ClusterError::MayNot { .. } | ClusterError::Api { status: 403, .. })) => {
            Some(refused(&error))
        }
        Err(ClusterError::Api { status: 401, .. })
            if matches!(cluster.call_as, CallAs::Bearer(_)) =>
        {
            Some(signed_out())
        }
        Err(error) => {
            tracing::debug!(%error, "a right could not be reviewed");
            None
        }
    }
}

/// Reviews a right until it is lost, or nobody wants to know.
async fn review(cluster: Cluster, key: Key, tell: watch::Sender<Option<Exit>>) {
    // Who asks about one pod has just been told that the right to all is gone.
    let mut is_due = key.pod.is_some();
    loop {
        if !is_due {
            tokio::select! {
                () = sleep(cluster.standings.pause()) => {}
                () = tell.closed() => {}
            }
        }
        is_due = false;
        {
            // Nobody can come to want to know meanwhile.
            let mut all = cluster.standings.lock();
            if tell.is_closed() {
                all.remove(&key);
                return;
            }
        }
        if let Some(lost) = lost_now(&cluster, &key).await {
            cluster.standings.lock().remove(&key);
            tell.send_replace(Some(lost));
            return;
        }
    }
}
