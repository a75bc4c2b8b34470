//! What the user may do in the namespaces that they look at: asked as soon as one comes into sight, one after the other.

use std::collections::{HashMap, HashSet, VecDeque};

use leptos::prelude::*;
use podshell_shared::api::Rights;
use wasm_bindgen_futures::spawn_local;

use crate::{browser::clock, net::api};

/// How long an answer is good, in ms.
const GOOD_FOR: f64 = 300_000.0;
/// As long as nobody knows better: who tries is told.
const ALL: Rights = Rights {
    exec: true,
    attach: true,
    log: true,
};

/// The rights that are known, by namespace.
#[derive(Clone, Copy)]
pub(crate) struct KnownRights {
    /// The namespaces in which no shell may be opened, as far as that is known.
    pub(crate) without_shells: RwSignal<HashSet<String>>,
    known: StoredValue<HashMap<String, Known>>,
    /// Namespaces that are to be asked for.
    due: StoredValue<VecDeque<String>>,
}

struct Known {
    rights: ArcRwSignal<Rights>,
    asked_at: f64,
}

impl KnownRights {
    pub(super) fn new() -> Self {
        Self {
            without_shells: RwSignal::default(),
            known: StoredValue::default(),
            due: StoredValue::default(),
        }
    }

    /// What the user may do in a namespace, as far as that is known.
    pub(crate) fn of(self, namespace: &str) -> Rights {
        let signal = self.known.try_update_value(|known| {
            if let Some(known) = known.get(namespace) {
                return known.rights.clone();
            }
            let rights = ArcRwSignal::new(ALL);
            let of_it = Known {
                rights: rights.clone(),
                asked_at: clock::now(),
            };
            known.insert(namespace.to_owned(), of_it);
            self.ask(namespace.to_owned());
            rights
        });
        signal.map_or(ALL, |rights| rights.get())
    }

    /// Asks again where it was asked long ago; in one namespace at a time, for this is to be called each second or so.
    pub(super) fn keep_fresh(self) {
        let now = clock::now();
        self.known.update_value(|known| {
            let mut all = known.iter_mut();
            let old = all.find(|(_, known)| now - known.asked_at > GOOD_FOR);
            if let Some((namespace, known)) = old {
                known.asked_at = now;
                self.ask(namespace.clone());
            }
        });
    }

    /// Somebody else may do something else.
    pub(super) fn clear(self) {
        self.without_shells.set(HashSet::new());
        self.known.set_value(HashMap::new());
        self.due.set_value(VecDeque::new());
    }

    fn ask(self, namespace: String) {
        let is_first = self.due.try_update_value(|due| {
            due.push_back(namespace);
            due.len() == 1
        });
        if is_first != Some(true) {
            return;
        }
        spawn_local(async move {
            while let Some(namespace) = self.due.with_value(|due| due.front().cloned()) {
                let answer = api::rights(&namespace).await;
                self.due
                    .update_value(|due| due.retain(|one| *one != namespace));
                // Nobody hears of what they know.
                let known = |rights| {
                    self.known.with_value(|known| {
                        let known = known.get(&namespace)?;
                        let is_news = known.rights.get_untracked() != rights;
                        is_news.then(|| known.rights.clone())
                    })
                };
                if let Ok(rights) = answer
                    && let Some(signal) = known(rights)
                {
                    signal.set(rights);
                    self.without_shells.update(|namespaces| {
                        if rights.exec {
                            namespaces.remove(&namespace);
                        } else {
                            namespaces.insert(namespace);
                        }
                    });
                }
            }
        });
    }
}
