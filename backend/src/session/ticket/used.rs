//! Which ids were redeemed: each is remembered until it would have expired, and none is forgotten before.

use std::collections::BTreeSet;

use super::{Refused, Serial};

/// How many are remembered at once; beyond it no id is redeemed until some have expired. Some 4 MiB, and more binds in
/// 30 seconds than a server could serve.
pub(super) const MOST: usize = 100_000;

/// The ids that were redeemed and have not expired.
#[derive(Debug, Default)]
pub(super) struct Used {
    /// By the time at which they expire, in milliseconds since the Unix epoch.
    serials: BTreeSet<(u64, Serial)>,
    /// What expired up to here may be forgotten, so nothing of it is good, also if the clock goes back.
    forgotten: u64,
}

impl Used {
    /// Redeems an id.
    ///
    /// # Errors
    ///
    /// If it has expired or was redeemed before, or too many are remembered.
    pub(super) fn redeem(&mut self, serial: Serial, expires: u64, now: u64) -> Result<(), Refused> {
        self.forget(now);
        if expires <= now.max(self.forgotten) {
            return Err(Refused::Expired);
        }
        if self.has(serial, expires) {
            return Err(Refused::Used);
        }
        if self.serials.len() >= MOST {
            return Err(Refused::TooMany);
        }
        self.serials.insert((expires, serial));
        Ok(())
    }

    /// Whether an id could be redeemed now, as far as this knows.
    pub(super) fn is_good(&self, serial: Serial, expires: u64, now: u64) -> bool {
        expires > now.max(self.forgotten) && !self.has(serial, expires)
    }

    fn has(&self, serial: Serial, expires: u64) -> bool {
        self.serials.contains(&(expires, serial))
    }

    fn forget(&mut self, now: u64) {
        while let Some(&first) = self.serials.first().filter(|(expires, _)| *expires <= now) {
            self.serials.remove(&first);
            self.forgotten = first.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn serial(number: u64) -> Serial {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        Serial(bytes)
    }

    #[test]
    fn when_it_is_full_nothing_is_forgotten_and_nothing_more_redeemed() {
        let mut used = Used::default();
        for number in 0..MOST as u64 {
            assert_eq!(used.redeem(serial(number), 1_000, 0), Ok(()));
        }
        assert_eq!(
            used.redeem(serial(MOST as u64), 2_000, 999),
            Err(Refused::TooMany)
        );
        for number in 0..MOST as u64 {
            assert_eq!(used.redeem(serial(number), 1_000, 999), Err(Refused::Used));
        }
        // What was refused is still good once there is room.
        assert_eq!(used.redeem(serial(MOST as u64), 2_000, 1_000), Ok(()));
        assert_eq!(used.serials.len(), 1);
    }

    #[test]
    fn a_clock_that_goes_back_makes_nothing_good_again() {
        let mut used = Used::default();
        assert_eq!(used.redeem(serial(1), 1_000, 0), Ok(()));
        assert_eq!(used.redeem(serial(2), 9_000, 8_000), Ok(()));
        assert_eq!(used.serials.len(), 1);
        assert_eq!(used.redeem(serial(1), 1_000, 0), Err(Refused::Expired));
        assert!(!used.is_good(serial(1), 1_000, 0));
        // But those that are new are.
        assert_eq!(used.redeem(serial(3), 1_001, 0), Ok(()));
    }

    proptest! {
        /// Against one that remembers everything for ever.
        #[test]
        fn no_id_is_good_twice(acts in prop::collection::vec((0..20_u64, 0..60_i64), 0..300)) {
            let mut used = Used::default();
            let mut all = std::collections::HashSet::new();
            let mut now = 1_000_u64;
            for (number, step) in acts {
                // Mostly forward.
                now = now.saturating_add_signed(step - 10);
                let expires = 1_000 + 40 * number;
                let good = used.is_good(serial(number), expires, now);
                let redeemed = used.redeem(serial(number), expires, now);
                prop_assert_eq!(good, redeemed.is_ok());
                match redeemed {
                    Ok(()) => {
                        prop_assert!(now < expires);
                        prop_assert!(all.insert(number), "{number} was good twice");
                    }
                    Err(Refused::Used) => prop_assert!(all.contains(&number)),
                    Err(refused) => prop_assert_eq!(refused, Refused::Expired),
                }
                prop_assert!(used.serials.iter().all(|(expires, _)| *expires > now));
            }
        }
    }
}
