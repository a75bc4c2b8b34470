//! A queue of text that is bounded by what it holds in bytes, one for each direction of a session.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};

/// What a queued text costs beyond its bytes, so that many empty texts fill the queue too.
const OVERHEAD: usize = 64;

/// A queue that holds about `limit` bytes. A text that is longer passes when the queue is empty.
pub(crate) fn bounded(limit: usize) -> (Tx, Rx) {
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
        },
    )
}

/// The queue is closed: nothing more can be put into it.
#[derive(Debug)]
pub(crate) struct Shut;

#[derive(Debug)]
struct Item {
    text: String,
    /// The bytes of room that the text takes.
    weight: u32,
}

/// The end that texts are put in. Clones share the room.
#[derive(Debug, Clone)]
pub(crate) struct Tx {
    items: mpsc::UnboundedSender<Item>,
    room: Arc<Semaphore>,
    limit: u32,
}

impl Tx {
    /// Waits for room, first come first served, then puts `text` in. Cancelling puts nothing in.
    pub(crate) async fn put(&self, text: String) -> Result<(), Shut> {
        let weight = u32::try_from(text.len().saturating_add(OVERHEAD))
            .unwrap_or(u32::MAX)
            .min(self.limit);
        self.room
            .acquire_many(weight)
            .await
            .map_err(|_| Shut)?
            .forget();
        self.items.send(Item { text, weight }).map_err(|_| Shut)
    }

    /// Refuses every further text, also of those who wait for room. What is in the queue stays.
    pub(crate) fn close(&self) {
        self.room.close();
    }
}

/// The end that texts are taken out of. Dropping it closes the queue.
#[derive(Debug)]
pub(crate) struct Rx {
    items: mpsc::UnboundedReceiver<Item>,
    room: Arc<Semaphore>,
}

impl Rx {
    /// Takes the oldest text out, waiting for one; `None` when all [`Tx`] are gone. Cancelling takes nothing out.
    pub(crate) async fn take(&mut self) -> Option<String> {
        let item = self.items.recv().await?;
        Some(self.make_room(item))
    }

    /// Takes the oldest text out, if there is one.
    pub(crate) fn try_take(&mut self) -> Option<String> {
        let item = self.items.try_recv().ok()?;
        Some(self.make_room(item))
    }

    /// Refuses every further text, as [`Tx::close`].
    pub(crate) fn close(&self) {
        self.room.close();
    }

    fn make_room(&self, item: Item) -> String {
        self.room.add_permits(item.weight as usize);
        item.text
    }
}

impl Drop for Rx {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::pin, task::Poll};

    use super::*;

    /// Polls once.
    async fn once<F: Future>(future: F) -> Poll<F::Output> {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
    }

    #[tokio::test]
    async fn a_full_queue_waits_for_room() {
        let (tx, mut rx) = bounded(200);
        tx.put("a".repeat(100)).await.unwrap();
        assert!(
            once(tx.put("b".into())).await.is_pending(),
            "100 + 64 + 1 + 64 bytes are over 200"
        );
        assert_eq!(rx.take().await.unwrap().len(), 100);
        tx.put("b".into()).await.unwrap();
        assert_eq!(rx.try_take().as_deref(), Some("b"));
        assert_eq!(rx.try_take(), None);
    }

    #[tokio::test]
    async fn a_text_longer_than_the_queue_passes_alone() {
        let (tx, mut rx) = bounded(10);
        tx.put("a".repeat(1000)).await.unwrap();
        assert!(once(tx.put(String::new())).await.is_pending());
        assert_eq!(rx.take().await.unwrap().len(), 1000);
        tx.put(String::new()).await.unwrap();
    }

    #[tokio::test]
    async fn closing_refuses_those_who_wait_and_keeps_what_is_queued() {
        let (tx, mut rx) = bounded(1);
        tx.put("a".into()).await.unwrap();
        let waiting = tokio::spawn({
            let tx = tx.clone();
            async move { tx.put("b".into()).await }
        });
        tx.close();
        assert!(waiting.await.unwrap().is_err());
        assert!(tx.put("c".into()).await.is_err());
        assert_eq!(rx.take().await.as_deref(), Some("a"));
        drop(tx);
        assert_eq!(rx.take().await, None);
    }

    #[tokio::test]
    async fn dropping_the_reader_refuses_those_who_wait() {
        let (tx, rx) = bounded(1);
        tx.put("a".into()).await.unwrap();
        let waiting = tokio::spawn(async move { tx.put("b".into()).await });
        drop(rx);
        assert!(waiting.await.unwrap().is_err());
    }
}
