//! How much a client has not taken yet of what was sent to it, by its answers to pings.
//!
//! Sockets, proxies and the client's own system take megabytes from a sender before they slow it down. A WebSocket's
//! client answers a ping when it comes to it, behind all that was sent before.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{sync::Notify, time::Instant};

/// A ping goes out behind so many bytes.
const PING_EVERY: u64 = 32 * 1024;
/// So many bytes may always be on their way.
const LEAST: u64 = 128 * 1024;
/// Not more than so many, however far the client is.
const MOST: u64 = 4 * 1024 * 1024;

/// What is on its way to a client.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Whether it is to be bounded.
    on: AtomicBool,
    state: Mutex<State>,
    /// There may be room again.
    room: Notify,
}

#[derive(Debug, Default)]
struct State {
    sent: u64,
    taken: u64,
    pings: VecDeque<Ping>,
    /// The shortest time that an answer took. Without any there is no bound: nobody has to answer pings.
    round_trip: Option<Duration>,
    /// Bytes that may be on their way.
    window: u64,
    /// No answer is heard: what the client says waits.
    deaf: bool,
}

#[derive(Debug)]
struct Ping {
    at: Instant,
    sent: u64,
    /// What was known to be taken when it went out.
    taken: u64,
}

impl Pace {
    /// From now on what is on its way is bounded.
    pub(crate) fn begin(&self) {
        self.on.store(true, Ordering::Relaxed);
    }

    /// Waits until more may be sent. Cancelling loses nothing.
    pub(crate) async fn ready(&self) {
        while self.is_on() && !self.lock().has_room() {
            self.room.notified().await;
        }
    }

    /// Whether more may be sent.
    pub(crate) fn has_room(&self) -> bool {
        !self.is_on() || self.lock().has_room()
    }

    /// So many bytes were sent; gives what to ping with behind them, if that is due.
    pub(crate) fn sent(&self, bytes: usize) -> Option<Bytes> {
        if !self.is_on() {
            return None;
        }
        let mut state = self.lock();
        state.sent += bytes as u64;
        let last = state.pings.back().map_or(state.taken, |ping| ping.sent);
        let due = match state.round_trip {
            Some(_) => state.sent - last >= PING_EVERY,
            // One is enough to know whether it is answered.
            None => state.pings.is_empty(),
        };
        due.then(|| {
            let (sent, taken) = (state.sent, state.taken);
            let at = Instant::now();
            state.pings.push_back(Ping { at, sent, taken });
            Bytes::copy_from_slice(&sent.to_be_bytes())
        })
    }

    /// The client has answered a ping: perhaps one of these.
    pub(crate) fn answered(&self, content: &[u8]) {
        let Ok(sent) = content.try_into().map(u64::from_be_bytes) else {
            return;
        };
        let mut state = self.lock();
        // It need not answer each, but the last that it has seen.
        let Some(at) = state.pings.iter().position(|ping| ping.sent == sent) else {
            return;
        };
        let Some(ping) = state.pings.drain(..=at).next_back() else {
            return;
        };
        let took = ping.at.elapsed();
        let shortest = state.round_trip.map_or(took, |other| other.min(took));
        let speed = (sent - ping.taken) as f64 / took.as_secs_f64().max(1e-6);
        state.taken = sent;
        state.round_trip = Some(shortest);
        // Twice as much as keeps it busy, so that it can show that it is faster.
        let busy = (speed * shortest.as_secs_f64()) as u64;
        state.window = (2 * busy).clamp(LEAST, MOST);
        drop(state);
        self.room.notify_one();
    }

    /// Whether answers are heard. While they are not, nothing is held up for want of one.
    pub(crate) fn hears(&self, hears: bool) {
        if self.is_on() {
            self.lock().deaf = !hears;
            self.room.notify_one();
        }
    }

    fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&self) -> bool {
        self.deaf || self.round_trip.is_none() || self.sent - self.taken < self.window
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::pin, task::Poll};

    use tokio::time::advance;

    use super::*;

    const KIB: usize = 1024;

    async fn is_ready(pace: &Pace) -> bool {
        let mut ready = pin!(pace.ready());
        std::future::poll_fn(|cx| Poll::Ready(ready.as_mut().poll(cx).is_ready())).await
    }

    /// A pace of a client so far away, which has answered once.
    async fn answered_in(far: Duration) -> Pace {
        let pace = Pace::default();
        pace.begin();
        let ping = pace.sent(100).unwrap();
        advance(far).await;
        pace.answered(&ping);
        pace
    }

    /// Sends pieces while there is room: how many bytes, and the pings among them.
    fn fill(pace: &Pace) -> (usize, Vec<Bytes>) {
        let (mut bytes, mut pings) = (0, Vec::new());
        while pace.has_room() {
            bytes += 8 * KIB;
            pings.extend(pace.sent(8 * KIB));
        }
        (bytes, pings)
    }

    #[tokio::test(start_paused = true)]
    async fn it_waits_for_a_client_that_does_not_take() {
        let pace = answered_in(Duration::from_millis(1)).await;
        let (bytes, pings) = fill(&pace);
        assert_eq!((bytes, pings.len()), (128 * KIB, 4));
        assert!(!is_ready(&pace).await);
        // What nobody asked says nothing.
        pace.answered(b"");
        pace.answered(&7_u64.to_be_bytes());
        assert!(!is_ready(&pace).await);
        pace.answered(&pings[1]);
        assert!(is_ready(&pace).await);
        assert_eq!(fill(&pace).0, 64 * KIB);
        // One that was passed over is no news.
        pace.answered(&pings[0]);
        assert!(!is_ready(&pace).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_client_has_no_more_on_its_way_for_it() {
        let pace = answered_in(Duration::from_millis(1)).await;
        for _ in 0..20 {
            let (_, pings) = fill(&pace);
            // 1 MB/s
            advance(Duration::from_millis(128)).await;
            pace.answered(pings.last().unwrap());
        }
        assert_eq!(fill(&pace).0, 128 * KIB);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_far_away_that_takes_all_gets_as_much_as_keeps_it_busy() {
        let far = Duration::from_millis(150);
        let pace = answered_in(far).await;
        let mut most = 0;
        for _ in 0..10 {
            let (bytes, pings) = fill(&pace);
            most = bytes;
            advance(far).await;
            pace.answered(pings.last().unwrap());
        }
        assert_eq!(most, MOST as usize);
    }

    #[tokio::test(start_paused = true)]
    async fn who_answers_no_ping_or_is_not_heard_is_not_waited_for() {
        let pace = Pace::default();
        pace.begin();
        for _ in 0..1000 {
            pace.sent(8 * KIB);
        }
        assert!(is_ready(&pace).await);
        assert!(pace.lock().pings.len() == 1);

        let pace = answered_in(Duration::ZERO).await;
        fill(&pace);
        assert!(!is_ready(&pace).await);
        pace.hears(false);
        assert!(is_ready(&pace).await);
        pace.hears(true);
        assert!(!is_ready(&pace).await);
    }

    #[tokio::test]
    async fn without_a_bound_there_are_no_pings() {
        let pace = Pace::default();
        assert_eq!(pace.sent(8 << 20), None);
        assert!(pace.has_room());
    }
}
