//! What a client hears, from the server and of it, and what follows from that.

use podshell_shared::{
    close::{Carrier, Outcome},
    terminal::{ClientMessage, ServerMessage},
};

use crate::{
    client::Client,
    codec::ServerEvent,
    output::TAIL,
    types::{End, Phase, ScreenUpdate, ServerInfo},
};

impl Client {
    /// The id is minted.
    pub fn minted(&mut self, id: String, now: f64) {
        if !self.is_waiting_for_id() {
            return;
        }
        self.id = Some(id);
        self.status_changed = true;
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
            self.enter(Phase::Starting);
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
            // That nothing was bound in time; there will be another connection.
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
            // SockJS' own codes tell of the connection, not of the session.
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
            ServerMessage::Notice(notice) => return Some(ScreenUpdate::Notice(notice)),
            // This is for clients that did not ask for notices.
            ServerMessage::Toast { .. } => {}
            ServerMessage::Exit(exit) => self.end(End::Exit(exit)),
            ServerMessage::Pong { token } => {
                if self.keepalive.pong(&token, now) {
                    self.status_changed = true;
                    self.input.pong();
                }
            }
        }
        None
    }

    fn bound(&mut self, key: String, offset: u64, input: u64, now: f64) -> Option<ScreenUpdate> {
        let resumed = self.key.replace(key).is_some();
        self.enter(Phase::Connected);
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
}
