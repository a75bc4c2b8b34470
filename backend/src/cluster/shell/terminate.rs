//! The end of a shell whose session is over: what closing a terminal window does, done in the container.
//!
//! Closing the connection ends nothing there. So a second exec sends SIGHUP to all processes of the
//! terminal's session: the shell, its jobs, and what these started, but not what was put under `setsid`;
//! what was put under `nohup` does not care. What is then left in the foreground gets SIGKILL some seconds
//! later. Shells of one container that end at the same time share this exec.

mod batch;
mod queue;
mod script;

use std::{convert::Infallible, pin::pin, time::Duration};

use bytes::Bytes;
use futures_util::future::{Either, select};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

pub(crate) use self::queue::SCRIPTS_AT_ONCE;
pub(in crate::cluster) use self::queue::Terminations;
use super::commands::Program;
use crate::{
    cluster::{
        Cluster,
        exec::{ExecInput, output::ExecOutput},
    },
    session::{
        ProcessEnd, ProcessEvent, ProcessReader as _, ProcessWriter as _, Remains, RunningProcess,
        Target, ToProcess,
    },
};

/// How long keys are tried where no script can be had; half of the time if that is shorter.
const KEYS_TIME: Duration = Duration::from_secs(5);
/// How long a connection may take to say that its process ended.
const FAREWELL_TIME: Duration = Duration::from_secs(1);
/// How often a shell is told by keys to end: one whose command was just interrupted is deaf until it
/// prompts.
const TYPE_EVERY: Duration = Duration::from_millis(200);

const CTRL_C: Bytes = Bytes::from_static(b"\x03");
const CTRL_D: Bytes = Bytes::from_static(b"\x04");
const EXIT: Bytes = Bytes::from_static(b"exit\r");

/// What there is to end with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessHandle {
    /// Nothing: the process was there before.
    Main,
    /// A shell and its jobs, in a container that has a POSIX shell of this name.
    Shell(&'static str),
    /// A shell of Windows.
    Windows,
}

impl From<Program> for ProcessHandle {
    fn from(program: Program) -> Self {
        match program {
            Program::Posix(name) => Self::Shell(name),
            Program::Windows(_) => Self::Windows,
        }
    }
}

/// Ends what a session holds, by `until` at the latest.
pub(in crate::cluster) async fn terminate(
    cluster: &Cluster,
    target: &Target,
    shell: RunningProcess<Cluster>,
    until: Instant,
) -> Result<(), Remains> {
    let RunningProcess {
        mut reader,
        mut writer,
        handle,
    } = shell;
    let ended = match handle {
        ProcessHandle::Main => Ok(()),
        ProcessHandle::Shell(program) => {
            end_shell(cluster, target, (&mut reader, &mut writer), program, until).await
        }
        ProcessHandle::Windows => match end_by_keys(&mut reader, &mut writer, EXIT, until).await {
            Some(ProcessEnd::Exited(_) | ProcessEnd::Failed(_)) => Ok(()),
            Some(ProcessEnd::Lost(_)) => unknown("the connection to it was lost"),
            None => unknown("it does not heed Ctrl-C and exit"),
        },
    };
    let _ = timeout_at(until, writer.close()).await;
    ended
}

/// Ends a POSIX shell and what belongs to its terminal.
async fn end_shell(
    cluster: &Cluster,
    target: &Target,
    (reader, writer): (&mut ExecOutput, &mut ExecInput),
    program: &'static str,
    until: Instant,
) -> Result<(), Remains> {
    let Some(leader) = reader.leader() else {
        return match end_by_keys(reader, writer, CTRL_D, until).await {
            // It was never started.
            Some(ProcessEnd::Failed(_)) => Ok(()),
            _ => unknown("the container did not tell its process"),
        };
    };
    let time = until.saturating_duration_since(Instant::now());
    let keys_from = until - KEYS_TIME.min(time / 2);
    let times = (keys_from, until);
    let (by_script, is_over) = {
        // A process that can't write can't end; and its jobs may still be there when the shell is not.
        let mut drained = pin!(drain(reader));
        let terminations = &cluster.terminations;
        let by_script = pin!(terminations.end(cluster, target, program, leader, times));
        match select(&mut drained, by_script).await {
            Either::Left((_, by_script)) => (by_script.await, true),
            Either::Right((Ok(()), _)) => {
                let _ = timeout_at(until.min(Instant::now() + FAREWELL_TIME), drained).await;
                (Ok(()), true)
            }
            Either::Right((failed, _)) => (failed, false),
        }
    };
    if !is_over {
        // It ends the shell and what is in the foreground at best.
        end_by_keys(reader, writer, CTRL_D, until).await;
    }
    by_script
}

fn unknown(why: &str) -> Result<(), Remains> {
    Err(Remains::Unknown(why.to_owned()))
}

async fn drain(reader: &mut ExecOutput) -> ProcessEnd {
    loop {
        if let ProcessEvent::Ended(ended) = reader.read_event().await {
            return ended;
        }
    }
}

/// Ends the foreground command with Ctrl-C and then the idle shell with the keys for its `end`.
async fn end_by_keys(
    reader: &mut ExecOutput,
    writer: &mut ExecInput,
    end: Bytes,
    until: Instant,
) -> Option<ProcessEnd> {
    let until = until.min(Instant::now() + KEYS_TIME);
    tokio::select! {
        ended = drain(reader) => Some(ended),
        never = type_to_end(writer, end) => match never {},
        () = sleep_until(until) => None,
    }
}

/// Types for as long as it is waited for.
async fn type_to_end(writer: &mut ExecInput, end: Bytes) -> Infallible {
    let mut keys = CTRL_C;
    loop {
        writer.write(ToProcess::Stdin(keys)).await;
        sleep(TYPE_EVERY).await;
        keys = end.clone();
    }
}
