//! One session from its shell's start to its end: the flow of input, output, size and answers.
//!
//! All directions are futures of one task, polled side by side: none waits for another, and all
//! of them end with it.

use std::{future::pending, pin::pin, time::Duration};

use bytes::Bytes;
use podshell_shared::terminal::{ClientMessage, EndReason, Exit, ServerMessage, Size};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, interval_at, sleep, timeout},
};

use super::{
    ClientReader, ClientWriter, Gone, OpenShell, Received, ShellEvent, ShellReader, ShellWriter,
    Shells, Target,
};

/// How much output may be on its way to the screen, in bytes, if the client acknowledges.
pub const WINDOW: u64 = 128 << 10;
/// How many messages of input may wait for the shell to read. Each is at most as long as the
/// transport lets it be.
const INPUT_QUEUE: usize = 4;
/// How often the connection to the cluster shows that it is in use; load balancers on the way
/// drop what is idle, some after a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(25);
/// How long the shell may take to end once its client is gone.
const HANG_UP_TIME: Duration = Duration::from_secs(5);
/// How often it is told to end meanwhile: a shell whose command was just interrupted is deaf until
/// it prompts.
const HANG_UP_EVERY: Duration = Duration::from_millis(200);

/// Opens a shell at `target` and carries its terminal until one side ends it.
///
/// An `extended` client is told of the session's start and acknowledges output. Returns how the
/// session ended; saying so to the client is the caller's part.
pub async fn run<S: Shells>(
    shells: &S,
    target: &Target,
    extended: bool,
    reader: &mut impl ClientReader,
    writer: &impl ClientWriter,
    shutdown: impl Future<Output = ()> + Send,
) -> Exit {
    let (stdin, stdin_waiting) = mpsc::channel(INPUT_QUEUE);
    let (size, size_now) = watch::channel(Size::default());
    let (acked, acked_now) = watch::channel(0);
    let (blocked, blocked_now) = watch::channel(false);
    let (ping, ping_now) = watch::channel(String::new());

    let input = Input {
        stdin,
        size,
        acked,
        blocked,
        ping,
    };
    let mut ended_by_client = pin!(input.read(reader));
    let mut answers = pin!(answer_pings(writer, ping_now));
    let mut shutdown = pin!(shutdown);

    let mut opening = pin!(shells.open(target, size_now.clone()));
    let left = tokio::select! {
        opened = &mut opening => Ok(opened),
        exit = &mut ended_by_client => Err(exit),
        () = &mut answers => Err(gone()),
        () = &mut shutdown => Err(shutting_down()),
    };
    let opened = match left {
        Ok(opened) => opened,
        Err(exit) => {
            // what was begun for a client that left has to be ended too
            if let Ok(mut shell) = opening.await {
                hang_up(&mut shell.reader, &mut shell.writer).await;
            }
            return exit;
        }
    };
    let OpenShell {
        reader: mut output,
        writer: mut shell,
        first,
    } = match opened {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };

    let window = extended.then_some(Window {
        acked: acked_now,
        blocked: blocked_now,
    });
    let exit = {
        let down = async {
            if extended {
                let bound = ServerMessage::Bound {
                    key: String::new(),
                    offset: 0,
                };
                writer.send(bound).await?;
            }
            carry_output(first, &mut output, writer, window).await
        };
        tokio::select! {
            ended = down => match ended {
                Ok(ended) => return shells.explain(target, ended).await,
                Err(Gone) => gone(),
            },
            never = carry_input(&mut shell, stdin_waiting, size_now) => match never {},
            exit = ended_by_client => exit,
            () = answers => gone(),
            () = shutdown => shutting_down(),
        }
    };
    hang_up(&mut output, &mut shell).await;
    exit
}

/// Ends the foreground command with Ctrl-C and then the idle shell with Ctrl-D, then the
/// connection: closing that ends nothing in the container.
async fn hang_up(output: &mut impl ShellReader, shell: &mut impl ShellWriter) {
    let drained = async { while let ShellEvent::Output(_) = output.next().await {} };
    let told = async {
        let mut sent = shell.stdin(b"\x03").await;
        while sent.is_ok() {
            sent = shell.stdin(b"\x04").await;
            sleep(HANG_UP_EVERY).await;
        }
    };
    let ended = async {
        tokio::select! {
            () = drained => {}
            () = told => {}
        }
    };
    let _ = timeout(HANG_UP_TIME, ended).await;
    shell.close().await;
}

/// Where the client's messages go.
struct Input {
    stdin: mpsc::Sender<Bytes>,
    size: watch::Sender<Size>,
    acked: watch::Sender<u64>,
    blocked: watch::Sender<bool>,
    ping: watch::Sender<String>,
}

