//! Makes connections to the API server: TCP without delay and with keep-alive, straight or through a proxy.
//!
//! kube's own connector lacks both (kube-rs/kube#2056): without the first each keystroke may wait for the acknowledgement of the
//! one before.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::{BoxFuture, Ready, ready};
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::{
    client::legacy::connect::{
        Connected, Connection, HttpConnector,
        proxy::{SocksV5, Tunnel},
    },
    rt::TokioIo,
};
use rustls::ClientConfig;
use tokio::time::timeout;
use tower::{BoxError, Service, ServiceExt as _};

use super::{
    receive_coalescing::Coalescing,
    unreached::why,
    way::{Proxy, ProxyKind, Way, port},
};

/// How long a TCP connection may take.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How long a proxy may take for its part.
const PROXY_TIME: Duration = Duration::from_secs(10);
/// Idle connections are probed this often.
const KEEPALIVE: Duration = Duration::from_secs(30);

type Tcp = TokioIo<Coalescing>;

/// Makes connections.
#[derive(Clone, Debug)]
pub(in crate::cluster) struct Connector {
    tcp: HttpConnector,
    way: Way,
    /// How a proxy is known that speaks TLS.
    tls: Arc<ClientConfig>,
}

/// Why there is no connection through a proxy.
#[derive(Debug, thiserror::Error)]
#[error("the proxy {address} {what}")]
pub(super) struct ProxyError {
    address: String,
    what: String,
}

impl Connector {
    /// Connections by this way; `tls` is for a proxy that speaks TLS.
    pub(in crate::cluster) fn new(way: Way, tls: ClientConfig) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_connect_timeout(Some(CONNECT_TIME));
        Self {
            tcp,
            way,
            tls: Arc::new(tls),
        }
    }

    /// Connects to what this URL names.
    async fn connect(self, to: Uri) -> Result<Stream, BoxError> {
        let tcp = Coalesced(self.tcp);
        let Way::Proxy(proxy) = self.way else {
            return Ok(Stream::tcp(tcp.oneshot(to).await?));
        };
        let connecting = through(&proxy, tcp, &self.tls, with_port(&to)?);
        let connected = timeout(PROXY_TIME, connecting).await;
        let what = match connected {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(what)) => what,
            Err(_) => format!("does not answer within {} s", PROXY_TIME.as_secs()),
        };
        let address = proxy.address().to_owned();
        Err(ProxyError { address, what }.into())
    }
}

/// Has a proxy connect; the error is what it did instead.
async fn through(
    proxy: &Proxy,
    tcp: Coalesced,
    tls: &Arc<ClientConfig>,
    to: Uri,
) -> Result<Stream, String> {
    let at = proxy.to.uri().clone();
    if proxy.kind == ProxyKind::Https {
        let mut tls = HttpsConnectorBuilder::new()
            .with_tls_config(ClientConfig::clone(tls))
            .https_only()
            .enable_http1()
            .wrap_connector(tcp);
        let connected = async { tls.ready().await?.call(at.clone()).await }.await;
        let stream = connected.map_err(|error| unreached(error.as_ref()))?;
        let stream = tunnel(proxy, stream).oneshot(to).await.map_err(refused)?;
        return Ok(Stream(Kind::Tls(Box::new(stream))));
    }
    let stream = tcp.oneshot(at.clone()).await;
    let stream = stream.map_err(|error| unreached(&error))?;
    if proxy.kind == ProxyKind::Http {
        let stream = tunnel(proxy, stream).oneshot(to).await;
        return stream.map(Stream::tcp).map_err(refused);
    }
    let socks = SocksV5::new(at, Made(Some(stream)));
    let socks = match proxy.to.raw_auth() {
        Some((user, password)) => socks.with_auth(user.to_owned(), password.to_owned()),
        None => socks,
    };
    socks.oneshot(to).await.map(Stream::tcp).map_err(refused)
}

/// CONNECT over a connection to the proxy.
fn tunnel<S: Send + 'static>(proxy: &Proxy, stream: S) -> Tunnel<Made<S>> {
    let tunnel = Tunnel::new(proxy.to.uri().clone(), Made(Some(stream)));
    match proxy.to.basic_auth() {
        Some(auth) => tunnel.with_auth(auth.clone()),
        None => tunnel,
    }
}

fn unreached(error: &(dyn std::error::Error + 'static)) -> String {
    format!("can't be reached: {}", why(error))
}

/// What a proxy did instead of connecting.
fn refused(error: impl std::error::Error + 'static) -> String {
    match error.to_string().as_str() {
        "tunnel error: proxy authorization required" => {
            "wants a name and a password: write them into its URL".to_owned()
        }
        "tunnel error: unsuccessful" => "refuses to connect there".to_owned(),
        _ if error.source().is_some() => format!("broke off: {}", why(&error)),
        other => format!("does not connect: {other}"),
    }
}

/// A URL with the port that it means: a proxy is told one.
fn with_port(url: &Uri) -> Result<Uri, http::Error> {
    let host = url.host().unwrap_or_default();
    Uri::builder()
        .scheme(url.scheme_str().unwrap_or("https"))
        .authority(format!("{host}:{}", port(url)))
        .path_and_query("/")
        .build()
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Stream, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        Box::pin(self.clone().connect(to))
    }
}

/// A connection that is there already, for what makes more of it.
struct Made<S>(Option<S>);

impl<S: Send + 'static> Service<Uri> for Made<S> {
    type Response = S;
    type Error = io::Error;
    type Future = Ready<io::Result<S>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().ok_or_else(|| io::Error::other("used up")))
    }
}

/// TCP connections whose reader is woken seldom in a flood.
#[derive(Clone, Debug)]
struct Coalesced(HttpConnector);

impl Service<Uri> for Coalesced {
    type Response = Tcp;
    type Error = <HttpConnector as Service<Uri>>::Error;
    type Future = BoxFuture<'static, Result<Tcp, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Service::poll_ready(&mut self.0, cx)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = self.0.call(to);
        Box::pin(async move {
            let stream = connecting.await?;
            Ok(TokioIo::new(Coalescing::new(stream.into_inner())))
        })
    }
}

/// A connection: TCP as far as the API server or a proxy, or what goes on within TLS to a proxy.
#[derive(Debug)]
pub(in crate::cluster) struct Stream(Kind);

#[derive(Debug)]
enum Kind {
    Tcp(Tcp),
    Tls(Box<MaybeHttpsStream<Tcp>>),
}

impl Stream {
    fn tcp(stream: Tcp) -> Self {
        Self(Kind::Tcp(stream))
    }
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Kind::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Kind::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl Write for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Kind::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Kind::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Kind::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Kind::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Kind::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Kind::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.0 {
            Kind::Tcp(stream) => stream.is_write_vectored(),
            Kind::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Kind::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Kind::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        match &self.0 {
            Kind::Tcp(stream) => stream.connected(),
            Kind::Tls(stream) => stream.connected(),
        }
    }
}
