//! Making the client: which cluster, and how its connections are set up.

mod kubeconfig;
mod receive_coalescing;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use aws_lc_rs::digest::{Context, SHA256};
use http::{HeaderValue, Request, Uri, header::SEC_WEBSOCKET_PROTOCOL};
use hyper_util::{
    client::legacy::{
        Client as HttpClient,
        connect::{Connect, HttpConnector},
    },
    rt::{TokioExecutor, TokioIo},
};
use kube::{
    Client, Config,
    client::{Body, ClientBuilder, ConfigExt},
    config::AuthInfo,
};
use thiserror::Error;
use tokio::time::timeout;
use tower::{BoxError, ServiceBuilder, ServiceExt as _, layer::layer_fn, util::MapRequestLayer};

use self::{kubeconfig::Found, receive_coalescing::Coalescing};
use super::{
    Cluster, ClusterError,
    call_as::{Clients, TokenFile},
    call_watch::{CallWatcher, Watched},
    error::innermost,
    exec::Protocol,
};

/// How long the first answer may take when the cluster is looked for at start.
const FIRST_ANSWER: Duration = Duration::from_secs(5);
/// How long a TCP connection to the API server may take.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// Idle connections to the API server are probed this often.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Which cluster to speak to.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// A kubeconfig file instead of the usual ones.
    pub kubeconfig: Option<PathBuf>,
    /// A context instead of the file's current one.
    pub context: Option<String>,
    /// Whether the server has no identity of its own: all calls are made with the tokens of those who call.
    pub anonymous: bool,
}

/// Why there is no cluster.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// No kubeconfig, and no service account as pods have it: nobody has chosen a cluster.
    #[error("there is no kubeconfig and no cluster around{about}")]
    Nothing {
        /// What `KUBECONFIG` names, if it is set.
        about: String,
    },
    /// A cluster was chosen, but what says which can't be used.
    #[error("can't use {place}: {why}")]
    Config {
        /// Where it stands.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// The cluster that was chosen does not answer, or not as it should.
    #[error(
        "can't use the cluster of context {name:?} at {server} ({place}): {}",
        at_start(source)
    )]
    NoAnswer {
        /// The context, or what stands for it.
        name: String,
        /// The URL of the API server.
        server: String,
        /// Where that stands.
        place: String,
        /// What was tried and failed.
        source: Box<ClusterError>,
    },
}

impl ConnectError {
    /// What the user can do about it.
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::Nothing { .. } => "Set KUBECONFIG, or give --kubeconfig PATH.",
            Self::Config { .. } => {
                "Mend it, or choose with --kubeconfig PATH and --context NAME; `kubectl config view` shows what kubectl sees."
            }
            Self::NoAnswer { source, .. } if matches!(**source, ClusterError::Api { .. }) => {
                source.hint()
            }
            Self::NoAnswer { .. } => {
                "Check the network, a VPN, and whether `kubectl cluster-info` works. `podshell --context NAME` takes another cluster."
            }
        };
        if cfg!(feature = "demo") {
            format!("{hint} `podshell --demo` is for a look around without a cluster.")
        } else {
            hint.to_owned()
        }
    }
}

/// What a cluster did instead of answering when it was looked for.
fn at_start(error: &ClusterError) -> String {
    match error {
        ClusterError::Silent => format!("it does not answer within {} s", FIRST_ANSWER.as_secs()),
        ClusterError::Unreachable(why) => format!("it does not answer: {why}"),
        error => error.to_string(),
    }
}

impl Cluster {
    /// Connects to the cluster that `source` names: a kubeconfig, or inside of a cluster the
    /// pod's service account. `watcher` is told of each call.
    ///
    /// # Errors
    ///
    /// If there is no configuration, or the cluster does not answer within 5 s.
    pub async fn connect(
        source: &Source,
        watcher: Option<Arc<dyn CallWatcher>>,
    ) -> Result<Self, ConnectError> {
        let Found {
            mut config,
            name,
            place,
        } = kubeconfig::find(source).await?;
        if source.anonymous {
            // A client certificate would go before the token of whoever calls.
            config.auth_info = AuthInfo::default();
        }
        let server = without_secrets(&config.cluster_url);
        let identity = identity(&config);
        let token = match config.auth_info.token_file.take() {
            Some(path) => {
                // As for client-go, it goes before one that stands beside it.
                config.auth_info.token = None;
                let read = TokenFile::read(Path::new(&path));
                Some(Arc::new(read.map_err(|error| ConnectError::Config {
                    place: place.clone(),
                    why: format!("the token of its context {name:?}, in {path}: {error}"),
                })?))
            }
            None => None,
        };
        let clients = clients(config, token, watcher).map_err(|error| ConnectError::Config {
            place: place.clone(),
            why: format!("its context {name:?} is of no use: {}", unusable(&error)),
        })?;
        let cluster = Self {
            anonymous: source.anonymous,
            ..Self::new(clients, &name, identity)
        };
        let answered = timeout(FIRST_ANSWER, cluster.probe()).await;
        match answered.unwrap_or(Err(ClusterError::Silent)) {
            // An answer is an answer, even if it is that this identity may not ask.
            Ok(()) | Err(ClusterError::Api { status: 403, .. }) => Ok(cluster),
            Err(source) => Err(ConnectError::NoAnswer {
                name,
                server,
                place,
                source: Box::new(source),
            }),
        }
    }

