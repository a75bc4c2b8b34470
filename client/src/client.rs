//! The client of one terminal session as a state machine: what the server says and the user does goes in, actions come out.
//!
//! One session may take many connections. Times are milliseconds of any clock that only goes forward; whoever drives the
//! machine says what time it is.

use bytes::Bytes;
use podshell_shared::{
    close::{Carrier, Outcome},
    terminal::{ClientMessage, EndReason, ServerMessage, Size, session_handle},
};

use crate::{
    backoff::Backoff,
    input::Input,
    keepalive::Keepalive,
    output::{Output, TAIL},
    resize::Resizes,
    transport::{ServerEvent, Transport},
    transport_fallback::TransportFallback,
    types::{End, Phase, ResumePoint, ScreenUpdate, ServerInfo},
};

/// How long the server may take from the bind to a shell, in ms.
const START_WITHIN: f64 = 60_000.0;
/// How long the server may take to answer a resume, in ms.
const RESUME_WITHIN: f64 = 10_000.0;
/// So much input is kept over a reload of the page, in bytes.
const MAX_KEPT_INPUT: usize = 64 << 10;

/// The client of one terminal session, over as many connections as that takes.
#[derive(Debug)]
pub struct Client {
    pub(crate) phase: Phase,
    pub(crate) fallback: TransportFallback,
    /// What the next connection is for, until a session is bound; nothing while it is being minted.
    id: Option<String>,
    /// What the next connection is for, once a session was bound.
    pub(crate) key: Option<String>,
    pub(crate) greeting: Option<ClientMessage>,
    pub(crate) farewell: Option<ClientMessage>,
    /// Whether the server is to be told by a request of its own that the page goes away.
    pub(crate) announce_leave: bool,
    pub(crate) resizes: Resizes,
    /// Whether the program has to draw its screen anew once the connection stands.
    redraw_when_bound: bool,
    pub(crate) input: Input,
    pub(crate) output: Output,
    pub(crate) keepalive: Keepalive,
    backoff: Backoff,
}

impl Client {
    /// Begins a session for an id that is being minted. If it `may_open_early`, its first connection is opened meanwhile: the
    /// server takes the page's key for the id that is not there. `random` gives numbers from 0 to 1.
    pub fn start(
        may_open_early: bool,
        size: Option<Size>,
        transport: Transport,
        random: fn() -> f64,
        now: f64,
    ) -> Self {
        Self {
            phase: Phase::Opening,
            fallback: TransportFallback::new(may_open_early, transport, now),
            id: None,
            key: None,
            greeting: None,
            farewell: None,
            announce_leave: false,
            resizes: Resizes::new(size),
            redraw_when_bound: false,
            input: Input::default(),
            output: Output::default(),
            keepalive: Keepalive::new(now),
            backoff: Backoff::new(random, now),
        }
    }

    /// Goes on with a session of another page. With `redraw`, the program in it has to draw its screen anew.
    pub fn resume(
        resume_point: ResumePoint,
        redraw: bool,
        size: Option<Size>,
        transport: Transport,
        random: fn() -> f64,
        now: f64,
    ) -> Self {
        Self {
            phase: Phase::Reconnecting,
            key: Some(resume_point.key),
            redraw_when_bound: redraw,
            input: Input::resume_at(resume_point.received, resume_point.unreceived),
            output: Output::resume_at(resume_point.drawn),
            ..Self::start(true, size, transport, random, now)
        }
    }

    /// How far it is.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The transport in use.
    pub fn transport(&self) -> Transport {
        self.fallback.transport()
    }

    /// The round-trip time last measured, in ms.
    pub fn round_trip(&self) -> Option<f64> {
        self.keepalive.round_trip()
    }

    /// How long until the next try to reconnect, in ms; [`None`] while one is being made.
    pub fn retry_in(&self, now: f64) -> Option<f64> {
        Some((self.backoff.next_try()? - now).max(0.0))
    }

