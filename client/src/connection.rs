//! A terminal's connection as a state machine, over as many sockets as it takes: what is heard goes in, what is to be done comes out.
//!
//! No browser, no clock. Times are milliseconds of any clock that only goes forward; whoever drives the
//! machine says what time it is.

mod input;
mod line;
mod output;
mod pulse;
mod retry;
mod steps;
mod terms;
mod window;

use bytes::Bytes;
use podshell_shared::{
    close::{Carrier, Outcome},
    terminal::{ClientMessage, EndReason, ServerMessage, Size, session_handle},
};

use self::{input::Input, line::Line, output::Output, pulse::Pulse, retry::Retry, window::Window};
pub use self::{
    output::TAIL,
    terms::{Bookmark, End, Info, Phase, Shown, Step},
};
use crate::transport::{Heard, Transport};

/// How long the server may take from the bind to a shell, in ms.
const START_WITHIN: f64 = 60_000.0;
/// How long the server may take to answer a resume, in ms.
const RESUME_WITHIN: f64 = 10_000.0;
/// So much input is kept over a reload of the page, in bytes.
const MAX_KEPT_INPUT: usize = 64 << 10;

/// A terminal's connection.
#[derive(Debug)]
pub struct Connection {
    phase: Phase,
    line: Line,
    /// What the next socket is for, until a session is bound; nothing while it is being minted.
    id: Option<String>,
    /// What the next socket is for, once a session was bound.
    key: Option<String>,
    hello: Option<ClientMessage>,
    farewell: Option<ClientMessage>,
    /// Whether the server is to be told by a request of its own that the page goes away.
    leaves: bool,
    window: Window,
    /// Whether the program has to draw its screen anew once the connection stands.
    redraw_when_bound: bool,
    input: Input,
    output: Output,
    pulse: Pulse,
    retry: Retry,
}

impl Connection {
    /// Begins a connection for an id that is being minted. If it `may_open_early`, its first socket is opened meanwhile: the
    /// server takes the page's key for the id that is not there. `random` gives numbers from 0 to 1.
    pub fn begin(
        may_open_early: bool,
        size: Option<Size>,
        transport: Transport,
        random: fn() -> f64,
        now: f64,
    ) -> Self {
        Self {
            phase: Phase::Opening,
            line: Line::new(may_open_early, transport, now),
            id: None,
            key: None,
            hello: None,
            farewell: None,
            leaves: false,
            window: Window::new(size),
            redraw_when_bound: false,
            input: Input::default(),
            output: Output::default(),
            pulse: Pulse::new(now),
            retry: Retry::new(random, now),
        }
    }

    /// Goes on with a session of another page. With `redraw`, the program in it has to draw its screen anew.
    pub fn resume(
        bookmark: Bookmark,
        redraw: bool,
        size: Option<Size>,
        transport: Transport,
        random: fn() -> f64,
        now: f64,
    ) -> Self {
        Self {
            phase: Phase::Reconnecting,
            key: Some(bookmark.key),
            redraw_when_bound: redraw,
            input: Input::at(bookmark.arrived, bookmark.rest),
            output: Output::at(bookmark.offset),
            ..Self::begin(true, size, transport, random, now)
        }
    }

    /// How far it is.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The transport in use.
    pub fn transport(&self) -> Transport {
        self.line.transport()
    }

    /// The round-trip time last measured, in ms.
    pub fn round_trip(&self) -> Option<f64> {
        self.pulse.round_trip()
    }

    /// How long until the next try to reconnect, in ms; [`None`] while one is being made.
    pub fn retry_in(&self, now: f64) -> Option<f64> {
        Some((self.retry.at()? - now).max(0.0))
    }

    /// What another page needs to go on with this session, if it can.
    pub fn bookmark(&self) -> Option<Bookmark> {
        if matches!(self.phase, Phase::Over(_)) {
            return None;
        }
        // a part of a paste is worse than none
        let kept = self.input.rest_length() <= MAX_KEPT_INPUT;
        Some(Bookmark {
            key: self.key.clone()?,
            offset: self.output.rendered(),
            arrived: self.input.arrived(),
            rest: if kept { self.input.rest() } else { Vec::new() },
        })
    }

    /// Whether the next socket is to go on with a session.
    pub fn resumes(&self) -> bool {
        self.key.is_some()
    }

    /// What stands in the query of the next socket's address, to show that it may be opened. [`None`] if that has to be
    /// shown otherwise, for there is no id yet.
    pub fn query(&self) -> Option<&str> {
        let key = self.key.as_deref();
        key.map(session_handle).or(self.id.as_deref())
    }

    /// Whether the id is still being minted.
    pub fn waits_for_id(&self) -> bool {
        self.phase == Phase::Opening && self.id.is_none()
    }

