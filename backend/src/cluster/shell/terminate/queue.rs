//! Hands each shell that is to be ended to its container's batch.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    sync::{Notify, Semaphore},
    time::{Instant, timeout_at},
};

use super::{
    batch::{Batch, Job},
    script::NoScript,
};
use crate::{
    cluster::{Cluster, call_as::CallerDigest, exec::process_marker::Leader},
    session::{Remains, Target},
};

/// In how many containers a script is started at once: an exec is a burden for a node.
const STARTS_AT_ONCE: usize = 16;
/// In how many containers scripts run at once, at least: each takes a connection, for which there must be a descriptor.
pub(crate) const SCRIPTS_AT_ONCE: usize = 16;

/// The shells that are being ended, by their containers.
#[derive(Debug)]
pub(in crate::cluster) struct Terminations {
    /// Those that their container's batch has not taken in yet: there is a batch as long as there is an
    /// entry. They are as many as there are sessions at most, for each waits for its own.
    waiting: Mutex<HashMap<ContainerId, Waiting>>,
    starts: Semaphore,
    scripts: Semaphore,
}

/// A container, and whose shells in it are ended: nobody's are by the rights of another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ContainerId {
    caller: CallerDigest,
    namespace: String,
    pod: String,
    container: String,
}

#[derive(Debug, Default)]
struct Waiting {
    jobs: Vec<Job>,
    news: Arc<Notify>,
}

impl Terminations {
    pub(in crate::cluster) fn new() -> Self {
        Self {
            waiting: Mutex::default(),
            starts: Semaphore::new(STARTS_AT_ONCE),
            scripts: Semaphore::new(SCRIPTS_AT_ONCE),
        }
    }

    /// From here on so many scripts may run at once, if that is more than before.
    pub(in crate::cluster) fn allow(&self, scripts: usize) {
        let more = scripts.saturating_sub(self.scripts.available_permits());
        self.scripts.add_permits(more);
    }

    /// Ends what belongs to the terminal of `leader`, by a script that a POSIX `shell` of the container
    /// runs. Whether to give up is clear by `begin_by`, all by `until`.
    pub(super) async fn end(
        &self,
        cluster: &Cluster,
        target: &Target,
        shell: &'static str,
        leader: Leader,
        (begin_by, until): (Instant, Instant),
    ) -> Result<(), Remains> {
        let (job, ended) = Job::new(leader, begin_by, until);
        let container = ContainerId {
            caller: cluster.call_as.digest(),
            namespace: target.namespace.clone(),
            pod: target.pod.clone(),
            container: target.container.clone(),
        };
        if let Some(news) = self.join(container.clone(), job) {
            let batch = Batch::new((cluster, target), container, shell, news);
            // It belongs to the sessions that wait for it: it ends with the last of them.
            tokio::spawn(batch.run());
        }
        match timeout_at(until, ended).await {
            Ok(Ok(ended)) => ended,
            // Its batch is no more, for what reason ever.
            Ok(Err(_)) => Err(Remains::Unknown("the clean-up broke off".to_owned())),
            Err(_) => Err(Remains::Unknown(NoScript::Silent.to_string())),
        }
    }

    /// Hands a shell to its container's batch. If there is none one has to be started, which hears so of
    /// the next ones.
    fn join(&self, container: ContainerId, job: Job) -> Option<Arc<Notify>> {
        match self.waiting().entry(container) {
            Entry::Occupied(mut batch) => {
                batch.get_mut().jobs.push(job);
                batch.get().news.notify_one();
                None
            }
            Entry::Vacant(none) => {
                let batch = none.insert(Waiting::default());
                batch.jobs.push(job);
                Some(Arc::clone(&batch.news))
            }
        }
    }

    /// Adds to a batch's jobs who waits for it, and takes out who waits no more. If nobody is left the batch
    /// gets no others, and has to end.
    pub(super) fn take_in(&self, container: &ContainerId, jobs: &mut Vec<Job>) -> bool {
        let mut waiting = self.waiting();
        if let Some(waiting) = waiting.get_mut(container) {
            jobs.append(&mut waiting.jobs);
        }
        jobs.retain(Job::is_waited_for);
        if jobs.is_empty() {
            waiting.remove(container);
        }
        !jobs.is_empty()
    }

    /// Tells all who wait for a batch that there is none any more.
    pub(super) fn forget(&self, container: &ContainerId) {
        self.waiting().remove(container);
    }

    /// Whose turn it is to start a script.
    pub(super) fn starts(&self) -> &Semaphore {
        &self.starts
    }

    /// Whose turn it is to have a script run.
    pub(super) fn scripts(&self) -> &Semaphore {
        &self.scripts
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<ContainerId, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
