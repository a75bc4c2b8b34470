//! Memory for long messages: those of all sessions share it, so that there is a bound for all clients together.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Longer messages need room. In bytes.
pub(crate) const LONG: usize = 1024 * 1024;

/// What a long message takes of the room that all share. It is free again when the last clone is dropped.
///
/// See [`Receiver::recv_with_room`](crate::Receiver::recv_with_room).
#[derive(Debug, Clone)]
pub struct Room(Arc<[OwnedSemaphorePermit; 2]>);

impl Room {
    /// Gives back what a message of so many bytes does not need.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        for permit in Arc::get_mut(&mut self.0).into_iter().flatten() {
            drop(permit.split(permit.num_permits().saturating_sub(bytes)));
        }
    }
}

/// So much room, in bytes.
#[derive(Debug, Clone)]
pub(crate) struct Rooms {
    all: Arc<Semaphore>,
    size: usize,
}

impl Rooms {
    pub(crate) fn new(bytes: usize) -> Self {
        let size = bytes
            .clamp(1, u32::MAX as usize)
            .min(Semaphore::MAX_PERMITS);
        Self {
            all: Arc::new(Semaphore::new(size)),
            size,
        }
    }

    /// A session's share: no more than the longest message takes.
    pub(crate) fn share(&self, longest: usize) -> Share {
        Share {
            own: Self::new(longest.min(self.size)),
            of: self.clone(),
        }
    }
}

/// What one session may take of the room.
#[derive(Debug, Clone)]
pub(crate) struct Share {
    own: Rooms,
    of: Rooms,
}

impl Share {
    /// Waits for room for a message of so many bytes: first until what this session has is enough, for as long as that
    /// takes, for it is the application that takes its messages or not; then until all together have, for `limit`.
    /// `None` if they have not by then.
    pub(crate) async fn take(self, bytes: usize, limit: Duration) -> Option<Room> {
        let permits = u32::try_from(bytes.min(self.own.size)).unwrap_or(u32::MAX);
        let own = self.own.all.acquire_many_owned(permits).await.ok()?;
        let all = timeout(limit, self.of.all.acquire_many_owned(permits)).await;
        Some(Room(Arc::new([own, all.ok()?.ok()?])))
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::pin, task::Poll};

    use tokio::time::Instant;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(50);

    async fn is_ready<F: Future>(future: F) -> bool {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
    }

    #[tokio::test(start_paused = true)]
    async fn all_sessions_share_what_there_is() {
        let rooms = Rooms::new(100);
        let shares = [rooms.share(60), rooms.share(60), rooms.share(60)];
        let first = shares[0].clone().take(60, LIMIT).await.unwrap();
        let second = shares[1].clone().take(40, LIMIT).await.unwrap();
        let now = Instant::now();
        assert!(shares[2].clone().take(1, LIMIT).await.is_none());
        assert_eq!(now.elapsed(), LIMIT);
        // It is free with the last clone.
        let clone = second.clone();
        drop(second);
        assert!(!is_ready(shares[2].clone().take(1, LIMIT)).await);
        drop(clone);
        assert!(is_ready(shares[2].clone().take(40, LIMIT)).await);
        drop(first);
        let mut third = shares[2].clone().take(60, LIMIT).await.unwrap();
        third.shrink(25);
        assert!(!is_ready(shares[2].clone().take(36, LIMIT)).await);
        assert!(is_ready(shares[2].clone().take(35, LIMIT)).await);
        drop(third);
        // A longer one than there is room for has all of it.
        assert!(is_ready(shares[2].clone().take(1000, LIMIT)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_waits_for_its_own_messages_as_long_as_it_takes() {
        let share = Rooms::new(100).share(60);
        let first = share.clone().take(50, LIMIT).await.unwrap();
        let second = tokio::spawn(share.take(50, LIMIT));
        tokio::time::sleep(100 * LIMIT).await;
        assert!(!second.is_finished());
        drop(first);
        assert!(second.await.unwrap().is_some());
    }
}