    /// The built-in demo cluster, over connections within this process.
    ///
    /// # Errors
    ///
    /// If no client can be made.
    #[cfg(feature = "demo")]
    pub fn demo(
        connector: fake_cluster::Connector,
        watcher: Option<Arc<dyn CallWatcher>>,
    ) -> Result<Self, ConnectError> {
        let unusable = |why: String| ConnectError::Config {
            place: "the demo".to_owned(),
            why,
        };
        let url = connector.url().parse::<Uri>();
        let mut config = Config::new(url.map_err(|error| unusable(error.to_string()))?);
        config.auth_info.token = Some(connector.token().into());
        let connect = tower::service_fn(move |_: Uri| {
            let connector = connector.clone();
            Box::pin(async move { connector.connect().await.map(TokioIo::new) })
        });
        let identity = identity(&config);
        let clients = clients_over(config, None, connect, watcher);
        let clients = clients.map_err(|error| unusable(innermost(&error)))?;
        Ok(Self {
            demo: true,
            ..Self::new(clients, "demo", identity)
        })
    }
}

/// The API server's address and the certificates that it is trusted by, as a digest.
fn identity(config: &Config) -> Arc<[u8]> {
    let mut digest = Context::new(&SHA256);
    digest.update(config.cluster_url.to_string().as_bytes());
    for certificate in config.root_cert.iter().flatten() {
        digest.update(&(certificate.len() as u64).to_be_bytes());
        digest.update(certificate);
    }
    digest.finish().as_ref().into()
}

/// A URL without a user's name and password, and without a query.
fn without_secrets(url: &Uri) -> String {
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

/// Why a configuration makes no client, without what stands in it.
fn unusable(error: &kube::Error) -> String {
    match error {
        kube::Error::RustlsTls(_) => {
            "its client certificate, key or certificate authority can't be used".to_owned()
        }
        kube::Error::ProxyProtocolUnsupported { .. }
        | kube::Error::ProxyProtocolDisabled { .. } => {
            "its proxy-url is of a kind that can't be used here".to_owned()
        }
        kube::Error::InferKubeconfig(error) => kubeconfig::said(error),
        error => innermost(error),
    }
}

/// kube's own stack of layers over a connector with `TCP_NODELAY` and keep-alive, which kube's
/// default connector lacks (kube-rs/kube#2056): without it each keystroke may wait for the
/// acknowledgement of the one before.
fn clients(
    config: Config,
    token: Option<Arc<TokenFile>>,
    watcher: Option<Arc<dyn CallWatcher>>,
) -> kube::Result<Arc<Clients>> {
    if config.proxy_url.is_some() {
        return Clients::new(config, token, move |config, authorize| {
            let protocol = MapRequestLayer::new(choose_protocol);
            let watcher = watcher.clone();
            let watched = layer_fn(move |inner| Watched::new(inner, watcher.clone()));
            let builder = ClientBuilder::try_from(config.clone())?;
            let authorized = MapRequestLayer::new(move |request| authorize.request(request));
            let builder = builder.with_layer(&protocol).with_layer(&authorized);
            Ok(builder.with_layer(&watched).build())
        });
    }
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_keepalive(Some(KEEPALIVE));
    connector.set_connect_timeout(Some(CONNECT_TIME));
    let connector = connector
        .map_response(|stream: TokioIo<_>| TokioIo::new(Coalescing::new(stream.into_inner())));
    let connector = config.rustls_https_connector_with_connector(connector)?;
    clients_over(config, token, connector, watcher)
}

/// The same layers over any connector.
fn clients_over(
    config: Config,
    token: Option<Arc<TokenFile>>,
    connector: impl Connect + Clone + Send + Sync + 'static,
    watcher: Option<Arc<dyn CallWatcher>>,
) -> kube::Result<Arc<Clients>> {
    let http = HttpClient::builder(TokioExecutor::new()).build(connector);
    Clients::new(config, token, move |config, authorize| {
        let service = ServiceBuilder::new()
            .layer(layer_fn(|inner| Watched::new(inner, watcher.clone())))
            .layer(MapRequestLayer::new(choose_protocol))
            .layer(MapRequestLayer::new(move |request| {
                authorize.request(request)
            }))
            .layer(config.base_uri_layer())
            .option_layer(config.auth_layer()?)
            .layer(config.extra_headers_layer()?)
            .map_err(BoxError::from)
            .service(http.clone());
        Ok(Client::new(service, config.default_namespace.clone()))
    })
}

/// `Client::connect` offers v5 and v4 together, of which API servers take v5. A request that
/// carries a [`Protocol`] offers that one alone.
fn choose_protocol(mut request: Request<Body>) -> Request<Body> {
    if let Some(protocol) = request.extensions().get::<Protocol>() {
        let name = HeaderValue::from_static(protocol.name());
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name);
    }
    request
}
