//! A line of some length: what is said at one end is heard at the other after a while, however much it is.

#![allow(dead_code, reason = "each program uses a part")]

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::{Duration, Instant, sleep_until},
};

/// As much as is read at once, in bytes.
const PIECE: usize = 64 << 10;

/// The near end of a line; dropped, it cuts all connections.
#[derive(Debug)]
pub(crate) struct Delay {
    listener: Option<TcpListener>,
    address: SocketAddr,
    one_way: Duration,
    /// The accept loop, once there is a far end.
    serving: JoinSet<()>,
}

impl Delay {
    /// A line that takes so long each way. Connections wait until it has a [far end](Self::lead_to).
    ///
    /// # Errors
    ///
    /// If there is no port left.
    pub(crate) async fn new(one_way: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self {
            address: listener.local_addr()?,
            listener: Some(listener),
            one_way,
            serving: JoinSet::new(),
        })
    }

    /// Where its near end is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lays the line to `far`, an address or a name with its port. Once.
    pub(crate) fn lead_to(&mut self, far: impl Into<String>) {
        let (far, one_way) = (far.into(), self.one_way);
        let Some(listener) = self.listener.take() else {
            return;
        };
        self.serving.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => if let Ok((near, _)) = accepted {
                        connections.spawn(carry(near, far.clone(), one_way));
                    },
                    Some(_) = connections.join_next() => {}
                }
            }
        });
    }
}

/// Carries one connection. As on a long line, nothing goes before the handshake of TCP has been to the far end and back.
async fn carry(near: TcpStream, far: String, one_way: Duration) {
    let open = Instant::now() + 2 * one_way;
    let Ok(far) = TcpStream::connect(far).await else {
        return;
    };
    if near.set_nodelay(true).and(far.set_nodelay(true)).is_err() {
        return;
    }
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    tokio::join!(
        pass(near_read, far_write, open, one_way),
        pass(far_read, near_write, open, one_way),
    );
}

/// Passes on what is said in one direction, and that nothing more is.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    open: Instant,
    one_way: Duration,
) {
    // unbounded: a line of any bandwidth
    let (send, mut under_way) = mpsc::unbounded_channel();
    let read = async move {
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            let read = from.read_buf(&mut piece).await;
            let is_end = !read.is_ok_and(|count| count > 0);
            let arrives = Instant::now().max(open) + one_way;
            if send.send((arrives, piece)).is_err() || is_end {
                return;
            }
        }
    };
    let write = async move {
        while let Some((arrives, piece)) = under_way.recv().await {
            sleep_until(arrives).await;
            if piece.is_empty() || to.write_all(&piece).await.is_err() {
                break;
            }
        }
        // The other side may be gone.
        to.shutdown().await.ok();
    };
    tokio::join!(read, write);
}
