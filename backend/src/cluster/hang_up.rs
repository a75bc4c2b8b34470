//! The end of a shell whose session is over: what closing a terminal window does, done in the container.
//!
//! Closing the connection ends nothing there. So a second exec sends SIGHUP to all processes of the
//! terminal's session: the shell, its jobs, and what these started, but not what was put under `setsid`;
//! what was put under `nohup` does not care. What is then left in the foreground gets SIGKILL some seconds
//! later.

mod script;

use std::{convert::Infallible, pin::pin, time::Duration};

use bytes::Bytes;
use futures_util::future::{Either, select};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tracing::debug;

use self::script::{NoScript, Order, Script};
use super::{Cluster, exec::ShellInput, launch::Program, marker::Leader, output::ShellOutput};
use crate::session::{OpenShell, ShellEvent, ShellReader as _, ShellWriter as _, Target, ToShell};

/// How many scripts are started at once: when the server ends, all of its sessions do, and an exec is a
/// burden for a node.
pub(crate) const AT_ONCE: usize = 16;

/// How long what is in the foreground may take to end by itself.
const HANG_UP_TIME: Duration = Duration::from_secs(5);
/// This long before the end of all patience it is killed in any case.
const KILL_BEFORE: Duration = Duration::from_millis(500);
/// How often the script looks what is left.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often the script's start is tried, and how long to wait before the next time.
const TRIES: u32 = 3;
const TRY_AGAIN: Duration = Duration::from_millis(500);
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
pub(super) async fn hang_up(
    cluster: &Cluster,
    target: &Target,
    shell: OpenShell<Cluster>,
    until: Instant,
) {
    let OpenShell {
        mut reader,
        mut writer,
        process,
    } = shell;
    if process != Hold::Main {
        let leader = reader.leader();
        // a process that can't write can't end
        let mut drained = pin!(drain(&mut reader));
        let ended = async {
            if let (Hold::Shell(program), Some(leader)) = (process, leader) {
                let by_script = end_by_script(cluster, target, program, leader, until);
                // its jobs may still be there when the shell is not
                let (by_script, is_over) = match select(&mut drained, pin!(by_script)).await {
                    Either::Left(((), by_script)) => (by_script.await, true),
                    Either::Right((by_script, _)) => (by_script, false),
                };
                if let Err(error) = &by_script {
                    debug!(%target, %error, "the end of a shell can't be seen to");
                }
                if is_over {
                    return;
                }
                if by_script.is_ok() {
                    let _ = timeout(FAREWELL_TIME, drained).await;
                    return;
                }
            }
            let by_keys = pin!(end_by_keys(&mut writer, process));
            let _ = timeout(HANG_UP_TIME, select(drained, by_keys)).await;
        };
        // there is nothing more to try
        let _ = timeout_at(until, ended).await;
    }
    writer.close().await;
}

async fn drain(reader: &mut ShellOutput) {
    while !matches!(reader.next().await, ShellEvent::Ended(_)) {}
}

/// Lets a script in the container end what belongs to the terminal.
async fn end_by_script(
    cluster: &Cluster,
    target: &Target,
    program: &str,
    leader: Leader,
    until: Instant,
) -> Result<(), NoScript> {
    let (mut script, mut left) = {
        // what can't be had in time is left to the keys
        let patience = until.saturating_duration_since(Instant::now()) / 2;
        let turn = timeout(patience, cluster.hang_ups.acquire()).await;
        let _turn = turn.map_err(|_| NoScript::Busy)?;
        let mut tries = 1;
        loop {
            match Script::start(&cluster.client, target, program, leader).await {
                Err(error) if tries < TRIES && error.may_pass() => {
                    tries += 1;
                    sleep(TRY_AGAIN).await;
                }
                started => break started?,
            }
        }
    };
    let kill_at = (Instant::now() + HANG_UP_TIME).min(until - KILL_BEFORE);
    while left > 0 {
        let now = Instant::now();
        let order = if now < kill_at {
            Order::Look
        } else {
            Order::Kill
        };
        let next = now + LOOK_EVERY;
        left = script.ask(order).await?;
        if left > 0 {
            sleep_until(if order == Order::Look {
                next.min(kill_at)
            } else {
                next
            })
            .await;
        }
    }
    script.finish().await;
    Ok(())
}

/// Ends the foreground command with Ctrl-C and then the idle shell with Ctrl-D, for as long as it is
/// waited for.
async fn end_by_keys(writer: &mut ShellInput, hold: Hold) -> Infallible {
    let end = match hold {
        Hold::Windows => EXIT,
        Hold::Main | Hold::Shell(_) => CTRL_D,
    };
    let mut keys = CTRL_C;
    loop {
        writer.ready().await;
        writer.put(ToShell::Stdin(keys));
        writer.ready().await;
        sleep(TYPE_EVERY).await;
        keys = end.clone();
    }
}
