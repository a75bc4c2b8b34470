//! Which page an address means.
//!
//! All paths are relative to the document's base, so that they hold under any `--base-path`.

use podshell_shared::target::{PodRequest, TargetRequest};

use crate::routing::{list_address::ListAddress, pane_target::PaneTarget};

/// What stands in the query of a terminal that another page shows in a frame.
const EMBEDDED: &str = "embed=1";

/// What the address bar asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The pod list, and what of it.
    Pods(ListAddress),
    /// What a pane of the workspace shows: a shell in a container, or its log.
    Pane(PaneTarget),
    /// A shell in the container of a pod that is meant where none is named.
    Pod(PodRequest),
    /// A shell in a container, in a frame of another page.
    Embedded(TargetRequest),
    /// Nothing that this page has.
    Unknown,
}

impl Route {
    /// Reads a path relative to the base, without a leading slash, and a query with or without
    /// its question mark.
    pub(crate) fn parse(path: &str, query: &str) -> Self {
        if path.is_empty() {
            return Self::Pods(ListAddress::parse(query));
        }
        let target = PaneTarget::from_page(path, query);
        let is_embedded = query
            .trim_start_matches('?')
            .split('&')
            .any(|pair| pair == EMBEDDED);
        match target {
            Some(PaneTarget::Terminal(target)) if is_embedded => Self::Embedded(target),
            Some(target) => Self::Pane(target),
            None => PodRequest::from_page(path, query).map_or(Self::Unknown, Self::Pod),
        }
    }

    /// The address of another terminal, shown as this route shows its own.
    pub(crate) fn beside(&self, target: &TargetRequest) -> String {
        let address = target.page();
        match self {
            Self::Embedded(_) => {
                let sign = if address.contains('?') { '&' } else { '?' };
                format!("{address}{sign}{EMBEDDED}")
            }
            _ => address,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_pages() {
        let all = Route::Pods(ListAddress::default());
        assert_eq!(Route::parse("", ""), all);
        assert_ne!(Route::parse("", "?namespace=shop"), all);
        assert!(matches!(
            Route::parse("shell/default/web-0/app", "?shell=bash"),
            Route::Pane(PaneTarget::Terminal(_))
        ));
        for query in ["?embed=1", "?shell=bash&embed=1", "embed=1&mode=attach"] {
            let route = Route::parse("shell/default/web-0/app", query);
            let Route::Embedded(target) = &route else {
                panic!("{query}: {route:?}");
            };
            let beside = route.beside(target);
            let (path, query) = beside.split_once('?').unwrap();
            assert_eq!(Route::parse(path, query), route);
        }
        let plain = Route::parse("shell/default/web-0/app", "?embed=10");
        assert!(matches!(plain, Route::Pane(_)), "{plain:?}");
        assert!(matches!(
            Route::parse("log/default/web-0/app", "?previous=1"),
            Route::Pane(PaneTarget::Log(_))
        ));
        let Route::Pod(pod) = Route::parse("shell/default/web-0", "?shell=sh") else {
            panic!("it names a pod");
        };
        assert_eq!(pod.pod, "web-0");
        for unknown in ["shell", "shell/a", "shell/a/b/%zz", "pods"] {
            assert_eq!(Route::parse(unknown, ""), Route::Unknown, "{unknown}");
        }
    }
}
