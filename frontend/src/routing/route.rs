//! Which page an address means.
//!
//! All paths are relative to the document's base, so that they hold under any `--base-path`.

use podshell_shared::target::TargetRequest;

/// What the address bar asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The pod list.
    Pods,
    /// A shell in a container.
    Terminal(TargetRequest),
    /// Nothing that this page has.
    Unknown,
}

impl Route {
    /// Reads a path relative to the base, without a leading slash, and a query with or without
    /// its question mark.
    pub(crate) fn parse(path: &str, query: &str) -> Self {
        if path.is_empty() {
            return Self::Pods;
        }
        let target = TargetRequest::from_page(path, query);
        target.map_or(Self::Unknown, Self::Terminal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_pages() {
        assert_eq!(Route::parse("", ""), Route::Pods);
        assert!(matches!(
            Route::parse("shell/default/web-0/app", "?shell=bash"),
            Route::Terminal(_)
        ));
        for unknown in ["shell", "shell/a/b/%zz", "pods"] {
            assert_eq!(Route::parse(unknown, ""), Route::Unknown, "{unknown}");
        }
    }
}