    /// The id is minted.
    pub fn minted(&mut self, id: String, now: f64) {
        if !self.waits_for_id() {
            return;
        }
        self.id = Some(id);
        if self.line.is_open() {
            self.say_bind();
        } else if self.line.is_down() {
            self.line.dial(now);
            if self.line.is_vain() {
                self.line_closed(now);
            }
        }
    }

    fn say_bind(&mut self) {
        if let Some(id) = self.id.take() {
            self.phase = Phase::Starting;
            self.window.tell();
            self.hello = Some(ClientMessage::Bind { id, extended: true });
        }
    }

    /// The server says that there is nothing to go on with, or nobody who may.
    pub fn refused(&mut self, end: End) {
        if self.phase == Phase::Reconnecting {
            self.end(end);
        }
    }

    /// The server has told of itself.
    pub fn informed(&mut self, info: Info, now: f64) {
        self.line.informed(info);
        if self.phase == Phase::Opening && self.line.is_vain() {
            self.line_closed(now);
        }
    }

    /// Takes what was heard.
    pub fn hear(&mut self, heard: Heard, now: f64) -> Option<Shown> {
        self.pulse.heard(now);
        if self.waits_for_id() && !matches!(heard, Heard::Opened | Heard::Heartbeat) {
            // that nothing was bound in time; there will be another socket
            self.line_closed(now);
            return None;
        }
        match heard {
            Heard::Opened => self.opened(now),
            Heard::Heartbeat => {}
            Heard::Message(message) => return self.message(message, now),
            Heard::Closed { code, reason }
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
            Heard::Closed { code, reason } => match self.key {
                Some(_) => self.line_closed(now),
                None => self.end(End::Closed {
                    code,
                    reason,
                    bound: false,
                }),
            },
            Heard::Garbled(error) => self.end(End::Garbled(error)),
        }
        None
    }

    /// Takes so many bytes of output, which whoever drives this has at hand; the last [`TAIL`] of them are `tail`, or all.
    /// Gives the offset behind the last whole character.
    pub fn output(&mut self, length: usize, tail: &[u8], now: f64) -> u64 {
        self.pulse.heard(now);
        self.output.bytes(length, tail);
        self.output.whole()
    }

    fn opened(&mut self, now: f64) {
        if !self.line.opened(now) {
            return;
        }
        if let Some(key) = self.key.clone() {
            let offset = self.output.whole();
            self.hello = Some(ClientMessage::Resume { key, offset });
        } else {
            self.say_bind();
        }
    }

    fn message(&mut self, message: ServerMessage, now: f64) -> Option<Shown> {
        match message {
            ServerMessage::Bound { key, offset, input } => {
                if matches!(self.phase, Phase::Starting | Phase::Reconnecting) {
                    return self.bound(key, offset, input, now);
                }
            }
            ServerMessage::Stdout { data, end } => {
                match end {
                    Some(end) => self.output.text(end),
                    None => {
                        let tail = data.len().saturating_sub(TAIL);
                        self.output.bytes(data.len(), &data[tail..]);
                    }
                }
                let end = self.output.whole();
                return Some(Shown::Draw { data, end });
            }
            ServerMessage::Skipped { from, to } => {
                self.output.skip_to(to);
                let bytes = to.saturating_sub(from);
                return Some(Shown::Skipped { bytes, end: to });
            }
            ServerMessage::Taken { offset } => self.input.take(offset),
            ServerMessage::Toast { text } => return Some(Shown::Toast(text)),
            ServerMessage::Exit(exit) => self.end(End::Exit(exit)),
            ServerMessage::Pong { token } => {
                if self.pulse.pong(&token, now) {
                    self.input.pong();
                }
            }
        }
        None
    }

    fn bound(&mut self, key: String, offset: u64, input: u64, now: f64) -> Option<Shown> {
        let resumed = self.key.replace(key).is_some();
        self.phase = Phase::Connected;
        self.retry.bound(now);
        self.line.proves_good();
        self.pulse.begin(now);
        self.input.bound(input);
        let bytes = self.output.bound(offset);
        if resumed {
            self.window.tell();
        }
        if std::mem::take(&mut self.redraw_when_bound) {
            self.window.redraw(now);
        }
        resumed.then_some(match bytes {
            0 => Shown::Resumed,
            _ => Shown::Missing { bytes, end: offset },
        })
    }

    /// The socket is gone.
    pub fn line_closed(&mut self, now: f64) {
        if self.line.is_down() {
            return;
        }
        match self.phase {
            // by which transport to go on is seen once there is an id to go on with
            Phase::Opening if self.id.is_none() => self.line.hang_up(),
            // nothing was bound, so the id is still good
            Phase::Opening if self.line.fall_back(now) => {}
            Phase::Opening => self.end(End::Unopened),
            Phase::Starting => self.end(End::Unstarted),
            Phase::Connected | Phase::Reconnecting => self.lose(now),
            Phase::Away | Phase::Over(_) => self.line.hang_up(),
        }
    }

