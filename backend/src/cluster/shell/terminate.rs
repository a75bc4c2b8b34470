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

pub(in crate::cluster) use self::queue::HangUps;
pub(crate) use self::queue::SCRIPTS_AT_ONCE;
use super::commands::Program;
use crate::{
    cluster::{
        Cluster,
        exec::{ShellInput, output::ShellOutput},
    },
    session::{
        Ended, OpenShell, Remains, ShellEvent, ShellReader as _, ShellWriter as _, Target, ToShell,
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
pub enum Hold {
    /// Nothing: the process was there before.
    Main,
    /// A shell and its jobs, in a container that has a POSIX shell of this name.
    Shell(&'static str),
    /// A shell of Windows.
    Windows,
}

impl From<Program> for Hold {
    fn from(program: Program) -> Self {
        match program {
            Program::Posix(name) => Self::Shell(name),
            Program::Windows => Self::Windows,
        }
    }
}

/// Ends what a session holds, by `until` at the latest.
pub(in crate::cluster) async fn hang_up(
    cluster: &Cluster,
    target: &Target,
    shell: OpenShell<Cluster>,
    until: Instant,
) -> Result<(), Remains> {
    let OpenShell {
        mut reader,
        mut writer,
        process,
    } = shell;
    let ended = match process {
        Hold::Main => Ok(()),
        Hold::Shell(program) => {
            end_shell(cluster, target, (&mut reader, &mut writer), program, until).await
        }
        Hold::Windows => match end_by_keys(&mut reader, &mut writer, EXIT, until).await {
            Some(Ended::Exited(_) | Ended::Failed(_)) => Ok(()),
            Some(Ended::Lost(_)) => unknown("the connection to it was lost"),
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
    (reader, writer): (&mut ShellOutput, &mut ShellInput),
    program: &'static str,
    until: Instant,
) -> Result<(), Remains> {
    let Some(leader) = reader.leader() else {
        return match end_by_keys(reader, writer, CTRL_D, until).await {
            // it was never started
            Some(Ended::Failed(_)) => Ok(()),
            _ => unknown("the container did not tell its process"),
        };
    };
    let time = until.saturating_duration_since(Instant::now());
    let keys_from = until - KEYS_TIME.min(time / 2);
    let times = (keys_from, until);
    let (by_script, is_over) = {
        // a process that can't write can't end; and its jobs may still be there when the shell is not
        let mut drained = pin!(drain(reader));
        let hang_ups = &cluster.hang_ups;
        let by_script = pin!(hang_ups.end(cluster, target, program, leader, times));
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
        // it ends the shell and what is in the foreground at best
        end_by_keys(reader, writer, CTRL_D, until).await;
    }
    by_script
}

fn unknown(why: &str) -> Result<(), Remains> {
    Err(Remains::Unknown(why.to_owned()))
}

async fn drain(reader: &mut ShellOutput) -> Ended {
    loop {
        if let ShellEvent::Ended(ended) = reader.read_event().await {
            return ended;
        }
    }
}

/// Ends the foreground command with Ctrl-C and then the idle shell with the keys for its `end`.
async fn end_by_keys(
    reader: &mut ShellOutput,
    writer: &mut ShellInput,
    end: Bytes,
    until: Instant,
) -> Option<Ended> {
    let until = until.min(Instant::now() + KEYS_TIME);
    tokio::select! {
        ended = drain(reader) => Some(ended),
        never = type_to_end(writer, end) => match never {},
        () = sleep_until(until) => None,
    }
}

/// Types for as long as it is waited for.
async fn type_to_end(writer: &mut ShellInput, end: Bytes) -> Infallible {
    let mut keys = CTRL_C;
    loop {
        writer.write(ToShell::Stdin(keys)).await;
        sleep(TYPE_EVERY).await;
        keys = end.clone();
    }
}
