//! The client of one terminal session as a state machine: what the server says and the user does goes in, actions come out.
//!
//! One session may take many connections. Times are milliseconds of any clock that only goes forward; whoever drives the
//! machine says what time it is.

use bytes::Bytes;
use podshell_shared::terminal::{ClientMessage, EndReason, Size, session_handle};

use crate::{
    backoff::Backoff,
    input::Input,
    keepalive::Keepalive,
    output::Output,
    resize::Resizes,
    transport::Transport,
    transport_fallback::TransportFallback,
    types::{End, Phase, ResumePoint, Traffic},
};

/// So much input is kept over a reload of the page, in bytes.
const MAX_KEPT_INPUT: usize = 64 << 10;

/// The client of one terminal session, over as many connections as that takes.
#[derive(Debug)]
pub struct Client {
    pub(crate) phase: Phase,
    pub(crate) fallback: TransportFallback,
    /// What the next connection is for, until a session is bound; nothing while it is being minted.
    pub(crate) id: Option<String>,
    /// What the next connection is for, once a session was bound.
    pub(crate) key: Option<String>,
    pub(crate) greeting: Option<ClientMessage>,
    pub(crate) farewell: Option<ClientMessage>,
    /// Whether the server is to be told by a request of its own that the page goes away.
    pub(crate) announce_leave: bool,
    pub(crate) resizes: Resizes,
    /// Whether the program has to draw its screen anew once the connection stands.
    pub(crate) redraw_when_bound: bool,
    pub(crate) input: Input,
    pub(crate) output: Output,
    pub(crate) keepalive: Keepalive,
    pub(crate) backoff: Backoff,
    /// Whether something has changed of what the user is shown of it.
    pub(crate) status_changed: bool,
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
            status_changed: true,
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

    /// When something came from the server last, or a connection was opened, in ms.
    pub fn heard_at(&self) -> f64 {
        self.keepalive.last_received()
    }

    /// How much has gone each way.
    pub fn traffic(&self) -> Traffic {
        Traffic {
            output: self.output.received(),
            input: self.input.sent(),
        }
    }

    /// How long until the next try to reconnect, in ms; [`None`] while one is being made.
    pub fn retry_in(&self, now: f64) -> Option<f64> {
        Some((self.backoff.next_try()? - now).max(0.0))
    }

    /// Whether phase, transport, round-trip time or the time of the next try have changed since this was asked last. What is
    /// typed and drawn changes none of them, so that whoever shows them need not look at them each time.
    pub fn take_status_changed(&mut self) -> bool {
        std::mem::take(&mut self.status_changed)
    }

    /// What another page needs to go on with this session, if it can.
    pub fn resume_point(&self) -> Option<ResumePoint> {
        if matches!(self.phase, Phase::Ended(_)) {
            return None;
        }
        // A part of a paste is worse than none.
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

    /// The user ends the session.
    pub fn close(&mut self) {
        if matches!(self.phase, Phase::Starting | Phase::Connected) {
            self.farewell = Some(ClientMessage::Close);
        }
        self.end(End::ClosedByUser);
    }

    /// The browser takes the page away. It may come back, or one that is loaded anew in its place.
    pub fn leave(&mut self) {
        match self.phase {
            Phase::Connected | Phase::Reconnecting => {
                // A browser may end a page before it has sent what the page says last on its connection. It promises to send what
                // `announce_leave` asks for, but not when.
                if self.phase == Phase::Connected && self.transport().is_web_socket() {
                    self.farewell = Some(ClientMessage::Leave);
                }
                self.announce_leave = true;
                self.enter(Phase::Away);
            }
            Phase::Opening | Phase::Starting => self.close(),
            Phase::Away | Phase::Ended(_) => {}
        }
    }

    /// The page is back, or the user wants the session back from another page.
    pub fn return_to_session(&mut self, now: f64) {
        if self.key.is_some() && (self.phase == Phase::Away || self.is_taken_over()) {
            self.enter(Phase::Reconnecting);
            self.backoff.start_over(now);
            self.connect(now);
        }
    }

    /// Whether the session goes on in another window.
    pub fn is_taken_over(&self) -> bool {
        matches!(&self.phase, Phase::Ended(End::Exit(exit)) if exit.reason == EndReason::TakenOver)
    }
}

#[cfg(test)]
mod tests;