    /// What another page needs to go on with this session, if it can.
    pub fn resume_point(&self) -> Option<ResumePoint> {
        if matches!(self.phase, Phase::Ended(_)) {
            return None;
        }
        // a part of a paste is worse than none
        let kept = self.input.unreceived_length() <= MAX_KEPT_INPUT;
        Some(ResumePoint {
            key: self.key.clone()?,
            drawn: self.output.drawn(),
            received: self.input.received(),
            unreceived: if kept {
                self.input.unreceived()
            } else {
                Vec::new()
            },
        })
    }

    /// Whether the next connection is to go on with a session.
    pub fn is_resuming(&self) -> bool {
        self.key.is_some()
    }

    /// What stands in the query of the next connection's address, to show that it may be opened. [`None`] if that has to be
    /// shown otherwise, for there is no id yet.
    pub fn connection_query(&self) -> Option<&str> {
        let key = self.key.as_deref();
        key.map(session_handle).or(self.id.as_deref())
    }

    /// Whether the id is still being minted.
    pub fn is_waiting_for_id(&self) -> bool {
        self.phase == Phase::Opening && self.id.is_none()
    }

    /// The id is minted.
    pub fn minted(&mut self, id: String, now: f64) {
        if !self.is_waiting_for_id() {
            return;
        }
        self.id = Some(id);
        if self.fallback.is_open() {
            self.prepare_bind();
        } else if self.fallback.is_closed() {
            self.fallback.connect(now);
            if self.fallback.is_not_offered() {
                self.connection_closed(now);
            }
        }
    }

    fn prepare_bind(&mut self) {
        if let Some(id) = self.id.take() {
            self.phase = Phase::Starting;
            self.resizes.tell();
            self.greeting = Some(ClientMessage::Bind { id, extended: true });
        }
    }

    /// The server says that there is nothing to go on with, or nobody who may.
    pub fn refused(&mut self, end: End) {
        if self.phase == Phase::Reconnecting {
            self.end(end);
        }
    }

    /// The server has told of itself.
    pub fn server_info(&mut self, info: ServerInfo, now: f64) {
        self.fallback.server_info(info);
        if self.phase == Phase::Opening && self.fallback.is_not_offered() {
            self.connection_closed(now);
        }
    }

    /// Takes what was heard.
    pub fn receive(&mut self, event: ServerEvent, now: f64) -> Option<ScreenUpdate> {
        self.keepalive.received(now);
        if self.is_waiting_for_id()
            && !matches!(event, ServerEvent::Opened | ServerEvent::Heartbeat)
        {
            // that nothing was bound in time; there will be another connection
            self.connection_closed(now);
            return None;
        }
        match event {
            ServerEvent::Opened => self.opened(now),
            ServerEvent::Heartbeat => {}
            ServerEvent::Message(message) => return self.message(message, now),
            ServerEvent::Closed { code, reason }
                if Outcome::from_code(code, Carrier::SockJs).is_some() =>
            {
                let bound = self.key.is_some();
                self.end(End::Closed {
                    code,
                    reason,
                    bound,
                });
            }
            // SockJS' own codes tell of the connection, not of the session
            ServerEvent::Closed { code, reason } => match self.key {
                Some(_) => self.connection_closed(now),
                None => self.end(End::Closed {
                    code,
                    reason,
                    bound: false,
                }),
            },
            ServerEvent::ProtocolError(error) => self.end(End::ProtocolError(error)),
        }
        None
    }

    /// Takes so many bytes of output, which whoever drives this has at hand; the last [`TAIL`] of them are `tail`, or all.
    /// Gives the offset behind the last whole character.
    pub fn receive_output(&mut self, length: usize, tail: &[u8], now: f64) -> u64 {
        self.keepalive.received(now);
        self.output.receive_bytes(length, tail);
        self.output.whole()
    }

    fn opened(&mut self, now: f64) {
        if !self.fallback.opened(now) {
            return;
        }
        if let Some(key) = self.key.clone() {
            let offset = self.output.whole();
            self.greeting = Some(ClientMessage::Resume { key, offset });
        } else {
            self.prepare_bind();
        }
    }

