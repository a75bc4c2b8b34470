//! The state of one session, without any I/O: what comes in changes it, and it says what is to go out.

mod input;

use std::collections::VecDeque;

use bytes::Bytes;
use humantime::format_duration;
use podshell_shared::terminal::{
    ClientMessage, EndReason, Exit, IDLE_WARNING, INPUT_WINDOW, ServerMessage, Size, TELL_EVERY,
};
use tokio::time::{Duration, Instant};

use self::input::Input;
use super::{
    Limits, Output, ProcessEnd, ProcessEvent, ToClient, ToProcess,
    exit::{closed, failed},
    flow::{
        flood::{AfterInterrupt, Classification, FLOOD, OutputRate, Skip},
        output_buffer::{Next, OutputBuffer},
        screen::Screen,
        window::{Pool, Window},
    },
};

/// How much output waits for a client that is away, in bytes. Beyond it the process in the container
/// blocks, as in any terminal that nobody reads.
pub(super) const RING: u64 = 256 << 10;
/// How much input of a client without [`INPUT_WINDOW`] may wait; beyond it the client is not read.
const PLAIN_INPUT: u64 = 64 << 10;
/// How often the connection to the cluster shows that it is in use; load balancers on the way drop
/// what is idle, some after a minute.
const PING_EVERY: Duration = Duration::from_secs(25);
/// How long the other side of that connection may take for a sign of life.
const PONG_WITHIN: Duration = Duration::from_secs(15);
/// How long after a client said that it goes away something may arrive that it said before.
const SAID_BEFORE: Duration = Duration::from_secs(5);
/// How long before a limit the user is warned.
const WARNING: Duration = Duration::from_secs(60);
/// How many remarks wait for a client. There is one for each limit that comes near, again after each key.
const MAX_TOASTS: usize = 8;
/// 0x03, which a terminal makes SIGINT of.
const CTRL_C: Bytes = Bytes::from_static(b"\x03");
/// What the screen of a client that is acked nothing is made fit with for what comes behind a gap: whatever sequence and
/// line were broken off are over, and so are its colours.
const MEND: &[u8] = b"\x1b[m\r\n";

/// A session's state.
#[derive(Debug)]
pub(super) struct SessionState {
    extended: bool,

    buffer: OutputBuffer,
    window: Window,
    rate: OutputRate,
    after_interrupt: Option<AfterInterrupt>,
    skip: Option<Skip>,
    /// What a client shows whose Ctrl-C is an [`Interrupt`](ClientMessage::Interrupt), though it can't say that.
    screen: Option<Screen>,
    ended: Option<ProcessEnd>,

    input: Input,
    /// Offset behind the input that the client sent, behind what the shell got, and the last one told.
    received: u64,
    consumed: u64,
    acked: u64,
    size: Size,
    size_due: bool,
    ping_due: bool,

    /// Whether a client is there.
    attached: bool,
    /// When it last said that it goes away.
    left: Option<Instant>,
    /// The key to tell it.
    bound: Option<String>,
    pong: Option<String>,
    toasts: VecDeque<String>,

    idle: Limit,
    lifetime: Limit,
    /// When a ping was last due.
    last_ping_at: Instant,
    /// When one was sent to which nothing has come yet.
    ping_sent_at: Option<Instant>,
    /// Since when the shell is listened to.
    output_since: Option<Instant>,
}

/// A time that ends the session when it has passed.
#[derive(Debug)]
struct Limit {
    since: Instant,
    /// [`None`] for no limit.
    time: Option<Duration>,
    warned: bool,
}

impl Limit {
    fn new(time: Option<Duration>, since: Instant) -> Self {
        Self {
            since,
            time,
            warned: false,
        }
    }

    fn restart(&mut self, now: Instant) {
        self.since = now;
        self.warned = false;
    }

    fn deadline(&self) -> Option<Instant> {
        let time = self.time?;
        let lead = if self.warned { Duration::ZERO } else { WARNING };
        Some(self.since + time.saturating_sub(lead))
    }

    /// How long the time was, once it is over.
    fn over(&self, now: Instant) -> Option<Duration> {
        self.time.filter(|time| now >= self.since + *time)
    }

    /// How much is left, once, when the user is to be warned.
    fn warning(&mut self, now: Instant) -> Option<Duration> {
        let end = self.since + self.time?;
        let warn = !self.warned && now + WARNING >= end;
        self.warned |= warn;
        warn.then(|| end.duration_since(now))
    }
}

