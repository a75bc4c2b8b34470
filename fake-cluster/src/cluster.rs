//! Starts and stops a cluster, and is the handle that tests change it by.

use std::{
    collections::BTreeSet,
    io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::json;
use tokio::{net::TcpListener, sync::watch, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    access::Access,
    api, crowd,
    door::{self, Connector, Door},
    fault::{Fault, Faults, Route},
    guard::Guard,
    logs::Logs,
    main_process::Mains,
    pod::{ContainerState, Phase, Pod},
    pod_security::{PodSecurity, PodSecurityStandard},
    process::Processes,
    record::{ExecRecord, ExecState, Protocol, Records},
    signals,
    store::Store,
    watch::Watchers,
};

/// How long the execs of a deleted pod may take to see that their processes have been killed.
const ENDS: Duration = Duration::from_secs(5);
/// How long the cluster's tasks may take to end.
const SHUTDOWN: Duration = Duration::from_secs(5);
/// What a cluster is called that listens nowhere. No resolver knows it (RFC 6761).
const IN_MEMORY: &str = "fake-cluster.invalid";

/// Why a cluster could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No port on loopback.
    #[error("the fake cluster cannot listen on 127.0.0.1: {0}")]
    Listen(#[source] io::Error),
    /// No directory for the containers.
    #[error("the fake cluster cannot make a temporary directory for its containers: {0}")]
    Directory(#[source] io::Error),
    /// No random bytes for the token.
    #[error("the fake cluster cannot make a token: {0}")]
    Token(#[source] getrandom::Error),
}

/// What every part of a running cluster shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) access: Access,
    pub(crate) pod_security: PodSecurity,
    pub(crate) faults: Faults,
    pub(crate) records: Records,
    pub(crate) processes: Processes,
    pub(crate) mains: Mains,
    pub(crate) logs: Logs,
    pub(crate) protocols: Vec<Protocol>,
    pub(crate) watchers: Watchers,
    /// Set when the cluster goes: connections and watches end.
    pub(crate) stop: CancellationToken,
    /// The server, and one task per exec, main process and ephemeral container that starts.
    pub(crate) tasks: TaskTracker,
    root: PathBuf,
}

impl Shared {
    /// The directory of a container.
    pub(crate) fn dir(&self, namespace: &str, pod: &str, container: &str) -> PathBuf {
        self.pod_dir(namespace, pod).join(container)
    }

    fn pod_dir(&self, namespace: &str, pod: &str) -> PathBuf {
        self.root.join(namespace).join(pod)
    }

    /// Kills what runs in `dir`, and waits until the main processes and execs that are in it know.
    async fn end_all(&self, dir: &Path, is_in: impl Fn(&ExecRecord) -> bool) {
        self.processes.kill_in(dir);
        let _ = timeout(ENDS, self.mains.ended(dir)).await;
        let ended = |all: &Vec<ExecRecord>| {
            !all.iter()
                .any(|record| is_in(record) && record.state == ExecState::Running)
        };
        let _ = timeout(ENDS, self.records.watch().wait_for(ended)).await;
    }
}

/// Describes a cluster to start.
#[derive(Clone, Debug)]
pub struct Builder {
    pods: Vec<Pod>,
    namespaces: BTreeSet<String>,
    protocols: Vec<Protocol>,
    crowd: usize,
}

impl Builder {
    /// Adds a pod, and its namespace if it isn't there.
    #[must_use]
    pub fn pod(mut self, pod: Pod) -> Self {
        self.pods.push(pod);
        self
    }

    /// Adds a namespace without pods.
    #[must_use]
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.namespaces.insert(name.into());
        self
    }

    /// Adds so many pods, each as heavy as a real one, in namespaces `team-00` to `team-19`. Nothing of theirs is on this
    /// machine until an exec asks for it.
    #[must_use]
    pub fn crowd(mut self, count: usize) -> Self {
        self.crowd = count;
        self
    }

    /// The subprotocols that exec supports, both to begin with.
    #[must_use]
    pub fn protocols(mut self, protocols: &[Protocol]) -> Self {
        self.protocols = protocols.to_vec();
        self
    }

    /// Starts the cluster on a free port of 127.0.0.1, for whoever has its [token](FakeCluster::token).
    ///
    /// # Errors
    /// If there is no such port, no temporary directory, or no token.
    pub async fn start(self) -> Result<FakeCluster, StartError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(StartError::Listen)?;
        let address = listener.local_addr().map_err(StartError::Listen)?;
        let guard = Guard::new(address.to_string()).map_err(StartError::Token)?;
        self.serve(listener, Arc::new(guard))
    }

    /// Starts the cluster in this process alone: it listens nowhere, and is reached by the connector only.
    ///
    /// # Errors
    /// If there is no temporary directory, or no token.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn start_in_memory(self) -> Result<(FakeCluster, Connector), StartError> {
        let guard = Guard::new(IN_MEMORY.to_owned()).map_err(StartError::Token)?;
        let guard = Arc::new(guard);
        let (connector, door) = door::in_memory(guard.clone());
        Ok((self.serve(door, guard)?, connector))
    }

    fn serve(self, door: impl Door, guard: Arc<Guard>) -> Result<FakeCluster, StartError> {
        let dir = tempfile::Builder::new()
            .prefix("fake-cluster-")
            .tempdir()
            .map_err(StartError::Directory)?;
        // As processes see it in their working directory.
        let root = dir.path().canonicalize().map_err(StartError::Directory)?;
        signals::unignore();
        let store = Store::new(self.namespaces);
        for pod in self.pods {
            store.put(pod);
        }
        for number in 0..self.crowd {
            store.put(crowd::member(number));
        }
        let shared = Arc::new(Shared {
            store,
            access: Access::default(),
            pod_security: PodSecurity::default(),
            faults: Faults::default(),
            records: Records::default(),
            processes: Processes::new(&root),
            mains: Mains::default(),
            logs: Logs::default(),
            protocols: self.protocols,
            watchers: Watchers::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            root,
        });
        let router = api::router(shared.clone(), guard.clone());
        let stop = shared.stop.clone();
        shared.tasks.spawn(door::serve(door, router, stop));
        Ok(FakeCluster {
            guard,
            shared,
            _dir: dir,
        })
    }
}

