//! Windows over clients that are far away, slow, gone, or many.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

/// What comes from a shell at once, in bytes.
const FRAME: u64 = 9000;
/// How long one step of a conversation takes.
const STEP: Duration = Duration::from_micros(200);
const SECOND: Duration = Duration::from_secs(1);

/// A client at the end of a long way, which draws what comes and acknowledges it, and a shell that prints as fast as it
/// may.
struct Client {
    /// Whether it says no more of what it has drawn than it has to.
    is_lazy: bool,
    /// To it and back.
    round_trip: Duration,
    /// How much it draws, in bytes per second.
    speed: u64,
    now: Instant,
    window: Window,
    sent: u64,
    acked: u64,
    /// When so much arrives there, and when it is known here that so much is drawn.
    there: VecDeque<(Instant, u64)>,
    back: VecDeque<(Instant, u64)>,
    /// What has arrived, and what of it is drawn.
    arrived: u64,
    drawn: f64,
    said: u64,
    /// How many times the way there and back was measured.
    lags: usize,
}

impl Client {
    fn new(round_trip: u64, speed: u64, pool: &Pool) -> Self {
        let now = Instant::now();
        Self {
            is_lazy: false,
            round_trip: Duration::from_millis(round_trip),
            speed,
            now,
            window: Window::new(pool.clone(), now),
            sent: 0,
            acked: 0,
            there: VecDeque::new(),
            back: VecDeque::new(),
            arrived: 0,
            drawn: 0.0,
            said: 0,
            lags: 0,
        }
    }

    fn in_flight(&self) -> u64 {
        self.sent - self.acked
    }

    /// Sends so much.
    fn send(&mut self, bytes: u64) {
        self.sent += bytes;
        self.window.send(self.sent, self.in_flight(), self.now);
        let arrives = self.now + self.round_trip / 2;
        self.there.push_back((arrives, self.sent));
    }

    /// What happens in so much time while the shell floods, or does not.
    fn run(&mut self, time: Duration, floods: bool) {
        let end = self.now + time;
        while self.now < end {
            // One at a time, so that those of a round trip follow its acknowledgements.
            if floods && self.in_flight() < self.window.size() {
                self.send(FRAME);
            }
            self.step();
        }
    }

    fn step(&mut self) {
        self.now += STEP;
        while let Some((_, end)) = self.there.pop_front_if(|(at, _)| *at <= self.now) {
            self.arrived = end;
        }
        let draws = self.speed as f64 * STEP.as_secs_f64();
        self.drawn = (self.drawn + draws).min(self.arrived as f64);
        let drawn = self.drawn as u64;
        let is_all = !self.is_lazy && drawn > self.said && drawn == self.arrived;
        if drawn - self.said >= TELL_EVERY || is_all {
            self.said = drawn;
            self.back.push_back((self.now + self.round_trip / 2, drawn));
        }
        while let Some((_, drawn)) = self.back.pop_front_if(|(at, _)| *at <= self.now) {
            self.acked = drawn;
            let now = self.now;
            if let Some(lag) = self.window.acknowledge(drawn, self.in_flight(), now) {
                assert!(lag >= self.round_trip, "{lag:?}");
                self.lags += 1;
            }
        }
        self.window.tick(self.in_flight(), self.now);
    }

    /// Its prompt, and a line typed.
    fn prompt(&mut self) {
        for number in 1..=3 {
            self.send(40);
            self.run(SECOND / 2, false);
            // Who says no more than it has to does not say this.
            assert_eq!(self.lags, if self.is_lazy { 0 } else { number });
        }
    }
}

#[test]
fn a_screen_that_is_far_away_does_not_wait() {
    for (round_trip, speed, is_lazy) in [
        (150, 4_000_000, false),
        (150, 20_000_000, false),
        (150, 20_000_000, true),
        (40, 30_000_000, true),
        (300, 6_000_000, false),
        (300, 6_000_000, true),
        (20, 300_000, false),
    ] {
        let pool = Pool::new(POOL);
        let mut client = Client::new(round_trip, speed, &pool);
        client.is_lazy = is_lazy;
        client.prompt();
        client.run(SECOND * 3, true);
        let before = client.acked;
        client.run(SECOND * 3, true);
        let got = (client.acked - before) / 3;
        assert!(got * 10 > speed * 9, "{round_trip} ms: {got} of {speed}");
        // What a Ctrl-C would have to wait for.
        let queue = client.arrived - client.drawn as u64;
        let most = OUTPUT_WINDOW.max(speed * round_trip / 1000 * 5 / 4);
        assert!(queue <= most, "{round_trip} ms, {speed}: {queue}");
    }
}

