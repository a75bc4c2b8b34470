//! The state of one session, without any I/O: what comes in changes it, and it says what is to go out.

mod input;
mod input_queue;
mod keepalive;
mod limits;
mod output;

use std::{collections::VecDeque, mem::discriminant};

use bytes::Bytes;
use podshell_shared::terminal::{ClientMessage, EndReason, Exit, Notice, ServerMessage, Size};
use tokio::time::{Duration, Instant};

use self::{
    input::InputState,
    keepalive::{Keepalive, PONG_WITHIN},
    limits::TimeLimits,
    output::{CTRL_C, OutputState},
};
use super::{
    Limits, ProcessEnd, ProcessEvent, ToClient, ToProcess,
    exit::{closed, failed},
    flow::window::Pool,
};

/// How long after a client said that it goes away something may arrive that it said before.
const SAID_BEFORE: Duration = Duration::from_secs(5);

/// A session's state.
#[derive(Debug)]
pub(super) struct SessionState {
    /// Whether the client knows Podshell's own messages, not Dashboard's alone.
    extended: bool,
    /// Whether a client is there.
    attached: bool,
    /// When it last said that it goes away.
    left: Option<Instant>,
    /// The resume key, as long as the client is to be told it.
    key: Option<String>,
    /// The token of a ping that is to be answered.
    pong: Option<String>,
    notices: VecDeque<Notice>,
    output: OutputState,
    input: InputState,
    keepalive: Keepalive,
    limits: TimeLimits,
    /// How the process ended.
    ended: Option<ProcessEnd>,
}

impl SessionState {
    /// A session that begins now, with its client there.
    pub(super) fn new(extended: bool, limits: &Limits, pool: Pool, now: Instant) -> Self {
        Self {
            extended,
            attached: true,
            left: None,
            key: None,
            pong: None,
            notices: VecDeque::new(),
            output: OutputState::new(extended, limits.legacy_interrupt, pool, now),
            input: InputState::new(extended),
            keepalive: Keepalive::new(now),
            limits: TimeLimits::new(limits, now),
            ended: None,
        }
    }

    /// The client's size; 0×0 until it is known.
    pub(super) fn size(&self) -> Size {
        self.input.size()
    }

    /// The process has started: the client is told the `key` to resume with.
    pub(super) fn started(&mut self, key: String, now: Instant) {
        self.key = Some(key);
        self.input.started();
        self.keepalive.started(now);
    }

    /// A remark for the user. Of those that wait, the latest of a kind takes the place of the others: what they say of the
    /// time left is no longer true.
    pub(super) fn notify(&mut self, notice: Notice) {
        let kind = discriminant(&notice);
        self.notices.retain(|waiting| discriminant(waiting) != kind);
        self.notices.push_back(notice);
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
        self.key = None;
        self.pong = None;
        self.input.detach();
    }

    /// A client is there that has all output before `offset`.
    pub(super) fn attach(&mut self, key: String, offset: u64, now: Instant) {
        self.attached = true;
        self.left = None;
        self.key = Some(key);
        self.output.attach(offset, now);
        self.input.attach();
        self.limits.used(now);
    }

    /// Whether more is to be read from the client.
    pub(super) fn wants_client(&self) -> bool {
        self.input.wants_more()
    }

