//! The pods that the page knows: fetched once, kept up to date by what is newer, and kept through failures.

use std::{collections::HashSet, sync::Arc};

use leptos::prelude::*;
use podshell_shared::{
    api::{Pod, PodList},
    known_pods::KnownPods,
};
use wasm_bindgen_futures::spawn_local;

use crate::{
    browser::clock,
    error::{Failure, Kind},
    net::api,
    pages::pods::{
        known_namespaces::KNOWN_NAMESPACES, known_rights::KnownRights, order::Order, pod_summary,
    },
    routing::list_address::ListAddress,
};

/// How long after a failure the page asks again by itself, in ms.
const AGAIN_AFTER: f64 = 5_000.0;

/// A pod in the list, and the texts that a filter looks at. It is shared: two are the same if they are one.
#[derive(Clone)]
pub(crate) struct Entry(Arc<(Pod, String)>);

impl From<Pod> for Entry {
    fn from(pod: Pod) -> Self {
        let texts = pod_summary::texts(&pod);
        Self(Arc::new((pod, texts)))
    }
}

impl AsRef<Pod> for Entry {
    fn as_ref(&self) -> &Pod {
        &self.0.0
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Entry {
    /// `namespace/name`.
    pub(crate) fn key(&self) -> String {
        let pod = self.as_ref();
        format!("{}/{}", pod.namespace, pod.name)
    }

    /// Whether that is its key.
    pub(crate) fn is(&self, key: &str) -> bool {
        let pod = self.as_ref();
        key.split_once('/') == Some((&*pod.namespace, &*pod.name))
    }

    fn matches(&self, words: &[String]) -> bool {
        pod_summary::matches(&self.0.1, words)
    }
}

/// Where a pod stands among the wanted ones.
pub(crate) fn place_of(key: &str, wanted: &[usize], pods: &[Entry]) -> Option<usize> {
    let is_it = |at: &usize| pods.get(*at).is_some_and(|entry| entry.is(key));
    wanted.iter().position(is_it)
}

/// Whether a shell can be opened in a pod, if it is in none of these namespaces.
pub(crate) fn is_enterable(pod: &Pod, refused: &HashSet<String>) -> bool {
    pod_summary::is_enterable(pod) && !refused.contains(&pod.namespace)
}

/// What is known of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cluster {
    pub(crate) demo: bool,
    /// The namespaces that are listed, if not all.
    pub(crate) namespaces: Vec<String>,
}

/// The pod list, as a context. It outlives the page that shows it.
#[derive(Clone, Copy)]
pub(crate) struct PodStore {
    /// [`None`] until the first answer has come.
    pub(crate) cluster: RwSignal<Option<Cluster>>,
    pub(crate) pods: RwSignal<KnownPods<Entry>>,
    pub(crate) rights: KnownRights,
    /// The one namespace that the user wants to see.
    pub(crate) namespace: RwSignal<Option<String>>,
    /// Why the last refresh failed.
    pub(crate) failure: RwSignal<Option<Failure>>,
    /// Whether the user waits for what is new.
    pub(crate) refreshing: RwSignal<bool>,
    /// When the list was last asked for, in ms since 1970: what ages count from.
    pub(crate) now: RwSignal<f64>,
    pub(crate) filter: RwSignal<String>,
    /// Whether those alone are wanted in which a container runs.
    pub(crate) only_enterable: RwSignal<bool>,
    pub(crate) order: RwSignal<Order>,
    /// The row that keys are for, as `namespace/name`.
    pub(crate) selected: RwSignal<Option<String>>,
    /// What comes in the place of `pods` once all of it is there.
    anew: StoredValue<Option<KnownPods<Entry>>>,
    is_asking: StoredValue<bool>,
    failed_at: StoredValue<f64>,
}

impl PodStore {
    pub(crate) fn new() -> Self {
        Self {
            cluster: RwSignal::default(),
            pods: RwSignal::new(KnownPods::default()),
            rights: KnownRights::new(),
            namespace: RwSignal::default(),
            failure: RwSignal::default(),
            refreshing: RwSignal::default(),
            now: RwSignal::new(js_sys::Date::now()),
            filter: RwSignal::default(),
            only_enterable: RwSignal::default(),
            order: RwSignal::default(),
            selected: RwSignal::default(),
            anew: StoredValue::default(),
            is_asking: StoredValue::new(false),
            failed_at: StoredValue::new(f64::NEG_INFINITY),
        }
    }

    /// Fetches what is new, unless that is being done already.
    pub(crate) fn refresh(self) {
        if self.is_asking.get_value() {
            return;
        }
        self.is_asking.set_value(true);
        spawn_local(async move {
            while self.ask().await {}
            self.is_asking.set_value(false);
            self.refreshing.set(false);
        });
    }

