//! How much of what was put on a log's terminal is on its screen: more is read only when that is little less.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    task::{Poll, Waker},
};

/// So much may wait to be drawn, in characters.
const WAITING: u64 = 1 << 20;

/// It, counted in characters.
#[derive(Default)]
pub(super) struct Drawn {
    put: Cell<u64>,
    drawn: Cell<u64>,
    waiting: RefCell<Option<Waker>>,
}

impl Drawn {
    /// So many more are put on the terminal. Gives where they end.
    pub(super) fn put(&self, count: usize) -> u64 {
        let end = self.put.get() + count as u64;
        self.put.set(end);
        end
    }

    /// All up to there are on the screen.
    pub(super) fn drawn_to(&self, end: u64) {
        self.drawn.set(end.max(self.drawn.get()));
        if self.waiting_to_be_drawn() <= WAITING
            && let Some(waiting) = self.waiting.take()
        {
            waiting.wake();
        }
    }

    /// Has nobody wait any longer: nothing more is read.
    pub(super) fn stop_waiting(&self) {
        self.drawn_to(self.put.get());
    }

    fn waiting_to_be_drawn(&self) -> u64 {
        self.put.get() - self.drawn.get()
    }

    /// Waits until there is room for more. One may wait at a time.
    pub(super) async fn room(&self) {
        poll_fn(|context| {
            if self.waiting_to_be_drawn() <= WAITING {
                return Poll::Ready(());
            }
            self.waiting.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::pin, task::Context};

    use super::*;

    #[test]
    fn more_is_read_once_there_is_room() {
        let drawn = Drawn::default();
        let mut context = Context::from_waker(Waker::noop());
        let first = drawn.put(WAITING as usize);
        assert!(pin!(drawn.room()).poll(&mut context).is_ready());
        let second = drawn.put(1);
        let mut room = pin!(drawn.room());
        assert!(room.as_mut().poll(&mut context).is_pending());
        drawn.drawn_to(first);
        assert!(room.as_mut().poll(&mut context).is_ready());
        drawn.drawn_to(second);
        assert_eq!(drawn.waiting_to_be_drawn(), 0);
        drawn.put(2 * WAITING as usize);
        let mut room = pin!(drawn.room());
        assert!(room.as_mut().poll(&mut context).is_pending());
        drawn.stop_waiting();
        assert!(room.as_mut().poll(&mut context).is_ready());
    }
}
