//! What a client knows of a cluster's pods: the answers of the pod list, one laid over the other.

use crate::api::{Pod, PodList};

/// The pods that a client knows, by namespace and name. It keeps each as it likes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPods<P = Pod> {
    version: String,
    pods: Vec<P>,
}

impl<P> Default for KnownPods<P> {
    fn default() -> Self {
        Self {
            version: String::new(),
            pods: Vec::new(),
        }
    }
}

impl<P: From<Pod> + AsRef<Pod>> KnownPods<P> {
    /// What to ask for what is newer with; empty if nothing is known.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// All of them, by namespace and name.
    pub fn pods(&self) -> &[P] {
        &self.pods
    }

    /// Whether it knows a pod, told as `namespace/name`.
    pub fn has(&self, key: &str) -> bool {
        self.find(key.split_once('/').unwrap_or_default()).is_ok()
    }

    /// Takes in an answer. Gives whether there was anything new in it.
    pub fn take(&mut self, answer: PodList) -> bool {
        let is_news = !(answer.partial && answer.pods.is_empty() && answer.gone.is_empty());
        if !answer.partial {
            self.pods.clear();
        }
        self.remove(&answer.gone);
        for pod in answer.pods {
            match self.find((&pod.namespace, &pod.name)) {
                Ok(at) => self.pods[at] = pod.into(),
                Err(at) => self.pods.insert(at, pod.into()),
            }
        }
        self.version = answer.version;
        is_news
    }

    /// Forgets pods, told as `namespace/name`. Gives whether it knew one of them.
    pub fn remove(&mut self, gone: &[String]) -> bool {
        let before = self.pods.len();
        for gone in gone {
            let key = gone.split_once('/').unwrap_or_default();
            if let Ok(at) = self.find(key) {
                self.pods.remove(at);
            }
        }
        self.pods.len() != before
    }

    /// Where a pod is, or where it would be.
    fn find(&self, key: (&str, &str)) -> Result<usize, usize> {
        self.pods.binary_search_by(|known| {
            let known = known.as_ref();
            (known.namespace.as_str(), known.name.as_str()).cmp(&key)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str, status: &str) -> Pod {
        Pod {
            namespace: "shop".to_owned(),
            name: name.to_owned(),
            status: status.to_owned(),
            ..Pod::default()
        }
    }

    fn answer(version: &str, partial: bool, pods: &[Pod], gone: &[&str]) -> PodList {
        PodList {
            version: version.to_owned(),
            partial,
            pods: pods.to_vec(),
            gone: gone.iter().map(|&name| name.to_owned()).collect(),
            ..PodList::default()
        }
    }

    #[test]
    fn what_is_newer_is_laid_over_what_is_known() {
        let mut known = KnownPods::<Pod>::default();
        assert!(known.take(answer("1", false, &[pod("b", "Running")], &[])));
        let newer = [pod("c", "Pending"), pod("a", "Pending"), pod("b", "Failed")];
        assert!(known.take(answer("2", true, &newer, &["shop/x", "odd"])));
        let statuses = |known: &KnownPods| {
            let pods = known.pods().iter();
            let named = pods.map(|pod| format!("{} {}", pod.name, pod.status));
            named.collect::<Vec<_>>()
        };
        assert_eq!(statuses(&known), ["a Pending", "b Failed", "c Pending"]);
        assert!(known.has("shop/b") && !known.has("shop/x") && !known.has("b"));
        assert!(!known.remove(&["shop/x".to_owned()]));
        assert!(!known.take(answer("3", true, &[], &[])));
        assert_eq!(known.version(), "3");
        // One that is gone may be there again.
        assert!(known.take(answer(
            "4",
            true,
            &[pod("a", "Running")],
            &["shop/a", "shop/b"]
        )));
        assert_eq!(statuses(&known), ["a Running", "c Pending"]);
        assert!(known.take(answer("1", false, &[], &[])));
        assert!(known.pods().is_empty());
    }
}