impl SessionState {
    /// A session that begins now, with its client there.
    pub(super) fn new(extended: bool, limits: &Limits, pool: Pool, now: Instant) -> Self {
        Self {
            extended,
            buffer: OutputBuffer::default(),
            window: Window::new(pool, now),
            rate: OutputRate::default(),
            after_interrupt: None,
            skip: None,
            screen: (limits.legacy_interrupt && !extended).then(Screen::default),
            ended: None,
            input: Input::default(),
            received: 0,
            consumed: 0,
            acked: 0,
            size: Size::default(),
            size_due: false,
            ping_due: false,
            attached: true,
            left: None,
            bound: None,
            pong: None,
            toasts: VecDeque::new(),
            idle: Limit::new(limits.idle, now),
            lifetime: Limit::new(limits.lifetime, now),
            last_ping_at: now,
            ping_sent_at: None,
            output_since: None,
        }
    }

    /// The client's size; 0×0 until it is known.
    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// The shell has started: the client is acked, with the `key` to resume with.
    pub(super) fn started(&mut self, key: String, now: Instant) {
        self.bound = Some(key);
        // what was said meanwhile
        self.size_due = self.size.is_usable();
        self.last_ping_at = now;
    }

    /// A remark for the user. If too many wait, the oldest is forgotten: what it says of the time left is no longer true.
    pub(super) fn toast(&mut self, text: String) {
        if self.toasts.len() >= MAX_TOASTS {
            self.toasts.pop_front();
        }
        self.toasts.push_back(text);
    }

    /// Whether a client may come back to this session.
    pub(super) fn is_resumable(&self) -> bool {
        self.extended
    }

    /// Whether there is a client.
    pub(super) fn is_attached(&self) -> bool {
        self.attached
    }

    /// The client says that it goes away.
    pub(super) fn leave(&mut self, now: Instant) {
        self.left = Some(now);
    }

    /// Whether the client said that it goes away.
    pub(super) fn is_leaving(&self) -> bool {
        self.left.is_some()
    }

    /// The client is gone.
    pub(super) fn detach(&mut self) {
        self.attached = false;
        self.bound = None;
        self.pong = None;
        self.input.settle();
    }

    /// A client is there that has all output before `offset`.
    pub(super) fn attach(&mut self, key: String, offset: u64, now: Instant) {
        self.attached = true;
        self.left = None;
        self.bound = Some(key);
        self.buffer.resume(offset);
        self.window.restart(self.buffer.len(), now);
        self.acked = self.received;
        self.idle.restart(now);
    }

    /// Whether more is to be read from the client.
    pub(super) fn wants_client(&self) -> bool {
        // one with a window is always read: its acknowledgements must not stand behind its input
        self.extended || self.input.len() < PLAIN_INPUT
    }

    /// The client says something.
    ///
    /// # Errors
    ///
    /// The session's end, if that is what it wants, or if it breaks the protocol.
    pub(super) fn client(&mut self, message: ClientMessage, now: Instant) -> Result<(), Exit> {
        // what it said before may come behind that it goes
        self.left = self.left.filter(|left| now < *left + SAID_BEFORE);
        match message {
            ClientMessage::Stdin { data } if self.is_interrupt(&data) => self.interrupt(now)?,
            ClientMessage::Stdin { data } => return self.stdin(data, now),
            ClientMessage::Interrupt => self.interrupt(now)?,
            ClientMessage::Resize(size) => self.resize(size),
            ClientMessage::Ack { offset } => self.acknowledge(offset, now),
            ClientMessage::Ping { token } => self.pong = Some(token),
            ClientMessage::Leave => self.leave(now),
            ClientMessage::Close => return Err(closed()),
            ClientMessage::Bind { .. } | ClientMessage::Resume { .. } => {
                let message = "This connection is bound already.";
                return Err(failed(EndReason::Protocol, message));
            }
        }
        Ok(())
    }

    /// Whether input is all that a client can say of an interrupt. A full-screen program's output is never dropped: it may
    /// read the Ctrl-C as a key like any other.
    fn is_interrupt(&self, data: &Bytes) -> bool {
        let is_alternate = |screen: &Screen| screen.is_alternate();
        *data == CTRL_C && !self.screen.as_ref().is_none_or(is_alternate)
    }

    fn interrupt(&mut self, now: Instant) -> Result<(), Exit> {
        let (after_interrupt, flooded) = (self.after_interrupt.is_some(), self.is_flooded(now));
        self.stdin(CTRL_C, now)?;
        self.after_interrupt = (after_interrupt || flooded).then(|| AfterInterrupt::new(now));
        if flooded {
            self.end_skip();
            self.begin_skip(now);
        }
        Ok(())
    }

