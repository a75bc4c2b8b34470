//! Namespaces of which nobody is told that they are there.

use std::sync::Arc;

/// Names of namespaces, or what they begin with and a `*`.
#[derive(Clone, Debug, Default)]
pub(crate) struct HiddenNamespaces(Arc<[String]>);

impl HiddenNamespaces {
    pub(crate) fn new(names: &[String]) -> Self {
        Self(names.into())
    }

    /// Whether it is one of them.
    pub(crate) fn hides(&self, namespace: &str) -> bool {
        self.0.iter().any(|hidden| match hidden.strip_suffix('*') {
            Some(start) => namespace.starts_with(start),
            None => namespace == hidden,
        })
    }
}