    /// The network is another one, or there is one again: what the socket says now may be outdated.
    pub fn network_changed(&mut self, now: f64) {
        if self.phase == Phase::Connected {
            self.lose(now);
        }
        if self.phase == Phase::Reconnecting {
            self.retry.hope(now);
            self.dial(now);
        }
    }

    /// The user looks at the page again.
    pub fn looked_at(&mut self, now: f64) {
        if self.phase == Phase::Connected {
            self.pulse.wake(now);
        }
        if self.phase == Phase::Reconnecting && self.retry.at().is_some() {
            self.dial(now);
        }
    }

    /// Time has passed. To be called about once a second, and when [`due`](Self::due) says.
    pub fn tick(&mut self, now: f64) {
        let slept = self.pulse.tick(now);
        let age = self.line.age(now);
        match self.phase {
            Phase::Opening if self.line.is_stuck(now) => self.line_closed(now),
            Phase::Starting if age > START_WITHIN => self.end(End::Silent),
            Phase::Connected if self.pulse.is_dead(slept, now) => self.lose(now),
            Phase::Connected => self.window.tick(now),
            Phase::Reconnecting if slept => {
                // the server may have slept less
                self.retry.hope(now);
                self.dial(now);
            }
            Phase::Reconnecting => match self.retry.at() {
                Some(at) if now >= at => self.dial(now),
                None if age > RESUME_WITHIN => self.lose(now),
                _ => {}
            },
            _ => {}
        }
    }

    /// When [`tick`](Self::tick) has to be called next, beyond once a second.
    pub fn due(&self) -> Option<f64> {
        match self.phase {
            Phase::Connected => [self.window.deadline(), self.pulse.deadline()]
                .into_iter()
                .flatten()
                .reduce(f64::min),
            Phase::Reconnecting => self.retry.at(),
            Phase::Opening | Phase::Starting | Phase::Away | Phase::Over(_) => None,
        }
    }

    /// The user typed or pasted this; tells whether there was room for it.
    #[must_use]
    pub fn type_in(&mut self, bytes: Bytes) -> bool {
        matches!(self.phase, Phase::Over(_)) || self.input.push(bytes)
    }

    /// The user typed Ctrl-C, and wants no more of the flood, if there is one. That is for the server to say.
    pub fn interrupt(&mut self) {
        self.input.interrupt();
    }

    /// The terminal has this size now.
    pub fn resize(&mut self, size: Size) {
        self.window.resize(size);
    }

    /// Makes a full-screen program draw all of its screen, by a change of size that is taken back.
    pub fn redraw(&mut self, now: f64) {
        self.window.redraw(now);
    }

    /// All output up to this offset is on the screen.
    pub fn rendered(&mut self, end: u64) {
        self.output.draw(end);
    }

    /// The user leaves: the session ends.
    pub fn close(&mut self) {
        if matches!(self.phase, Phase::Starting | Phase::Connected) {
            self.farewell = Some(ClientMessage::Close);
        }
        self.end(End::Left);
    }

    /// The browser takes the page away. It may come back, or one that is loaded anew in its place.
    pub fn leave(&mut self) {
        match self.phase {
            Phase::Connected if self.transport().is_web_socket() => {
                self.farewell = Some(ClientMessage::Leave);
                self.phase = Phase::Away;
            }
            Phase::Connected | Phase::Reconnecting => {
                self.leaves = true;
                self.phase = Phase::Away;
            }
            Phase::Opening | Phase::Starting => self.close(),
            Phase::Away | Phase::Over(_) => {}
        }
    }

    /// The page is back, or the user wants the session back from another page.
    pub fn come_back(&mut self, now: f64) {
        if self.key.is_some() && (self.phase == Phase::Away || self.is_taken_over()) {
            self.phase = Phase::Reconnecting;
            self.retry.hope(now);
            self.dial(now);
        }
    }

    /// Whether the session goes on in another window.
    pub fn is_taken_over(&self) -> bool {
        matches!(&self.phase, Phase::Over(End::Exit(exit)) if exit.reason == EndReason::TakenOver)
    }

    /// The connection is lost, or a try to mend it failed.
    fn lose(&mut self, now: f64) {
        self.line.hang_up();
        if self.phase == Phase::Connected {
            self.phase = Phase::Reconnecting;
            self.retry.lost(now);
        } else if !self.retry.failed(now) {
            self.end(End::Dropped);
            return;
        }
        self.line.choose(self.retry.tries());
    }

    fn dial(&mut self, now: f64) {
        self.line.dial(now);
        self.retry.begin();
    }

    /// The first end counts; what follows it only confirms it.
    fn end(&mut self, end: End) {
        if matches!(self.phase, Phase::Over(_)) {
            return;
        }
        if matches!(end, End::Garbled(_) | End::Silent) {
            // else the server would wait for this page to come back
            self.farewell = Some(ClientMessage::Close);
        }
        self.phase = Phase::Over(end);
        self.retry.begin();
        self.input.clear();
    }
}

#[cfg(test)]
mod tests;
