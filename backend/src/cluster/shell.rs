//! Which shell is started in a container, and what its end means.

use std::time::Duration;

use podshell_shared::terminal::{EndReason, Exit, Size};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout_at},
};

use super::{
    Cluster, ClusterError, answer,
    exec::{self, ShellInput, ShellOutput},
    pods,
};
use crate::session::{
    Ended, OpenShell, Shell, ShellEvent, ShellReader, ShellWriter, Shells, Target, failed,
};

/// How long a process that says nothing is taken for one that could not be started. A shell
/// prints its prompt at once; one without a prompt is taken for started after this.
const START_TIME: Duration = Duration::from_secs(2);
/// How long the API server may take to notice that a container is gone.
const NOTICE_TIME: Duration = Duration::from_secs(3);
/// How often the pod is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// One exec finds bash or sh; another try would cost its start again, some 45 ms.
const FIND: &str =
    "TERM=xterm-256color; export TERM; command -v bash >/dev/null 2>&1 && exec bash; exec sh";
const BASH: &str = "TERM=xterm-256color; export TERM; exec bash";
const SH: &str = "TERM=xterm-256color; export TERM; exec sh";

/// The commands to try, the next one only if the one before was not found.
fn commands(target: &Target) -> &'static [&'static [&'static str]] {
    match target.shell {
        None if target.windows => &[&["powershell"], &["cmd"]],
        // the second is for an image that has bash alone
        None => &[&["sh", "-c", FIND], &["bash", "-c", BASH]],
        Some(Shell::Bash) => &[&["bash", "-c", BASH]],
        Some(Shell::Sh) => &[&["sh", "-c", SH]],
        Some(Shell::Powershell) => &[&["powershell"]],
        Some(Shell::Cmd) => &[&["cmd"]],
    }
}

impl Shells for Cluster {
    type Reader = ShellOutput;
    type Writer = ShellInput;

    async fn open(
        &self,
        target: &Target,
        mut size: watch::Receiver<Size>,
    ) -> Result<OpenShell<ShellOutput, ShellInput>, Exit> {
        for command in commands(target) {
            let (mut writer, mut reader) = exec::start(&self.client, target, command)
                .await
                .map_err(|error| refused(&error))?;
            match first_event(&mut reader, &mut writer, &mut size).await {
                Some(ShellEvent::Ended(Ended::Failed(message))) if is_not_found(&message) => {}
                first => {
                    return Ok(OpenShell {
                        reader,
                        writer,
                        first,
                    });
                }
            }
        }
        Err(Exit {
            reason: EndReason::NoShell,
            code: None,
            message: match target.shell {
                None => format!(
                    "Container {:?} has no shell: its image holds neither bash nor sh.",
                    target.container
                ),
                Some(shell) => format!(
                    "Container {:?} has no {}. Try another shell.",
                    target.container,
                    shell.name()
                ),
            },
        })
    }

    async fn explain(&self, target: &Target, ended: Ended) -> Exit {
        match ended {
            // by a signal, as when the container is killed; or with no word at all
            Ended::Exited(128..) | Ended::Lost(_) => {
                if let Some(why) = self.gone(target, matches!(ended, Ended::Lost(_))).await {
                    return failed(EndReason::PodGone, why);
                }
            }
            Ended::Exited(_) | Ended::Failed(_) => {}
        }
        match ended {
            Ended::Exited(code) => Exit {
                reason: EndReason::Exited,
                code: Some(code),
                message: format!("The shell ended with exit code {code}."),
            },
            Ended::Failed(message) => failed(
                EndReason::ClusterLost,
                format!("The shell could not be run: {message}"),
            ),
            Ended::Lost(why) => failed(
                EndReason::ClusterLost,
                format!("The connection to the container was lost: {why}."),
            ),
        }
    }
}

impl Cluster {
    /// Why the target's container no longer runs; [`None`] if it does, or nobody knows.
    async fn gone(&self, target: &Target, wait: bool) -> Option<String> {
        let until = Instant::now() + if wait { NOTICE_TIME } else { Duration::ZERO };
        loop {
            match answer(self.pod_api(target).get(&target.pod)).await {
                Err(ClusterError::Api { status: 404, .. }) => {
                    return Some(format!("Pod {:?} was deleted.", target.pod));
                }
                Err(_) => return None,
                Ok(pod) if pod.metadata.deletion_timestamp.is_some() => {
                    return Some(format!("Pod {:?} is being deleted.", target.pod));
                }
                Ok(pod) => {
                    if let Err(error) = pods::find_running(pod, target.clone()) {
                        return Some(error.to_string());
                    }
                }
            }
            if Instant::now() >= until {
                return None;
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

/// Waits for the first sign of the process, so that its terminal has the client's size from the
/// start and nothing typed is lost to a shell that was not found.
async fn first_event(
    reader: &mut ShellOutput,
    writer: &mut ShellInput,
    size: &mut watch::Receiver<Size>,
) -> Option<ShellEvent> {
    let until = Instant::now() + START_TIME;
    size.mark_changed();
    loop {
        tokio::select! {
            event = timeout_at(until, reader.next()) => return event.ok(),
            Ok(()) = size.changed() => {
                let size = *size.borrow_and_update();
                if size.is_usable() {
                    // if it can't be written to, what is read tells why
                    let _ = writer.resize(size).await;
                }
            }
        }
    }
}

/// Whether a container runtime says that there is no such program.
fn is_not_found(message: &str) -> bool {
    ["executable file not found", "no such file or directory"]
        .iter()
        .any(|words| message.to_ascii_lowercase().contains(words))
}

/// The API server did not even begin.
fn refused(error: &ClusterError) -> Exit {
    Exit {
        reason: match error {
            ClusterError::Api {
                status: 401 | 403, ..
            }
            | ClusterError::MayNotExec { .. } => EndReason::Forbidden,
            ClusterError::Api { status: 404, .. } => EndReason::NotFound,
            _ => EndReason::ClusterLost,
        },
        code: None,
        message: error.to_string(),
    }
}
