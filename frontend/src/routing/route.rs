//! Which page an address means.
//!
//! All paths are relative to the document's base, so that they hold under any `--base-path`.

use podshell_shared::target::{PodRequest, TargetRequest};

use crate::routing::pane_target::PaneTarget;

/// What stands in the query of a terminal that another page shows in a frame.
const EMBEDDED: &str = "embed=1";
/// What stands before the namespace in the query of the pod list.
const NAMESPACE: &str = "namespace=";

/// What the address bar asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The pod list: of one namespace, if one is named.
    Pods(Option<String>),
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
            let mut pairs = query.trim_start_matches('?').split('&');
            let named = pairs.find_map(|pair| pair.strip_prefix(NAMESPACE));
            let named = named.filter(|name| !name.is_empty());
            return Self::Pods(named.map(str::to_owned));
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

    /// The address of the pod list, of one namespace or of all. No name of a namespace needs to be escaped.
    pub(crate) fn pods(namespace: Option<&str>) -> String {
        match namespace {
            Some(namespace) => format!("./?{NAMESPACE}{namespace}"),
            None => "./".to_owned(),
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
        assert_eq!(Route::parse("", ""), Route::Pods(None));
        for query in [
            "?namespace=shop",
            "namespace=shop&x=1",
            "?x=1&namespace=shop",
        ] {
            let shop = Route::Pods(Some("shop".to_owned()));
            assert_eq!(Route::parse("", query), shop, "{query}");
        }
        assert_eq!(Route::parse("", "?namespace=&a=b"), Route::Pods(None));
        let address = Route::pods(Some("shop"));
        let (_, query) = address.split_once('?').unwrap();
        assert_eq!(
            Route::parse("", query),
            Route::Pods(Some("shop".to_owned()))
        );
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
