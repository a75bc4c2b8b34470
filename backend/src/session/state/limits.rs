//! How long a session may last, and how long nothing may be typed: warnings, and the end.

use humantime::format_duration;
use podshell_shared::terminal::{EndReason, Exit, Notice};
use tokio::time::{Duration, Instant};

use crate::session::{Limits, exit::failed};

/// How long before a limit the user is warned.
const WARNING: Duration = Duration::from_secs(60);

/// The limits of a session's time.
#[derive(Debug)]
pub(super) struct TimeLimits {
    idle: Limit,
    lifetime: Limit,
}

impl TimeLimits {
    /// Of a session that begins now.
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            idle: Limit::new(limits.idle, now),
            lifetime: Limit::new(limits.lifetime, now),
        }
    }

    /// Somebody is there.
    pub(super) fn used(&mut self, now: Instant) {
        self.idle.restart(now);
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let deadlines = [self.idle.deadline(), self.lifetime.deadline()];
        deadlines.into_iter().flatten().min()
    }

    /// Time has passed: what the user is to be warned of.
    ///
    /// # Errors
    ///
    /// The session's end, if a limit is reached.
    pub(super) fn tick(
        &mut self,
        now: Instant,
    ) -> Result<impl Iterator<Item = Notice> + use<>, Exit> {
        if let Some(time) = self.idle.over(now) {
            let message = format!("Nothing was typed for {}.", format_duration(time));
            return Err(failed(EndReason::Idle, message));
        }
        if let Some(time) = self.lifetime.over(now) {
            let message = format!("A session may last {} here.", format_duration(time));
            return Err(failed(EndReason::Lifetime, message));
        }
        let idle = self.idle.warning(now).map(|left| Notice::IdleSoon {
            seconds: left.as_secs(),
        });
        let lifetime = self.lifetime.warning(now).map(|left| Notice::LifetimeSoon {
            seconds: left.as_secs(),
        });
        Ok(idle.into_iter().chain(lifetime))
    }
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
