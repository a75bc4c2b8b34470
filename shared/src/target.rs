//! Where a terminal is asked for, and the addresses that say so: the page's own, and those of the API.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;

/// Everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A target as it is asked for: nobody has looked yet whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetRequest {
    /// Namespace.
    pub namespace: String,
    /// Pod.
    pub pod: String,
    /// Container of that pod.
    pub container: String,
    /// What the terminal is tied to in the container.
    pub mode: Mode,
}

/// What a terminal is tied to in its container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A shell of its own: the one asked for; [`None`] leaves the choice to the server.
    Exec(Option<String>),
    /// The container's main process.
    Attach,
}

/// A terminal in a pod's default container, as it is asked for: nobody has looked yet which that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodRequest {
    /// Namespace.
    pub namespace: String,
    /// Pod.
    pub pod: String,
    /// What the terminal is tied to in the container.
    pub mode: Mode,
}

/// What stands in a query of the mode: `?shell=bash`, `?mode=attach`. What is empty counts as missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
pub struct ModeQuery {
    /// The shell that is asked for.
    #[serde(default)]
    pub shell: Option<String>,
    /// `exec` or `attach`.
    #[serde(default)]
    pub mode: Option<String>,
}

/// The error for a mode that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("There is no mode {0:?}; choose exec or attach.")]
pub struct UnknownMode(pub String);

impl TryFrom<ModeQuery> for Mode {
    type Error = UnknownMode;

    fn try_from(query: ModeQuery) -> Result<Self, UnknownMode> {
        match query.mode.as_deref() {
            None | Some("" | "exec") => Ok(Self::Exec(query.shell.filter(|name| !name.is_empty()))),
            Some("attach") => Ok(Self::Attach),
            Some(other) => Err(UnknownMode(other.to_owned())),
        }
    }
}

impl Mode {
    /// The query's key and value that ask for it; [`None`] where nothing has to be said.
    pub fn query(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Exec(shell) => Some(("shell", shell.as_deref()?)),
            Self::Attach => Some(("mode", "attach")),
        }
    }
}

impl TargetRequest {
    /// Reads the address of a terminal's page: a path relative to the page's base, without a leading slash, and a query with
    /// or without its question mark. [`None`] if it is no such address.
    pub fn from_page(path: &str, query: &str) -> Option<Self> {
        let [namespace, pod, container] = names_in(path, "shell")?;
        Some(Self {
            namespace,
            pod,
            container,
            mode: mode_in(query)?,
        })
    }

    /// A shell in another container of the same pod.
    #[must_use]
    pub fn beside(&self, container: String) -> Self {
        Self {
            container,
            mode: Mode::Exec(None),
            ..self.clone()
        }
    }

    /// The address of this terminal's page, relative to the page's base.
    pub fn page(&self) -> String {
        let [namespace, pod, container] = self.encoded();
        let query = self.mode.query();
        let query = query.map(|(key, value)| format!("?{key}={}", encode(value)));
        let query = query.unwrap_or_default();
        format!("shell/{namespace}/{pod}/{container}{query}")
    }

    /// The path that mints an id for a terminal in this container; what it is tied to stands in the query.
    pub fn mint_path(&self) -> String {
        let [namespace, pod, container] = self.encoded();
        format!("api/v1/pod/{namespace}/{pod}/shell/{container}")
    }

    /// The command that leads there without a page, to `sh` where no shell is named; [`None`] where a name is none of Kubernetes,
    /// so that no shell takes it for something else.
    pub fn kubectl(&self) -> Option<String> {
        let is_plain = |name: &str| {
            let is_of_names = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
            !name.is_empty() && !name.starts_with('-') && name.bytes().all(is_of_names)
        };
        let Self {
            namespace,
            pod,
            container,
            mode,
        } = self;
        let (verb, command) = match mode {
            Mode::Exec(shell) => ("exec", Some(shell.as_deref().unwrap_or("sh"))),
            Mode::Attach => ("attach", None),
        };
        let mut names = [namespace, pod, container].into_iter().map(|name| &**name);
        (names.all(is_plain) && command.is_none_or(is_plain)).then(|| {
            let command = command.map(|name| format!(" -- {name}"));
            let command = command.unwrap_or_default();
            format!(
                "kubectl {verb} -it --namespace={namespace} {pod} --container={container}{command}"
            )
        })
    }

