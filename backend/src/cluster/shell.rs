//! Opens shells: finds one that the container has, and waits until it runs.

mod attach;
pub(super) mod commands;
mod explain_exit;
mod not_found;
pub(super) mod terminate;

use std::{
    borrow::Cow,
    convert::Infallible,
    future::{Future, pending},
};

use podshell_shared::terminal::{EndReason, Exit, Size};
use tokio::{sync::watch, time::Instant};

use self::{
    commands::{Launcher, MISSING},
    terminate::ProcessHandle,
};
use super::{
    Cluster, ClusterError, Right,
    exec::{self, ExecInput, Process, output::ExecOutput},
    words,
};
use crate::session::{
    Mode, ProcessEnd, ProcessWriter as _, Remains, RunningProcess, SessionId, Shell, Target,
    TerminalBackend, ToProcess,
};

impl TerminalBackend for Cluster {
    type Reader = ExecOutput;
    type Writer = ExecInput;
    type Handle = ProcessHandle;

    async fn open(
        &self,
        id: SessionId,
        target: &Target,
        size: watch::Receiver<Size>,
    ) -> Result<RunningProcess<Self>, Exit> {
        if target.mode == Mode::Attach {
            return attach::open(self, id, target, &size).await;
        }
        let mut said = String::new();
        for launcher in self.launchers.to_try(target) {
            match self.launch(id, target, launcher, size.clone()).await? {
                Ok(shell) => {
                    self.launchers.remember(target, launcher);
                    return Ok(shell);
                }
                Err(Missing(words)) => said = words,
            }
        }
        Err(no_shell(target, self.launchers.preferred(target), said))
    }

    fn revoked(&self, target: &Target) -> impl Future<Output = Exit> + Send + 'static {
        self.lost_right(Right::from(target.mode), &target.namespace, &target.pod)
    }

    async fn explain(&self, target: &Target, ended: ProcessEnd) -> Exit {
        explain_exit::explain(self, target, ended).await
    }

    async fn terminate(
        &self,
        target: &Target,
        shell: RunningProcess<Self>,
        until: Instant,
    ) -> Result<(), Remains> {
        terminate::terminate(self, target, shell, until).await
    }
}

/// The container does not have a launcher's program, as the container runtime says in its own words.
struct Missing(String);

impl Cluster {
    /// Starts a shell, if the container has the program for it.
    ///
    /// Its terminal has the client's size before the shell draws anything, and nothing that is typed
    /// meanwhile is lost to a shell that is not there.
    async fn launch(
        &self,
        id: SessionId,
        target: &Target,
        launcher: &Launcher,
        size: watch::Receiver<Size>,
    ) -> Result<Result<RunningProcess<Self>, Missing>, Exit> {
        let name = id.to_string();
        let command = launcher.command(&name);
        let process = Process::OnTerminal(&command);
        let connected = exec::connect(&self.client, target, process, Some(id)).await;
        let (mut writer, mut reader) = match connected {
            Ok(connected) => connected,
            Err(error) => return Err(explain_exit::explain_refusal(self, target, &error).await),
        };
        let handle = ProcessHandle::from(launcher.program);
        if matches!(handle, ProcessHandle::Shell(_)) {
            reader = reader.with_marker();
        }
        tokio::select! {
            () = reader.started() => {}
            never = follow_size(&mut writer, size) => match never {},
        }
        if let Some((end, printed)) = reader.early_end()
            && let Some(words) = missing(launcher.program.name(), end, &printed)
        {
            return Ok(Err(Missing(words)));
        }
        Ok(Ok(RunningProcess {
            reader,
            writer,
            handle,
        }))
    }

    /// From here on, these shells alone are tried where nobody asks for one, in this order.
    pub(crate) fn prefer_shells(&self, shells: Vec<Shell>) {
        self.launchers.prefer(shells);
    }
}

