//! How long something long may take to arrive: as long as it takes, if it comes on and on.

use std::{
    future::{Future as _, poll_fn},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep};

/// So many bytes have to come within the limit, each time anew. It is slow for any link that a person would use, and too
/// fast for one who only wants to keep what was set aside for his message.
pub(crate) const STRETCH: usize = 256 * 1024;

/// The deadline of what is on its way.
#[derive(Debug)]
pub(crate) struct Progress {
    limit: Duration,
    /// How much is left of the stretch.
    left: usize,
    end: Pin<Box<Sleep>>,
}

impl Progress {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            left: STRETCH,
            end: Box::pin(sleep(limit)),
        }
    }

    /// So many bytes came; tells whether they were the last of a stretch.
    pub(crate) fn come(&mut self, bytes: usize) -> bool {
        let is_whole = bytes >= self.left;
        if is_whole {
            self.restart();
        } else {
            self.left -= bytes;
        }
        is_whole
    }

    /// What came before does not count, neither its bytes nor its time.
    pub(crate) fn restart(&mut self) {
        self.left = STRETCH;
        self.end.as_mut().reset(Instant::now() + self.limit);
    }

    /// Ready once it takes too long.
    pub(crate) fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.end.as_mut().poll(cx)
    }

    /// Waits until it takes too long. Cancel-safe.
    pub(crate) async fn late(&mut self) {
        poll_fn(|cx| self.poll_late(cx)).await;
    }
}
