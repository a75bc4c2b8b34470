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
    Shell(Target),
    /// Nothing that this page has.
    Unknown,
}

/// The container that a shell is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) container: String,
    /// The shell asked for; [`None`] leaves the choice to the server.
    pub(crate) shell: Option<String>,
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
                Self::Shell(Target {
                    namespace: namespace.clone(),
                    pod: pod.clone(),
                    container: container.clone(),
                    shell: query_value(query, "shell"),
                })
            }
            _ => Self::Unknown,
        }
    }
}

impl Target {
    /// The address of this shell's page.
    pub(crate) fn href(&self) -> String {
        let [namespace, pod, container] = self.encoded();
        let query = self.shell.as_deref().map(encode);
        let query = query.map(|shell| format!("?shell={shell}"));
        let query = query.unwrap_or_default();
        format!("shell/{namespace}/{pod}/{container}{query}")
    }

    /// The address that mints an id for a shell in this container.
    pub(crate) fn mint_path(&self) -> String {
        let [namespace, pod, container] = self.encoded();
        format!("api/v1/pod/{namespace}/{pod}/shell/{container}")
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
            shell: shell.map(str::to_owned),
        }
    }

    #[test]
    fn paths_lead_to_pages() {
        assert_eq!(Route::parse("", ""), Route::Pods);
        assert_eq!(
            Route::parse("shell/default/web-0/app", "?shell=bash"),
            Route::Shell(target("default", "web-0", "app", Some("bash")))
        );
        assert_eq!(
            Route::parse("shell/default/web-0/app", "?shell="),
            Route::Shell(target("default", "web-0", "app", None))
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
        ] {
            let href = target.href();
            let (path, query) = href.split_once('?').unwrap_or((&href, ""));
            assert_eq!(Route::parse(path, query), Route::Shell(target));
        }
    }

    #[test]
    fn the_mint_path_is_encoded() {
        assert_eq!(
            target("ns", "a/b", "c", None).mint_path(),
            "api/v1/pod/ns/a%2Fb/shell/c"
        );
    }
}
