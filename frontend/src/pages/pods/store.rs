//! The pods that the page knows: fetched once, kept up to date by what is newer, and kept through failures.

use std::{collections::HashSet, sync::Arc};

use gloo_timers::{callback::Timeout, future::TimeoutFuture};
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

/// For how long rows keep their places for who points at them or goes through them, in ms.
const STILL: f64 = 2_000.0;
/// For how long one sees of a pod that it is gone, in ms.
const LEAVES: u32 = 3_000;

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
    /// The rows of pods that have gone just now, as `namespace/name`.
    pub(crate) leaving: RwSignal<HashSet<String>>,
    /// What comes in the place of `pods` once all of it is there.
    anew: StoredValue<Option<KnownPods<Entry>>>,
    notes: StoredValue<Notes>,
}

/// What is remembered beside what is shown.
#[derive(Clone, Copy)]
struct Notes {
    is_asking: bool,
    failed_at: f64,
    /// Whether the pointer is on the rows.
    is_pointed_at: bool,
    /// When a key last chose a row.
    chosen_at: f64,
}

impl Default for Notes {
    fn default() -> Self {
        Self {
            is_asking: false,
            failed_at: f64::NEG_INFINITY,
            is_pointed_at: false,
            chosen_at: f64::NEG_INFINITY,
        }
    }
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
            leaving: RwSignal::default(),
            anew: StoredValue::default(),
            notes: StoredValue::default(),
        }
    }

    /// Fetches what is new, unless that is being done already.
    pub(crate) fn refresh(self) {
        if self.notes.get_value().is_asking {
            return;
        }
        self.notes.update_value(|notes| notes.is_asking = true);
        spawn_local(async move {
            while self.ask().await {}
            self.notes.update_value(|notes| notes.is_asking = false);
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
        if clock::now() - self.notes.get_value().failed_at >= AGAIN_AFTER {
            self.refresh();
            self.rights.keep_fresh();
        }
    }

    /// Asks once; gives whether there is more to ask for at once.
    async fn ask(self) -> bool {
        let namespace = self.namespace.get_untracked();
        let version = self.version();
        let answer = api::pods(namespace.as_deref(), &version).await;
        if answer.as_ref().is_ok_and(moves_rows) {
            self.keep_still().await;
        }
        if namespace != self.namespace.get_untracked() || version != self.version() {
            // The user has gone on to another one meanwhile, or is another.
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
                self.notes
                    .update_value(|notes| notes.failed_at = f64::NEG_INFINITY);
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
                self.notes
                    .update_value(|notes| notes.failed_at = clock::now());
                false
            }
        }
    }

    /// What is newer than this is asked for.
    fn version(self) -> String {
        let anew = self
            .anew
            .with_value(|anew| anew.as_ref().map(|pods| pods.version().to_owned()));
        let known = || self.pods.with_untracked(|pods| pods.version().to_owned());
        anew.unwrap_or_else(known)
    }

    /// The pointer comes to the rows, or goes.
    pub(crate) fn point(self, is_pointed_at: bool) {
        self.notes
            .update_value(|notes| notes.is_pointed_at = is_pointed_at);
    }

    /// A key chooses a row.
    pub(crate) fn choose(self, key: Option<String>) {
        self.selected.set(key);
        self.notes
            .update_value(|notes| notes.chosen_at = clock::now());
    }

    /// Waits while rows are to keep their places, though not for long, and not for who wants to see what is new.
    async fn keep_still(self) {
        let began = clock::now();
        let is_held = || {
            let now = clock::now();
            let notes = self.notes.get_value();
            let is_used = notes.is_pointed_at || now - notes.chosen_at < STILL;
            is_used && now - began < STILL && !self.refreshing.get_untracked()
        };
        while is_held() {
            TimeoutFuture::new(50).await;
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
        self.leaving.update(HashSet::clear);
        self.rights.clear();
        self.anew.set_value(None);
        self.failure.set(None);
        self.notes
            .update_value(|notes| notes.failed_at = f64::NEG_INFINITY);
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
                if list.partial {
                    self.show_leaving(&mut list);
                } else {
                    self.leaving.update(HashSet::clear);
                }
                self.pods.maybe_update(|known| known.take(list));
            }
            Some(mut anew) => {
                let more = list.more;
                anew.take(list);
                if more {
                    self.anew.set_value(Some(anew));
                } else {
                    self.leaving.update(HashSet::clear);
                    self.pods.set(anew);
                }
            }
        }
        if self.cluster.with_untracked(|known| *known != cluster) {
            self.cluster.set(cluster);
        }
    }

    /// Takes out of an answer which pods are gone: they are taken away a while later, unless there are new ones of their names.
    fn show_leaving(self, list: &mut PodList) {
        let key = |pod: &Pod| format!("{}/{}", pod.namespace, pod.name);
        let back: Vec<_> = list.pods.iter().map(key).collect();
        self.leaving.maybe_update(|leaving| {
            let before = leaving.len();
            leaving.retain(|key| !back.contains(key));
            before != leaving.len()
        });
        let known: Vec<_> = self
            .pods
            .with_untracked(|known| list.gone.extract_if(.., |key| known.has(key)).collect());
        if known.is_empty() {
            return;
        }
        self.leaving
            .update(|leaving| leaving.extend(known.iter().cloned()));
        let take_away = move || {
            let mut gone = Vec::new();
            self.leaving.update(|leaving| {
                gone.extend(known.iter().filter_map(|key| leaving.take(key)));
            });
            self.pods.maybe_update(|pods| pods.remove(&gone));
        };
        Timeout::new(LEAVES, take_away).forget();
    }
}

/// Whether there is something in an answer by which rows that are shown may come to stand elsewhere.
fn moves_rows(list: &PodList) -> bool {
    list.partial && !(list.pods.is_empty() && list.gone.is_empty())
}
