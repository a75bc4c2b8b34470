//! One terminal connection as a state machine: SockJS frames in, frames out; no browser, no clock.
//!
//! Times are milliseconds of any clock that only goes forward; whoever drives the machine says
//! what time it is.

use std::collections::VecDeque;

use bytes::Bytes;
use podshell_shared::{
    terminal::{ClientMessage, Exit, ServerMessage, Size},
    text::{self, TextError},
};
use sockjs::frame::Frame;

/// How long opening the connection may take, in ms.
const OPEN_WITHIN: f64 = 15_000.0;
/// How long the server may take from the bind to a shell, in ms.
const START_WITHIN: f64 = 60_000.0;
/// A connection on which nothing was heard for so long is lost, in ms. Heartbeats come every 25 s.
const SILENCE: f64 = 60_000.0;
/// How often the round-trip time is measured, in ms.
const PING_EVERY: f64 = 10_000.0;
/// Between two ticks so far apart the browser has slept; it has not been listening, in ms.
const ASLEEP: f64 = 15_000.0;
/// What is left of [`SILENCE`] after a sleep, for what waits in the browser's queue, in ms.
const AFTER_SLEEP: f64 = 10_000.0;
/// So many bytes of output rendered are acknowledged at the latest.
const ACK_EVERY: u64 = 16 * 1024;
/// The longest input in one message, in bytes.
const MAX_INPUT: usize = 16 * 1024;
/// Input waits here while the socket still holds so many bytes.
const MAX_BUFFERED: u32 = 256 * 1024;

/// How far a connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The socket is on its way.
    Opening,
    /// Bound; the server has not confirmed it.
    Starting,
    /// The shell runs.
    Connected,
    /// Over; nothing follows.
    Over(End),
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The server said why.
    Exit(Exit),
    /// The server closed it with no more than a SockJS code and reason.
    Closed {
        code: u16,
        reason: String,
        /// Whether the shell ran.
        bound: bool,
    },
    /// It never opened.
    Unopened,
    /// It broke before the shell ran.
    Unstarted,
    /// It broke.
    Dropped,
    /// Nothing came for too long.
    Silent,
    /// The server said something that this page doesn't understand.
    Garbled(String),
    /// The user left.
    Left,
}

/// What a received frame has for the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Terminal bytes; `end` is to be given back to [`Connection::rendered`].
    Draw { data: Bytes, end: Option<u64> },
    /// The server dropped so many bytes here.
    Skipped(u64),
    /// A remark for the user.
    Toast(String),
}

/// A terminal connection.
#[derive(Debug)]
pub(crate) struct Connection {
    phase: Phase,
    bind: Option<ClientMessage>,
    size: Option<Size>,
    ack: Option<u64>,
    ping: Option<u64>,
    close: bool,
    input: VecDeque<Bytes>,
    received: u64,
    acked: u64,
    began: f64,
    heard: f64,
    ticked: f64,
    pings: u64,
    pinged: f64,
    round_trip: Option<f64>,
}

impl Connection {
    /// Begins a connection for a minted id, to be bound as soon as the socket is open.
    pub(crate) fn new(id: String, size: Option<Size>, now: f64) -> Self {
        Self {
            phase: Phase::Opening,
            bind: Some(ClientMessage::Bind { id, extended: true }),
            size,
            ack: None,
            ping: None,
            close: false,
            input: VecDeque::new(),
            received: 0,
            acked: 0,
            began: now,
            heard: now,
            ticked: now,
            pings: 0,
            pinged: now,
            round_trip: None,
        }
    }

    /// How far it is.
    pub(crate) fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The round-trip time last measured, in ms.
    pub(crate) fn round_trip(&self) -> Option<f64> {
        self.round_trip
    }

    /// Whether input waits for the socket to drain.
    pub(crate) fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    /// Takes a frame from the server.
    pub(crate) fn receive(&mut self, frame: &str, now: f64) -> Vec<Output> {
        self.heard = now;
        let mut outputs = Vec::new();
        match Frame::decode(frame) {
            Ok(Frame::Open) if self.phase == Phase::Opening => {
                self.phase = Phase::Starting;
                self.began = now;
            }
            Ok(Frame::Open | Frame::Heartbeat) => {}
            Ok(Frame::Messages(messages)) => {
                for message in messages {
                    match text::decode_server(&message) {
                        Ok(message) => outputs.extend(self.message(message, now)),
                        // a newer server may say more than this page knows
                        Err(TextError::UnknownOp(_)) => {}
                        Err(error) => self.end(End::Garbled(error.to_string())),
                    }
                }
            }
            Ok(Frame::Close { code, reason }) => {
                let bound = self.phase == Phase::Connected;
                self.end(End::Closed {
                    code,
                    reason,
                    bound,
                });
            }
            Err(error) => self.end(End::Garbled(error.to_string())),
        }
        outputs
    }

