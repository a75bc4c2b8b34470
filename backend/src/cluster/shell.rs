//! Opens shells: finds one that the container has, and waits until it runs.

mod attach;
pub(super) mod commands;
mod explain_exit;
pub(super) mod terminate;

use std::{convert::Infallible, future::pending};

use podshell_shared::terminal::{EndReason, Exit, Size};
use tokio::{sync::watch, time::Instant};

use self::{commands::Launcher, terminate::Hold};
use super::{
    Cluster, ClusterError,
    exec::{self, Process, ShellInput, output::ShellOutput},
};
use crate::session::{
    Ended, Mode, OpenShell, Remains, ShellEvent, ShellWriter as _, Shells, Target, ToShell,
};

impl Shells for Cluster {
    type Reader = ShellOutput;
    type Writer = ShellInput;
    type Process = Hold;

    async fn open(
        &self,
        target: &Target,
        size: watch::Receiver<Size>,
    ) -> Result<OpenShell<Self>, Exit> {
        if target.mode == Mode::Attach {
            return attach::open(self, target, &size).await;
        }
        for launcher in self.launchers.to_try(target) {
            if let Some(shell) = self.launch(target, launcher, size.clone()).await? {
                self.launchers.remember(target, launcher);
                return Ok(shell);
            }
        }
        Err(no_shell(target))
    }

    async fn explain(&self, target: &Target, ended: Ended) -> Exit {
        explain_exit::explain(self, target, ended).await
    }

    async fn hang_up(
        &self,
        target: &Target,
        shell: OpenShell<Self>,
        until: Instant,
    ) -> Result<(), Remains> {
        terminate::hang_up(self, target, shell, until).await
    }
}

impl Cluster {
    /// Starts a shell; [`None`] if the container does not have the program for it.
    ///
    /// Its terminal has the client's size before the shell draws anything, and nothing that is typed
    /// meanwhile is lost to a shell that is not there.
    async fn launch(
        &self,
        target: &Target,
        launcher: &Launcher,
        size: watch::Receiver<Size>,
    ) -> Result<Option<OpenShell<Self>>, Exit> {
        let process = Process::OnTerminal(launcher.command);
        let (mut writer, mut reader) = exec::connect(&self.client, target, process)
            .await
            .map_err(|error| refused(&error))?;
        let hold = Hold::from(launcher.program);
        if matches!(hold, Hold::Shell(_)) {
            reader = reader.with_marker();
        }
        let first = tokio::select! {
            first = reader.started() => first,
            never = follow_size(&mut writer, size) => match never {},
        };
        Ok(match first {
            Some(ShellEvent::Ended(Ended::Failed(message))) if is_not_found(message) => None,
            _ => Some(OpenShell {
                reader,
                writer,
                process: hold,
            }),
        })
    }
}

/// Gives the terminal the client's size, and each one that follows.
async fn follow_size(writer: &mut ShellInput, mut size: watch::Receiver<Size>) -> Infallible {
    let mut given = Size::default();
    loop {
        let now = *size.borrow_and_update();
        if now != given && now.is_usable() {
            writer.write(ToShell::Resize(now)).await;
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
    Exit {
        reason: EndReason::NoShell,
        code: None,
        message: match target.shell {
            None if target.windows => format!(
                "Container {container:?} has no shell: its image holds neither PowerShell nor cmd."
            ),
            None => {
                format!(
                    "Container {container:?} has no shell: its image holds neither bash nor sh."
                )
            }
            Some(shell) => format!(
                "Container {container:?} has no {}. Try another shell.",
                shell.name()
            ),
        },
    }
}

/// The API server did not even begin.
pub(super) fn refused(error: &ClusterError) -> Exit {
    Exit {
        reason: match error {
            ClusterError::Api {
                status: 401 | 403, ..
            }
            | ClusterError::MayNot { .. } => EndReason::Forbidden,
            ClusterError::Api { status: 404, .. } | ClusterError::NoContainer { .. } => {
                EndReason::NotFound
            }
            _ => EndReason::ClusterLost,
        },
        code: None,
        message: error.to_string(),
    }
}
