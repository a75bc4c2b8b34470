//! What a pane of the workspace shows, as its address says it.

use podshell_shared::{
    log::LogRequest,
    target::{Mode, TargetRequest},
};

/// What a pane shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PaneTarget {
    /// A terminal in a container.
    Terminal(TargetRequest),
    /// A container's log.
    Log(LogRequest),
}

impl PaneTarget {
    /// Reads the address of a page: a path relative to the base, without a leading slash, and a query with or without its
    /// question mark.
    pub(crate) fn from_page(path: &str, query: &str) -> Option<Self> {
        let terminal = TargetRequest::from_page(path, query).map(Self::Terminal);
        terminal.or_else(|| LogRequest::from_page(path, query).map(Self::Log))
    }

    /// Reads what [`page`](Self::page) wrote; [`None`] for anything else.
    pub(crate) fn from_address(address: &str) -> Option<Self> {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        Self::from_page(path, query)
    }

    /// Its address, relative to the page's base.
    pub(crate) fn page(&self) -> String {
        match self {
            Self::Terminal(target) => target.page(),
            Self::Log(log) => log.page(),
        }
    }

    /// The namespace, the pod and the container that it is of.
    pub(crate) fn names(&self) -> [&str; 3] {
        match self {
            Self::Terminal(target) => [&target.namespace, &target.pod, &target.container],
            Self::Log(log) => [&log.namespace, &log.pod, &log.container],
        }
    }

    /// Whether it is the same thing; of a log, whatever is wanted of it.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Log(_), Self::Log(_)) => self.names() == other.names(),
            _ => self == other,
        }
    }

    /// What stands beside it when one asks for the same container again: two of one log would say the same.
    pub(crate) fn beside(&self) -> TargetRequest {
        match self {
            Self::Terminal(target) => target.clone(),
            Self::Log(_) => self.shell(),
        }
    }

    /// A shell in its container.
    fn shell(&self) -> TargetRequest {
        let [namespace, pod, container] = self.names().map(str::to_owned);
        TargetRequest {
            namespace,
            pod,
            container,
            mode: Mode::Exec(None),
        }
    }

    /// The log of its container.
    pub(crate) fn log(&self) -> LogRequest {
        let [namespace, pod, container] = self.names();
        LogRequest::new(namespace, pod, container)
    }
}

impl From<TargetRequest> for PaneTarget {
    fn from(target: TargetRequest) -> Self {
        Self::Terminal(target)
    }
}

impl From<LogRequest> for PaneTarget {
    fn from(log: LogRequest) -> Self {
        Self::Log(log)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_back_to_what_they_are_of() {
        for address in [
            "shell/shop/web-0/app?mode=attach",
            "log/shop/web-0/app?previous=1",
        ] {
            let target = PaneTarget::from_address(address).unwrap();
            assert_eq!(target.page(), address);
            assert_eq!(target.names(), ["shop", "web-0", "app"]);
            assert_eq!(target.log().page(), "log/shop/web-0/app");
        }
        assert_eq!(PaneTarget::from_address("pods"), None);
    }

    #[test]
    fn a_log_is_the_same_whatever_is_wanted_of_it() {
        let read = |address| PaneTarget::from_address(address).unwrap();
        let log = read("log/shop/web-0/app");
        assert!(log.is_same(&read("log/shop/web-0/app?previous=1")));
        assert!(!log.is_same(&read("log/shop/web-0/proxy")));
        let shell = read("shell/shop/web-0/app");
        assert!(!log.is_same(&shell));
        assert!(!shell.is_same(&read("shell/shop/web-0/app?mode=attach")));
        assert_eq!(PaneTarget::from(log.beside()), shell);
    }
}
