//! Moves what comes in and goes out between a client, a session's state and its shell.
//!
//! One loop waits for all of it at once. What is ready is taken; nothing in it waits for anything else.

use std::{convert::Infallible, future::pending, pin::pin};

use super::{
    ClientEvent, ClientReader, ClientWriter, Gone, Identity, Mode, Permit, ProcessEvent,
    ProcessReader as _, ProcessWriter as _, RunningProcess, SessionId, SessionObserver, Sessions,
    Target, TerminalBackend, ToClient, ToProcess,
    exit::{failed, gone, shutting_down},
    registry::{Ask, Claim, Slot},
    state::SessionState,
};
use futures_util::future::OptionFuture;
use podshell_shared::terminal::{EndReason, Exit, Notice, Size};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

/// A session: a shell and all that is known of it. Who has it owns it.
#[derive(Debug)]
pub struct Session<S: TerminalBackend> {
    pub(super) state: SessionState,
    pub(super) target: Target,
    /// What opened the shell, and has the rights of who has it.
    pub(super) backend: S,
    pub(super) shell: RunningProcess<S>,
    pub(super) slot: Slot<S>,
    pub(super) observer: Option<Box<dyn SessionObserver>>,
    key: String,
    asked: mpsc::Receiver<Ask<S>>,
}

/// Why a session does not go on with its client.
#[derive(Debug)]
pub(super) enum Stop<S: TerminalBackend> {
    /// It is over. The shell may still be alive, or not.
    Ended { exit: Exit, alive: bool },
    /// The client is gone and may come back.
    Detached,
    /// Someone else goes on with it.
    Claimed(Claim<S>),
}

impl<S: TerminalBackend> Stop<S> {
    /// An end that is not the shell's own.
    fn other(state: &SessionState, exit: Exit) -> Self {
        let alive = state.is_alive();
        Self::Ended { exit, alive }
    }

    /// The shell's own end, and what it means.
    fn explained(state: &SessionState, exit: Exit) -> Self {
        let ended = matches!(exit.reason, EndReason::ContainerEnded | EndReason::PodGone);
        let alive = state.is_alive() && !ended;
        Self::Ended { exit, alive }
    }
}

impl<S: TerminalBackend> Session<S> {
    /// Opens a shell at `target` for a client, with the rights that `backend` has.
    ///
    /// # Errors
    ///
    /// How the session ended before it began.
    pub async fn begin(
        sessions: &Sessions<S>,
        identity: &Identity,
        backend: S,
        target: Target,
        extended: bool,
        reader: &mut impl ClientReader,
        writer: &mut impl ClientWriter,
    ) -> Result<Self, Exit> {
        let mut slot = sessions.enter(&identity.caller, &target)?;
        let id = SessionId::random();
        let mut observer = sessions.observe(id, identity, &target)?;
        let pool = sessions.pool().clone();
        let mut state = SessionState::new(extended, sessions.limits(), pool, Instant::now());
        // The page knows, and says it in the user's language.
        if target.mode == Mode::Attach && !extended {
            state.notify(Notice::MainProcess);
        }
        let (size, size_now) = watch::channel(Size::default());
        let mut opening = Box::pin({
            let (backend, target) = (backend.clone(), target.clone());
            async move { backend.open(id, &target, size_now).await }
        });
        let mut shutdown = pin!(sessions.shutdown());
        let left = loop {
            tokio::select! {
                biased;
                received = reader.read_message(), if state.wants_client() => {
                    if let Err(exit) = hear(&mut state, received) {
                        break exit;
                    }
                    size.send_replace(state.size());
                }
                permit = writer.reserve(), if state.has_for_client() => match permit {
                    Ok(permit) => say(permit, &mut state),
                    Err(Gone) => break gone(),
                },
                opened = &mut opening => {
                    let shell = opened.inspect_err(|exit| {
                        if let Some(observer) = &mut observer {
                            observer.failed(exit);
                        }
                    })?;
                    if let Some(observer) = &mut observer {
                        observer.started();
                    }
                    let (key, asked) = sessions.register(&mut slot);
                    state.started(key.clone(), Instant::now());
                    return Ok(Self { state, target, backend, shell, slot, observer, key, asked });
                }
                () = &mut shutdown => break shutting_down(),
            }
        };
        if let Some(observer) = &mut observer {
            observer.failed(&left);
        }
        // What was begun has to be ended too.
        sessions.terminate_opening(target, backend, opening, slot, observer);
        Err(left)
    }

    /// Goes on with a session for a client that has its key and all output before `offset`.
    ///
    /// # Errors
    ///
    /// That there is no such session, or not for this caller.
    pub async fn resume(
        sessions: &Sessions<S>,
        identity: &Identity,
        key: &str,
        offset: u64,
    ) -> Result<Self, Exit> {
        let mut session = sessions.claim(&identity.caller, key).await?;
        if let Some(observer) = &mut session.observer {
            observer.resumed(identity, offset);
        }
        session
            .state
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
        match drive(&mut self, sessions, reader, writer).await {
            Stop::Ended { exit, alive } => {
                sessions.end(self, &exit, alive);
                exit
            }
            Stop::Detached => {
                self.state.detach();
                sessions.keep(self);
                gone()
            }
            Stop::Claimed(claim) => {
                self.state.detach();
                if let Some(observer) = &mut self.observer {
                    observer.taken_over();
                }
                sessions.hand_over(self, claim);
                super::exit::taken_over()
            }
        }
    }
}