    /// The client says something.
    ///
    /// # Errors
    ///
    /// The session's end, if that is what it wants, or if it breaks the protocol.
    pub(super) fn client(&mut self, message: ClientMessage, now: Instant) -> Result<(), Exit> {
        // What it said before may come after that it goes.
        self.left = self.left.filter(|left| now < *left + SAID_BEFORE);
        match message {
            ClientMessage::Stdin { data } if self.output.is_interrupt(&data) => {
                self.interrupt(now)?;
            }
            ClientMessage::Stdin { data } => self.stdin(data, now)?,
            ClientMessage::Interrupt => self.interrupt(now)?,
            ClientMessage::Resize(size) => self.input.resize(size),
            ClientMessage::Ack { offset } => self.output.acknowledge(offset, now),
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

    /// How long the client took to draw something, if that was measured since it was last asked.
    pub(super) fn take_lag(&mut self) -> Option<Duration> {
        self.output.take_lag()
    }

    fn interrupt(&mut self, now: Instant) -> Result<(), Exit> {
        self.take_input(CTRL_C, now)?;
        self.output.interrupt(now);
        Ok(())
    }

    fn stdin(&mut self, data: Bytes, now: Instant) -> Result<(), Exit> {
        if data.is_empty() {
            return Ok(());
        }
        self.output.typed();
        self.take_input(data, now)
    }

    fn take_input(&mut self, data: Bytes, now: Instant) -> Result<(), Exit> {
        self.limits.used(now);
        // Of the time that nothing was typed, nothing is true any more.
        self.notices
            .retain(|notice| !matches!(notice, Notice::IdleSoon { .. }));
        self.input.take(data)
    }

    /// Whether something is to go to the process.
    pub(super) fn has_for_process(&self) -> bool {
        self.ended.is_none() && (self.keepalive.is_due() || self.input.has_next())
    }

    /// What is to go to the process next.
    pub(super) fn next_for_process(&mut self, now: Instant) -> Option<ToProcess> {
        if self.keepalive.ping(now) {
            return Some(ToProcess::Ping);
        }
        self.input.next()
    }

    /// Whether more is to be read from the process: whether it has somewhere to go.
    pub(super) fn wants_process(&mut self, now: Instant) -> bool {
        let wants = self.ended.is_none() && self.output.wants_more(self.attached);
        self.keepalive.listen(wants, now);
        wants
    }

    /// Something came from the process.
    pub(super) fn process(&mut self, event: ProcessEvent, now: Instant) {
        self.keepalive.heard();
        match event {
            ProcessEvent::Output(output) => self.output.take(output, now),
            ProcessEvent::Alive => {}
            ProcessEvent::Ended(ended) => {
                self.output.end_skip();
                self.ended = Some(ended);
            }
        }
    }

    /// How the process ended, once the client has all of its output.
    pub(super) fn end(&self) -> Option<&ProcessEnd> {
        let is_told = self.attached && self.output.buffer.is_sent();
        self.ended.as_ref().filter(|_| is_told)
    }

    /// Whether the process may still run.
    pub(super) fn is_alive(&self) -> bool {
        matches!(self.ended, None | Some(ProcessEnd::Lost(_)))
    }

    /// Whether something is to go to the client.
    pub(super) fn has_for_client(&self) -> bool {
        self.attached
            && (self.key.is_some()
                || self.pong.is_some()
                || !self.notices.is_empty()
                || self.input.ack_is_due()
                || self.output.may_send())
    }

    /// What is to go to the client next.
    pub(super) fn next_for_client(&mut self, now: Instant) -> Option<ToClient> {
        if let Some(message) = self.next_message() {
            return Some(ToClient::Message(message));
        }
        self.output.send_next(now)
    }

    fn next_message(&mut self) -> Option<ServerMessage> {
        if let Some(key) = self.key.take() {
            return Some(ServerMessage::Bound {
                key,
                offset: self.output.buffer.sent(),
                input: self.input.received(),
            });
        }
        if let Some(token) = self.pong.take() {
            return Some(ServerMessage::Pong { token });
        }
        if let Some(notice) = self.notices.pop_front() {
            return Some(ServerMessage::Notice(notice));
        }
        self.input.ack()
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(super) fn deadline(&self) -> Instant {
        [self.output.deadline(), self.limits.deadline()]
            .into_iter()
            .flatten()
            .fold(self.keepalive.deadline(), Instant::min)
    }

    /// Time has passed.
    ///
    /// # Errors
    ///
    /// The session's end, if a limit is reached.
    pub(super) fn tick(&mut self, now: Instant) -> Result<(), Exit> {
        self.output.tick(now);
        if self.keepalive.tick(now) {
            let silent = format!("it was silent for {} seconds", PONG_WITHIN.as_secs());
            self.process(ProcessEvent::Ended(ProcessEnd::Lost(silent)), now);
        }
        for notice in self.limits.tick(now)? {
            self.notify(notice);
        }
        Ok(())
    }
}

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