#[test]
fn near_by_nothing_changes_however_slow_the_screen_is() {
    for speed in [100_000, 2_000_000, 20_000_000] {
        let pool = Pool::new(POOL);
        let mut client = Client::new(1, speed, &pool);
        client.prompt();
        client.run(SECOND * 20, true);
        assert_eq!(client.window.size(), OUTPUT_WINDOW, "{speed}");
        assert_eq!(pool.free(), POOL);
    }
}

#[test]
fn it_falls_back_when_the_flood_is_over_and_when_the_client_stalls() {
    for stalls in [false, true] {
        let pool = Pool::new(POOL);
        let mut client = Client::new(150, 20_000_000, &pool);
        client.prompt();
        client.run(SECOND * 3, true);
        assert!(client.window.size() > LARGEST / 2);
        if stalls {
            client.speed = 0;
            client.run(SECOND * 10, true);
            // What is under way still counts: the client may come back for it.
            let held = client.in_flight();
            assert!(held > OUTPUT_WINDOW);
            assert_eq!(POOL - pool.free(), held - OUTPUT_WINDOW);
        } else {
            client.run(SECOND * 10, false);
            assert_eq!((client.in_flight(), pool.free()), (0, POOL));
        }
        assert_eq!(client.window.size(), OUTPUT_WINDOW);
        drop(client);
        assert_eq!(pool.free(), POOL);
    }
}

#[test]
fn one_that_comes_back_elsewhere_is_measured_anew() {
    let pool = Pool::new(POOL);
    let mut client = Client::new(1, 20_000_000, &pool);
    client.prompt();
    client.run(SECOND, true);
    // All that was under way is lost, and sent again.
    client.there.clear();
    client.back.clear();
    client.arrived = client.acked;
    client.drawn = client.acked as f64;
    client.said = client.acked;
    client.sent = client.acked;
    client.round_trip = Duration::from_millis(150);
    client.window.restart(0, client.now);
    client.run(SECOND * 3, true);
    assert!(client.window.size() > LARGEST / 2);
}

#[derive(Clone, Debug)]
enum Act {
    Send(u64),
    Acknowledge(prop::sample::Index),
    Wait(u64),
    Restart,
    Replace,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (1..200_000_u64).prop_map(Act::Send),
        8 => any::<prop::sample::Index>().prop_map(Act::Acknowledge),
        4 => (0..400_u64).prop_map(Act::Wait),
        1 => (2000..5000_u64).prop_map(Act::Wait),
        1 => Just(Act::Restart),
        1 => Just(Act::Replace),
    ]
}

proptest! {
    /// Whatever happens to several sessions, none has more than the largest window, all together no more than the pool,
    /// what is under way is counted, and in the end all is given back.
    #[test]
    fn the_pool_bounds_all(acts in prop::collection::vec((0..4_usize, act()), 0..400)) {
        let pool = Pool::new(5 << 20);
        let mut now = Instant::now();
        let fresh = |now| (Window::new(pool.clone(), now), 0_u64, 0_u64);
        let mut sessions = [fresh(now), fresh(now), fresh(now), fresh(now)];
        for (which, act) in acts {
            let (window, sent, acked) = &mut sessions[which];
            match act {
                Act::Send(bytes) => while *sent - *acked < window.size() {
                    *sent += bytes;
                    window.send(*sent, *sent - *acked, now);
                }
                Act::Acknowledge(index) => {
                    *acked += index.index(usize::try_from(*sent - *acked).unwrap() + 1) as u64;
                    window.acknowledge(*acked, *sent - *acked, now);
                }
                Act::Wait(time) => {
                    now += Duration::from_millis(time);
                    for (window, sent, acked) in &mut sessions {
                        window.tick(*sent - *acked, now);
                    }
                }
                Act::Restart => {
                    window.restart(*sent - *acked, now);
                    prop_assert_eq!(window.size(), OUTPUT_WINDOW);
                }
                Act::Replace => sessions[which] = fresh(now),
            }
            let mut taken = 0;
            for (window, sent, acked) in &sessions {
                prop_assert!((OUTPUT_WINDOW..=LARGEST).contains(&window.size()));
                prop_assert!(window.size() <= OUTPUT_WINDOW + window.taken);
                // But for the last frame.
                prop_assert!(*sent - *acked < OUTPUT_WINDOW + window.taken + 200_000);
                taken += window.taken;
            }
            prop_assert_eq!(taken + pool.free(), 5 << 20);
        }
        drop(sessions);
        prop_assert_eq!(pool.free(), 5 << 20);
    }
}
