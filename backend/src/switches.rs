//! What is turned off for everyone here, whoever may do it by the cluster's own rules.

use axum::http::StatusCode;
use podshell_shared::api::{DebugProfile, ErrorCode};

use crate::{
    cluster::{ClusterError, HiddenNamespaces, Profiles},
    config::Config,
    error::Failure,
    session::{Mode, Shell, TargetRequest},
};

/// What is turned on and off.
#[derive(Clone, Debug)]
pub(crate) struct Switches {
    is_read_only: bool,
    attach: bool,
    logs: bool,
    debug_containers: bool,
    /// At least one.
    debug_profiles: Vec<DebugProfile>,
    /// [`None`] for all of them.
    shells: Option<Vec<Shell>>,
    hidden: HiddenNamespaces,
}

impl Switches {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            is_read_only: config.read_only,
            attach: config.attach,
            logs: config.logs,
            debug_containers: config.debug_containers,
            debug_profiles: config.debug_profiles.clone(),
            shells: (!config.shells.is_empty()).then(|| config.shells.clone()),
            hidden: HiddenNamespaces::new(&config.hidden_namespaces),
        }
    }

    /// Refuses a namespace that is hidden: nobody is told that it is there.
    pub(crate) fn check_namespace(&self, namespace: &str) -> Result<(), Failure> {
        if self.hidden.hides(namespace) {
            let namespace = namespace.to_owned();
            return Err(ClusterError::NoNamespace { namespace }.into());
        }
        Ok(())
    }

    /// Refuses a terminal that nobody is to have here.
    pub(crate) fn check_terminal(&self, request: &TargetRequest) -> Result<(), Failure> {
        self.check_namespace(&request.namespace)?;
        match request.mode {
            mode if self.allows(mode) => self.check_shell(request),
            Mode::Attach => Err(off("Attaching to containers is turned off here.")),
            Mode::Exec => Err(off(
                "Shells are turned off here: this Podshell is read-only.",
            )),
        }
    }

    /// Whether there are to be such terminals.
    pub(crate) fn allows(&self, mode: Mode) -> bool {
        match mode {
            Mode::Exec => !self.is_read_only,
            Mode::Attach => self.attach,
        }
    }

    /// Whether logs are to be read.
    pub(crate) fn allows_logs(&self) -> bool {
        self.logs
    }

    /// Refuses a log that nobody is to read here. To look is not to touch: read-only servers have logs.
    pub(crate) fn check_log(&self, namespace: &str) -> Result<(), Failure> {
        self.check_namespace(namespace)?;
        if self.allows_logs() {
            Ok(())
        } else {
            Err(off("Logs are turned off here."))
        }
    }

    fn check_shell(&self, request: &TargetRequest) -> Result<(), Failure> {
        match (&self.shells, request.shell) {
            (Some(allowed), Some(shell)) if !allowed.contains(&shell) => {
                let names: Vec<_> = allowed.iter().map(|shell| shell.name()).collect();
                let message = format!("{} is turned off here.", shell.name());
                Err(off(&message).hint(&format!("Choose {}.", names.join(" or "))))
            }
            // Where nobody asks for one, those that are allowed are tried.
            _ => Ok(()),
        }
    }

    /// The shells that alone are tried where nobody asks for one; [`None`] if any will do.
    pub(crate) fn shells(&self) -> Option<Vec<Shell>> {
        self.shells.clone()
    }

    /// Refuses a debug container if there are to be none, or none of the profile that is asked for; says which profiles it
    /// may have.
    pub(crate) fn check_debug_container(
        &self,
        namespace: &str,
        wanted: Option<DebugProfile>,
    ) -> Result<Profiles, Failure> {
        self.check_namespace(namespace)?;
        let allowed = self.debug_profiles();
        match wanted {
            _ if allowed.is_empty() => Err(off("Debug containers are turned off here.")),
            None => Ok(Profiles::Automatic(automatic(allowed))),
            Some(profile) if allowed.contains(&profile) => Ok(Profiles::Chosen(profile)),
            Some(profile) => {
                let names: Vec<_> = allowed.iter().map(|profile| profile.name()).collect();
                let message = format!("The profile {profile} is turned off here.");
                Err(off(&message).hint(&format!("Choose {}.", names.join(" or "))))
            }
        }
    }

    /// The profiles of debug containers that there are; none if there are to be no debug containers.
    pub(crate) fn debug_profiles(&self) -> &[DebugProfile] {
        if self.debug_containers && !self.is_read_only {
            &self.debug_profiles
        } else {
            &[]
        }
    }

    /// What a list of pods leaves out.
    pub(crate) fn hidden_namespaces(&self) -> &HiddenNamespaces {
        &self.hidden
    }
}

