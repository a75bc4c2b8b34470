//! HTTP to the API server: which way, by what it is known, what we show, and what happened if there is no answer.

mod connector;
mod receive_coalescing;
mod trust;
mod unreached;
mod way;

use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::Connect},
    rt::TokioExecutor,
};
use kube::{Config, client::Body};
use rustls::pki_types::ServerName;
use thiserror::Error;
use tower::Service;

pub(super) use self::unreached::Unreached;
pub(super) use self::way::is_this_machine;
use self::{
    connector::Connector,
    trust::TrustError,
    unreached::why,
    way::{NoProxyUrl, Way},
};
use super::credentials::Identity;

/// Why no connection to the API server can be made, whatever it is like.
#[derive(Debug, Error)]
pub(super) enum ConnectionError {
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error(transparent)]
    Proxy(#[from] NoProxyUrl),
    #[error("its tls-server-name is no name of a server")]
    ServerName,
}

/// How much of an answer is read at once, in bytes, by the thread that carries terminals: of a log that comes as fast as it can,
/// no more than of a process' output.
const READ: usize = 64 << 10;
/// So many connections of lists wait for the next request.
const IDLE_OF_LISTS: usize = 2;

/// What a request carries that is made for a list of pods.
#[derive(Clone, Copy, Debug)]
pub(super) struct ForLists;

/// Calls over connections that are kept, until we show another certificate: the API server takes a connection's for as long as it
/// lasts.
pub(super) struct Transport<C> {
    connector: C,
    identity: Arc<Identity>,
    /// What is called, for people.
    server: Arc<str>,
    kept: Arc<Mutex<Kept<C>>>,
}

/// Two pools of connections, for lists and for all else. A connection is served by the thread that opened it: no terminal may get
/// one of the thread that reads lists, and no list be read by the thread that carries terminals.
struct Kept<C> {
    lists: HttpClient<C, Body>,
    others: HttpClient<C, Body>,
    /// Of the identity that both show.
    changes: u64,
}

/// Connections to the API server of a configuration.
pub(super) type Https = HttpsConnector<Connector>;

/// The connector for `config`'s API server, by a kubeconfig's `proxy-url` or the environment's proxy, if one is to be taken.
///
/// # Errors
///
/// If the configuration makes no sense.
pub(super) fn connector(
    config: &Config,
    proxy_url: Option<&str>,
    identity: Arc<Identity>,
) -> Result<Https, ConnectionError> {
    let way = Way::choose(proxy_url, &config.cluster_url)?;
    let to_proxy = trust::client_config(config)?;
    let mut tls = to_proxy.clone();
    tls.client_auth_cert_resolver = identity;
    let builder = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http();
    let builder = match &config.tls_server_name {
        Some(name) => {
            let name = ServerName::try_from(name.clone());
            let name = name.map_err(|_| ConnectionError::ServerName)?;
            builder.with_server_name_resolver(FixedServerNameResolver::new(name))
        }
        None => builder,
    };
    Ok(builder
        .enable_http1()
        .wrap_connector(Connector::new(way, to_proxy)))
}

impl<C: Connect + Clone + Send + Sync + 'static> Transport<C> {
    /// Calls of the API server at this URL, which show this identity.
    pub(super) fn new(connector: C, identity: Arc<Identity>, server: &Uri) -> Self {
        let kept = Kept::new(&connector, identity.changes());
        Self {
            connector,
            identity,
            server: without_secrets(server).into(),
            kept: Arc::new(Mutex::new(kept)),
        }
    }

    /// The pool whose connections a request may take.
    fn http(&self, request: &Request<Body>) -> HttpClient<C, Body> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = self.identity.changes();
        if kept.changes != changes {
            *kept = Kept::new(&self.connector, changes);
        }
        match request.extensions().get::<ForLists>() {
            Some(ForLists) => kept.lists.clone(),
            None => kept.others.clone(),
        }
    }
}

impl<C: Connect + Clone> Kept<C> {
    fn new(connector: &C, changes: u64) -> Self {
        let pool = || HttpClient::builder(TokioExecutor::new());
        Self {
            lists: pool()
                .pool_max_idle_per_host(IDLE_OF_LISTS)
                .build(connector.clone()),
            others: pool().http1_max_buf_size(READ).build(connector.clone()),
            changes,
        }
    }
}

impl<C: Clone> Clone for Transport<C> {
    fn clone(&self) -> Self {
        Self {
            connector: self.connector.clone(),
            identity: Arc::clone(&self.identity),
            server: Arc::clone(&self.server),
            kept: Arc::clone(&self.kept),
        }
    }
}

impl<C: Connect + Clone + Send + Sync + 'static> Service<Request<Body>> for Transport<C> {
    type Response = Response<Incoming>;
    type Error = Unreached;
    type Future = BoxFuture<'static, Result<Self::Response, Unreached>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unreached>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answer = self.http(&request).request(request);
        let server = Arc::clone(&self.server);
        Box::pin(async move {
            answer.await.map_err(|error| Unreached {
                server: server.as_ref().to_owned(),
                why: why(&error),
            })
        })
    }
}

/// A URL without a user's name and password, and without a query.
pub(super) fn without_secrets(url: &Uri) -> String {
    let scheme = url.scheme_str().unwrap_or("https");
    let host = url.host().unwrap_or_default();
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    format!(
        "{scheme}://{host}{port}{}",
        url.path().trim_end_matches('/')
    )
}
