//! What is turned off for everyone here, whoever may do it by the cluster's own rules.

use axum::http::StatusCode;
use podshell_shared::api::{ErrorCode, PodList};

use crate::{
    cluster::ClusterError,
    config::Config,
    error::Failure,
    session::{Mode, Shell, TargetRequest},
};

/// What is turned on and off.
#[derive(Clone, Debug)]
pub(crate) struct Switches {
    is_read_only: bool,
    attach: bool,
    debug_containers: bool,
    /// [`None`] for all of them.
    shells: Option<Vec<Shell>>,
    /// Names of namespaces, or what they begin with and a `*`.
    hidden: Vec<String>,
}

impl Switches {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            is_read_only: config.read_only,
            attach: config.attach,
            debug_containers: config.debug_containers,
            shells: (!config.shells.is_empty()).then(|| config.shells.clone()),
            hidden: config.hidden_namespaces.clone(),
        }
    }

    /// Refuses a namespace that is hidden: nobody is told that it is there.
    pub(crate) fn check_namespace(&self, namespace: &str) -> Result<(), Failure> {
        if self.is_hidden(namespace) {
            let namespace = namespace.to_owned();
            return Err(ClusterError::NoNamespace { namespace }.into());
        }
        Ok(())
    }

    /// Refuses a terminal that nobody is to have here, and chooses among the shells that are allowed.
    pub(crate) fn check_terminal(&self, request: &mut TargetRequest) -> Result<(), Failure> {
        self.check_namespace(&request.namespace)?;
        match request.mode {
            Mode::Attach if self.attach => Ok(()),
            Mode::Attach => Err(off("Attaching to containers is turned off here.")),
            Mode::Exec if self.is_read_only => Err(off(
                "Shells are turned off here: this Podshell is read-only.",
            )),
            Mode::Exec => self.check_shell(request),
        }
    }

    fn check_shell(&self, request: &mut TargetRequest) -> Result<(), Failure> {
        let Some(allowed) = &self.shells else {
            return Ok(());
        };
        match request.shell {
            Some(shell) if allowed.contains(&shell) => Ok(()),
            None if allowed.contains(&Shell::Bash) && allowed.contains(&Shell::Sh) => Ok(()),
            None => {
                request.shell = allowed.first().copied();
                Ok(())
            }
            Some(shell) => {
                let names: Vec<_> = allowed.iter().map(|shell| shell.name()).collect();
                let message = format!("{} is turned off here.", shell.name());
                Err(off(&message).hint(&format!("Choose {}.", names.join(" or "))))
            }
        }
    }

    /// Refuses a debug container if there are to be none.
    pub(crate) fn check_debug_container(&self, namespace: &str) -> Result<(), Failure> {
        self.check_namespace(namespace)?;
        if self.debug_containers && !self.is_read_only {
            Ok(())
        } else {
            Err(off("Debug containers are turned off here."))
        }
    }

    /// Leaves out of a list what is hidden.
    pub(crate) fn hide(&self, list: &mut PodList) {
        if !self.hidden.is_empty() {
            list.pods.retain(|pod| !self.is_hidden(&pod.namespace));
        }
    }

    fn is_hidden(&self, namespace: &str) -> bool {
        self.hidden
            .iter()
            .any(|hidden| match hidden.strip_suffix('*') {
                Some(start) => namespace.starts_with(start),
                None => namespace == hidden,
            })
    }
}

fn off(message: &str) -> Failure {
    Failure::new(StatusCode::FORBIDDEN, ErrorCode::TurnedOff, message)
        .hint("Whoever runs this Podshell can turn it on.")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn switches(flags: &str) -> Switches {
        let flags = std::iter::once("podshell").chain(flags.split_whitespace());
        Switches::new(&Config::try_parse_from(flags).unwrap())
    }

    /// The shell that a terminal gets; an error if it is refused.
    fn shell(
        switches: &Switches,
        namespace: &str,
        shell: Option<Shell>,
    ) -> Result<Option<Shell>, ()> {
        let mut request = TargetRequest {
            namespace: namespace.to_owned(),
            pod: "web-0".to_owned(),
            container: None,
            shell,
            mode: Mode::Exec,
        };
        let checked = switches.check_terminal(&mut request);
        checked.map(|()| request.shell).map_err(drop)
    }

    fn attaches(switches: &Switches) -> bool {
        let mut request = TargetRequest {
            namespace: "shop".to_owned(),
            pod: "web-0".to_owned(),
            container: None,
            shell: None,
            mode: Mode::Attach,
        };
        switches.check_terminal(&mut request).is_ok()
    }

    #[test]
    fn all_is_on_unless_it_is_turned_off() {
        let all = switches("");
        assert_eq!(shell(&all, "kube-system", None), Ok(None));
        assert_eq!(shell(&all, "shop", Some(Shell::Cmd)), Ok(Some(Shell::Cmd)));
        assert!(attaches(&all) && all.check_debug_container("shop").is_ok());
        let some = switches("--attach false --debug-containers false");
        assert!(!attaches(&some) && some.check_debug_container("shop").is_err());
        assert_eq!(shell(&some, "shop", None), Ok(None));
        let none = switches("--read-only");
        assert!(attaches(&none) && none.check_debug_container("shop").is_err());
        assert_eq!(shell(&none, "shop", None), Err(()));
    }

    #[test]
    fn shells_that_are_allowed() {
        let posix = switches("--shells sh,bash");
        assert_eq!(shell(&posix, "shop", None), Ok(None));
        assert_eq!(
            shell(&posix, "shop", Some(Shell::Bash)),
            Ok(Some(Shell::Bash))
        );
        assert_eq!(shell(&posix, "shop", Some(Shell::Powershell)), Err(()));
        let one = switches("--shells sh");
        assert_eq!(shell(&one, "shop", None), Ok(Some(Shell::Sh)));
        assert_eq!(shell(&one, "shop", Some(Shell::Bash)), Err(()));
        assert!(Config::try_parse_from(["podshell", "--shells", "fish"]).is_err());
    }

    #[test]
    fn hidden_namespaces_are_not_there() {
        let switches = switches("--hidden-namespaces kube-*,secret");
        for hidden in ["kube-system", "kube-", "secret"] {
            assert_eq!(shell(&switches, hidden, None), Err(()), "{hidden}");
            assert!(switches.check_debug_container(hidden).is_err());
        }
        for shown in ["kube", "secrets", "shop"] {
            assert_eq!(shell(&switches, shown, None), Ok(None), "{shown}");
        }
    }
}
