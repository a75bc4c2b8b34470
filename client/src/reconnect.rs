//! How a client loses connections, notices that, and makes new ones, until the session ends.

use podshell_shared::terminal::ClientMessage;

use crate::{
    client::Client,
    types::{End, Phase},
};

/// How long the server may take from the bind to a shell, in ms.
const START_WITHIN: f64 = 60_000.0;
/// How long the server may take to answer a resume, in ms.
const RESUME_WITHIN: f64 = 10_000.0;

impl Client {
    /// The connection is gone.
    pub fn connection_closed(&mut self, now: f64) {
        if self.fallback.is_closed() {
            return;
        }
        match self.phase {
            // By which transport to go on is seen once there is an id to go on with.
            Phase::Opening if self.id.is_none() => self.fallback.disconnect(),
            // Nothing was bound, so the id is still good.
            Phase::Opening if self.fallback.fall_back(now) => self.status_changed = true,
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
        // The next try is nearer than it was.
        self.status_changed |= self.phase == Phase::Reconnecting;
        match self.phase {
            Phase::Opening if self.fallback.is_overdue(now) => self.connection_closed(now),
            Phase::Starting if age > START_WITHIN => self.end(End::Silent),
            Phase::Connected if self.keepalive.is_dead(slept, now) => self.lose(now),
            Phase::Connected => self.resizes.tick(now),
            Phase::Reconnecting if slept => {
                // The server may have slept less.
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

    /// The connection is lost, or a try to mend it failed.
    pub(crate) fn lose(&mut self, now: f64) {
        self.fallback.disconnect();
        if self.phase == Phase::Connected {
            self.enter(Phase::Reconnecting);
            self.backoff.lost(now);
        } else if !self.backoff.failed(now) {
            self.end(End::ConnectionLost);
            return;
        }
        self.fallback.choose(self.backoff.tries());
        self.status_changed = true;
    }

    pub(crate) fn connect(&mut self, now: f64) {
        self.fallback.connect(now);
        self.backoff.begin();
        self.status_changed = true;
    }

    pub(crate) fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.status_changed = true;
    }

    /// The first end counts; what follows it only confirms it.
    pub(crate) fn end(&mut self, end: End) {
        if matches!(self.phase, Phase::Ended(_)) {
            return;
        }
        if matches!(end, End::ProtocolError(_) | End::Silent) {
            // Else the server would wait for this page to come back.
            self.farewell = Some(ClientMessage::Close);
        }
        self.enter(Phase::Ended(end));
        self.backoff.begin();
        self.input.clear();
    }
}