    fn acknowledge(&mut self, offset: u64, now: Instant) {
        self.buffer.acknowledge(offset);
        self.window
            .acknowledge(self.buffer.acked(), self.buffer.len(), now);
    }

    fn resize(&mut self, size: Size) {
        if size.is_usable() && size != self.size {
            self.size = size;
            self.size_due = true;
        }
    }

    fn stdin(&mut self, data: Bytes, now: Instant) -> Result<(), Exit> {
        if data.is_empty() {
            return Ok(());
        }
        self.idle.restart(now);
        self.toasts.retain(|text| !text.starts_with(IDLE_WARNING));
        self.after_interrupt = None;
        self.received += data.len() as u64;
        self.input.push(data);
        // twice: what waited while the client was away does not count against what it sends then
        if self.extended && self.input.len() > 2 * INPUT_WINDOW {
            let message = format!("More than {INPUT_WINDOW} bytes of input were sent at once.");
            return Err(failed(EndReason::Protocol, message));
        }
        Ok(())
    }

    /// Whether something is to go to the shell.
    pub(super) fn has_for_shell(&self) -> bool {
        self.ended.is_none() && (self.size_due || self.ping_due || !self.input.is_empty())
    }

    /// What is to go to the shell next.
    pub(super) fn next_for_shell(&mut self, now: Instant) -> Option<ToProcess> {
        if std::mem::take(&mut self.size_due) {
            return Some(ToProcess::Resize(self.size));
        }
        if std::mem::take(&mut self.ping_due) {
            self.ping_sent_at = self.ping_sent_at.or(Some(now));
            return Some(ToProcess::Ping);
        }
        let data = self.input.pop()?;
        self.consumed += data.len() as u64;
        Some(ToProcess::Stdin(data))
    }

    /// Whether more is to be read from the shell: whether it has somewhere to go.
    pub(super) fn wants_shell(&mut self, now: Instant) -> bool {
        let wants = self.ended.is_none()
            && (self.skip.is_some()
                || if self.attached {
                    self.buffer.is_sent() && self.buffer.in_flight() < self.window.size()
                } else {
                    self.buffer.len() < RING
                });
        // the silence of one that is not listened to means nothing
        self.output_since = wants.then(|| self.output_since.unwrap_or(now));
        wants
    }

    /// When the shell's silence means that the connection to it is dead.
    fn dead(&self) -> Option<Instant> {
        Some(self.ping_sent_at?.max(self.output_since?) + PONG_WITHIN)
    }

    /// Something came from the shell.
    pub(super) fn shell(&mut self, event: ProcessEvent, now: Instant) {
        self.ping_sent_at = None;
        match event {
            ProcessEvent::Output(output) => self.output(output, now),
            ProcessEvent::Alive => {}
            ProcessEvent::Ended(ended) => {
                self.end_skip();
                self.ended = Some(ended);
            }
        }
    }

    fn output(&mut self, output: Output, now: Instant) {
        self.rate.hear(output.len(), now);
        if let Some(skip) = &mut self.skip {
            skip.hear(output.data(), now);
            self.end_skip_if_due(now);
            return;
        }
        let classification = self
            .after_interrupt
            .as_mut()
            .map(|after_interrupt| after_interrupt.hear(output.data(), now));
        self.buffer.push(output);
        match classification {
            Some(Classification::Flood) => self.begin_skip(now),
            Some(Classification::Past) => self.after_interrupt = None,
            Some(Classification::Calm) | None => {}
        }
    }

    /// Whether more output is under way than a Ctrl-C had better wait for: here, to a slow client, or
    /// behind what came for a fast one.
    fn is_flooded(&self, now: Instant) -> bool {
        self.skip.is_some() || self.buffer.len() >= FLOOD || self.rate.is_flood(now)
    }

    fn begin_skip(&mut self, now: Instant) {
        if let Some(after_interrupt) = &mut self.after_interrupt {
            let mut skip = after_interrupt.skip(now);
            self.buffer.give_unsent(&mut skip);
            self.skip = Some(skip);
        }
    }

    /// Ends what is over of it.
    fn end_skip_if_due(&mut self, now: Instant) {
        if let Some(skip) = self.skip.as_ref().filter(|skip| skip.is_over(now)) {
            if !skip.paused(now) {
                self.after_interrupt = None;
            }
            self.end_skip();
        }
    }

