//! Whether the connection to the process still lives: it is shown to be in use, and has to give signs of life.

use tokio::time::{Duration, Instant};

/// How often the connection to the cluster shows that it is in use; load balancers on the way drop what is idle, some after
/// a minute.
const PING_EVERY: Duration = Duration::from_secs(25);
/// How long the other side of that connection may take for a sign of life.
pub(super) const PONG_WITHIN: Duration = Duration::from_secs(15);

/// Pings to the process, and what came since.
#[derive(Debug)]
pub(super) struct Keepalive {
    ping_due: bool,
    /// When a ping was last due.
    last_ping_at: Instant,
    /// When one was sent that nothing has followed yet.
    ping_sent_at: Option<Instant>,
    /// Since when the process is listened to. The silence of one that is not listened to means nothing.
    listening_since: Option<Instant>,
}

impl Keepalive {
    /// Of a connection that is made now.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            ping_due: false,
            last_ping_at: now,
            ping_sent_at: None,
            listening_since: None,
        }
    }

    /// The process has started.
    pub(super) fn started(&mut self, now: Instant) {
        self.last_ping_at = now;
    }

    /// Whether the process is listened to.
    pub(super) fn listen(&mut self, listens: bool, now: Instant) {
        self.listening_since = listens.then(|| self.listening_since.unwrap_or(now));
    }

    /// Something came.
    pub(super) fn heard(&mut self) {
        self.ping_sent_at = None;
    }

    /// Whether a ping is to be sent.
    pub(super) fn is_due(&self) -> bool {
        self.ping_due
    }

    /// Whether one is sent now.
    pub(super) fn ping(&mut self, now: Instant) -> bool {
        let due = std::mem::take(&mut self.ping_due);
        if due {
            self.ping_sent_at = self.ping_sent_at.or(Some(now));
        }
        due
    }

    /// When silence means that the connection is dead.
    fn dead_at(&self) -> Option<Instant> {
        Some(self.ping_sent_at?.max(self.listening_since?) + PONG_WITHIN)
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(super) fn deadline(&self) -> Instant {
        let ping_at = self.last_ping_at + PING_EVERY;
        self.dead_at().map_or(ping_at, |dead| dead.min(ping_at))
    }

    /// Time has passed; tells whether the connection is dead.
    pub(super) fn tick(&mut self, now: Instant) -> bool {
        if now >= self.last_ping_at + PING_EVERY {
            self.last_ping_at = now;
            self.ping_due = true;
        }
        let dead = self.dead_at().is_some_and(|dead| now >= dead);
        if dead {
            self.ping_sent_at = None;
        }
        dead
    }
}
