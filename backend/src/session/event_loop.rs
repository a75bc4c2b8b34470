//! Moves what comes in and goes out between a client, a session's state and its shell.
//!
//! One loop waits for all of it at once. What is ready is taken; nothing in it waits for anything else.

use std::{convert::Infallible, future::pending, pin::pin};

use futures_util::future::OptionFuture;
use podshell_shared::terminal::{EndReason, Exit, Size};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};
use tracing::info;

use super::{
    Caller, ClientReader, ClientWriter, Gone, Mode, OpenShell, Permit, Received, Sessions,
    ShellReader as _, ShellWriter as _, Shells, Target, ToClient,
    exit::{failed, gone, shutting_down},
    registry::{Ask, Claim, Place},
    state::Core,
};

/// A session: a shell and all that is known of it. Who has it owns it.
#[derive(Debug)]
pub struct Session<S: Shells> {
    pub(super) core: Core,
    pub(super) target: Target,
    pub(super) shell: OpenShell<S>,
    pub(super) place: Place<S>,
    key: String,
    asked: mpsc::Receiver<Ask<S>>,
}

/// Why a session does not go on with its client.
#[derive(Debug)]
pub(super) enum Stop<S: Shells> {
    /// It is over. The shell may still be alive, or not.
    Ended { exit: Exit, alive: bool },
    /// The client is gone and may come back.
    Detached,
    /// Someone else goes on with it.
    Claimed(Claim<S>),
}

impl<S: Shells> Stop<S> {
    /// An end that is not the shell's own.
    fn other(core: &Core, exit: Exit) -> Self {
        let alive = core.is_alive();
        Self::Ended { exit, alive }
    }

    /// The shell's own end, and what it means.
    fn explained(core: &Core, exit: Exit) -> Self {
        let alive = core.is_alive() && exit.reason != EndReason::PodGone;
        Self::Ended { exit, alive }
    }
}

impl<S: Shells> Session<S> {
    /// Opens a shell at `target` for a client.
    ///
    /// # Errors
    ///
    /// How the session ended before it began.
    pub async fn begin(
        sessions: &Sessions<S>,
        caller: &Caller,
        target: Target,
        extended: bool,
        reader: &mut impl ClientReader,
        writer: &mut impl ClientWriter,
    ) -> Result<Self, Exit> {
        let mut place = sessions.enter(caller, &target)?;
        info!(%target, "session begins");
        let pool = sessions.pool().clone();
        let mut core = Core::new(extended, sessions.limits(), pool, Instant::now());
        // the page knows, and says it in the user's language
        if target.mode == Mode::Attach && !extended {
            let notice = "This is the container's main process. Leaving does not stop it.";
            core.toast(notice.to_owned());
        }
        let (size, size_now) = watch::channel(Size::default());
        let mut opening = Box::pin({
            let (sessions, target) = (sessions.clone(), target.clone());
            async move { sessions.shells().open(&target, size_now).await }
        });
        let mut shutdown = pin!(sessions.shutdown());
        let left = loop {
            tokio::select! {
                biased;
                received = reader.read_message(), if core.wants_client() => {
                    if let Err(exit) = hear(&mut core, received) {
                        break exit;
                    }
                    size.send_replace(core.size());
                }
                permit = writer.reserve(), if core.has_for_client() => match permit {
                    Ok(permit) => say(permit, &mut core),
                    Err(Gone) => break gone(),
                },
                opened = &mut opening => {
                    let shell = opened.inspect_err(|exit| {
                        info!(%target, reason = ?exit.reason, "session ended before it began");
                    })?;
                    let (key, asked) = sessions.register(&mut place);
                    core.started(key.clone(), Instant::now());
                    return Ok(Self { core, target, shell, place, key, asked });
                }
                () = &mut shutdown => break shutting_down(),
            }
        };
        info!(%target, reason = ?left.reason, "session ended before it began");
        // what was begun has to be ended too
        sessions.hang_up_opening(target, opening, place);
        Err(left)
    }

    /// Goes on with a session for a client that has its key and all output before `offset`.
    ///
    /// # Errors
    ///
    /// That there is no such session, or not for this caller.
    pub async fn resume(
        sessions: &Sessions<S>,
        caller: &Caller,
        key: &str,
        offset: u64,
    ) -> Result<Self, Exit> {
        let mut session = sessions.claim(caller, key).await?;
        info!(target = %session.target, offset, "session goes on");
        session
            .core
            .attach(session.key.clone(), offset, Instant::now());
        Ok(session)
    }

