//! The page's addresses: which page a path means, and the paths that lead to pages and to the API.
//!
//! All paths are relative to the document's base, so that they hold under any `--base-path`.

use std::fmt::Write as _;

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

/// The container that a terminal is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) container: String,
    pub(crate) mode: Mode,
}

/// What a terminal is tied to in its container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A shell of its own: the one asked for; [`None`] leaves the choice to the server.
    Exec(Option<String>),
    /// The container's main process.
    Attach,
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

/// What a terminal's addresses may ask for.
const SHELL: &str = "shell";
const MODE: &str = "mode";
/// The container's main process, not a shell.
const ATTACH: &str = "attach";

impl Target {
    /// A shell in another container of the same pod.
    pub(crate) fn beside(&self, container: String) -> Self {
        Self {
            container,
            mode: Mode::Exec(None),
            ..self.clone()
        }
    }

    /// The address of this terminal's page.
    pub(crate) fn href(&self) -> String {
        let [namespace, pod, container] = self.encoded();
        let query = self.query();
        let query = query.map(|(key, value)| format!("?{key}={}", encode(value)));
        let query = query.unwrap_or_default();
        format!("shell/{namespace}/{pod}/{container}{query}")
    }

    /// The address that mints an id for a terminal in this container.
    pub(crate) fn mint_path(&self) -> String {
        let [namespace, pod, container] = self.encoded();
        format!("api/v1/pod/{namespace}/{pod}/shell/{container}")
    }

    /// The address that adds a debug container for this container (POST), and tells of one (GET).
    pub(crate) fn debug_path(&self) -> String {
        let [namespace, pod, container] = self.encoded();
        format!("api/v1/pod/{namespace}/{pod}/debug/{container}")
    }

    /// What the page's address and the one that mints say beyond the container: a key and its value.
    pub(crate) fn query(&self) -> Option<(&'static str, &str)> {
        match &self.mode {
            Mode::Exec(shell) => Some((SHELL, shell.as_deref()?)),
            Mode::Attach => Some((MODE, ATTACH)),
        }
    }

    fn encoded(&self) -> [String; 3] {
        [&self.namespace, &self.pod, &self.container].map(|part| encode(part))
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

/// Percent-encodes everything but RFC 3986's unreserved characters.
fn encode(part: &str) -> String {
    let mut encoded = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a String takes all that is written");
        }
    }
    encoded
}

/// Undoes percent-encoding; [`None`] for what is not encoded text.
fn decode(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte == b'%' {
            let (digits, behind) = rest.split_at_checked(2)?;
            let digits = str::from_utf8(digits).ok()?;
            if digits.starts_with('+') {
                return None;
            }
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = behind;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
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

    #[test]
    fn the_apis_paths_are_encoded() {
        let target = target("ns", "a/b", "c", Some("sh"));
        assert_eq!(target.mint_path(), "api/v1/pod/ns/a%2Fb/shell/c");
        assert_eq!(target.query(), Some(("shell", "sh")));
        assert_eq!(attached().query(), Some(("mode", "attach")));
        assert_eq!(target.debug_path(), "api/v1/pod/ns/a%2Fb/debug/c");
        assert_eq!(
            target.beside("debug-x".to_owned()).href(),
            "shell/ns/a%2Fb/debug-x"
        );
    }
}
