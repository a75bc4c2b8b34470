//! What a terminal is for, and the addresses of its page and of what the API has for it.

use crate::routing::percent_encoding::encode;

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

/// What a terminal's addresses may ask for.
pub(crate) const SHELL: &str = "shell";
pub(crate) const MODE: &str = "mode";
/// The container's main process, not a shell.
pub(crate) const ATTACH: &str = "attach";

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