    fn message(&mut self, message: ServerMessage, now: f64) -> Option<Output> {
        match message {
            ServerMessage::Bound { offset, .. } => {
                if self.phase == Phase::Starting {
                    self.phase = Phase::Connected;
                    self.received = offset;
                    self.acked = offset;
                    self.measure(now);
                }
                None
            }
            ServerMessage::Stdout { data, end } => {
                self.received = end.unwrap_or(self.received);
                Some(Output::Draw { data, end })
            }
            ServerMessage::Skipped { from, to } => {
                self.received = to;
                Some(Output::Skipped(to.saturating_sub(from)))
            }
            ServerMessage::Toast { text } => Some(Output::Toast(text)),
            ServerMessage::Exit(exit) => {
                self.end(End::Exit(exit));
                None
            }
            ServerMessage::Pong { token } => {
                if token == self.pings.to_string() {
                    self.round_trip = Some(now - self.pinged);
                }
                None
            }
        }
    }

    /// The socket is gone.
    pub(crate) fn socket_closed(&mut self) {
        self.end(match self.phase {
            Phase::Opening => End::Unopened,
            Phase::Starting => End::Unstarted,
            Phase::Connected | Phase::Over(_) => End::Dropped,
        });
    }

    /// The user typed or pasted this.
    pub(crate) fn type_in(&mut self, text: String) {
        if matches!(self.phase, Phase::Over(_)) {
            return;
        }
        let mut text = Bytes::from(text);
        while text.len() > MAX_INPUT {
            // back to the last byte that begins a character
            let cut = (1..=MAX_INPUT)
                .rev()
                .find(|&at| text[at] & 0b1100_0000 != 0b1000_0000)
                .unwrap_or(MAX_INPUT);
            self.input.push_back(text.split_to(cut));
        }
        if !text.is_empty() {
            self.input.push_back(text);
        }
    }

    /// The terminal has this size now.
    pub(crate) fn resize(&mut self, size: Size) {
        if size.is_usable() {
            self.size = Some(size);
        }
    }

    /// All output up to this offset is on the screen.
    pub(crate) fn rendered(&mut self, end: u64) {
        if end.saturating_sub(self.acked) >= ACK_EVERY || (end == self.received && end > self.acked)
        {
            self.acked = end;
            self.ack = Some(end);
        }
    }

    /// Time has passed. To be called about once a second.
    pub(crate) fn tick(&mut self, now: f64) {
        if now - self.ticked > ASLEEP {
            self.heard = self.heard.max(now - SILENCE + AFTER_SLEEP);
        }
        self.ticked = now;
        match self.phase {
            Phase::Opening if now - self.began > OPEN_WITHIN => self.end(End::Unopened),
            Phase::Starting if now - self.began > START_WITHIN => self.end(End::Silent),
            Phase::Starting | Phase::Connected if now - self.heard > SILENCE => {
                self.end(End::Silent);
            }
            Phase::Connected if now - self.pinged >= PING_EVERY => self.measure(now),
            Phase::Opening | Phase::Starting | Phase::Connected | Phase::Over(_) => {}
        }
    }

    /// The user leaves: what is still to be sent is a goodbye.
    pub(crate) fn leave(&mut self) {
        self.close = matches!(self.phase, Phase::Starting | Phase::Connected);
        self.end(End::Left);
    }

    /// The next frame to send, while the socket holds `buffered` bytes that are not on their
    /// way yet. Only input waits for those.
    pub(crate) fn next_frame(&mut self, buffered: u32) -> Option<String> {
        let message = match self.phase {
            Phase::Opening => return None,
            Phase::Starting | Phase::Connected => self
                .bind
                .take()
                .or_else(|| self.size.take().map(ClientMessage::Resize))
                .or_else(|| {
                    Some(ClientMessage::Ack {
                        offset: self.ack.take()?,
                    })
                })
                .or_else(|| {
                    let token = self.ping.take()?.to_string();
                    Some(ClientMessage::Ping { token })
                })
                .or_else(|| {
                    let room = buffered < MAX_BUFFERED;
                    let data = room.then(|| self.input.pop_front())??;
                    Some(ClientMessage::Stdin { data, size: None })
                })?,
            Phase::Over(_) => {
                if !std::mem::take(&mut self.close) {
                    return None;
                }
                ClientMessage::Close
            }
        };
        let frame = serde_json::to_string(&[text::encode_client(&message)]);
        Some(frame.expect("strings are always JSON"))
    }

    fn measure(&mut self, now: f64) {
        self.pings += 1;
        self.pinged = now;
        self.ping = Some(self.pings);
    }

    /// The first end counts; what follows it only confirms it.
    fn end(&mut self, end: End) {
        if !matches!(self.phase, Phase::Over(_)) {
            self.phase = Phase::Over(end);
            self.input.clear();
        }
    }
}

#[cfg(test)]
mod tests;
