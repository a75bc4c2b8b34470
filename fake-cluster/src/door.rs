//! Where a cluster's connections come from: a port of loopback, or this process itself.

use std::{future::Future, io, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixStream},
    sync::mpsc,
    task::JoinSet,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use crate::guard::Guard;

/// After a failed accept (no more file descriptors).
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);
/// How many new connections may wait until the server takes them.
const WAITING: usize = 16;

/// Opens connections to a cluster that listens nowhere.
///
/// Each is one end of a pair of sockets, whose other end the cluster has, so that nobody outside of this process can have
/// one. Clones lead to the same cluster.
#[derive(Clone, Debug)]
pub struct Connector {
    ends: mpsc::Sender<UnixStream>,
    guard: Arc<Guard>,
}

impl Connector {
    /// A new connection. What goes over it is HTTP/1.1, as over a TCP connection to an API server.
    ///
    /// # Errors
    /// If the cluster has been shut down, or there are no more file descriptors.
    pub async fn connect(&self) -> io::Result<UnixStream> {
        let (ours, its) = UnixStream::pair()?;
        match self.ends.send(its).await {
            Ok(()) => Ok(ours),
            Err(_) => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }

    /// The URL that requests are to have. Its host is a name that only the cluster knows.
    #[must_use]
    pub fn url(&self) -> String {
        self.guard.url()
    }

    /// The bearer token that each request needs, as at a cluster that listens.
    #[must_use]
    pub fn token(&self) -> &str {
        self.guard.token()
    }
}

/// A connector, and the door that it leads to.
pub(crate) fn in_memory(guard: Arc<Guard>) -> (Connector, mpsc::Receiver<UnixStream>) {
    let (ends, door) = mpsc::channel(WAITING);
    (Connector { ends, guard }, door)
}

/// Where connections come from.
pub(crate) trait Door: Send + 'static {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next connection; `None` if there will be none any more. Dropping the future loses nothing.
    fn next(&mut self) -> impl Future<Output = Option<Self::Stream>> + Send;
}

impl Door for TcpListener {
    type Stream = TcpStream;

    async fn next(&mut self) -> Option<TcpStream> {
        loop {
            if let Ok((stream, _)) = self.accept().await {
                // Go's servers have it on, too.
                let _ = stream.set_nodelay(true);
                return Some(stream);
            }
            sleep(ACCEPT_AGAIN).await;
        }
    }
}

impl Door for mpsc::Receiver<UnixStream> {
    type Stream = UnixStream;

    async fn next(&mut self) -> Option<UnixStream> {
        self.recv().await
    }
}

/// Serves each connection until `stop`, then drops them all.
pub(crate) async fn serve(mut door: impl Door, router: Router, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            Some(stream) = door.next() => {
                let service = TowerToHyperService::new(router.clone());
                connections.spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .with_upgrades(),
                );
            }
        }
    }
    connections.shutdown().await;
}
