//! When to try to connect again: after growing pauses, no two pages in step, and not for ever.

use podshell_shared::terminal::MAX_GRACE;

/// The first pause, in ms.
const FIRST: f64 = 300.0;
/// The longest pause at first, in ms.
const LONG: f64 = 10_000.0;
/// The longest pause ever, in ms.
const LONGEST: f64 = 60_000.0;
/// So large a part of the time since the loss a pause may be that is longer than [`LONG`].
const PATIENCE: f64 = 0.1;
/// A pause is up to so much shorter or longer, as a part of itself.
const JITTER: f64 = 0.25;
/// A connection that lasted so long was a good one: the pauses after it begin with the shortest, in ms.
const HELD: f64 = 10_000.0;
/// For so long after a loss it is tried to come back, in ms: as long as any server may keep the shell, and ten minutes in
/// which it may not have noticed the loss itself. Where it has ended the shell, the first try that reaches it tells.
const GIVE_UP_AFTER: f64 = (MAX_GRACE + 600) as f64 * 1000.0;

/// The tries to mend a connection.
#[derive(Debug)]
pub(crate) struct Backoff {
    /// Gives numbers from 0 to 1.
    random: fn() -> f64,
    /// How many tries were put off in a row.
    tries: u32,
    connected_at: f64,
    lost_at: f64,
    /// When the next one is due.
    next_try: Option<f64>,
}

impl Backoff {
    pub(crate) fn new(random: fn() -> f64, now: f64) -> Self {
        Self {
            random,
            tries: 0,
            connected_at: now,
            lost_at: now,
            next_try: None,
        }
    }

    /// How many tries were put off in a row.
    pub(crate) fn tries(&self) -> u32 {
        self.tries
    }

    /// When the next try is due; [`None`] while one is being made, or none is needed.
    pub(crate) fn next_try(&self) -> Option<f64> {
        self.next_try
    }

    /// A session was bound.
    pub(crate) fn connected(&mut self, now: f64) {
        self.connected_at = now;
        self.next_try = None;
    }

    /// A connection that was bound is lost.
    pub(crate) fn lost(&mut self, now: f64) {
        if now - self.connected_at >= HELD {
            self.tries = 0;
        }
        self.lost_at = now;
        self.schedule(now);
    }

    /// A try failed; tells whether there is to be another.
    pub(crate) fn failed(&mut self, now: f64) -> bool {
        let again = now - self.lost_at <= GIVE_UP_AFTER;
        if again {
            self.schedule(now);
        }
        again
    }

    /// There is new hope: however long it was tried before, it is tried from now on.
    pub(crate) fn start_over(&mut self, now: f64) {
        self.lost_at = now;
    }

    /// A try is made.
    pub(crate) fn begin(&mut self) {
        self.next_try = None;
    }

    fn schedule(&mut self, now: f64) {
        let doubled = FIRST * 2_f64.powi(self.tries.min(16) as i32);
        let longest = (PATIENCE * (now - self.lost_at)).clamp(LONG, LONGEST / (1.0 + JITTER));
        let jitter = 1.0 + JITTER * (2.0 * (self.random)() - 1.0);
        self.tries += 1;
        self.next_try = Some(now + doubled.min(longest) * jitter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_pauses(random: fn() -> f64) -> Vec<f64> {
        let mut backoff = Backoff::new(random, 0.0);
        backoff.lost(0.0);
        let pauses = std::iter::from_fn(|| {
            let pause = backoff.next_try();
            backoff.failed(0.0).then_some(pause)?
        });
        pauses.take(8).collect()
    }

    #[test]
    fn pauses_double_up_to_ten_seconds() {
        let expected = [
            300.0, 600.0, 1_200.0, 2_400.0, 4_800.0, 9_600.0, 10_000.0, 10_000.0,
        ];
        assert_eq!(first_pauses(|| 0.5), expected);
        assert_eq!(first_pauses(|| 0.0)[0], 225.0);
        assert_eq!(first_pauses(|| 1.0)[7], 12_500.0);
    }

    #[test]
    fn it_is_given_up_a_day_after_the_loss_or_the_last_hope() {
        let mut backoff = Backoff::new(|| 0.5, 0.0);
        backoff.lost(1_000.0);
        let end = 1_000.0 + 87_000_000.0;
        assert!(backoff.failed(end));
        assert!(!backoff.failed(end + 1.0));
        backoff.start_over(end + 2.0);
        assert!(backoff.failed(end + 2.0 + 87_000_000.0));
    }

    #[test]
    fn after_minutes_pauses_grow_to_a_minute() {
        let pause_after = |minutes: f64, random: fn() -> f64| {
            let mut backoff = Backoff::new(random, 0.0);
            backoff.lost(0.0);
            for _ in 0..10 {
                backoff.failed(0.0);
            }
            let now = minutes * 60_000.0;
            backoff.failed(now);
            backoff.next_try().unwrap() - now
        };
        assert_eq!(pause_after(1.0, || 0.5), 10_000.0);
        assert_eq!(pause_after(4.0, || 0.5), 24_000.0);
        assert_eq!(pause_after(15.0, || 0.5), 48_000.0);
        assert_eq!(pause_after(600.0, || 1.0), 60_000.0);
    }

    #[test]
    fn only_a_connection_that_held_makes_the_pauses_short_again() {
        let mut backoff = Backoff::new(|| 0.5, 0.0);
        backoff.lost(0.0);
        backoff.connected(1_000.0);
        backoff.lost(10_999.0);
        assert_eq!(backoff.next_try(), Some(11_599.0));
        backoff.connected(20_000.0);
        backoff.lost(30_000.0);
        assert_eq!(backoff.next_try(), Some(30_300.0));
    }
}
