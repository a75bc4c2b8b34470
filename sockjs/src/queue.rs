//! A queue of messages that is bounded by what it holds in bytes, one for each direction of a session.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{Semaphore, SemaphorePermit, mpsc};

use crate::{framing::Message, room::Room};

/// What a queued message costs beyond its bytes, so that many empty ones fill the queue too.
const OVERHEAD: usize = 64;

/// What waits in a queue.
pub(crate) trait Item {
    /// Its bytes.
    fn len(&self) -> usize;
}

impl Item for Message {
    fn len(&self) -> usize {
        self.len()
    }
}

/// A message of a client, with the room that it takes if it is a long one.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) message: Message,
    pub(crate) room: Option<Room>,
}

impl Item for Incoming {
    fn len(&self) -> usize {
        self.message.len()
    }
}

/// A queue that holds about `limit` bytes. A message that is longer passes when the queue is empty.
pub(crate) fn bounded<T: Item>(limit: usize) -> (Tx<T>, Rx<T>) {
    let limit = u32::try_from(limit.clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
    let space = Arc::new(Space {
        free: Semaphore::new(limit as usize),
        owed: AtomicUsize::new(0),
        limit,
    });
    let (sender, receiver) = mpsc::unbounded_channel();
    (
        Tx {
            items: sender,
            space: Arc::clone(&space),
        },
        Rx {
            items: receiver,
            space,
        },
    )
}

/// The room that a queue has, in bytes. It is closed with the queue.
#[derive(Debug)]
struct Space {
    free: Semaphore,
    /// How much more was taken than was free.
    owed: AtomicUsize,
    limit: u32,
}

impl Space {
    /// How much a message takes.
    fn weight(&self, message: &impl Item) -> u32 {
        u32::try_from(message.len().saturating_add(OVERHEAD))
            .unwrap_or(u32::MAX)
            .min(self.limit)
    }

    /// Takes so much, whether it is free or not.
    fn take(&self, bytes: usize) {
        let taken = self.free.forget_permits(bytes);
        if taken < bytes {
            self.owed.fetch_add(bytes - taken, Ordering::Relaxed);
        }
    }

    /// Gives so much back: first what is owed.
    fn give(&self, bytes: usize) {
        let mut rest = bytes;
        if self.owed.load(Ordering::Relaxed) > 0 {
            let pay = |owed: usize| Some(owed.saturating_sub(bytes));
            let owed = self
                .owed
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay);
            rest = bytes.saturating_sub(owed.unwrap_or(0));
        }
        self.free.add_permits(rest);
    }
}

/// The queue is closed: nothing more can be put into it.
#[derive(Debug)]
pub(crate) struct Shut;

/// The end that messages are put in. Clones share the room.
#[derive(Debug)]
pub(crate) struct Tx<T = Message> {
    items: mpsc::UnboundedSender<T>,
    space: Arc<Space>,
}

impl<T> Clone for Tx<T> {
    fn clone(&self) -> Self {
        Self {
            items: self.items.clone(),
            space: Arc::clone(&self.space),
        }
    }
}

impl<T: Item> Tx<T> {
    /// Whether nothing waits in the queue.
    pub(crate) fn is_empty(&self) -> bool {
        self.space.free.available_permits() >= self.space.limit as usize
    }

    /// Waits for room, first come first served, then puts `message` in. Cancelling puts nothing in.
    pub(crate) async fn put(&self, message: T) -> Result<(), Shut> {
        let weight = self.space.weight(&message);
        let room = self.space.free.acquire_many(weight).await;
        room.map_err(|_| Shut)?.forget();
        self.items.send(message).map_err(|_| Shut)
    }

