//! The script that ends processes in a container, and what is said to it.
//!
//! It waits for nothing by itself, for an image without `sleep` has nothing to wait with: it does one step
//! for each line that it is sent, so the time is kept here. Which shells it has to end is sent as well, for
//! the command travels in a URL, which proxies allow 8 KB.

use std::sync::LazyLock;

use bytes::Bytes;
use kube::Client;
use thiserror::Error;
use tokio::time::timeout;

use super::{FAREWELL_TIME, drain};
use crate::{
    cluster::{
        ClusterError,
        exec::{self, ExecInput, Process, output::ExecOutput, process_marker::Leader},
    },
    session::{
        ProcessEnd, ProcessEvent, ProcessReader as _, ProcessWriter as _, Target, ToProcess,
    },
};

/// What an answer begins with.
const ANSWER: &str = "left";
/// The most bytes that an answer has for each shell: three numbers of 32 bits, with what stands around them.
const BYTES_PER_SHELL: usize = 33;

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
    writer: ExecInput,
    reader: ExecOutput,
    /// For how many shells it was sent.
    shells: usize,
    /// What it said beyond its last line.
    rest: Vec<u8>,
}

/// Something for the script to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// To hang up the sessions of these too, whose foreground may be known from another script.
    End(Vec<(Leader, Foreground)>),
    /// To look what is left.
    Look,
    /// To kill what is left of the sessions of these.
    Kill(Vec<Leader>),
}

/// Which process groups of a session were in its terminal's foreground. The kernel forgets it when the session's
/// leader ends, so a second script has to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Foreground {
    /// The script finds it.
    Find,
    /// The one that a script found.
    Group(u32),
    /// All may have been: the answer of a script is lost that ended the leader.
    All,
}

/// How many processes of a session still have to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// The id of the session's leader.
    pub(super) pid: u32,
    /// At least one.
    pub(super) processes: u32,
    /// The group in the foreground, if the script knows it.
    pub(super) front: Option<u32>,
}

/// Why a script did not do its work. What it prints is in none of these, for it may be anything.
#[derive(Debug, Error)]
pub(super) enum NoScript {
    /// Too many others are to be started.
    #[error("too many others end at the same time")]
    Busy,
    /// The cluster does not let it be started.
    #[error(transparent)]
    Refused(#[from] ClusterError),
    /// It says nothing.
    #[error("the container does not answer in time")]
    Silent,
    /// It ended, or could not be run.
    #[error("the container does not do what it should: {0}")]
    Broken(String),
    /// A signal ended it: the kernel's, for want of memory, or somebody's.
    #[error("what should end them was killed itself (exit code {0})")]
    Killed(i32),
    /// It says something else than it should.
    #[error("the container answers something that it was not asked")]
    Nonsense,
}

impl NoScript {
    /// Whether another try may do better.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Refused(ClusterError::Api { status, .. }) => *status == 429 || *status >= 500,
            Self::Refused(
                ClusterError::Unreachable(_) | ClusterError::Silent | ClusterError::Proxy(_),
            )
            | Self::Busy
            | Self::Killed(_)
            | Self::Silent => true,
            Self::Refused(_) | Self::Broken(_) | Self::Nonsense => false,
        }
    }
}

impl Order {
    /// As a line.
    fn line(&self) -> String {
        let mut line = String::new();
        match self {
            Self::Look => line.push_str("look"),
            Self::End(leaders) => {
                line.push_str("end");
                for (Leader { pid, since }, front) in leaders {
                    line.push_str(&format!(" {pid}:{since}"));
                    match front {
                        Foreground::Find => {}
                        Foreground::Group(group) => line.push_str(&format!(":{group}")),
                        Foreground::All => line.push_str(":all"),
                    }
                }
            }
            Self::Kill(leaders) => {
                line.push_str("kill");
                for Leader { pid, .. } in leaders {
                    line.push_str(&format!(" {pid}"));
                }
            }
        }
        line.push('\n');
        line
    }
}

impl Script {
    /// Starts it with a POSIX `shell`. It does nothing until it is asked.
    pub(super) async fn start(
        client: &Client,
        target: &Target,
        shell: &str,
    ) -> Result<Self, NoScript> {
        let command = [shell, "-c", &TEXT];
        let process = Process::OnPipes(&command);
        let (writer, reader) = exec::connect(client, target, process, None).await?;
        Ok(Self {
            writer,
            reader,
            shells: 0,
            rest: Vec::new(),
        })
    }

    /// Lets it do something, and waits until it has. Gives the sessions of which something is left; once it
    /// is of none, the script ends.
    pub(super) async fn ask(&mut self, order: &Order) -> Result<Vec<Left>, NoScript> {
        if let Order::End(leaders) = order {
            self.shells += leaders.len();
        }
        let line = Bytes::from(order.line());
        self.writer.write(ToProcess::Stdin(line)).await;
        self.hear().await
    }

    /// Waits for its end, to which it comes by itself when nothing is left: it is a process in the
    /// container, too.
    pub(super) async fn finish(mut self) {
        let _ = timeout(FAREWELL_TIME, drain(&mut self.reader)).await;
        self.writer.close().await;
    }

    async fn hear(&mut self) -> Result<Vec<Left>, NoScript> {
        let longest = ANSWER.len() + 2 + BYTES_PER_SHELL * self.shells;
        loop {
            if let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return parse(&line).ok_or(NoScript::Nonsense);
            }
            match self.reader.read_event().await {
                ProcessEvent::Output(output) if self.rest.len() + output.len() <= longest => {
                    self.rest.extend_from_slice(output.data());
                }
                ProcessEvent::Output(_) => return Err(NoScript::Nonsense),
                ProcessEvent::Alive => {}
                ProcessEvent::Ended(ProcessEnd::Lost(why)) => {
                    return Err(ClusterError::Unreachable(why).into());
                }
                ProcessEvent::Ended(ProcessEnd::Failed(why)) => return Err(NoScript::Broken(why)),
                ProcessEvent::Ended(ProcessEnd::Exited(code)) => {
                    return Err(match code {
                        129.. => NoScript::Killed(code),
                        _ => NoScript::Broken(format!("exit code {code}")),
                    });
                }
            }
        }
    }
}

fn parse(line: &[u8]) -> Option<Vec<Left>> {
    let line = std::str::from_utf8(line).ok()?;
    let sessions = line.trim_end().strip_prefix(ANSWER)?;
    sessions
        .split_ascii_whitespace()
        .map(|session| {
            let mut numbers = session.split(':');
            Some(Left {
                pid: numbers.next()?.parse().ok()?,
                processes: numbers.next()?.parse().ok()?,
                // None if there was no leader any more, or it had no terminal.
                front: numbers.next()?.parse().ok().filter(|&front| front > 0),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;