/// The profiles that are tried where nobody asks for one, each of which gives less than the one before; if none of these is
/// allowed, the first that is.
fn automatic(allowed: &[DebugProfile]) -> Vec<DebugProfile> {
    let usual = [
        DebugProfile::General,
        DebugProfile::Baseline,
        DebugProfile::Restricted,
    ];
    let mut fit: Vec<_> = usual
        .into_iter()
        .filter(|one| allowed.contains(one))
        .collect();
    if fit.is_empty() {
        fit.extend(allowed.first());
    }
    fit
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

    /// Whether a terminal may be had.
    fn allows(switches: &Switches, namespace: &str, mode: Mode, shell: Option<Shell>) -> bool {
        let request = TargetRequest {
            namespace: namespace.to_owned(),
            pod: "web-0".to_owned(),
            container: None,
            shell,
            mode,
        };
        switches.check_terminal(&request).is_ok()
    }

    fn debugs(switches: &Switches, wanted: Option<DebugProfile>) -> Option<Profiles> {
        switches.check_debug_container("shop", wanted).ok()
    }

    #[test]
    fn all_is_on_unless_it_is_turned_off() {
        let all = switches("");
        assert!(allows(&all, "kube-system", Mode::Exec, None));
        assert!(allows(&all, "shop", Mode::Exec, Some(Shell::Cmd)));
        assert_eq!(all.shells(), None);
        assert!(allows(&all, "shop", Mode::Attach, None) && debugs(&all, None).is_some());
        let some = switches("--attach false --debug-containers false");
        assert!(!allows(&some, "shop", Mode::Attach, None) && debugs(&some, None).is_none());
        assert!(some.debug_profiles().is_empty());
        assert!(allows(&some, "shop", Mode::Exec, None));
        assert!(all.check_log("shop").is_ok());
        assert!(switches("--logs false").check_log("shop").is_err());
        let none = switches("--read-only");
        assert!(none.check_log("shop").is_ok());
        assert!(allows(&none, "shop", Mode::Attach, None) && debugs(&none, None).is_none());
        assert!(!allows(&none, "shop", Mode::Exec, None));
    }

    #[test]
    fn shells_that_are_allowed() {
        let some = switches("--shells zsh,sh");
        for (shell, expected) in [
            (None, true),
            (Some(Shell::Zsh), true),
            (Some(Shell::Sh), true),
            (Some(Shell::Bash), false),
            (Some(Shell::Powershell), false),
        ] {
            assert_eq!(
                allows(&some, "shop", Mode::Exec, shell),
                expected,
                "{shell:?}"
            );
        }
        assert_eq!(some.shells(), Some(vec![Shell::Zsh, Shell::Sh]));
        assert!(Config::try_parse_from(["podshell", "--shells", "tcsh"]).is_err());
    }

    #[test]
    fn profiles_of_debug_containers() {
        use DebugProfile::{Baseline, General, Netadmin, Restricted, Sysadmin};
        let usual = switches("");
        assert_eq!(
            debugs(&usual, None),
            Some(Profiles::Automatic(vec![General, Baseline, Restricted]))
        );
        assert_eq!(
            debugs(&usual, Some(Baseline)),
            Some(Profiles::Chosen(Baseline))
        );
        // Root on the node is not given away unasked.
        for profile in [Netadmin, Sysadmin] {
            assert_eq!(debugs(&usual, Some(profile)), None);
        }
        let some = switches("--debug-profiles sysadmin,restricted");
        assert_eq!(
            debugs(&some, None),
            Some(Profiles::Automatic(vec![Restricted]))
        );
        assert_eq!(
            debugs(&some, Some(Sysadmin)),
            Some(Profiles::Chosen(Sysadmin))
        );
        let one = switches("--debug-profiles netadmin");
        assert_eq!(
            debugs(&one, None),
            Some(Profiles::Automatic(vec![Netadmin]))
        );
        assert!(Config::try_parse_from(["podshell", "--debug-profiles", "legacy"]).is_err());
    }

    #[test]
    fn hidden_namespaces_are_not_there() {
        let switches = switches("--hidden-namespaces kube-*,secret");
        for hidden in ["kube-system", "kube-", "secret"] {
            assert!(!allows(&switches, hidden, Mode::Exec, None), "{hidden}");
            assert!(switches.check_debug_container(hidden, None).is_err());
            assert!(switches.check_log(hidden).is_err());
        }
        for shown in ["kube", "secrets", "shop"] {
            assert!(allows(&switches, shown, Mode::Exec, None), "{shown}");
        }
    }
}
