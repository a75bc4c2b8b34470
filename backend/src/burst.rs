//! Log lines for what may happen a thousand times a second: one at the begin of a burst, and one a minute while it lasts.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How often a burst is spoken of.
const EVERY: Duration = Duration::from_secs(60);

/// Something that is said at most once a minute.
#[derive(Debug, Default)]
pub(crate) struct Burst(Mutex<Option<Said>>);

#[derive(Debug)]
struct Said {
    at: Instant,
    /// How often it happened since, unsaid.
    more: u64,
}

impl Burst {
    /// It happened again. Calls `say`, if it is time to, with how often it happened before without a word.
    pub(crate) fn note(&self, say: impl FnOnce(u64)) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let more = match &mut *slot {
            Some(said) if now - said.at < EVERY => {
                said.more += 1;
                return;
            }
            said => said
                .replace(Said { at: now, more: 0 })
                .map_or(0, |said| said.more),
        };
        drop(slot);
        say(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn once_a_minute_with_the_number_of_the_unsaid() {
        let burst = Burst::default();
        let mut said = Vec::new();
        for _ in 0..1000 {
            burst.note(|more| said.push(more));
        }
        assert_eq!(said, [0]);
        tokio::time::advance(EVERY).await;
        burst.note(|more| said.push(more));
        assert_eq!(said, [0, 999]);
        tokio::time::advance(EVERY).await;
        burst.note(|more| said.push(more));
        assert_eq!(said, [0, 999, 0]);
    }
}