    /// Carries the session's terminal for its client, until one of them ends or leaves.
    ///
    /// Returns what the client is to be told, if it is still there. What becomes of the session is seen to.
    pub async fn run(
        mut self,
        sessions: &Sessions<S>,
        reader: &mut impl ClientReader,
        writer: &mut impl ClientWriter,
    ) -> Exit {
        match pump(&mut self, sessions, reader, writer).await {
            Stop::Ended { exit, alive } => {
                sessions.end(self, &exit, alive);
                exit
            }
            Stop::Detached => {
                self.core.detach();
                sessions.keep(self);
                gone()
            }
            Stop::Claimed(claim) => {
                self.core.detach();
                sessions.hand_over(self, claim);
                super::exit::taken_over()
            }
        }
    }
}

/// Keeps a session that has no client, until its time is over or somebody goes on with it.
pub(super) async fn keep<S: Shells>(sessions: &Sessions<S>, session: &mut Session<S>) -> Stop<S> {
    let limits = sessions.limits();
    let (mut reader, mut writer) = (Nobody, Nobody);
    let mut until = Instant::now() + limits.grace;
    loop {
        if session.core.is_leaving() {
            until = until.min(Instant::now() + limits.leave_grace);
        }
        let time = until.saturating_duration_since(Instant::now());
        info!(target = %session.target, ?time, "session waits for its client");
        let kept = tokio::select! {
            stop = pump(session, sessions, &mut reader, &mut writer) => Some(stop),
            () = sleep_until(until) => None,
        };
        match kept {
            // its page says that it went away
            Some(Stop::Detached) => {}
            Some(stop) => return stop,
            None => return Stop::other(&session.core, gone()),
        }
    }
}

/// The client of a session that has none.
struct Nobody;

impl ClientReader for Nobody {
    async fn read_message(&mut self) -> Received {
        pending().await
    }
}

impl ClientWriter for Nobody {
    type Permit<'a> = Infallible;

    async fn reserve(&mut self) -> Result<Infallible, Gone> {
        pending().await
    }
}

async fn pump<S: Shells>(
    session: &mut Session<S>,
    sessions: &Sessions<S>,
    reader: &mut impl ClientReader,
    writer: &mut impl ClientWriter,
) -> Stop<S> {
    let Session {
        core,
        target,
        shell,
        asked,
        ..
    } = session;
    let mut shutdown = pin!(sessions.shutdown());
    let mut timer = pin!(sleep_until(core.deadline()));
    // once the shell has ended: what that means, which the cluster may take seconds to tell
    let (mut is_ending, mut explaining) = (false, pin!(OptionFuture::from(None)));
    loop {
        // a deadline that moved away is seen to when the timer is over; to move it costs more
        if core.deadline() < timer.deadline() {
            timer.as_mut().reset(core.deadline());
        }
        let wants_shell = core.wants_shell(Instant::now());
        let must_write = shell.writer.is_writing() || core.has_for_shell();
        tokio::select! {
            biased;
            received = reader.read_message(), if core.wants_client() => {
                if received == Received::Gone {
                    return left(core);
                }
                if let Err(exit) = hear(core, received) {
                    return Stop::other(core, exit);
                }
            }
            permit = shell.writer.reserve(), if must_write => {
                if let Some(message) = core.next_for_shell(Instant::now()) {
                    permit.send(message);
                }
            }
            permit = writer.reserve(), if core.has_for_client() => match permit {
                Ok(permit) => say(permit, core),
                Err(Gone) => return left(core),
            },
            event = shell.reader.read_event(), if wants_shell => core.shell(event, Instant::now()),
            Some(exit) = &mut explaining => return Stop::explained(core, exit),
            () = &mut timer => {
                if let Err(exit) = core.tick(Instant::now()) {
                    return Stop::other(core, exit);
                }
                timer.as_mut().reset(core.deadline());
            }
            Some(ask) = asked.recv() => match ask {
                Ask::HandOver(claim) => return Stop::Claimed(claim),
                Ask::Leave => {
                    core.leave(Instant::now());
                    if !core.is_attached() {
                        return Stop::Detached;
                    }
                }
            },
            () = &mut shutdown => return Stop::other(core, shutting_down()),
        }
        if !is_ending && let Some(ended) = core.end() {
            is_ending = true;
            let explained = sessions.shells().explain(target, ended.clone());
            explaining.set(Some(explained).into());
        }
    }
}

/// Takes what the client says; its session's end, if that is what it means.
fn hear(core: &mut Core, received: Received) -> Result<(), Exit> {
    match received {
        Received::Message(message) => core.client(message, Instant::now()),
        Received::Broken(how) => Err(failed(EndReason::Protocol, how)),
        Received::Gone => Err(gone()),
    }
}

fn left<S: Shells>(core: &Core) -> Stop<S> {
    if core.is_resumable() {
        Stop::Detached
    } else {
        Stop::other(core, gone())
    }
}

/// Says the next thing to the client.
fn say(permit: impl Permit<ToClient>, core: &mut Core) {
    if let Some(next) = core.next_for_client(Instant::now()) {
        permit.send(next);
    }
}

#[cfg(test)]
mod tests;
