//! Holds the pods, and the changes to them that watchers follow.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use k8s_openapi::api::core::v1 as core;
use tokio::sync::watch;

use crate::pod::{Pod, ago};

/// Changes kept for watchers; who asks for older ones is told to list again.
const HISTORY: usize = 1024;

/// The `type` of a watch event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

impl ChangeKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) version: u64,
    pub(crate) kind: ChangeKind,
    pub(crate) object: Arc<core::Pod>,
}

/// A watcher asked for changes that are no longer kept, the oldest kept being `oldest`.
#[derive(Debug)]
pub(crate) struct Expired {
    pub(crate) oldest: u64,
}

/// A pod with its description.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) spec: Pod,
    pub(crate) object: Arc<core::Pod>,
}

impl Stored {
    /// Whether exec can run something in `container`: not in a pod that is going away.
    pub(crate) fn accepts_exec(&self, container: &str) -> bool {
        self.object.metadata.deletion_timestamp.is_none() && self.spec.is_running(container)
    }
}

#[derive(Debug)]
struct Inner {
    version: u64,
    uids: u64,
    pods: BTreeMap<(String, String), Stored>,
    namespaces: BTreeSet<String>,
    history: VecDeque<Change>,
    /// Changes up to this version have been forgotten.
    forgotten: u64,
}

/// The pods of the cluster.
#[derive(Debug)]
pub(crate) struct Store {
    inner: Mutex<Inner>,
    /// The newest version; watchers wait on it.
    newest: watch::Sender<u64>,
}

impl Store {
    pub(crate) fn new(namespaces: BTreeSet<String>) -> Self {
        // A real cluster's versions don't begin at 1 either, and 0 has a meaning of its own.
        let version = 100;
        Self {
            inner: Mutex::new(Inner {
                version,
                uids: 0,
                pods: BTreeMap::new(),
                namespaces,
                history: VecDeque::new(),
                forgotten: version,
            }),
            newest: watch::Sender::new(version),
        }
    }

    /// Adds a pod, or replaces the description of the one with this name.
    pub(crate) fn put(&self, spec: Pod) {
        self.put_in(&mut self.lock(), spec);
    }

    /// The changed pod; `None` if there is no such pod, or `change` says that there is nothing to change.
    pub(crate) fn change(
        &self,
        namespace: &str,
        name: &str,
        change: impl FnOnce(&mut Pod) -> bool,
    ) -> Option<Stored> {
        let mut inner = self.lock();
        let key = (namespace.to_owned(), name.to_owned());
        let mut spec = inner.pods.get(&key)?.spec.clone();
        change(&mut spec).then(|| self.put_in(&mut inner, spec))
    }

    fn put_in(&self, inner: &mut Inner, spec: Pod) -> Stored {
        let key = spec.key();
        inner.namespaces.insert(key.0.clone());
        let mut object = spec.render();
        let kind = if let Some(old) = inner.pods.get(&key) {
            let old = &old.object.metadata;
            object.metadata.uid.clone_from(&old.uid);
            object
                .metadata
                .creation_timestamp
                .clone_from(&old.creation_timestamp);
            object
                .metadata
                .deletion_timestamp
                .clone_from(&old.deletion_timestamp);
            ChangeKind::Modified
        } else {
            inner.uids += 1;
            object.metadata.uid = Some(format!("00000000-0000-4000-8000-{:012x}", inner.uids));
            ChangeKind::Added
        };
        let object = self.commit(inner, kind, object);
        let stored = Stored { spec, object };
        inner.pods.insert(key, stored.clone());
        stored
    }

    /// Marks a pod as being deleted; false if there is none.
    pub(crate) fn begin_delete(&self, namespace: &str, name: &str) -> bool {
        let mut inner = self.lock();
        let key = (namespace.to_owned(), name.to_owned());
        let Some(stored) = inner.pods.get(&key).cloned() else {
            return false;
        };
        let mut object = stored.object.as_ref().clone();
        object.metadata.deletion_timestamp = Some(ago(Duration::ZERO));
        object.metadata.deletion_grace_period_seconds = Some(30);
        let object = self.commit(&mut inner, ChangeKind::Modified, object);
        let spec = stored.spec;
        inner.pods.insert(key, Stored { spec, object });
        true
    }

    /// Removes a pod.
    pub(crate) fn finish_delete(&self, namespace: &str, name: &str) {
        let mut inner = self.lock();
        let key = (namespace.to_owned(), name.to_owned());
        if let Some(stored) = inner.pods.remove(&key) {
            let object = stored.object.as_ref().clone();
            self.commit(&mut inner, ChangeKind::Deleted, object);
        }
    }

    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<Stored> {
        let key = (namespace.to_owned(), name.to_owned());
        self.lock().pods.get(&key).cloned()
    }

    /// All pods and the version they are at.
    pub(crate) fn list(&self) -> (u64, Vec<Arc<core::Pod>>) {
        let inner = self.lock();
        let pods = inner.pods.values().map(|stored| stored.object.clone());
        (inner.version, pods.collect())
    }

    /// Whether the state at `version` is no longer known.
    pub(crate) fn has_forgotten(&self, version: u64) -> bool {
        version < self.lock().forgotten
    }

    pub(crate) fn namespaces(&self) -> (u64, Vec<String>) {
        let inner = self.lock();
        (inner.version, inner.namespaces.iter().cloned().collect())
    }

    /// Changes after `version`.
    pub(crate) fn changes(&self, version: u64) -> Result<Vec<Change>, Expired> {
        let inner = self.lock();
        if version < inner.forgotten {
            return Err(Expired {
                oldest: inner.forgotten,
            });
        }
        let changes = inner.history.iter();
        Ok(changes
            .filter(|change| change.version > version)
            .cloned()
            .collect())
    }

    /// Forgets past changes, as the compaction of etcd does.
    pub(crate) fn compact(&self) {
        let mut inner = self.lock();
        // A version of its own, so that even who is up to date is behind.
        inner.version += 1;
        inner.forgotten = inner.version;
        inner.history.clear();
        self.newest.send_replace(inner.version);
    }

    pub(crate) fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    fn commit(&self, inner: &mut Inner, kind: ChangeKind, mut object: core::Pod) -> Arc<core::Pod> {
        inner.version += 1;
        object.metadata.resource_version = Some(inner.version.to_string());
        let object = Arc::new(object);
        if inner.history.len() == HISTORY
            && let Some(oldest) = inner.history.pop_front()
        {
            inner.forgotten = oldest.version;
        }
        inner.history.push_back(Change {
            version: inner.version,
            kind,
            object: object.clone(),
        });
        self.newest.send_replace(inner.version);
        object
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
