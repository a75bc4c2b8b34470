//! Something that is said when it begins and when it is over, however often it happens in between.

use std::time::Duration;

use tokio::time::Instant;

/// After so long without it, it is over.
const CALM: Duration = Duration::from_secs(10);

/// How often it happened, and when last.
#[derive(Debug, Default)]
pub(crate) struct Burst(Option<(u64, Instant)>);

impl Burst {
    /// It happens; tells whether that is the first time.
    pub(crate) fn begins(&mut self) -> bool {
        let times = self.0.map_or(0, |(times, _)| times);
        self.0 = Some((times + 1, Instant::now()));
        times == 0
    }

    /// It still happens.
    pub(crate) fn goes_on(&mut self) {
        if let Some((_, last)) = &mut self.0 {
            *last = Instant::now();
        }
    }

    /// It did not happen this time; tells how often it did if that is over.
    pub(crate) fn over(&mut self) -> Option<u64> {
        let (times, _) = self.0.take_if(|(_, last)| last.elapsed() >= CALM)?;
        Some(times)
    }
}
