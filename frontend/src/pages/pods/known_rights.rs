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
    debug: true,
};

/// The rights that are known, by namespace.
#[derive(Clone, Copy)]
pub(crate) struct KnownRights {
    /// Where not all is allowed.
    limited: RwSignal<HashMap<String, Rights>>,
    /// When each namespace was asked for last.
    asked_at: StoredValue<HashMap<String, f64>>,
    /// Namespaces that are to be asked for.
    due: StoredValue<VecDeque<String>>,
}

impl KnownRights {
    pub(super) fn new() -> Self {
        Self {
            limited: RwSignal::default(),
            asked_at: StoredValue::default(),
            due: StoredValue::default(),
        }
    }

    /// What the user may do in a namespace, as far as that is known.
    pub(crate) fn of(self, namespace: &str) -> Rights {
        if !self
            .asked_at
            .with_value(|asked| asked.contains_key(namespace))
        {
            self.ask(namespace.to_owned());
        }
        self.limited
            .with(|limited| limited.get(namespace).copied().unwrap_or(ALL))
    }

    /// The namespaces in which no shell may be opened, as far as that is known.
    pub(crate) fn without_shells(self) -> HashSet<String> {
        self.limited.with(|limited| {
            let refused = limited.iter().filter(|(_, rights)| !rights.exec);
            refused.map(|(namespace, _)| namespace.clone()).collect()
        })
    }

    /// Asks again where it was asked long ago; in one namespace at a time, for this is to be called each second or so.
    pub(super) fn keep_fresh(self) {
        let now = clock::now();
        let old = self.asked_at.with_value(|asked| {
            let old = asked.iter().find(|(_, at)| now - **at > GOOD_FOR);
            old.map(|(namespace, _)| namespace.clone())
        });
        if let Some(namespace) = old {
            self.ask(namespace);
        }
    }

    /// Somebody else may do something else.
    pub(super) fn clear(self) {
        self.limited.set(HashMap::new());
        self.asked_at.set_value(HashMap::new());
        self.due.set_value(VecDeque::new());
    }

    fn ask(self, namespace: String) {
        self.asked_at.update_value(|asked| {
            asked.insert(namespace.clone(), clock::now());
        });
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
                if let Ok(rights) = answer {
                    self.take(namespace, rights);
                }
            }
        });
    }

    /// Nobody hears of what they know.
    fn take(self, namespace: String, rights: Rights) {
        self.limited.maybe_update(|limited| {
            let known = if rights == ALL {
                limited.remove(&namespace)
            } else {
                limited.insert(namespace, rights)
            };
            known.unwrap_or(ALL) != rights
        });
    }
}
