//! Whether the other side still lives: pings, the round-trip time, and deadlines that know of sleep.

/// How often the round-trip time is measured, in ms.
const PING_EVERY: f64 = 10_000.0;
/// A connection on which nothing came for so long after a ping is lost, in ms.
const ANSWER_WITHIN: f64 = 20_000.0;
/// The same for a ping that asks whether the connection outlived a sleep, in ms.
const WAKE_WITHIN: f64 = 5_000.0;
/// Between two ticks so far apart the browser has slept, or held back its timers, in ms.
const ASLEEP: f64 = 15_000.0;

/// A ping that nothing came after.
#[derive(Clone, Copy, Debug)]
struct Unanswered {
    until: f64,
    /// Whether it was sent to find out what a sleep has left.
    after_sleep: bool,
}

/// The keepalive of a connection.
#[derive(Debug)]
pub(crate) struct Keepalive {
    last_tick: f64,
    last_received: f64,
    ping_count: u64,
    ping_sent_at: f64,
    unsent_ping: Option<u64>,
    unanswered: Option<Unanswered>,
    round_trip: Option<f64>,
}

impl Keepalive {
    pub(crate) fn new(now: f64) -> Self {
        Self {
            last_tick: now,
            last_received: now,
            ping_count: 0,
            ping_sent_at: now,
            unsent_ping: None,
            unanswered: None,
            round_trip: None,
        }
    }

    /// A connection has begun.
    pub(crate) fn begin(&mut self, now: f64) {
        self.last_received = now;
        self.unanswered = None;
        self.round_trip = None;
        self.ping(now, ANSWER_WITHIN, false);
    }

    /// The round-trip time last measured, in ms.
    pub(crate) fn round_trip(&self) -> Option<f64> {
        self.round_trip
    }

    /// When something came last, or the connection was opened, in ms.
    pub(crate) fn last_received(&self) -> f64 {
        self.last_received
    }

    /// Something came.
    pub(crate) fn received(&mut self, now: f64) {
        self.last_received = now;
        self.unanswered = None;
    }

    /// An answer to a ping came; tells whether it was the last one.
    pub(crate) fn pong(&mut self, token: &str, now: f64) -> bool {
        let last = token == self.ping_count.to_string();
        if last {
            self.round_trip = Some(now - self.ping_sent_at);
        }
        last
    }

    /// Time has passed; tells whether the browser was asleep meanwhile.
    pub(crate) fn tick(&mut self, now: f64) -> bool {
        let slept = now - self.last_tick > ASLEEP;
        self.last_tick = now;
        slept
    }

    /// Time has passed on an open connection; tells whether that is dead.
    pub(crate) fn is_dead(&mut self, slept: bool, now: f64) -> bool {
        match self.unanswered {
            // What came in a sleep may still stand in the browser's queue.
            Some(ping) if now > ping.until && (ping.after_sleep || !slept) => return true,
            _ if slept => self.wake(now),
            _ => {}
        }
        if now - self.ping_sent_at >= PING_EVERY {
            self.ping(now, ANSWER_WITHIN, false);
        }
        false
    }

    /// The user is back, or the browser is: asks whether the connection still stands.
    pub(crate) fn wake(&mut self, now: f64) {
        if now - self.last_received > WAKE_WITHIN
            && !self.unanswered.is_some_and(|ping| ping.after_sleep)
        {
            self.unanswered = None;
            self.ping(now, WAKE_WITHIN, true);
        }
    }

    /// The ping to send.
    pub(crate) fn next_ping(&mut self) -> Option<String> {
        Some(self.unsent_ping.take()?.to_string())
    }

    /// When [`is_dead`](Self::is_dead) is to be asked at the latest.
    pub(crate) fn deadline(&self) -> Option<f64> {
        let ping = self.unanswered.filter(|ping| ping.after_sleep)?;
        Some(ping.until + 1.0)
    }

    fn ping(&mut self, now: f64, within: f64, after_sleep: bool) {
        self.ping_count += 1;
        self.ping_sent_at = now;
        self.unsent_ping = Some(self.ping_count);
        // A later ping does not put off the deadline of an earlier one.
        let until = now + within;
        self.unanswered
            .get_or_insert(Unanswered { until, after_sleep });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ticks every second up to `to`; tells when it was found dead.
    fn dies(keepalive: &mut Keepalive, from: f64, to: f64) -> Option<f64> {
        let mut now = from;
        while now < to {
            now += 1_000.0;
            let slept = keepalive.tick(now);
            if keepalive.is_dead(slept, now) {
                return Some(now);
            }
        }
        None
    }

    #[test]
    fn round_trips_are_measured_every_ten_seconds() {
        let mut keepalive = Keepalive::new(0.0);
        keepalive.begin(0.0);
        assert_eq!(keepalive.next_ping().as_deref(), Some("1"));
        keepalive.received(30.0);
        assert!(keepalive.pong("1", 30.0));
        assert_eq!(keepalive.round_trip(), Some(30.0));
        assert_eq!(dies(&mut keepalive, 30.0, 9_030.0), None);
        assert_eq!(keepalive.next_ping(), None);
        assert_eq!(dies(&mut keepalive, 9_030.0, 10_030.0), None);
        assert_eq!(keepalive.next_ping().as_deref(), Some("2"));
        assert!(!keepalive.pong("1", 10_031.0));
        assert_eq!(keepalive.round_trip(), Some(30.0), "a late answer");
        assert!(keepalive.pong("2", 10_045.0));
        assert_eq!(keepalive.round_trip(), Some(15.0));
    }

    #[test]
    fn an_unanswered_ping_is_death_and_anything_heard_is_life() {
        let mut keepalive = Keepalive::new(0.0);
        keepalive.begin(0.0);
        assert_eq!(dies(&mut keepalive, 0.0, 19_000.0), None);
        keepalive.received(19_000.0);
        assert_eq!(dies(&mut keepalive, 19_000.0, 100_000.0), Some(41_000.0));
    }

    #[test]
    fn after_a_sleep_five_seconds_decide() {
        let mut keepalive = Keepalive::new(0.0);
        keepalive.begin(0.0);
        let hours = 8.0 * 3_600_000.0;
        assert!(keepalive.tick(hours));
        assert!(!keepalive.is_dead(true, hours), "it may have been told");
        assert_eq!(keepalive.deadline(), Some(hours + 5_001.0));
        assert_eq!(
            dies(&mut keepalive, hours, hours + 60_000.0),
            Some(hours + 6_000.0)
        );
    }

    #[test]
    fn timers_that_are_held_back_are_no_excuse_for_ever() {
        // A tab in the background ticks once a minute.
        let mut keepalive = Keepalive::new(0.0);
        keepalive.begin(0.0);
        keepalive.received(1.0);
        for minute in 1..=5 {
            let now = f64::from(minute) * 60_000.0;
            let slept = keepalive.tick(now);
            assert!(!keepalive.is_dead(slept, now), "minute {minute}");
            keepalive.received(now + 20.0);
        }
        let slept = keepalive.tick(360_000.0);
        assert!(!keepalive.is_dead(slept, 360_000.0), "asks");
        let slept = keepalive.tick(420_000.0);
        assert!(keepalive.is_dead(slept, 420_000.0), "and got no answer");
    }
}