    /// The user wants to see what is new.
    pub(crate) fn refresh_now(self) {
        self.refreshing.set(true);
        self.refresh();
    }

    /// Fetches what is new, as is due; seldom after a failure.
    pub(crate) fn follow(self) {
        if clock::now() - self.failed_at.get_value() >= AGAIN_AFTER {
            self.refresh();
            self.rights.keep_fresh();
        }
    }

    /// Asks once; gives whether there is more to ask for at once.
    async fn ask(self) -> bool {
        let namespace = self.namespace.get_untracked();
        let anew = self
            .anew
            .with_value(|anew| anew.as_ref().map(|pods| pods.version().to_owned()));
        let known = || self.pods.with_untracked(|pods| pods.version().to_owned());
        let version = anew.unwrap_or_else(known);
        let answer = api::pods(namespace.as_deref(), &version).await;
        if namespace != self.namespace.get_untracked() {
            // The user has gone on to another one meanwhile.
            return true;
        }
        self.now.set(js_sys::Date::now());
        match answer {
            Ok(list) => {
                let more = list.more;
                self.take(list);
                if let Some(namespace) = namespace.filter(|_| !more) {
                    KNOWN_NAMESPACES.remember(&namespace);
                }
                if self.failure.with_untracked(Option::is_some) {
                    self.failure.set(None);
                }
                self.failed_at.set_value(f64::NEG_INFINITY);
                more
            }
            Err(failure) => {
                // Who has to sign in first may be somebody else.
                if failure.kind == Kind::SignedOut {
                    self.clear();
                }
                // Nobody hears of what they know.
                self.failure.maybe_update(|known| {
                    let failure = Some(failure);
                    let is_new = *known != failure;
                    *known = failure;
                    is_new
                });
                self.failed_at.set_value(clock::now());
                false
            }
        }
    }

    /// Where the page is while it shows the list so.
    pub(crate) fn address(self) -> ListAddress {
        ListAddress {
            namespace: self.namespace.get(),
            search: self.filter.get(),
        }
    }

    /// Shows it as an address has it.
    pub(crate) fn show(self, address: ListAddress) {
        let ListAddress { namespace, search } = address;
        self.select(namespace);
        if self.filter.with_untracked(|known| *known != search) {
            self.filter.set(search);
            self.selected.set(None);
        }
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

    /// Shows one namespace, or all.
    fn select(self, namespace: Option<String>) {
        if self.namespace.with_untracked(|known| *known == namespace) {
            return;
        }
        self.clear();
        self.namespace.set(namespace);
        self.refresh();
    }

    /// Forgets what somebody else may see.
    pub(crate) fn clear(self) {
        self.cluster.set(None);
        self.pods.set(KnownPods::default());
        self.rights.clear();
        self.anew.set_value(None);
        self.failure.set(None);
        self.failed_at.set_value(f64::NEG_INFINITY);
    }

    /// Where the pods are that the filter wants, in the order in which they are shown.
    pub(crate) fn wanted(self) -> Vec<usize> {
        let words = pod_summary::words(&self.filter.get());
        let only_enterable = self.only_enterable.get();
        let order = self.order.get();
        let refused = self.rights.without_shells();
        self.pods.with(|known| {
            let pods = known.pods();
            let wanted = pods.iter().enumerate().filter(|(_, entry)| {
                let is_enterable = || is_enterable((*entry).as_ref(), &refused);
                entry.matches(&words) && (!only_enterable || is_enterable())
            });
            let mut wanted: Vec<_> = wanted.map(|(at, _)| at).collect();
            order.sort(&mut wanted, |at| pods[*at].as_ref());
            wanted
        })
    }

    /// Where a pod stands among the wanted ones, which are told by their places among all; tracks nothing.
    pub(crate) fn place_of(self, key: &str, wanted: &[usize]) -> Option<usize> {
        self.pods
            .with_untracked(|known| place_of(key, wanted, known.pods()))
    }

    /// Lays an answer over what is known; nobody hears of one that has nothing new.
    fn take(self, mut list: PodList) {
        let cluster = Some(Cluster {
            demo: list.demo,
            namespaces: std::mem::take(&mut list.namespaces),
        });
        let is_empty = self.pods.with_untracked(|known| known.pods().is_empty());
        let anew = self.anew.try_update_value(Option::take).flatten();
        // What is there stays until what comes in its place is there.
        let anew = if list.partial || is_empty {
            anew
        } else {
            Some(KnownPods::default())
        };
        match anew {
            None => {
                self.pods.maybe_update(|known| known.take(list));
            }
            Some(mut anew) => {
                let more = list.more;
                anew.take(list);
                if more {
                    self.anew.set_value(Some(anew));
                } else {
                    self.pods.set(anew);
                }
            }
        }
        if self.cluster.with_untracked(|known| *known != cluster) {
            self.cluster.set(cluster);
        }
    }
}