    /// Waits for room, first come first served, for a message of which it is not known yet how long it will be: it may go
    /// beyond the limit, which those that follow wait for. Cancelling reserves nothing.
    pub(crate) async fn reserve(&self) -> Result<Permit<'_, T>, Shut> {
        let first = self.space.free.acquire().await.map_err(|_| Shut)?;
        Ok(Permit { queue: self, first })
    }

    /// Puts `messages` in as the last, whether there is room or not.
    pub(crate) fn close_with(&self, messages: impl IntoIterator<Item = T>) {
        if !self.space.free.is_closed() {
            for message in messages {
                // It fails if the reader is gone, who is the one to miss it.
                let _ = self.items.send(message);
            }
            self.close();
        }
    }

    /// Refuses every further message, also of those who wait for room. What is in the queue stays.
    pub(crate) fn close(&self) {
        self.space.free.close();
    }
}

/// The right to put something into a queue at once, as long as that is not closed. Dropping it gives the room back.
#[derive(Debug)]
pub(crate) struct Permit<'a, T: Item> {
    queue: &'a Tx<T>,
    /// The first byte of the room that it takes.
    first: SemaphorePermit<'a>,
}

impl<T: Item> Permit<'_, T> {
    /// Puts `messages` in, one behind the other.
    pub(crate) fn put(self, messages: impl IntoIterator<Item = T>) {
        let space = &self.queue.space;
        if space.free.is_closed() {
            return;
        }
        for message in messages {
            space.take(space.weight(&message) as usize);
            // It fails if the reader is gone, who is the one to miss it.
            let _ = self.queue.items.send(message);
        }
        // What it held was taken once more.
        self.first.forget();
        space.give(1);
    }
}

/// The end that messages are taken out of. Dropping it closes the queue.
#[derive(Debug)]
pub(crate) struct Rx<T = Message> {
    items: mpsc::UnboundedReceiver<T>,
    space: Arc<Space>,
}

impl<T: Item> Rx<T> {
    /// Takes the oldest message out, waiting for one; `None` when all [`Tx`] are gone. Cancelling takes nothing out.
    pub(crate) async fn take(&mut self) -> Option<T> {
        let message = self.items.recv().await?;
        Some(self.make_room(message))
    }

    /// Takes the oldest message out, if there is one.
    pub(crate) fn try_take(&mut self) -> Option<T> {
        let message = self.items.try_recv().ok()?;
        Some(self.make_room(message))
    }

    fn make_room(&self, message: T) -> T {
        self.space.give(self.space.weight(&message) as usize);
        message
    }
}

impl<T> Drop for Rx<T> {
    fn drop(&mut self) {
        self.space.free.close();
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, future::Future, pin::pin, task::Poll};

    use proptest::prelude::*;

    use super::*;

    fn text(text: impl Into<String>) -> Message {
        Message::Text(text.into())
    }

    /// Polls once.
    async fn once<F: Future>(future: F) -> Poll<F::Output> {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
    }

    #[tokio::test]
    async fn a_full_queue_waits_for_room() {
        let (tx, mut rx) = bounded(200);
        tx.put(text("a".repeat(100))).await.unwrap();
        assert!(
            once(tx.put(text("b"))).await.is_pending(),
            "100 + 64 + 1 + 64 bytes are over 200"
        );
        assert_eq!(rx.take().await.unwrap().len(), 100);
        tx.put(text("b")).await.unwrap();
        assert_eq!(rx.try_take(), Some(text("b")));
        assert_eq!(rx.try_take(), None);
    }

    #[tokio::test]
    async fn a_message_longer_than_the_queue_passes_alone() {
        let (tx, mut rx) = bounded(10);
        tx.put(text("a".repeat(1000))).await.unwrap();
        assert!(once(tx.put(text(""))).await.is_pending());
        assert_eq!(rx.take().await.unwrap().len(), 1000);
        tx.put(text("")).await.unwrap();
    }

    #[tokio::test]
    async fn closing_refuses_those_who_wait_and_keeps_what_is_queued() {
        let (tx, mut rx) = bounded(1);
        tx.put(text("a")).await.unwrap();
        let waiting = tokio::spawn({
            let tx = tx.clone();
            async move { tx.put(text("b")).await }
        });
        tx.close();
        assert!(waiting.await.unwrap().is_err());
        assert!(tx.put(text("c")).await.is_err());
        assert_eq!(rx.take().await, Some(text("a")));
        drop(tx);
        assert_eq!(rx.take().await, None);
    }

