//! A queue of messages that is bounded by what it holds in bytes, one for each direction of a session.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};

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
    let room = Arc::new(Semaphore::new(limit as usize));
    let (sender, receiver) = mpsc::unbounded_channel();
    (
        Tx {
            items: sender,
            room: Arc::clone(&room),
            limit,
        },
        Rx {
            items: receiver,
            room,
            limit,
        },
    )
}

/// The queue is closed: nothing more can be put into it.
#[derive(Debug)]
pub(crate) struct Shut;

/// The bytes of room that a message takes in a queue of `limit` bytes.
fn weight(message: &impl Item, limit: u32) -> u32 {
    u32::try_from(message.len().saturating_add(OVERHEAD))
        .unwrap_or(u32::MAX)
        .min(limit)
}

/// The end that messages are put in. Clones share the room.
#[derive(Debug)]
pub(crate) struct Tx<T = Message> {
    items: mpsc::UnboundedSender<T>,
    room: Arc<Semaphore>,
    limit: u32,
}

impl<T> Clone for Tx<T> {
    fn clone(&self) -> Self {
        Self {
            items: self.items.clone(),
            room: Arc::clone(&self.room),
            limit: self.limit,
        }
    }
}

impl<T: Item> Tx<T> {
    /// Whether nothing waits in the queue.
    pub(crate) fn is_empty(&self) -> bool {
        self.room.available_permits() >= self.limit as usize
    }

    /// Waits for room, first come first served, then puts `message` in. Cancelling puts nothing in.
    pub(crate) async fn put(&self, message: T) -> Result<(), Shut> {
        self.room
            .acquire_many(weight(&message, self.limit))
            .await
            .map_err(|_| Shut)?
            .forget();
        self.items.send(message).map_err(|_| Shut)
    }

    /// Puts in what is in `slot`, when there is room. Cancelling leaves it there.
    pub(crate) async fn put_slot(&self, slot: &mut Option<T>) -> Result<(), Shut> {
        let Some(message) = &*slot else {
            return if self.room.is_closed() {
                Err(Shut)
            } else {
                Ok(())
            };
        };
        self.room
            .acquire_many(weight(message, self.limit))
            .await
            .map_err(|_| Shut)?
            .forget();
        match slot.take() {
            Some(message) => self.items.send(message).map_err(|_| Shut),
            None => Ok(()),
        }
    }

    /// Puts `message` in as the last, whether there is room or not.
    pub(crate) fn close_with(&self, message: T) {
        if !self.room.is_closed() {
            // fails if the reader is gone, who is the one to miss it
            let _ = self.items.send(message);
            self.close();
        }
    }

    /// Refuses every further message, also of those who wait for room. What is in the queue stays.
    pub(crate) fn close(&self) {
        self.room.close();
    }
}

/// The end that messages are taken out of. Dropping it closes the queue.
#[derive(Debug)]
pub(crate) struct Rx<T = Message> {
    items: mpsc::UnboundedReceiver<T>,
    room: Arc<Semaphore>,
    limit: u32,
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
        self.room.add_permits(weight(&message, self.limit) as usize);
        message
    }
}

impl<T> Drop for Rx<T> {
    fn drop(&mut self) {
        self.room.close();
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::pin, task::Poll};

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
    async fn a_message_that_finds_no_room_stays_in_its_slot() {
        let (tx, mut rx) = bounded(1);
        let mut slot = Some(text("a"));
        tx.put_slot(&mut slot).await.unwrap();
        assert_eq!(slot, None);
        slot = Some(text("b"));
        assert!(once(tx.put_slot(&mut slot)).await.is_pending());
        assert_eq!(slot, Some(text("b")));
        assert_eq!(rx.take().await, Some(text("a")));
        tx.put_slot(&mut slot).await.unwrap();
        assert_eq!(rx.take().await, Some(text("b")));
    }

    #[tokio::test]
    async fn the_last_message_needs_no_room_and_nothing_comes_behind_it() {
        let (tx, mut rx) = bounded(1);
        tx.put(text("a")).await.unwrap();
        tx.close_with(text("last"));
        tx.close_with(text("late"));
        assert!(tx.put(text("late")).await.is_err());
        assert!(tx.put_slot(&mut None).await.is_err());
        drop(tx);
        assert_eq!(rx.take().await, Some(text("a")));
        assert_eq!(rx.take().await, Some(text("last")));
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
