//! The script that ends processes in a container, and what is said to it.
//!
//! It waits for nothing by itself, for an image without `sleep` has nothing to wait with: it does one step
//! for each line that it is sent, so the time is kept here.

use std::{sync::LazyLock, time::Duration};

use bytes::Bytes;
use kube::Client;
use thiserror::Error;
use tokio::time::timeout;

use super::{
    super::{
        ClusterError,
        exec::{self, Process, ShellInput},
        marker::Leader,
        output::ShellOutput,
    },
    FAREWELL_TIME, drain,
};
use crate::session::{Ended, ShellEvent, ShellReader as _, ShellWriter as _, Target, ToShell};

/// How long an answer may take, the first one with the script's start.
const ANSWER_TIME: Duration = Duration::from_secs(4);
/// The longest line that it says, in bytes.
const MAX_LINE: usize = 64;

/// The script, without what only people read: it travels in a URL.
static TEXT: LazyLock<String> = LazyLock::new(|| {
    include_str!("script.sh")
        .lines()
        .map(str::trim_start)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .flat_map(|line| [line, "\n"])
        .collect()
});

/// The script, as it runs in a container.
pub(super) struct Script {
    writer: ShellInput,
    reader: ShellOutput,
    /// What it said beyond its last line.
    rest: Vec<u8>,
}

/// Something for the script to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// To look what is left.
    Look,
    /// To kill what is left.
    Kill,
}

/// Why a script did not do its work.
#[derive(Debug, Error)]
pub(super) enum NoScript {
    /// Too many others are to be started.
    #[error("too many others end at the same time")]
    Busy,
    /// The cluster does not let it be started.
    #[error(transparent)]
    Refused(#[from] ClusterError),
    /// It says nothing.
    #[error("the container does not answer")]
    Silent,
    /// It ended, or says something else.
    #[error("the container does not do what it should: {0}")]
    Broken(String),
}

impl NoScript {
    /// Whether another try may do better.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Refused(ClusterError::Api { status, .. }) => *status >= 500,
            Self::Refused(ClusterError::Unreachable(_)) => true,
            Self::Refused(_) | Self::Busy | Self::Silent | Self::Broken(_) => false,
        }
    }
}

impl Script {
    /// Starts it with a POSIX `shell`, to end what belongs to the session of `leader`.
    ///
    /// Gives it with its first answer: how many processes still have to go.
    pub(super) async fn start(
        client: &Client,
        target: &Target,
        shell: &str,
        leader: Leader,
    ) -> Result<(Self, u32), NoScript> {
        let (pid, since) = (leader.pid.to_string(), leader.since.to_string());
        let command = [shell, "-c", &TEXT, "podshell", &pid, &since];
        let started = async {
            let process = Process::OnPipes(&command);
            let (writer, reader) = exec::connect(client, target, process).await?;
            let mut script = Self {
                writer,
                reader,
                rest: Vec::new(),
            };
            let left = script.hear().await?;
            Ok((script, left))
        };
        timeout(ANSWER_TIME, started)
            .await
            .map_err(|_| NoScript::Silent)?
    }

    /// Lets it do something, and waits until it has: how many processes still have to go.
    pub(super) async fn ask(&mut self, order: Order) -> Result<u32, NoScript> {
        let line = match order {
            Order::Look => "look\n",
            Order::Kill => "kill\n",
        };
        let asked = async {
            self.writer.ready().await;
            let line = Bytes::from_static(line.as_bytes());
            self.writer.put(ToShell::Stdin(line));
            self.writer.ready().await;
            self.hear().await
        };
        timeout(ANSWER_TIME, asked)
            .await
            .map_err(|_| NoScript::Silent)?
    }

    /// Waits for its end, to which it comes by itself when nothing is left: it is a process in the
    /// container, too.
    pub(super) async fn finish(mut self) {
        let _ = timeout(FAREWELL_TIME, drain(&mut self.reader)).await;
        self.writer.close().await;
    }

    async fn hear(&mut self) -> Result<u32, NoScript> {
        loop {
            if let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return parse(&line).ok_or_else(|| broken(&line));
            }
            match self.reader.next().await {
                ShellEvent::Output(output) if self.rest.len() + output.len() <= MAX_LINE => {
                    self.rest.extend_from_slice(output.data());
                }
                ShellEvent::Output(output) => return Err(broken(output.data())),
                ShellEvent::Alive => {}
                ShellEvent::Ended(Ended::Lost(why)) => {
                    return Err(ClusterError::Unreachable(why).into());
                }
                ShellEvent::Ended(Ended::Failed(why)) => return Err(NoScript::Broken(why)),
                ShellEvent::Ended(Ended::Exited(code)) => {
                    return Err(NoScript::Broken(format!("exit code {code}")));
                }
            }
        }
    }
}

/// The script says something else than it should.
fn broken(said: &[u8]) -> NoScript {
    let said = &said[..said.len().min(MAX_LINE)];
    NoScript::Broken(format!("{:?}", String::from_utf8_lossy(said)))
}

fn parse(line: &[u8]) -> Option<u32> {
    let line = std::str::from_utf8(line).ok()?;
    line.trim_end().strip_prefix("left ")?.parse().ok()
}

#[cfg(test)]
mod tests;