/// A running cluster. When it is dropped, its processes are killed and its door closes; [`shutdown`](Self::shutdown) also
/// waits for that.
#[derive(Debug)]
pub struct FakeCluster {
    guard: Arc<Guard>,
    shared: Arc<Shared>,
    _dir: tempfile::TempDir,
}

impl FakeCluster {
    /// An empty cluster with the namespace `default`.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            pods: Vec::new(),
            namespaces: BTreeSet::from(["default".to_owned()]),
            protocols: vec![Protocol::V5, Protocol::V4],
            crowd: 0,
        }
    }

    /// Where it listens: `http://127.0.0.1:port`. In memory, a name that means nothing elsewhere.
    #[must_use]
    pub fn url(&self) -> String {
        self.guard.url()
    }

    /// The bearer token that each request needs. It is good for commands on this machine: whom it is handed to matters.
    #[must_use]
    pub fn token(&self) -> &str {
        self.guard.token()
    }

    /// A kubeconfig with URL and token, on one line, whose only context is `fake`.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        let text = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "fake",
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
            "clusters": [{"name": "fake", "cluster": {"server": self.url()}}],
            "users": [{"name": "fake", "user": {"token": self.token()}}],
        });
        text.to_string()
    }

    /// Adds a pod, or changes the description of the one with its name; watchers see it. What runs in it runs on.
    pub fn add_pod(&self, pod: Pod) {
        self.shared.store.put(pod);
    }

    /// Moves a pod and all its containers to `phase`; what ran in containers that don't run any more is killed. Watchers
    /// see it. False if there is no such pod.
    pub async fn set_phase(&self, namespace: &str, name: &str, phase: Phase) -> bool {
        let change = |pod: &mut Pod| {
            pod.set_phase(phase);
            true
        };
        let Some(stored) = self.shared.store.change(namespace, name, change) else {
            return false;
        };
        self.end_stopped(namespace, name, &stored.spec).await;
        true
    }

    /// Gives one container a state of its own; what ran in it is killed unless that is
    /// [`Running`](ContainerState::Running). Watchers see it. False if there is no such container.
    pub async fn set_container_state(
        &self,
        namespace: &str,
        name: &str,
        container: &str,
        state: ContainerState,
    ) -> bool {
        let change = |pod: &mut Pod| pod.set_container_state(container, state, None);
        let Some(stored) = self.shared.store.change(namespace, name, change) else {
            return false;
        };
        self.end_stopped(namespace, name, &stored.spec).await;
        true
    }

    /// A container prints this, beside what its main process does. Whoever follows its log sees it.
    pub fn print(&self, namespace: &str, name: &str, container: &str, text: &str) {
        let dir = self.shared.dir(namespace, name, container);
        self.shared.logs.print(&dir, text.as_bytes());
    }

    /// A container without a main process of its own ends with this code, and is started once more: what ran in it is
    /// killed, and its log begins anew. Watchers see it. False if there is no such container.
    pub async fn restart(&self, namespace: &str, name: &str, container: &str, code: i32) -> bool {
        let dir = self.shared.dir(namespace, name, container);
        let is_in = |record: &ExecRecord| {
            record.namespace == namespace && record.pod == name && record.container == container
        };
        let Some(stored) = self.shared.store.get(namespace, name) else {
            return false;
        };
        let Some(described) = stored.spec.find_container(container) else {
            return false;
        };
        self.shared.end_all(&dir, is_in).await;
        self.shared.logs.restart(&dir, described);
        let change = |pod: &mut Pod| pod.restarted(container, code);
        self.shared.store.change(namespace, name, change).is_some()
    }

    /// How many logs are being sent.
    #[must_use]
    pub fn log_readers(&self) -> usize {
        self.shared.logs.readers()
    }

    async fn end_stopped(&self, namespace: &str, name: &str, pod: &Pod) {
        for container in pod.stopped_containers() {
            let dir = self.shared.dir(namespace, name, container);
            let is_in = |record: &ExecRecord| {
                record.namespace == namespace && record.pod == name && record.container == container
            };
            self.shared.end_all(&dir, is_in).await;
        }
    }

    /// Marks a pod as being deleted, which it stays: what runs in it runs on, as in one that takes its time to end. False if
    /// there is no such pod.
    pub fn begin_delete(&self, namespace: &str, name: &str) -> bool {
        self.shared.store.begin_delete(namespace, name)
    }

    /// Deletes a pod as a kubelet does: watchers see that it is going (MODIFIED, with a deletion timestamp), its processes
    /// are killed and their execs end with code 137, then watchers see it gone. False if there is no such pod.
    pub async fn delete_pod(&self, namespace: &str, name: &str) -> bool {
        if !self.shared.store.begin_delete(namespace, name) {
            return false;
        }
        let dir = self.shared.pod_dir(namespace, name);
        let is_in = |record: &ExecRecord| record.namespace == namespace && record.pod == name;
        self.shared.end_all(&dir, is_in).await;
        self.shared.store.finish_delete(namespace, name);
        true
    }

    /// Ends every watch that goes on from a past version with `410 Gone`, as happens when etcd is compacted.
    pub fn forget_history(&self) {
        self.shared.store.compact();
    }

    /// From now on, so many of the first `count` pods of the [crowd](Builder::crowd) change within a second.
    pub fn change_crowd(&self, count: usize, per_second: u32) {
        let changing = crowd::change(Arc::clone(&self.shared), count, per_second);
        self.shared.tasks.spawn(changing);
    }

    /// Who watches pods now: the user's name for each watch.
    #[must_use]
    pub fn watchers(&self) -> Vec<String> {
        self.shared.watchers.names()
    }

    /// Breaks the connection of each watch.
    pub fn cut_watches(&self) {
        self.shared.watchers.cut();
    }

    /// Denies `verb` on `resource` (and `subresource`) in `namespace`, everywhere if that is `None`: access reviews say so
    /// with `reason`, and the call itself answers 403.
    pub fn deny<'a>(
        &self,
        verb: &str,
        resource: &str,
        subresource: Option<&str>,
        namespace: impl Into<Option<&'a str>>,
        reason: &str,
    ) {
        let access = &self.shared.access;
        access.deny(None, verb, resource, subresource, namespace.into(), reason);
    }

    /// [Denies](Self::deny) something to one user.
    pub fn deny_user(
        &self,
        user: &str,
        verb: &str,
        resource: &str,
        subresource: Option<&str>,
        reason: &str,
    ) {
        let access = &self.shared.access;
        access.deny(Some(user), verb, resource, subresource, None, reason);
    }

    /// From here on, the namespace has the label that makes Pod Security admission enforce this of ephemeral containers.
    pub fn enforce(&self, namespace: &str, standard: PodSecurityStandard) {
        self.shared.pod_security.enforce(namespace, standard);
    }

    /// Lets in whoever has `token`, as this user. The administrator may impersonate anyone.
    pub fn add_user(&self, token: &str, name: &str, groups: &[&str]) {
        self.guard.users.add(token, name, groups);
    }

    /// From now on, nobody has `token`: it has expired.
    pub fn remove_user(&self, token: &str) {
        self.guard.users.remove(token);
    }

    /// Takes back every [`deny`](Self::deny).
    pub fn allow_all(&self) {
        self.shared.access.allow_all();
    }

    /// Lets something go wrong from now on.
    pub fn inject(&self, fault: Fault) {
        self.shared.faults.inject(fault);
    }

    /// Takes back every fault; what an exec has begun with stays with it.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// How many calls of `route` there were, whatever was answered.
    #[must_use]
    pub fn calls(&self, route: Route) -> u64 {
        self.shared.faults.calls(route)
    }

    /// Every exec and attach seen (the latest 1,500 at least), oldest first.
    #[must_use]
    pub fn execs(&self) -> Vec<ExecRecord> {
        self.shared.records.snapshot()
    }

    /// Every exec and attach seen, to wait on:
    /// `cluster.watch_execs().wait_for(|execs| execs.iter().any(|exec| exec.exit_code() == Some(0)))`.
    #[must_use]
    pub fn watch_execs(&self) -> watch::Receiver<Vec<ExecRecord>> {
        self.shared.records.watch()
    }

    /// How many processes started in the cluster are alive, background jobs and whatever else came of them included. (Where
    /// there is no `/proc`: how many commands of execs are.)
    #[must_use]
    pub fn live_processes(&self) -> usize {
        self.processes().len()
    }

    /// The same processes, each by its id and its command, for whoever wonders which they are.
    #[must_use]
    pub fn processes(&self) -> Vec<String> {
        self.shared.processes.list()
    }

    /// Drops all connections, kills and reaps all processes, and waits until everything has ended.
    pub async fn shutdown(self) {
        self.stop();
        let _ = timeout(SHUTDOWN, self.shared.tasks.wait()).await;
    }

    fn stop(&self) {
        self.shared.stop.cancel();
        self.shared.processes.close();
        self.shared.tasks.close();
    }
}

impl Drop for FakeCluster {
    fn drop(&mut self) {
        self.stop();
    }
}
