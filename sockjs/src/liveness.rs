//! Notices a peer that is gone without a word: measures its silence. Of a WebSocket, whose bytes are watched; of a client
//! with plain HTTP, whose requests are.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, sleep},
};

/// The client is gone when nothing was heard from it for so many heartbeats.
pub(crate) const HEARTBEATS_UNTIL_LOST: u32 = 2;

/// When a peer last showed that it is there.
#[derive(Debug)]
pub(crate) struct Liveness {
    started: Instant,
    /// Milliseconds from `started` to the last sign of life.
    last_sign: AtomicU64,
    /// Nobody reads from the peer, so its silence means nothing.
    deaf: AtomicBool,
    /// The last write found the send buffer full.
    blocked: AtomicBool,
}

impl Liveness {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            last_sign: AtomicU64::new(0),
            deaf: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
        }
    }

    /// Ends when nothing has shown for `limit` that the peer is there.
    pub(crate) async fn lost(&self, limit: Duration) {
        while let Some(rest) = limit
            .checked_sub(self.silence())
            .filter(|rest| !rest.is_zero())
        {
            sleep(rest).await;
        }
    }

    /// Awaits what keeps this side from reading; the peer's silence meanwhile is not held against it.
    pub(crate) async fn while_not_reading<F: Future>(&self, wait: F) -> F::Output {
        self.hears(false);
        let output = wait.await;
        self.hears(true);
        output
    }

    /// Whether anyone reads from the peer from now on.
    pub(crate) fn hears(&self, hears: bool) {
        self.deaf.store(!hears, Ordering::Relaxed);
        if hears {
            self.sign();
        }
    }

    /// Whether the last write found the send buffer full: the peer takes nothing, as far as is known.
    pub(crate) fn blocked(&self) -> bool {
        self.blocked.load(Ordering::Relaxed)
    }

    /// How long nothing has shown that the peer is there.
    pub(crate) fn silence(&self) -> Duration {
        if self.deaf.load(Ordering::Relaxed) {
            return Duration::ZERO;
        }
        let last_sign = Duration::from_millis(self.last_sign.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(last_sign)
    }

    /// The peer has shown that it is there.
    pub(crate) fn sign(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_sign.store(now, Ordering::Relaxed);
    }
}

/// A connection whose bytes are signs of life: each byte that arrives, and each byte for which the peer made room in a
/// send buffer that was full. A write that the kernel just buffers says nothing about the peer.
#[derive(Debug)]
pub(crate) struct Watched<Io> {
    io: Io,
    liveness: Arc<Liveness>,
}

impl<Io> Watched<Io> {
    pub(crate) fn new(io: Io, liveness: Arc<Liveness>) -> Self {
        Self { io, liveness }
    }

    fn note_write<T>(&self, poll: &Poll<io::Result<T>>) {
        match poll {
            Poll::Pending => self.liveness.blocked.store(true, Ordering::Relaxed),
            Poll::Ready(Ok(_)) if self.liveness.blocked() => {
                self.liveness.blocked.store(false, Ordering::Relaxed);
                self.liveness.sign();
            }
            Poll::Ready(_) => {}
        }
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Watched<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let poll = Pin::new(&mut self.io).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.liveness.sign();
        }
        poll
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Watched<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.io).poll_write(cx, buf);
        self.note_write(&poll);
        poll
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(50);
    const LATER: Duration = Duration::from_secs(40);

    /// A watched connection whose send buffer holds four bytes, and its peer.
    fn connection() -> (Watched<DuplexStream>, DuplexStream, Arc<Liveness>) {
        let (io, peer) = duplex(4);
        let liveness = Arc::new(Liveness::new());
        (Watched::new(io, Arc::clone(&liveness)), peer, liveness)
    }

    /// How long from now until the peer counts as lost.
    async fn until_lost(liveness: &Liveness) -> Duration {
        let now = Instant::now();
        liveness.lost(LIMIT).await;
        now.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_noticed() {
        let (_io, _peer, liveness) = connection();
        assert_eq!(until_lost(&liveness).await, LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_read_is_a_sign_of_life() {
        let (mut io, mut peer, liveness) = connection();
        sleep(LATER).await;
        peer.write_all(b"x").await.unwrap();
        io.read_u8().await.unwrap();
        assert_eq!(until_lost(&liveness).await, LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_into_a_free_buffer_is_no_sign_of_life() {
        let (mut io, _peer, liveness) = connection();
        sleep(LATER).await;
        io.write_all(b"xxxx").await.unwrap();
        assert_eq!(until_lost(&liveness).await, LIMIT - LATER);
    }

    #[tokio::test(start_paused = true)]
    async fn room_in_a_full_buffer_is_a_sign_of_life() {
        let (mut io, mut peer, liveness) = connection();
        let writer = tokio::spawn(async move { io.write_all(b"xxxxx").await });
        sleep(LATER).await;
        peer.read_u8().await.unwrap();
        writer.await.unwrap().unwrap();
        assert_eq!(until_lost(&liveness).await, LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_does_not_count_while_nobody_reads() {
        let (_io, _peer, liveness) = connection();
        liveness
            .while_not_reading(async {
                tokio::select! {
                    () = liveness.lost(LIMIT) => panic!("lost while nobody reads"),
                    () = sleep(LIMIT * 3) => {}
                }
            })
            .await;
        assert_eq!(until_lost(&liveness).await, LIMIT);
    }
}
