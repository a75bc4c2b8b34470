//! One connection: its socket, its place among all, and its requests.

use std::{
    convert::Infallible,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, extract::ConnectInfo, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::{Notify, OwnedSemaphorePermit},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use tracing::debug;

use super::{pace::Pace, tls::ShowedCertificate, waiting::Waiting};

/// How long a client may take from the opening of its connection, or from an answer, until the next
/// request's header is there. hyper has one clock for both.
///
/// A page over plain HTTP pings every 10 s: with less, it would find its connection closed each time.
const HEADER_TIME: Duration = Duration::from_secs(12);
/// How long a header may be, in bytes: what browsers keep in cookies for one host, and some more. It
/// bounds what is buffered of a body or an answer, too.
const HEADER_SIZE: usize = 32 << 10;

/// How many bytes the system may keep for a client beyond those that are on their way to it. With the usual limit of 4 MB,
/// what a Ctrl-C finds there would be drawn for a second.
const UNSENT: u32 = 64 << 10;

/// How long a client may take for it where others wait for a place.
const HURRIED: Duration = Duration::from_secs(1);

/// How long a client may take to agree on TLS.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// How requests are read.
pub(super) fn http() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(HEADER_SIZE);
    http
}

/// No delay for small frames, little that waits in the system, and an end to who is gone without a word.
///
/// hyper waits as long as it takes for an answer to be taken. Linux gives up on a client that does not take it,
/// for whatever reason, within `silence`.
pub(super) fn set_up(stream: &TcpStream, silence: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(silence))?;
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_user_timeout(Some(silence))?;
        socket.set_tcp_notsent_lowat(UNSENT)?;
    }
    Ok(())
}

/// What answers a connection's requests, each stretch of whose bodies has to be there within `body_time`, until the
/// connection ends or is upgraded. After `shutdown` there is no next one; at a `crowd` it ends if it has been waiting for one.
#[derive(Debug)]
pub(super) struct Answering {
    pub(super) http: http1::Builder,
    pub(super) body_time: Duration,
    pub(super) peer: SocketAddr,
    pub(super) routes: Router,
    pub(super) pace: Pace,
    pub(super) crowd: Arc<Notify>,
    pub(super) shutdown: CancellationToken,
}

/// Serves a connection, over TLS if that is spoken here.
pub(super) async fn serve<Io>(io: Held<Io>, tls: Option<TlsAcceptor>, answering: Answering)
where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Some(tls) = tls else {
        return answer(io, false, answering).await;
    };
    let shaken = tokio::select! {
        shaken = timeout(HANDSHAKE_TIME, tls.accept(io)) => shaken,
        () = answering.shutdown.cancelled() => return,
    };
    match shaken {
        Ok(Ok(io)) => {
            let showed_certificate = io.get_ref().1.peer_certificates().is_some();
            answer(io, showed_certificate, answering).await;
        }
        Ok(Err(error)) => debug!(%error, "no TLS connection came of it"),
        Err(_) => debug!("a client took too long for TLS"),
    }
}

/// The same once it is known what goes over it, and whether its other end showed a certificate that is good.
async fn answer<Io>(io: Io, showed_certificate: bool, answering: Answering)
where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Answering {
        http,
        body_time,
        peer,
        routes,
        pace,
        crowd,
        shutdown,
    } = answering;
    let waiting = Waiting::new();
    let service = service_fn(|request: Request<Incoming>| {
        let (parts, body) = request.into_parts();
        let (body, answering) = waiting.ask(body, body_time);
        let mut request = Request::from_parts(parts, body);
        request.extensions_mut().insert(ConnectInfo(peer));
        if showed_certificate {
            request.extensions_mut().insert(ShowedCertificate);
        }
        let (pace, routes) = (pace.clone(), routes.clone());
        async move {
            pace.turn().await;
            let answer = routes.oneshot(request).await?;
            Ok::<_, Infallible>(answer.map(|body| answering.with(body)))
        }
    });
    let mut served = pin!(
        http.serve_connection(TokioIo::new(io), service)
            .with_upgrades()
    );
    let ended = loop {
        tokio::select! {
            ended = served.as_mut() => break ended,
            () = shutdown.cancelled() => {
                served.as_mut().graceful_shutdown();
                break served.await;
            }
            () = crowd.notified() => {
                if waiting.time().is_some_and(|time| time >= HURRIED) {
                    return;
                }
            }
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection broke off");
    }
}

/// A connection with its place among all. The place is free again when the connection is closed, by whom
/// ever: an upgraded one leaves the server's hands with it.
#[derive(Debug)]
pub(super) struct Held<Io> {
    io: Io,
    _place: OwnedSemaphorePermit,
}

impl<Io> Held<Io> {
    pub(super) fn new(io: Io, place: OwnedSemaphorePermit) -> Self {
        Self { io, _place: place }
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Held<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Held<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