    /// Reads what [`page`](Self::page) wrote; [`None`] for anything else.
    pub fn from_address(address: &str) -> Option<Self> {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        Self::from_page(path, query)
    }

    /// The path that adds a debug container for this container (POST), and tells of one (GET).
    pub fn debug_path(&self) -> String {
        let [namespace, pod, container] = self.encoded();
        format!("api/v1/pod/{namespace}/{pod}/debug/{container}")
    }

    fn encoded(&self) -> [String; 3] {
        [&self.namespace, &self.pod, &self.container].map(|part| encode(part))
    }
}

impl PodRequest {
    /// Reads the address of a page that names no container, as [`TargetRequest::from_page`] does one that does.
    pub fn from_page(path: &str, query: &str) -> Option<Self> {
        let [namespace, pod] = names_in(path, "shell")?;
        Some(Self {
            namespace,
            pod,
            mode: mode_in(query)?,
        })
    }

    /// The path that tells of the pod.
    pub fn path(&self) -> String {
        let (namespace, pod) = (encode(&self.namespace), encode(&self.pod));
        format!("api/v1/pod/{namespace}/{pod}")
    }

    /// The same terminal in this container.
    #[must_use]
    pub fn in_container(self, container: String) -> TargetRequest {
        TargetRequest {
            namespace: self.namespace,
            pod: self.pod,
            container,
            mode: self.mode,
        }
    }
}

/// The mode that a page's query asks for; [`None`] if it asks for one that there is not.
fn mode_in(query: &str) -> Option<Mode> {
    let value = |key| query_value(query, key);
    let asked = ModeQuery {
        shell: value("shell"),
        mode: value("mode"),
    };
    asked.try_into().ok()
}

/// The names in the path of such a page; [`None`] for another page's, and where one of them is missing.
pub(crate) fn names_in<const COUNT: usize>(path: &str, page: &str) -> Option<[String; COUNT]> {
    let names = path.strip_prefix(page)?.strip_prefix('/')?.split('/');
    let names = names.map(decode).map(|name| Some(name?.into_owned()));
    let names: Vec<_> = names.collect::<Option<_>>()?;
    let names = <[_; COUNT]>::try_from(names).ok()?;
    names.iter().all(|name| !name.is_empty()).then_some(names)
}

/// The value of a key in a query; [`None`] where it is missing or can't be read.
pub fn query_value(query: &str, key: &str) -> Option<String> {
    query
        .trim_start_matches('?')
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| *name == key)
        .and_then(|(_, value)| decode(value))
        .map(Cow::into_owned)
}

/// Percent-encodes a part of a path, or a value in a query.
pub fn encode(part: &str) -> String {
    utf8_percent_encode(part, RESERVED).to_string()
}

