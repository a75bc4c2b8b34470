//! Which page an address means.
//!
//! All paths are relative to the document's base, so that they hold under any `--base-path`.

use crate::routing::{
    percent_encoding::decode,
    target::{ATTACH, MODE, Mode, SHELL, Target},
};

/// What the address bar asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The pod list.
    Pods,
    /// A shell in a container.
    Terminal(Target),
    /// Nothing that this page has.
    Unknown,
}

impl Route {
    /// Reads a path relative to the base, without a leading slash, and a query with or without
    /// its question mark.
    pub(crate) fn parse(path: &str, query: &str) -> Self {
        let parts: Option<Vec<String>> = path.split('/').map(decode).collect();
        match parts.unwrap_or_default().as_slice() {
            [empty] if empty.is_empty() => Self::Pods,
            [shell, namespace, pod, container]
                if shell == "shell"
                    && ![namespace, pod, container]
                        .iter()
                        .any(|part| part.is_empty()) =>
            {
                Self::Terminal(Target {
                    namespace: namespace.clone(),
                    pod: pod.clone(),
                    container: container.clone(),
                    mode: match query_value(query, MODE).as_deref() {
                        Some(ATTACH) => Mode::Attach,
                        _ => Mode::Exec(query_value(query, SHELL)),
                    },
                })
            }
            _ => Self::Unknown,
        }
    }
}

/// The value of a key in a query; [`None`] where it is missing or empty.
fn query_value(query: &str, key: &str) -> Option<String> {
    query
        .trim_start_matches('?')
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| *name == key)
        .and_then(|(_, value)| decode(value))
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(namespace: &str, pod: &str, container: &str, shell: Option<&str>) -> Target {
        Target {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            container: container.to_owned(),
            mode: Mode::Exec(shell.map(str::to_owned)),
        }
    }

    fn attached() -> Target {
        Target {
            mode: Mode::Attach,
            ..target("default", "web-0", "app", None)
        }
    }

    #[test]
    fn paths_lead_to_pages() {
        assert_eq!(Route::parse("", ""), Route::Pods);
        assert_eq!(
            Route::parse("shell/default/web-0/app", "?shell=bash"),
            Route::Terminal(target("default", "web-0", "app", Some("bash")))
        );
        assert_eq!(
            Route::parse("shell/default/web-0/app", "?shell="),
            Route::Terminal(target("default", "web-0", "app", None))
        );
        assert_eq!(
            Route::parse("shell/default/web-0/app", "?mode=attach"),
            Route::Terminal(attached())
        );
        for unknown in [
            "shell",
            "shell/default/web-0",
            "shell/default//app",
            "shell/a/b/c/d",
            "shell/a/b/%zz",
            "shell/a/b/%+1",
            "shell/a/b/%f",
            "pods",
        ] {
            assert_eq!(Route::parse(unknown, ""), Route::Unknown, "{unknown}");
        }
    }

    #[test]
    fn an_address_leads_back_to_its_target() {
        for target in [
            target("default", "web-0", "app", None),
            target("a b", "ü/汉", "100%?#&", Some("power shell&=")),
            attached(),
        ] {
            let href = target.href();
            let (path, query) = href.split_once('?').unwrap_or((&href, ""));
            assert_eq!(Route::parse(path, query), Route::Terminal(target));
        }
    }
}