    fn message(&mut self, message: ServerMessage, now: f64) -> Option<ScreenUpdate> {
        match message {
            ServerMessage::Bound { key, offset, input } => {
                if matches!(self.phase, Phase::Starting | Phase::Reconnecting) {
                    return self.bound(key, offset, input, now);
                }
            }
            ServerMessage::Stdout { data, end } => {
                match end {
                    Some(end) => self.output.receive_text(end),
                    None => {
                        let tail = data.len().saturating_sub(TAIL);
                        self.output.receive_bytes(data.len(), &data[tail..]);
                    }
                }
                let end = self.output.whole();
                return Some(ScreenUpdate::Output { data, end });
            }
            ServerMessage::Skipped { from, to } => {
                self.output.skip_to(to);
                let bytes = to.saturating_sub(from);
                return Some(ScreenUpdate::Skipped { bytes, end: to });
            }
            ServerMessage::Taken { offset } => self.input.consume(offset),
            ServerMessage::Toast { text } => return Some(ScreenUpdate::Toast(text)),
            ServerMessage::Exit(exit) => self.end(End::Exit(exit)),
            ServerMessage::Pong { token } => {
                if self.keepalive.pong(&token, now) {
                    self.input.pong();
                }
            }
        }
        None
    }

    fn bound(&mut self, key: String, offset: u64, input: u64, now: f64) -> Option<ScreenUpdate> {
        let resumed = self.key.replace(key).is_some();
        self.phase = Phase::Connected;
        self.backoff.connected(now);
        self.fallback.confirm_transport();
        self.keepalive.begin(now);
        self.input.bound(input);
        let bytes = self.output.bound(offset);
        if resumed {
            self.resizes.tell();
        }
        if std::mem::take(&mut self.redraw_when_bound) {
            self.resizes.redraw(now);
        }
        resumed.then_some(match bytes {
            0 => ScreenUpdate::Resumed,
            _ => ScreenUpdate::Missing { bytes, end: offset },
        })
    }

    /// The connection is gone.
    pub fn connection_closed(&mut self, now: f64) {
        if self.fallback.is_closed() {
            return;
        }
        match self.phase {
            // by which transport to go on is seen once there is an id to go on with
            Phase::Opening if self.id.is_none() => self.fallback.disconnect(),
            // nothing was bound, so the id is still good
            Phase::Opening if self.fallback.fall_back(now) => {}
            Phase::Opening => self.end(End::NotOpened),
            Phase::Starting => self.end(End::NotStarted),
            Phase::Connected | Phase::Reconnecting => self.lose(now),
            Phase::Away | Phase::Ended(_) => self.fallback.disconnect(),
        }
    }

    /// The network is another one, or there is one again: what the connection says now may be outdated.
    pub fn network_changed(&mut self, now: f64) {
        if self.phase == Phase::Connected {
            self.lose(now);
        }
        if self.phase == Phase::Reconnecting {
            self.backoff.start_over(now);
            self.connect(now);
        }
    }

    /// The user looks at the page again.
    pub fn user_returned(&mut self, now: f64) {
        if self.phase == Phase::Connected {
            self.keepalive.wake(now);
        }
        if self.phase == Phase::Reconnecting && self.backoff.next_try().is_some() {
            self.connect(now);
        }
    }

    /// Time has passed. To be called about once a second, and when [`next_tick`](Self::next_tick) says.
    pub fn tick(&mut self, now: f64) {
        let slept = self.keepalive.tick(now);
        let age = self.fallback.age(now);
        match self.phase {
            Phase::Opening if self.fallback.is_overdue(now) => self.connection_closed(now),
            Phase::Starting if age > START_WITHIN => self.end(End::Silent),
            Phase::Connected if self.keepalive.is_dead(slept, now) => self.lose(now),
            Phase::Connected => self.resizes.tick(now),
            Phase::Reconnecting if slept => {
                // the server may have slept less
                self.backoff.start_over(now);
                self.connect(now);
            }
            Phase::Reconnecting => match self.backoff.next_try() {
                Some(at) if now >= at => self.connect(now),
                None if age > RESUME_WITHIN => self.lose(now),
                _ => {}
            },
            _ => {}
        }
    }

