//! The accept loop: how many connections there may be, how long each may take to ask for something, and
//! what is said when there are too many.

mod connection;
mod pace;
mod tls;
mod waiting;

use std::{
    future::Future,
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use axum::Router;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    task::{JoinSet, yield_now},
    time::{Instant, sleep_until, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use self::tls::TlsError;
pub(crate) use self::tls::{Certificate, ShowedCertificate};
use self::{
    connection::{Answering, Held},
    pace::Pace,
};
use crate::burst::Burst;

/// How many connections the system keeps until they are accepted; with the usual 128, a rush makes the
/// others try again after seconds.
const QUEUE: u32 = 1024;
/// How long to wait after a failed accept, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How often those that wait are told that there is no place left.
const HURRY_EVERY: Duration = Duration::from_millis(250);

/// Places for connections. Clones are the same places.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    count: usize,
    free: Arc<Semaphore>,
}

impl Places {
    /// So many.
    pub(crate) fn new(count: usize) -> Self {
        let free = Arc::new(Semaphore::new(count));
        Self { count, free }
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        self.count.saturating_sub(self.free.available_permits())
    }
}

/// What connections are allowed.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// How many there may be.
    pub(crate) places: Places,
    /// How long a client may leave unacknowledged, or not take, what is sent to it, and how long each stretch of the body
    /// of its request may take. Then it is gone.
    pub(crate) silence: Duration,
}

/// Takes an address to listen on.
///
/// # Errors
///
/// If it is taken, or not this machine's.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // Elsewhere than on Windows it only spares the wait for connections of the server before.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

/// Where connections come from.
pub(crate) trait Listener: Send {
    /// A connection.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next one. Cancel-safe.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Io, SocketAddr)>> + Send;

    /// Makes one ready for use.
    fn set_up(io: &Self::Io, silence: Duration);
}

impl Listener for TcpListener {
    type Io = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        Self::accept(self).await
    }

    fn set_up(io: &TcpStream, silence: Duration) {
        if let Err(error) = connection::set_up(io, silence) {
            warn!(%error, "a connection will be slow, or its loss will be noticed late");
        }
    }
}

/// Serves `routes` to whom `listener` lets in, over TLS if there is a certificate, until `shutdown`: then nobody else gets in, and what was
/// asked is answered. Requests find their peer's address as
/// [`ConnectInfo`](axum::extract::ConnectInfo).
///
/// Done when all is answered; dropped, it cuts what is left, but for upgraded connections: these belong to
/// who upgraded them.
pub(crate) async fn serve<L: Listener>(
    listener: L,
    routes: Router,
    limits: Limits,
    tls: Option<TlsAcceptor>,
    shutdown: CancellationToken,
) {
    let http = connection::http();
    let silence = limits.silence;
    let mut door = Door::new(listener, limits);
    let pace = Pace::default();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(_) = connections.join_next() => {}
            (io, peer) = door.next() => {
                let answering = Answering {
                    http: http.clone(),
                    body_time: silence,
                    peer,
                    routes: routes.clone(),
                    pace: pace.clone(),
                    crowd: Arc::clone(&door.crowd),
                    shutdown: shutdown.clone(),
                };
                connections.spawn(connection::serve(io, tls.clone(), answering));
                // Of a thousand that come at once, none keeps a terminal waiting for more than itself.
                yield_now().await;
            }
        }
    }
    drop(door);
    while connections.join_next().await.is_some() {}
}

/// Lets connections in, one after the other.
struct Door<L> {
    listener: L,
    limits: Limits,
    /// For the next one.
    place: Option<OwnedSemaphorePermit>,
    /// When to try again after a failure, and how long to wait after the next.
    pause: Option<(Instant, Duration)>,
    failures: Burst,
    crowded: Burst,
    /// Tells connections when others wait for a place.
    crowd: Arc<Notify>,
}

impl<L: Listener> Door<L> {
    fn new(listener: L, limits: Limits) -> Self {
        Self {
            listener,
            limits,
            place: None,
            pause: None,
            failures: Burst::default(),
            crowded: Burst::default(),
            crowd: Arc::default(),
        }
    }

    /// Waits for the next connection and a place for it. Cancel-safe.
    async fn next(&mut self) -> (Held<L::Io>, SocketAddr) {
        loop {
            if self.place.is_none() {
                self.place = Some(self.free_place().await);
            }
            if let Some((until, _)) = self.pause {
                sleep_until(until).await;
            }
            match self.listener.accept().await {
                Ok((io, peer)) => {
                    self.pause = None;
                    if let Some(failures) = self.failures.over() {
                        info!(failures, "connections can be accepted again");
                    }
                    if self.has_room() && self.crowded.over().is_some() {
                        info!("there is room for new connections again");
                    }
                    L::set_up(&io, self.limits.silence);
                    let place = self.place.take().expect("it was kept above");
                    return (Held::new(io, place), peer);
                }
                // It was gone before it was here.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
                    ) => {}
                Err(error) => self.fail(&error),
            }
        }
    }

    fn has_room(&self) -> bool {
        let Places { count, free } = &self.limits.places;
        free.available_permits() > count / 8
    }

    /// Without one, whoever else comes waits in the system's queue, until a connection ends: soon if there
    /// are any that wait for a request.
    async fn free_place(&mut self) -> OwnedSemaphorePermit {
        let Places { count, free } = self.limits.places.clone();
        if let Ok(place) = Arc::clone(&free).try_acquire_owned() {
            return place;
        }
        if self.crowded.begins() {
            warn!(
                connections = count,
                "all connections are in use; new ones wait. Allow more file descriptors with \
                 `ulimit -n` if these are all yours"
            );
        }
        loop {
            self.crowd.notify_waiters();
            let place = Arc::clone(&free).acquire_owned();
            let place = timeout(HURRY_EVERY, place).await;
            self.crowded.goes_on();
            if let Ok(place) = place {
                return place.expect("the semaphore is never closed");
            }
        }
    }

    /// Most failures are for want of something, and trying at once would only burn time.
    fn fail(&mut self, error: &io::Error) {
        if self.failures.begins() {
            warn!(%error, "connections can't be accepted; trying on");
        }
        let pause = self.pause.map_or(PAUSES.0, |(_, pause)| pause);
        self.pause = Some((Instant::now() + pause, PAUSES.1.min(pause * 2)));
    }
}

#[cfg(test)]
mod tests;