impl Input {
    /// Reads the client until it ends the session.
    async fn read(self, reader: &mut impl ClientReader) -> Exit {
        loop {
            match reader.next().await {
                Received::Message(message) => match message {
                    ClientMessage::Stdin { data, size } => {
                        if let Some(size) = size {
                            self.resize(size);
                        }
                        if !data.is_empty() {
                            self.stdin(data).await;
                        }
                    }
                    ClientMessage::Interrupt => self.stdin(Bytes::from_static(b"\x03")).await,
                    ClientMessage::Resize(size) => self.resize(size),
                    ClientMessage::Ack { offset } => {
                        // never back, whatever the client says
                        self.acked.send_if_modified(|acked| {
                            let ahead = offset > *acked;
                            *acked = offset.max(*acked);
                            ahead
                        });
                    }
                    ClientMessage::Ping { token } => {
                        self.ping.send_replace(token);
                    }
                    ClientMessage::Close => {
                        return failed(EndReason::Closed, "The session was closed.");
                    }
                    ClientMessage::Bind { .. } => {
                        return failed(EndReason::Protocol, "This connection is bound already.");
                    }
                },
                Received::Broken(how) => return failed(EndReason::Protocol, how),
                Received::Gone => return gone(),
            }
        }
    }

    fn resize(&self, size: Size) {
        if size.is_usable() {
            self.size.send_if_modified(|now| {
                let changed = *now != size;
                *now = size;
                changed
            });
        }
    }

    /// While the shell does not read, neither is the client read, acknowledgements included; so
    /// output must not wait for these then, or a program that waits for its output to be taken
    /// before it reads on would wait for ever.
    async fn stdin(&self, data: Bytes) {
        if let Err(mpsc::error::TrySendError::Full(data)) = self.stdin.try_send(data) {
            self.blocked.send_replace(true);
            // if the shell is over, its reader tells how
            let _ = self.stdin.send(data).await;
            self.blocked.send_replace(false);
        }
    }
}

/// Carries input and size to the shell. Never ends: if the shell can't be written to, what comes
/// from it tells why.
async fn carry_input(
    shell: &mut impl ShellWriter,
    mut stdin: mpsc::Receiver<Bytes>,
    mut size: watch::Receiver<Size>,
) -> std::convert::Infallible {
    let mut keep_alive = interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
    // what was said while the shell started
    size.mark_changed();
    loop {
        let sent = tokio::select! {
            biased;
            Ok(()) = size.changed() => {
                let size = *size.borrow_and_update();
                if size.is_usable() { shell.resize(size).await } else { Ok(()) }
            }
            Some(data) = stdin.recv() => shell.stdin(&data).await,
            _ = keep_alive.tick() => shell.keep_alive().await,
        };
        if sent.is_err() {
            return pending().await;
        }
    }
}

/// What output must wait for, if the client acknowledges it.
struct Window {
    acked: watch::Receiver<u64>,
    blocked: watch::Receiver<bool>,
}

impl Window {
    /// Waits until less than a window of what was `sent` is not yet on the screen.
    async fn open(&mut self, sent: u64) {
        tokio::select! {
            _ = self.acked.wait_for(|acked| sent.saturating_sub(*acked) < WINDOW) => {}
            _ = self.blocked.wait_for(|blocked| *blocked) => {}
        }
    }
}

/// Carries output to the client until the shell ends.
async fn carry_output(
    first: Option<ShellEvent>,
    output: &mut impl ShellReader,
    writer: &impl ClientWriter,
    mut window: Option<Window>,
) -> Result<super::Ended, Gone> {
    let mut sent = 0;
    let mut first = first;
    loop {
        let event = match first.take() {
            Some(event) => event,
            None => output.next().await,
        };
        let data = match event {
            ShellEvent::Output(data) => data,
            ShellEvent::Ended(ended) => return Ok(ended),
        };
        if let Some(window) = &mut window {
            window.open(sent).await;
        }
        sent += data.len() as u64;
        let end = window.is_some().then_some(sent);
        writer.send(ServerMessage::Stdout { data, end }).await?;
    }
}

/// Answers pings on a path of its own. Ends when the client is gone.
async fn answer_pings(writer: &impl ClientWriter, mut ping: watch::Receiver<String>) {
    while ping.changed().await.is_ok() {
        let token = ping.borrow_and_update().clone();
        if writer.send(ServerMessage::Pong { token }).await.is_err() {
            return;
        }
    }
    pending().await
}

/// The end of a session whose client left.
pub(crate) fn gone() -> Exit {
    failed(EndReason::Closed, "The client is gone.")
}

/// The end of all sessions when the server ends.
pub(crate) fn shutting_down() -> Exit {
    failed(EndReason::Shutdown, "The Podshell server is shutting down.")
}

/// An end other than the shell's own.
pub(crate) fn failed(reason: EndReason, message: impl Into<String>) -> Exit {
    Exit {
        reason,
        code: None,
        message: message.into(),
    }
}