/// Keeps a session that has no client, until its time is over or somebody goes on with it.
pub(super) async fn keep<S: TerminalBackend>(
    sessions: &Sessions<S>,
    session: &mut Session<S>,
) -> Stop<S> {
    let limits = sessions.limits();
    let (mut reader, mut writer) = (Nobody, Nobody);
    let mut until = Instant::now() + limits.grace;
    loop {
        if session.state.is_leaving() {
            until = until.min(Instant::now() + limits.leave_grace);
        }
        let time = until.saturating_duration_since(Instant::now());
        if let Some(observer) = &mut session.observer {
            observer.detached(time);
        }
        let kept = tokio::select! {
            stop = drive(session, sessions, &mut reader, &mut writer) => Some(stop),
            () = sleep_until(until) => None,
        };
        match kept {
            // Its page says that it went away.
            Some(Stop::Detached) => {}
            Some(stop) => return stop,
            None => return Stop::other(&session.state, gone()),
        }
    }
}

/// The client of a session that has none.
struct Nobody;

impl ClientReader for Nobody {
    async fn read_message(&mut self) -> ClientEvent {
        pending().await
    }
}

impl ClientWriter for Nobody {
    type Permit<'a> = Infallible;

    async fn reserve(&mut self) -> Result<Infallible, Gone> {
        pending().await
    }
}

async fn drive<S: TerminalBackend>(
    session: &mut Session<S>,
    sessions: &Sessions<S>,
    reader: &mut impl ClientReader,
    writer: &mut impl ClientWriter,
) -> Stop<S> {
    let Session {
        state,
        target,
        backend,
        shell,
        observer,
        asked,
        ..
    } = session;
    let mut shutdown = pin!(sessions.shutdown());
    let mut revoked = pin!(backend.revoked(target));
    let mut announced = sessions.announced();
    announce(state, *announced.borrow_and_update());
    let mut timer = pin!(sleep_until(state.deadline()));
    // Once the shell has ended: what that means, which the cluster may take seconds to tell.
    let (mut is_ending, mut explaining) = (false, pin!(OptionFuture::from(None)));
    loop {
        // A deadline that moved away is seen to when the timer is over; to move it costs more.
        if state.deadline() < timer.deadline() {
            timer.as_mut().reset(state.deadline());
        }
        let wants_process = state.wants_process(Instant::now());
        let must_write = shell.writer.is_writing() || state.has_for_process();
        tokio::select! {
            biased;
            received = reader.read_message(), if state.wants_client() => {
                if received == ClientEvent::Gone {
                    return left(state);
                }
                if let Err(exit) = hear(state, received) {
                    return Stop::other(state, exit);
                }
                if let (Some(observer), Some(lag)) = (&mut *observer, state.take_lag()) {
                    observer.drawn(lag);
                }
            }
            permit = shell.writer.reserve(), if must_write => {
                if let Some(message) = state.next_for_process(Instant::now()) {
                    if let Some(observer) = observer {
                        observe_sent(&mut **observer, &message);
                    }
                    permit.send(message);
                }
            }
            permit = writer.reserve(), if state.has_for_client() => match permit {
                Ok(permit) => say(permit, state),
                Err(Gone) => return left(state),
            },
            event = shell.reader.read_event(), if wants_process => {
                if let (Some(observer), ProcessEvent::Output(output)) = (&mut *observer, &event) {
                    observer.output(&output.bytes());
                }
                state.process(event, Instant::now());
            }
            Some(exit) = &mut explaining => return Stop::explained(state, exit),
            exit = &mut revoked => return Stop::other(state, exit),
            Ok(()) = announced.changed() => announce(state, *announced.borrow_and_update()),
            () = &mut timer => {
                if let Err(exit) = state.tick(Instant::now()) {
                    return Stop::other(state, exit);
                }
                timer.as_mut().reset(state.deadline());
            }
            Some(ask) = asked.recv() => match ask {
                Ask::HandOver(claim) => return Stop::Claimed(claim),
                Ask::End(exit) => return Stop::other(state, exit),
                Ask::Leave => {
                    state.leave(Instant::now());
                    if !state.is_attached() {
                        return Stop::Detached;
                    }
                }
            },
            () = &mut shutdown => return Stop::other(state, shutting_down()),
        }
        if !is_ending && let Some(ended) = state.end() {
            is_ending = true;
            let explained = backend.explain(target, ended.clone());
            explaining.set(Some(explained).into());
        }
    }
}

/// Tells the user that the server shuts down, if it is known when.
fn announce(state: &mut SessionState, shutdown: Option<Instant>) {
    if let Some(at) = shutdown {
        let seconds = at.saturating_duration_since(Instant::now()).as_secs();
        state.notify(Notice::ShutdownSoon { seconds });
    }
}

fn observe_sent(observer: &mut dyn SessionObserver, message: &ToProcess) {
    match message {
        ToProcess::Stdin(data) => observer.input(data),
        ToProcess::Resize(size) => observer.resized(*size),
        ToProcess::Ping => {}
    }
}

/// Takes what the client says; its session's end, if that is what it means.
fn hear(state: &mut SessionState, received: ClientEvent) -> Result<(), Exit> {
    match received {
        ClientEvent::Message(message) => state.client(message, Instant::now()),
        ClientEvent::ProtocolError(how) => Err(failed(EndReason::Protocol, how)),
        ClientEvent::Gone => Err(gone()),
    }
}

fn left<S: TerminalBackend>(state: &SessionState) -> Stop<S> {
    if state.is_resumable() {
        Stop::Detached
    } else {
        Stop::other(state, gone())
    }
}

/// Says the next thing to the client.
fn say(permit: impl Permit<ToClient>, state: &mut SessionState) {
    if let Some(next) = state.next_for_client(Instant::now()) {
        permit.send(next);
    }
}

#[cfg(test)]
mod tests;
