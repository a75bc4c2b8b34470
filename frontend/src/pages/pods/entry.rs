//! A pod in the list: what a filter looks at, where it stands among those that are wanted, and what stands in a line.

use std::{collections::HashSet, sync::Arc};

use podshell_shared::api::Pod;

use crate::{
    pages::pods::{
        lines::{Line, Lines},
        pod_summary,
    },
    ui::searched_words,
};

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

    /// Whether each word occurs in its texts.
    pub(super) fn matches(&self, words: &[String]) -> bool {
        searched_words::all_occur(words, &self.0.1)
    }
}

/// Where a pod stands among the wanted ones.
pub(crate) fn place_of(key: &str, wanted: &[usize], pods: &[Entry]) -> Option<usize> {
    let is_it = |at: &usize| pods.get(*at).is_some_and(|entry| entry.is(key));
    wanted.iter().position(is_it)
}

/// The row in one of these lines: its key, and its pod.
pub(super) fn row_at(
    line: usize,
    wanted: &[usize],
    lines: Lines,
    pods: &[Entry],
) -> Option<(String, Entry)> {
    let pod = |place: usize| pods.get(*wanted.get(place)?);
    match lines.at(line) {
        Line::Pod(place) => {
            let entry = pod(place)?;
            Some((entry.key(), entry.clone()))
        }
        Line::Container(place, at) => {
            let entry = pod(place)?;
            let containers = pod_summary::all_containers(entry.as_ref());
            let container = &containers.get(at)?.name;
            Some((format!("{}/{container}", entry.key()), entry.clone()))
        }
    }
}

/// Whether a shell can be opened in a pod, if it is in none of these namespaces.
pub(crate) fn is_enterable(pod: &Pod, refused: &HashSet<String>) -> bool {
    pod_summary::is_enterable(pod) && !refused.contains(&pod.namespace)
}
