//! The pods that the page knows: fetched once, kept up to date by what is newer, and kept through failures.

use std::collections::HashSet;

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
    net::{api, server_time},
    pages::pods::{
        entry::{Entry, is_enterable, place_of, row_at},
        known_namespaces::KNOWN_NAMESPACES,
        known_rights::KnownRights,
        lines::{Key, Line, Lines},
        order::Order,
        pod_summary,
    },
    routing::list_address::ListAddress,
    ui::searched_words,
};

/// How long after a failure the page asks again by itself, in ms.
const AGAIN_AFTER: f64 = 5_000.0;

/// An answer of more pods takes so long that it is taken in two steps.
const MANY: usize = 50;

/// For how long rows keep their places for who points at them or goes through them, in ms.
const STILL: f64 = 2_000.0;
/// For how long one sees of a pod that it is gone, in ms.
const LEAVES: u32 = 3_000;

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
    /// When the list was last asked for, by the server's clock, in ms since 1970: what ages count from.
    pub(crate) now: RwSignal<f64>,
    pub(crate) filter: RwSignal<String>,
    /// Whether those alone are wanted in which a container runs.
    pub(crate) only_enterable: RwSignal<bool>,
    pub(crate) order: RwSignal<Order>,
    /// The row that keys are for, as `namespace/name`, with `/container` behind that for one of the pod that is unfolded.
    pub(crate) selected: RwSignal<Option<String>>,
    /// The pod whose containers are shown under it, as `namespace/name`.
    pub(crate) unfolded: RwSignal<Option<String>>,
    /// The rows of pods that have gone just now, as `namespace/name`.
    pub(crate) leaving: RwSignal<HashSet<String>>,
    notes: StoredValue<Notes>,
}

/// What is remembered beside what is shown.
struct Notes {
    /// What comes in the place of the pods once all of it is there.
    anew: Option<KnownPods<Entry>>,
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
            anew: None,
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
            now: RwSignal::new(server_time::now()),
            filter: RwSignal::default(),
            only_enterable: RwSignal::default(),
            order: RwSignal::default(),
            selected: RwSignal::default(),
            unfolded: RwSignal::default(),
            leaving: RwSignal::default(),
            notes: StoredValue::default(),
        }
    }

    /// Fetches what is new, unless that is being done already.
    pub(crate) fn refresh(self) {
        if self.notes.with_value(|notes| notes.is_asking) {
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
        let failed_at = self.notes.with_value(|notes| notes.failed_at);
        if clock::now() - failed_at >= AGAIN_AFTER {
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
        if answer.as_ref().is_ok_and(|list| list.pods.len() > MANY) {
            // To have read it has taken its time: others have their turn before it is laid over what is known.
            TimeoutFuture::new(0).await;
        }
        if namespace != self.namespace.get_untracked() || version != self.version() {
            // The user has gone on to another one meanwhile, or is another.
            return true;
        }
        self.now.set(server_time::now());
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
        let version = |pods: &KnownPods<Entry>| pods.version().to_owned();
        let anew = self
            .notes
            .with_value(|notes| notes.anew.as_ref().map(version));
        let known = || self.pods.with_untracked(version);
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
            let is_used = self
                .notes
                .with_value(|notes| notes.is_pointed_at || now - notes.chosen_at < STILL);
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
        self.unfolded.set(None);
        self.failure.set(None);
        self.notes.update_value(|notes| {
            notes.anew = None;
            notes.failed_at = f64::NEG_INFINITY;
        });
    }

    /// Where the pods are that the filter wants, in the order in which they are shown.
    pub(crate) fn wanted(self) -> Vec<usize> {
        let words = searched_words::words(&self.filter.get());
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

    /// How the lines of the list lie, if these pods are wanted, which are told by their places among all.
    pub(super) fn lines(self, wanted: &[usize]) -> Lines {
        let containers = |key: &str| {
            self.pods.with(|known| {
                let place = place_of(key, wanted, known.pods())?;
                let pod = known.pods()[wanted[place]].as_ref();
                Some((place, pod.containers.len()))
            })
        };
        Lines {
            pods: wanted.len(),
            unfolded: self.unfolded.get().as_deref().and_then(containers),
        }
    }

    /// In which of these lines a row stands; tracks nothing.
    pub(super) fn line_of(self, key: &str, wanted: &[usize], lines: Lines) -> Option<usize> {
        let Key { pod, container } = Key::read(key);
        self.pods.with_untracked(|known| {
            let place = place_of(pod, wanted, known.pods())?;
            let Some(container) = container else {
                return Some(lines.line_of(Line::Pod(place)));
            };
            lines.unfolded.filter(|(unfolded, _)| *unfolded == place)?;
            let pod = known.pods()[wanted[place]].as_ref();
            let mut containers = pod_summary::all_containers(pod).into_iter();
            let at = containers.position(|one| one.name == container)?;
            Some(lines.line_of(Line::Container(place, at)))
        })
    }

    /// The key of the row in a line; tracks nothing.
    pub(super) fn key_at(self, line: usize, wanted: &[usize], lines: Lines) -> Option<String> {
        self.pods
            .with_untracked(|known| row_at(line, wanted, lines, known.pods()))
            .map(|(key, _)| key)
    }

    /// Whether a pod's containers are shown under it; tracks nothing.
    pub(super) fn is_unfolded(self, pod: &str) -> bool {
        self.unfolded
            .with_untracked(|key| key.as_deref() == Some(pod))
    }

    /// Shows a pod's containers under it, or does so no more.
    pub(super) fn fold(self, pod: &str) {
        let is_unfolded = self.is_unfolded(pod);
        if is_unfolded {
            // Who is at one of them is at the pod then.
            self.selected.maybe_update(|selected| {
                let key = selected.as_deref().map(Key::read);
                let is_in = key.is_some_and(|key| key.pod == pod && key.container.is_some());
                if is_in {
                    *selected = Some(pod.to_owned());
                }
                is_in
            });
        }
        self.unfolded.set((!is_unfolded).then(|| pod.to_owned()));
    }

    /// Lays an answer over what is known; nobody hears of one that has nothing new.
    fn take(self, mut list: PodList) {
        let cluster = Some(Cluster {
            demo: list.demo,
            namespaces: std::mem::take(&mut list.namespaces),
        });
        let is_empty = self.pods.with_untracked(|known| known.pods().is_empty());
        let anew = self
            .notes
            .try_update_value(|notes| notes.anew.take())
            .flatten();
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
                    self.notes.update_value(|notes| notes.anew = Some(anew));
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
