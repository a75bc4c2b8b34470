//! TCP connections to the API server whose reader is woken seldom while much comes.
//!
//! A flood comes in frames of some 9 KB, and to be woken for each costs nearly as much CPU time as all else that is done with it.
//! So a reader that is in a flood rests, as a network card's driver does (interrupt coalescing): the kernel wakes it when
//! [`LOW_WATER`] bytes wait (`SO_RCVLOWAT`), a clock when they are not there after [`REST`]. What comes slower than a flood
//! is never kept.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// So many bytes within [`FLOOD_TIME`] are a flood.
const FLOOD: usize = 32 << 10;
const FLOOD_TIME: Duration = Duration::from_millis(4);
/// How many bytes a rest is for.
const LOW_WATER: i32 = 64 << 10;
/// How long a rest takes at most; what a flood's last bytes may be late. A picture takes 16 ms.
const REST: Duration = Duration::from_millis(2);

/// Such a connection, made of one that is new.
#[derive(Debug)]
pub(super) struct Coalescing {
    stream: TcpStream,
    /// What was read since when; a rest begins anew.
    read: usize,
    since: Instant,
    is_resting: bool,
    rest: Pin<Box<Sleep>>,
}

impl Coalescing {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            read: 0,
            since: Instant::now(),
            is_resting: false,
            rest: Box::pin(sleep(REST)),
        }
    }

    /// There is nothing to read: sees to it that the reader is woken when it should be.
    fn wait(&mut self, cx: &mut Context<'_>) {
        let now = Instant::now();
        if self.is_resting {
            if self.read > 0 {
                self.begin_rest(now);
            }
        } else if now - self.since > FLOOD_TIME {
            self.begin(now);
        } else if self.read >= FLOOD && set_low_water(&self.stream, LOW_WATER) {
            self.begin_rest(now);
        }
        if self.is_resting && self.rest.as_mut().poll(cx).is_ready() {
            // What came meanwhile wakes the reader at once.
            set_low_water(&self.stream, 1);
            self.is_resting = false;
        }
    }

    fn begin_rest(&mut self, now: Instant) {
        self.begin(now);
        self.is_resting = true;
        self.rest.as_mut().reset(now + REST);
    }

    fn begin(&mut self, now: Instant) {
        self.since = now;
        self.read = 0;
    }
}

impl AsyncRead for Coalescing {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        if read.is_pending() {
            this.wait(cx);
        } else {
            this.read += buf.filled().len() - before;
        }
        read
    }
}

impl AsyncWrite for Coalescing {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Connection for Coalescing {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}

/// Has the kernel wake a reader no earlier than when so many bytes wait; false where that can't be had.
#[cfg(target_os = "linux")]
fn set_low_water(stream: &TcpStream, bytes: i32) -> bool {
    use nix::{libc, setsockopt_impl, sockopt_impl, sys::socket::setsockopt};

    sockopt_impl!(LowWater, SetOnly, libc::SOL_SOCKET, libc::SO_RCVLOWAT, i32);
    setsockopt(stream, LowWater, &bytes).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn set_low_water(_: &TcpStream, _: i32) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use futures_util::future;
    use proptest::prelude::*;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
        time::timeout,
    };

    use super::*;

    /// A connection, and who sends on it.
    async fn pair() -> (Coalescing, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (reader, sender) = tokio::join!(TcpStream::connect(address), listener.accept());
        (Coalescing::new(reader.unwrap()), sender.unwrap().0)
    }

    /// A connection in the rest behind a flood's begin.
    #[cfg(target_os = "linux")]
    async fn resting() -> (Coalescing, TcpStream) {
        let (mut reader, mut sender) = pair().await;
        sender.write_all(&vec![b'f'; FLOOD]).await.unwrap();
        reader.read_exact(&mut vec![0; FLOOD]).await.unwrap();
        let more = timeout(Duration::ZERO, reader.read(&mut [0])).await;
        assert!(more.is_err(), "there is no more");
        assert!(reader.is_resting);
        (reader, sender)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_flood_is_read_at_once() {
        let (mut reader, mut sender) = pair().await;
        let mut buffer = [0; FLOOD / 4];
        for _ in 0..20 {
            let begin = Instant::now();
            sender.write_all(&[b'x'; FLOOD / 4]).await.unwrap();
            reader.read_exact(&mut buffer).await.unwrap();
            assert_eq!(begin.elapsed(), Duration::ZERO);
            let none = timeout(FLOOD_TIME / 2, reader.read(&mut buffer)).await;
            assert!(none.is_err());
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test(start_paused = true)]
    async fn little_behind_a_flood_waits_for_the_end_of_the_rest() {
        let (mut reader, mut sender) = resting().await;
        let begin = Instant::now();
        sender.write_all(b"tail").await.unwrap();
        let mut buffer = [0; 10];
        let read = timeout(2 * REST, reader.read(&mut buffer)).await;
        assert_eq!(read.expect("the rest ends").unwrap(), 4);
        let waited = begin.elapsed();
        assert!(waited > REST / 2, "{waited:?}");
        // And then the flood is over.
        let begin = Instant::now();
        sender.write_all(b"$").await.unwrap();
        assert_eq!(reader.read(&mut buffer).await.unwrap(), 1);
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test(start_paused = true)]
    async fn much_ends_the_rest() {
        let (mut reader, mut sender) = resting().await;
        let mut much = [0; LOW_WATER as usize];
        let begin = Instant::now();
        let (sent, read) = tokio::join!(
            sender.write_all(&[b'f'; LOW_WATER as usize]),
            reader.read_exact(&mut much)
        );
        sent.and(read.map(drop)).unwrap();
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test(start_paused = true)]
    async fn the_end_of_the_connection_ends_the_rest() {
        let (mut reader, sender) = resting().await;
        let begin = Instant::now();
        drop(sender);
        assert_eq!(reader.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(50))]
        #[test]
        fn every_byte_comes_in_time(pieces in prop::collection::vec((1..100_000_usize, 0..6_u64), 1..20)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
            runtime.block_on(async {
                let (mut reader, mut sender) = pair().await;
                let mut next = (0..=u8::MAX).cycle();
                for (length, pause) in pieces {
                    let piece: Vec<u8> = next.by_ref().take(length).collect();
                    let mut got = vec![0; length];
                    let both = future::try_join(sender.write_all(&piece), reader.read_exact(&mut got));
                    timeout(2 * REST, both).await.expect("no rest is longer").unwrap();
                    assert!(got == piece);
                    let none = timeout(Duration::from_millis(pause), reader.read(&mut [0])).await;
                    assert!(none.is_err());
                }
            });
        }
    }
}