    /// When [`tick`](Self::tick) has to be called next, beyond once a second.
    pub fn next_tick(&self) -> Option<f64> {
        match self.phase {
            Phase::Connected => [self.resizes.deadline(), self.keepalive.deadline()]
                .into_iter()
                .flatten()
                .reduce(f64::min),
            Phase::Reconnecting => self.backoff.next_try(),
            Phase::Opening | Phase::Starting | Phase::Away | Phase::Ended(_) => None,
        }
    }

    /// The user typed or pasted this; tells whether there was room for it.
    #[must_use]
    pub fn type_in(&mut self, bytes: Bytes) -> bool {
        matches!(self.phase, Phase::Ended(_)) || self.input.push(bytes)
    }

    /// The user typed Ctrl-C, and wants no more of the flood, if there is one. That is for the server to say.
    pub fn interrupt(&mut self) {
        self.input.interrupt();
    }

    /// The terminal has this size now.
    pub fn resize(&mut self, size: Size) {
        self.resizes.resize(size);
    }

    /// Makes a full-screen program draw all of its screen, by a change of size that is taken back.
    pub fn redraw(&mut self, now: f64) {
        self.resizes.redraw(now);
    }

    /// All output up to this offset is on the screen.
    pub fn drawn(&mut self, end: u64) {
        self.output.drawn_to(end);
    }

    /// The user leaves: the session ends.
    pub fn close(&mut self) {
        if matches!(self.phase, Phase::Starting | Phase::Connected) {
            self.farewell = Some(ClientMessage::Close);
        }
        self.end(End::ClosedByUser);
    }

    /// The browser takes the page away. It may come back, or one that is loaded anew in its place.
    pub fn leave(&mut self) {
        match self.phase {
            Phase::Connected if self.transport().is_web_socket() => {
                self.farewell = Some(ClientMessage::Leave);
                self.phase = Phase::Away;
            }
            Phase::Connected | Phase::Reconnecting => {
                self.announce_leave = true;
                self.phase = Phase::Away;
            }
            Phase::Opening | Phase::Starting => self.close(),
            Phase::Away | Phase::Ended(_) => {}
        }
    }

    /// The page is back, or the user wants the session back from another page.
    pub fn return_to_session(&mut self, now: f64) {
        if self.key.is_some() && (self.phase == Phase::Away || self.is_taken_over()) {
            self.phase = Phase::Reconnecting;
            self.backoff.start_over(now);
            self.connect(now);
        }
    }

    /// Whether the session goes on in another window.
    pub fn is_taken_over(&self) -> bool {
        matches!(&self.phase, Phase::Ended(End::Exit(exit)) if exit.reason == EndReason::TakenOver)
    }

    /// The connection is lost, or a try to mend it failed.
    fn lose(&mut self, now: f64) {
        self.fallback.disconnect();
        if self.phase == Phase::Connected {
            self.phase = Phase::Reconnecting;
            self.backoff.lost(now);
        } else if !self.backoff.failed(now) {
            self.end(End::ConnectionLost);
            return;
        }
        self.fallback.choose(self.backoff.tries());
    }

    fn connect(&mut self, now: f64) {
        self.fallback.connect(now);
        self.backoff.begin();
    }

    /// The first end counts; what follows it only confirms it.
    fn end(&mut self, end: End) {
        if matches!(self.phase, Phase::Ended(_)) {
            return;
        }
        if matches!(end, End::ProtocolError(_) | End::Silent) {
            // else the server would wait for this page to come back
            self.farewell = Some(ClientMessage::Close);
        }
        self.phase = Phase::Ended(end);
        self.backoff.begin();
        self.input.clear();
    }
}

#[cfg(test)]
mod tests;
