//! Opens shells: finds one that the container has, and waits until it runs.

mod attach;
pub(super) mod commands;
mod explain_exit;
pub(super) mod terminate;

use std::{
    borrow::Cow,
    convert::Infallible,
    future::{Future, pending},
};

use podshell_shared::terminal::{EndReason, Exit, Size};
use tokio::{sync::watch, time::Instant};

use self::{commands::Launcher, terminate::ProcessHandle};
use super::{
    Cluster, ClusterError, Right,
    exec::{self, ExecInput, Process, output::ExecOutput},
};
use crate::session::{
    Mode, ProcessEnd, ProcessEvent, ProcessWriter as _, Remains, RunningProcess, SessionId, Target,
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
        for launcher in self.launchers.to_try(target) {
            if let Some(shell) = self.launch(id, target, launcher, size.clone()).await? {
                self.launchers.remember(target, launcher);
                return Ok(shell);
            }
        }
        Err(no_shell(target))
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

impl Cluster {
    /// Starts a shell; [`None`] if the container does not have the program for it.
    ///
    /// Its terminal has the client's size before the shell draws anything, and nothing that is typed
    /// meanwhile is lost to a shell that is not there.
    async fn launch(
        &self,
        id: SessionId,
        target: &Target,
        launcher: &Launcher,
        size: watch::Receiver<Size>,
    ) -> Result<Option<RunningProcess<Self>>, Exit> {
        let name = id.to_string();
        let command = launcher.command(&name);
        let process = Process::OnTerminal(&command);
        let (mut writer, mut reader) = exec::connect(&self.client, target, process, Some(id))
            .await
            .map_err(|error| refused(&error))?;
        let handle = ProcessHandle::from(launcher.program);
        if matches!(handle, ProcessHandle::Shell(_)) {
            reader = reader.with_marker();
        }
        let first = tokio::select! {
            first = reader.started() => first,
            never = follow_size(&mut writer, size) => match never {},
        };
        Ok(match first {
            Some(ProcessEvent::Ended(ProcessEnd::Failed(message))) if is_not_found(message) => None,
            _ => Some(RunningProcess {
                reader,
                writer,
                handle,
            }),
        })
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

/// Whether a container runtime says that there is no such program.
fn is_not_found(message: &str) -> bool {
    ["executable file not found", "no such file or directory"]
        .iter()
        .any(|words| message.to_ascii_lowercase().contains(words))
}

fn no_shell(target: &Target) -> Exit {
    let container = &target.container;
    let message = match target.shell {
        None if target.windows => format!(
            "Container {container:?} has no shell: its image holds neither PowerShell nor cmd."
        ),
        None => {
            format!("Container {container:?} has no shell: its image holds neither bash nor sh.")
        }
        Some(shell) => format!(
            "Container {container:?} has no {}. Try another shell.",
            shell.name()
        ),
    };
    Exit {
        detail: target.shell.map(|shell| shell.name().to_owned()),
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
        _ => EndReason::ClusterLost,
    };
    Exit {
        detail: error.detail().map(Cow::into_owned),
        ..Exit::new(reason, error.to_string())
    }
}