/// The words of a container runtime that has no such program, if the end of a launcher that has not begun means that. Some
/// runtimes print them on the terminal, and end with a code.
fn missing(program: &str, end: &ProcessEnd, printed: &str) -> Option<String> {
    match end {
        ProcessEnd::Failed(words) if not_found::says_so(words, program) => Some(words.clone()),
        ProcessEnd::Exited(MISSING) if printed.is_empty() => Some(String::new()),
        ProcessEnd::Exited(1..) if not_found::says_so(printed, program) => {
            Some(words::fit(printed))
        }
        _ => None,
    }
}

/// Gives the terminal the client's size, and each one that follows.
async fn follow_size(writer: &mut ExecInput, mut size: watch::Receiver<Size>) -> Infallible {
    let mut given = Size::default();
    loop {
        let now = *size.borrow_and_update();
        if now != given && now.is_usable() {
            writer.write(ToProcess::Resize(now)).await;
            given = now;
        }
        if size.changed().await.is_err() {
            return pending().await;
        }
    }
}

/// `tried` are the shells that alone were tried, if that was so; `said` is what the container runtime says of the last one.
fn no_shell(target: &Target, tried: Option<Vec<Shell>>, said: String) -> Exit {
    let container = &target.container;
    let names = tried.map(|tried| tried.iter().map(|shell| shell.name()).collect::<Vec<_>>());
    let message = match (target.shell, names) {
        (Some(shell), _) => format!(
            "Container {container:?} has no {}. Try another shell.",
            shell.name()
        ),
        (None, Some(names)) if names.is_empty() => format!(
            "Container {container:?} has none of the shells that are allowed here: those are for another system."
        ),
        (None, Some(names)) => format!(
            "Container {container:?} has none of the shells that are allowed here: it holds no {}.",
            names.join(" and no ")
        ),
        (None, None) if target.windows => format!(
            "Container {container:?} has no shell: its image holds neither PowerShell nor cmd."
        ),
        (None, None) => {
            format!("Container {container:?} has no shell: its image holds neither bash nor sh.")
        }
    };
    let name = || target.shell.map(|shell| shell.name().to_owned());
    Exit {
        detail: Some(said).filter(|said| !said.is_empty()).or_else(name),
        ..Exit::new(EndReason::NoShell, message)
    }
}

/// The API server did not even begin.
pub(crate) fn refused(error: &ClusterError) -> Exit {
    let reason = match error {
        ClusterError::Api {
            status: 401 | 403, ..
        }
        | ClusterError::MayNot { .. } => EndReason::Forbidden,
        ClusterError::Api { status: 404, .. } | ClusterError::NoContainer { .. } => {
            EndReason::NotFound
        }
        ClusterError::Gone(_) => EndReason::ContainerEnded,
        ClusterError::Denied(_) => EndReason::Denied,
        ClusterError::Proxy(_) => EndReason::ProxyRefused,
        ClusterError::NoUpgrade(_) => EndReason::NoUpgrade,
        _ => EndReason::ClusterLost,
    };
    Exit {
        detail: error.detail().map(Cow::into_owned),
        ..Exit::new(reason, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launcher_that_did_not_begin_tells_whether_its_program_is_missing() {
        let runc = r#"exec: "sh": executable file not found in $PATH"#;
        let failed = |words: &str| ProcessEnd::Failed(words.to_owned());
        let none = "open /proc/self/fd: no such file or directory";
        for (end, printed, said) in [
            (failed(runc), "", Some(runc)),
            (failed(none), "", None),
            (ProcessEnd::Exited(127), "", Some("")),
            (ProcessEnd::Exited(1), "", None),
            // CRI-O lets its runtime print.
            (ProcessEnd::Exited(255), &format!("{runc}\r\n"), Some(runc)),
            (ProcessEnd::Exited(255), none, None),
            (ProcessEnd::Exited(0), runc, None),
            (ProcessEnd::Lost(runc.to_owned()), "", None),
        ] {
            assert_eq!(missing("sh", &end, printed).as_deref(), said, "{end:?}");
        }
    }
}