/// Undoes percent-encoding; [`None`] for what is not encoded text. Strict, so that an address has one meaning.
fn decode(part: &str) -> Option<Cow<'_, str>> {
    let is_encoded = |rest: &str| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !part.split('%').skip(1).all(is_encoded) {
        return None;
    }
    percent_decode_str(part).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(namespace: &str, pod: &str, container: &str, shell: Option<&str>) -> TargetRequest {
        TargetRequest {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            container: container.to_owned(),
            mode: Mode::Exec(shell.map(str::to_owned)),
        }
    }

    fn attached() -> TargetRequest {
        TargetRequest {
            mode: Mode::Attach,
            ..shell("default", "web-0", "app", None)
        }
    }

    #[test]
    fn kubectl_is_given_names_of_kubernetes_alone() {
        let target = |pod: &str, mode| TargetRequest {
            namespace: "shop".to_owned(),
            pod: pod.to_owned(),
            container: "app".to_owned(),
            mode,
        };
        for (mode, command) in [
            (
                Mode::Exec(None),
                "kubectl exec -it --namespace=shop web-0 --container=app -- sh",
            ),
            (
                Mode::Exec(Some("bash".to_owned())),
                "kubectl exec -it --namespace=shop web-0 --container=app -- bash",
            ),
            (
                Mode::Attach,
                "kubectl attach -it --namespace=shop web-0 --container=app",
            ),
        ] {
            assert_eq!(target("web-0", mode).kubectl().as_deref(), Some(command));
        }
        for odd in ["", "-web", "web 0", "$(reboot)", "web;reboot", "web\n0"] {
            assert_eq!(target(odd, Mode::Exec(None)).kubectl(), None, "{odd:?}");
        }
        let shell = Mode::Exec(Some("sh -c reboot".to_owned()));
        assert_eq!(target("web-0", shell).kubectl(), None);
    }

    #[test]
    fn addresses_of_pages() {
        let read = TargetRequest::from_page;
        let plain = shell("default", "web-0", "app", None);
        let bash = shell("default", "web-0", "app", Some("bash"));
        for (query, target) in [
            ("", plain.clone()),
            ("?shell=", plain.clone()),
            ("?mode=exec&theme=dark", plain),
            ("?shell=bash", bash.clone()),
            ("theme=dark&shell=bash", bash),
            ("?mode=attach", attached()),
        ] {
            assert_eq!(
                read("shell/default/web-0/app", query),
                Some(target),
                "{query}"
            );
        }
        for unknown in [
            "",
            "shell",
            "shell/default/web-0",
            "shell/default//app",
            "shell/a/b/c/d",
            "shell/a/b/%zz",
            "shell/a/b/%+1",
            "shell/a/b/%f",
            "shell/a/b/%ff",
            "pods",
        ] {
            assert_eq!(read(unknown, ""), None, "{unknown}");
        }
        assert_eq!(read("shell/default/web-0/app", "?mode=both"), None);
    }

    #[test]
    fn an_address_may_name_no_container() {
        let asked = PodRequest::from_page("shell/default/web%2D0", "?shell=bash").unwrap();
        assert_eq!(asked.path(), "api/v1/pod/default/web-0");
        let bash = shell("default", "web-0", "app", Some("bash"));
        assert_eq!(asked.in_container("app".to_owned()), bash);
        for other in [
            "shell/default",
            "shell//web-0",
            "shell/a/",
            "shell/a/b/c",
            "pods/a/b",
        ] {
            assert_eq!(PodRequest::from_page(other, ""), None, "{other}");
        }
        assert_eq!(PodRequest::from_page("shell/a/b", "?mode=both"), None);
    }

    #[test]
    fn an_address_leads_back_to_its_target() {
        for target in [
            shell("default", "web-0", "app", None),
            shell("a b", "ü/汉", "100%?#&", Some("power shell&=")),
            attached(),
        ] {
            let address = target.page();
            let (path, query) = address.split_once('?').unwrap_or((&address, ""));
            assert_eq!(TargetRequest::from_page(path, query), Some(target));
        }
    }

    #[test]
    fn the_apis_paths_are_encoded() {
        let target = shell("ns", "a/b", "c~d", Some("sh"));
        assert_eq!(target.mint_path(), "api/v1/pod/ns/a%2Fb/shell/c~d");
        assert_eq!(target.mode.query(), Some(("shell", "sh")));
        assert_eq!(attached().mode.query(), Some(("mode", "attach")));
        assert_eq!(target.debug_path(), "api/v1/pod/ns/a%2Fb/debug/c~d");
        assert_eq!(
            target.beside("debug-x".to_owned()).page(),
            "shell/ns/a%2Fb/debug-x"
        );
    }
}
