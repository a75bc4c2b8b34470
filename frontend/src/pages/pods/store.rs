//! The pods that the page knows: fetched, kept through failures, and told to rows only where they changed.

use std::collections::HashMap;

use leptos::prelude::*;
use podshell_shared::api::{Pod, PodList};
use wasm_bindgen_futures::spawn_local;

use crate::{
    error::{Failure, Kind},
    net::api,
    pages::pods::pod_summary,
};

/// A pod in the list; its identity stays while its content changes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// `namespace/name`.
    pub(crate) key: String,
    pub(crate) pod: ArcRwSignal<Pod>,
}

/// What is known of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) demo: bool,
    /// The one namespace that may be listed, if not all.
    pub(crate) only: Option<String>,
}

/// The pod list, as a context. It outlives the page that shows it.
#[derive(Clone, Copy)]
pub(crate) struct PodStore {
    /// [`None`] until the first list has come.
    pub(crate) cluster: RwSignal<Option<Cluster>>,
    pub(crate) entries: RwSignal<Vec<Entry>>,
    /// Why the last refresh failed.
    pub(crate) failure: RwSignal<Option<Failure>>,
    pub(crate) refreshing: RwSignal<bool>,
    /// When the list was last asked for, in ms since 1970: what ages count from.
    pub(crate) now: RwSignal<f64>,
    pub(crate) filter: RwSignal<String>,
}

impl PodStore {
    pub(crate) fn new() -> Self {
        Self {
            cluster: RwSignal::default(),
            entries: RwSignal::default(),
            failure: RwSignal::default(),
            refreshing: RwSignal::default(),
            now: RwSignal::new(js_sys::Date::now()),
            filter: RwSignal::default(),
        }
    }

    /// Fetches the list, unless that is being done already.
    pub(crate) fn refresh(self) {
        if self.refreshing.get_untracked() {
            return;
        }
        self.refreshing.set(true);
        spawn_local(async move {
            let answer = api::pods().await;
            self.refreshing.set(false);
            self.now.set(js_sys::Date::now());
            match answer {
                Ok(list) => {
                    self.take(list);
                    if self.failure.with_untracked(Option::is_some) {
                        self.failure.set(None);
                    }
                }
                Err(failure) => {
                    // Who has to sign in first may be somebody else.
                    if failure.kind == Kind::SignedOut {
                        self.clear();
                    }
                    self.failure.set(Some(failure));
                }
            }
        });
    }

    /// Fetches the list for who has come to look at it: what was refused before they signed in counts no more.
    pub(crate) fn open(self) {
        let is_refused = |failure: &Option<Failure>| {
            let kind = failure.as_ref().map(|failure| failure.kind);
            kind == Some(Kind::SignedOut)
        };
        if self.failure.with_untracked(is_refused) {
            self.failure.set(None);
        }
        self.refresh();
    }

    /// Forgets what somebody else may see.
    pub(crate) fn clear(self) {
        self.cluster.set(None);
        self.entries.set(Vec::new());
        self.failure.set(None);
    }

    /// The entries that the filter wants.
    pub(crate) fn wanted(self) -> Vec<Entry> {
        let filter = self.filter.get();
        let mut entries = self.entries.get();
        entries.retain(|entry| {
            entry
                .pod
                .with_untracked(|pod| pod_summary::matches(pod, &filter))
        });
        entries
    }

    /// Replaces the list; signals of pods that did not change stay silent.
    fn take(self, list: PodList) {
        let cluster = Some(Cluster {
            name: list.cluster,
            demo: list.demo,
            only: list.only,
        });
        if self.cluster.with_untracked(|known| *known != cluster) {
            self.cluster.set(cluster);
        }
        let mut known: HashMap<String, ArcRwSignal<Pod>> = self
            .entries
            .get_untracked()
            .into_iter()
            .map(|entry| (entry.key, entry.pod))
            .collect();
        let entries = list.pods.into_iter().map(|pod| {
            let key = format!("{}/{}", pod.namespace, pod.name);
            let pod = match known.remove(&key) {
                Some(signal) => {
                    if signal.with_untracked(|known| *known != pod) {
                        signal.set(pod);
                    }
                    signal
                }
                None => ArcRwSignal::new(pod),
            };
            Entry { key, pod }
        });
        self.entries.set(entries.collect());
    }
}