    #[tokio::test]
    async fn a_permit_waits_for_room_and_is_good_for_any_length() {
        let (tx, mut rx) = bounded(200);
        // What is not used is given back.
        drop(tx.reserve().await.unwrap());
        assert!(tx.is_empty());
        tx.reserve().await.unwrap().put([text("a".repeat(100))]);
        tx.reserve().await.unwrap().put([text("b".repeat(1000))]);
        for length in [100, 1000] {
            assert!(once(tx.reserve()).await.is_pending());
            assert_eq!(rx.take().await.unwrap().len(), length);
        }
        let permit = tx.reserve().await.unwrap();
        permit.put([text("c"), text("d".repeat(100))]);
        assert!(once(tx.reserve()).await.is_pending());
        for length in [1, 100] {
            assert!(!tx.is_empty());
            assert_eq!(rx.take().await.unwrap().len(), length);
        }
        assert!(tx.is_empty());
        tx.close();
        assert!(tx.reserve().await.is_err());
    }

    #[derive(Clone, Debug)]
    enum Act {
        /// A permit is asked for, and used for messages of these lengths if there is one.
        Reserve(Vec<usize>),
        Put(usize),
        Take,
    }

    fn act() -> impl Strategy<Value = Act> {
        let length = prop_oneof![0..20_usize, 0..400_usize];
        prop_oneof![
            4 => prop::collection::vec(length.clone(), 0..3).prop_map(Act::Reserve),
            1 => length.prop_map(Act::Put),
            4 => Just(Act::Take),
        ]
    }

    proptest! {
        /// Whatever was put in by permits, short or long, there is another only when less waits than may.
        #[test]
        fn what_waits_is_bounded_by_what_it_takes(acts in prop::collection::vec(act(), 0..100)) {
            const LIMIT: usize = 300;
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let (tx, mut rx) = bounded(LIMIT);
                let mut waiting = VecDeque::new();
                let weight = |length: usize| LIMIT.min(length + OVERHEAD);
                for act in acts {
                    let weights: usize = waiting.iter().copied().map(weight).sum();
                    match act {
                        Act::Reserve(lengths) => match once(tx.reserve()).await {
                            Poll::Ready(permit) => {
                                prop_assert!(weights < LIMIT);
                                let message = |length: &usize| text("x".repeat(*length));
                                permit.unwrap().put(lengths.iter().map(message));
                                waiting.extend(lengths);
                            }
                            Poll::Pending => prop_assert!(weights >= LIMIT),
                        },
                        Act::Put(length) => {
                            let is_put = once(tx.put(text("x".repeat(length)))).await.is_ready();
                            prop_assert_eq!(is_put, weights + weight(length) <= LIMIT);
                            waiting.extend(is_put.then_some(length));
                        }
                        Act::Take => {
                            let taken = rx.try_take().map(|message| message.len());
                            prop_assert_eq!(taken, waiting.pop_front());
                        }
                    }
                    prop_assert_eq!(tx.is_empty(), waiting.is_empty());
                }
                Ok(())
            })?;
        }
    }

    #[tokio::test]
    async fn the_last_messages_need_no_room_and_nothing_comes_behind_them() {
        let (tx, mut rx) = bounded(1);
        tx.put(text("a")).await.unwrap();
        tx.close_with([text("last"), text("very last")]);
        tx.close_with([text("late")]);
        assert!(tx.put(text("late")).await.is_err());
        assert!(tx.reserve().await.is_err());
        drop(tx);
        assert_eq!(rx.take().await, Some(text("a")));
        assert_eq!(rx.take().await, Some(text("last")));
        assert_eq!(rx.take().await, Some(text("very last")));
        assert_eq!(rx.take().await, None);
    }

    #[tokio::test]
    async fn dropping_the_reader_refuses_those_who_wait() {
        let (tx, rx) = bounded(1);
        tx.put(text("a")).await.unwrap();
        let waiting = tokio::spawn(async move { tx.put(text("b")).await });
        drop(rx);
        assert!(waiting.await.unwrap().is_err());
    }
}