    fn end_skip(&mut self) {
        if let Some(skip) = self.skip.take() {
            let rest = skip.finish();
            self.buffer.push_gap(rest.dropped);
            if self.screen.is_some() && rest.dropped > 0 {
                self.buffer.push(Output::copy_of(MEND));
            }
            self.buffer.push(Output::copy_of(&rest.shown));
        }
    }

    /// How the shell ended, once the client has all of its output.
    pub(super) fn end(&self) -> Option<&ProcessEnd> {
        let is_told = self.attached && self.buffer.is_sent();
        self.ended.as_ref().filter(|_| is_told)
    }

    /// Whether the shell may still run.
    pub(super) fn is_alive(&self) -> bool {
        matches!(self.ended, None | Some(ProcessEnd::Lost(_)))
    }

    /// Whether something is to go to the client.
    pub(super) fn has_for_client(&self) -> bool {
        self.attached
            && (self.bound.is_some()
                || self.pong.is_some()
                || !self.toasts.is_empty()
                || self.taken_is_due()
                || self.may_send())
    }

    fn taken_is_due(&self) -> bool {
        self.consumed.saturating_sub(self.acked) >= TELL_EVERY
    }

    fn may_send(&self) -> bool {
        !self.buffer.is_sent() && self.buffer.in_flight() < self.window.size()
    }

    /// What is to go to the client next.
    pub(super) fn next_for_client(&mut self, now: Instant) -> Option<ToClient> {
        if let Some(key) = self.bound.take() {
            return Some(ToClient::Message(ServerMessage::Bound {
                key,
                offset: self.buffer.sent(),
                input: self.received,
            }));
        }
        if let Some(token) = self.pong.take() {
            return Some(ToClient::Message(ServerMessage::Pong { token }));
        }
        if let Some(text) = self.toasts.pop_front() {
            return Some(ToClient::Message(ServerMessage::Toast { text }));
        }
        if self.taken_is_due() {
            self.acked = self.consumed;
            let offset = self.consumed;
            return Some(ToClient::Message(ServerMessage::Taken { offset }));
        }
        if !self.may_send() {
            return None;
        }
        let next = match self.buffer.send_next()? {
            Next::Output(output, end) => {
                if let Some(screen) = &mut self.screen {
                    screen.hear(output.data());
                }
                ToClient::Output(output, end)
            }
            Next::Skipped { from, to } => ToClient::Message(ServerMessage::Skipped { from, to }),
        };
        if self.extended {
            self.window
                .send(self.buffer.sent(), self.buffer.in_flight(), now);
        } else {
            // its socket is its bound
            self.buffer.acknowledge(self.buffer.sent());
        }
        Some(next)
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(super) fn deadline(&self) -> Instant {
        [
            self.skip.as_ref().map(Skip::deadline),
            self.dead(),
            self.window.deadline(),
            self.idle.deadline(),
            self.lifetime.deadline(),
        ]
        .into_iter()
        .flatten()
        .fold(self.last_ping_at + PING_EVERY, Instant::min)
    }

    /// Time has passed.
    ///
    /// # Errors
    ///
    /// The session's end, if a limit is reached.
    pub(super) fn tick(&mut self, now: Instant) -> Result<(), Exit> {
        self.end_skip_if_due(now);
        self.window.tick(self.buffer.len(), now);
        if now >= self.last_ping_at + PING_EVERY {
            self.last_ping_at = now;
            self.ping_due = true;
        }
        if self.dead().is_some_and(|dead| now >= dead) {
            self.ping_sent_at = None;
            let silent = format!("it was silent for {} seconds", PONG_WITHIN.as_secs());
            self.shell(ProcessEvent::Ended(ProcessEnd::Lost(silent)), now);
        }
        if let Some(time) = self.idle.over(now) {
            let message = format!("Nothing was typed for {}.", format_duration(time));
            return Err(failed(EndReason::Idle, message));
        }
        if let Some(time) = self.lifetime.over(now) {
            let message = format!("A session may last {} here.", format_duration(time));
            return Err(failed(EndReason::Lifetime, message));
        }
        if let Some(left) = self.idle.warning(now) {
            let left = left.as_secs();
            self.toast(format!(
                "{IDLE_WARNING}, this session ends in {left} seconds."
            ));
        }
        if let Some(left) = self.lifetime.warning(now) {
            let left = left.as_secs();
            self.toast(format!(
                "This session ends in {left} seconds: it is as old as allowed here."
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
