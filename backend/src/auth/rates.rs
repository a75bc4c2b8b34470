//! How often somebody may sign in, and how often one user may mint: beyond that they are told to wait.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    ops::Range,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use axum::{
    http::{StatusCode, header::RETRY_AFTER},
    response::{IntoResponse as _, Response},
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    state::keyed::DefaultKeyedStateStore,
};
use podshell_shared::api::ErrorCode;
use tokio::time::sleep;

use crate::{error::Failure, random, session::Caller};

/// After so many questions, those are forgotten who have not asked for long.
const TIDY_EVERY: u32 = 1024;

/// How long a refusal waits, in ms. Who asks again as soon as they are answered does so about once a second over each
/// connection then, not a thousand times.
///
/// Each waits for another time: if those who came at once were answered at once, they would come at once again, each second.
const REST: Range<u64> = 500..1_500;

/// All rates.
pub(crate) struct Rates {
    sign_ins: Rate<IpAddr>,
    mints: Rate<Caller>,
}

/// What one may do so often.
struct Rate<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock>,
    asked: AtomicU32,
}

impl Rates {
    /// So many sign-ins of one address a minute, and so many mints of one user.
    pub(crate) fn new(sign_ins: NonZeroU32, mints: NonZeroU32) -> Self {
        Self {
            sign_ins: Rate::new(sign_ins),
            mints: Rate::new(mints),
        }
    }

    /// Whether somebody may try to sign in. An IPv6 address counts as all of its network, which one customer has.
    pub(crate) fn sign_in(&self, address: Option<IpAddr>) -> Result<(), TooOften> {
        let address = address.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), network);
        self.sign_ins.check(&address)
    }

    /// Whether a user may mint.
    pub(crate) fn mint(&self, caller: &Caller) -> Result<(), TooOften> {
        self.mints.check(caller)
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(bits))
        }
        address @ IpAddr::V4(_) => address,
    }
}

impl<K: Hash + Eq + Clone> Rate<K> {
    fn new(per_minute: NonZeroU32) -> Self {
        Self {
            limiter: RateLimiter::keyed(Quota::per_minute(per_minute)),
            asked: AtomicU32::new(0),
        }
    }

    fn check(&self, key: &K) -> Result<(), TooOften> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        if asked.is_multiple_of(TIDY_EVERY) {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|until| TooOften {
            wait: until.wait_time_from(DefaultClock::default().now()),
        })
    }
}

/// Somebody asks more often than they may.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooOften {
    /// Until they may again.
    wait: Duration,
}

impl TooOften {
    /// The answer to it, after a rest.
    pub(crate) async fn answer(self) -> Response {
        rest().await;
        self.response()
    }

    /// The answer to it (RFC 6585, section 4), at once.
    pub(super) fn response(self) -> Response {
        let seconds = self.wait.as_secs() + 1;
        let failure = Failure::new(
            StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::TooOften,
            "That was asked too often.",
        );
        let unit = if seconds == 1 { "second" } else { "seconds" };
        let failure = failure.hint(&format!("Try again in {seconds} {unit}."));
        ([(RETRY_AFTER, seconds.to_string())], failure).into_response()
    }
}

/// Lets somebody wait who asks too often.
pub(super) async fn rest() {
    let more = random::below(REST.end - REST.start);
    sleep(Duration::from_millis(REST.start + more)).await;
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[test]
    fn each_has_a_rate_of_their_own() {
        let number = |number| NonZeroU32::new(number).unwrap();
        let rates = Rates::new(number(2), number(3));
        let address = |text: &str| Some(text.parse().unwrap());
        let good = |text: &str| rates.sign_in(address(text)).is_ok();
        assert_eq!([(); 3].map(|()| good("192.0.2.1")), [true, true, false]);
        assert!(good("192.0.2.2"));
        // One network of IPv6, and one address however it is written.
        assert_eq!(
            [
                "2001:db8::1",
                "2001:db8::2",
                "2001:db8::3",
                "2001:db8:0:1::1"
            ]
            .map(good),
            [true, true, false, true]
        );
        assert!(!good("::ffff:192.0.2.1"));
        let caller = |name: &str| rates.mint(&Caller(name.to_owned())).is_ok();
        assert_eq!([(); 4].map(|()| caller("ann")), [true, true, true, false]);
        assert!(caller("bob"));
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_too_often_is_told_how_long_to_wait() {
        let wait = Duration::from_millis(20_400);
        let begun = Instant::now();
        let response = TooOften { wait }.answer().await;
        let millis = u64::try_from(begun.elapsed().as_millis()).unwrap();
        // Timers round up.
        assert!((REST.start..=REST.end).contains(&millis), "{millis}");
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[RETRY_AFTER], "21");
    }
}
