//! Making the client: which cluster, and how its connections are set up.

use std::{path::PathBuf, time::Duration};

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
    config::{KubeConfigOptions, Kubeconfig},
};
use thiserror::Error;
use tokio::time::timeout;
use tower::{BoxError, ServiceBuilder, ServiceExt as _, util::MapRequestLayer};

use super::{Cluster, ClusterError, coalesce::Coalescing, error::innermost, exec::Protocol};

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
}

/// Why there is no cluster.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// No usable configuration.
    #[error("no usable kubeconfig: {0}")]
    Config(String),
    /// The cluster that the configuration names does not answer.
    #[error("the cluster of context {name:?} does not answer: {source}")]
    NoAnswer {
        /// The context, or what stands for it.
        name: String,
        /// What was tried and failed.
        source: ClusterError,
    },
}

impl Cluster {
    /// Connects to the cluster that `source` names: a kubeconfig, or inside of a cluster the
    /// pod's service account.
    ///
    /// # Errors
    ///
    /// If there is no configuration, or the cluster does not answer within 5 s.
    pub async fn connect(source: &Source) -> Result<Self, ConnectError> {
        let (config, name) = read_config(source).await?;
        let client = client(config).map_err(|error| ConnectError::Config(innermost(&error)))?;
        let cluster = Self::new(client, name, false);
        let answered = timeout(FIRST_ANSWER, cluster.probe()).await;
        match answered.unwrap_or(Err(ClusterError::Silent)) {
            // an answer is an answer, even if it is that this identity may not ask
            Ok(()) | Err(ClusterError::Api { status: 403, .. }) => Ok(cluster),
            Err(source) => Err(ConnectError::NoAnswer {
                name: cluster.name,
                source,
            }),
        }
    }

    /// The built-in demo cluster, over connections within this process.
    ///
    /// # Errors
    ///
    /// If no client can be made.
    #[cfg(feature = "demo")]
    pub fn demo(connector: fake_cluster::Connector) -> Result<Self, ConnectError> {
        let unusable = ConnectError::Config;
        let url = connector.url().parse::<Uri>();
        let mut config = Config::new(url.map_err(|error| unusable(error.to_string()))?);
        config.auth_info.token = Some(connector.token().into());
        let connect = tower::service_fn(move |_: Uri| {
            let connector = connector.clone();
            Box::pin(async move { connector.connect().await.map(TokioIo::new) })
        });
        let client = client_over(config, connect).map_err(|error| unusable(innermost(&error)))?;
        Ok(Self::new(client, "demo".to_owned(), true))
    }
}

async fn read_config(source: &Source) -> Result<(Config, String), ConnectError> {
    let options = KubeConfigOptions {
        context: source.context.clone(),
        ..Default::default()
    };
    let kubeconfig = match &source.kubeconfig {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    let said = |error: &dyn std::error::Error| ConnectError::Config(error.to_string());
    match kubeconfig {
        Ok(kubeconfig) => {
            let name = source
                .context
                .clone()
                .or(kubeconfig.current_context.clone());
            let config = Config::from_custom_kubeconfig(kubeconfig, &options)
                .await
                .map_err(|error| said(&error))?;
            Ok((config, name.unwrap_or_else(|| "default".to_owned())))
        }
        Err(error) if source.kubeconfig.is_some() || source.context.is_some() => Err(said(&error)),
        Err(error) => match Config::incluster() {
            Ok(config) => Ok((config, "in-cluster".to_owned())),
            Err(_) => Err(said(&error)),
        },
    }
}

/// kube's own stack of layers over a connector with `TCP_NODELAY` and keep-alive, which kube's
/// default connector lacks (kube-rs/kube#2056): without it each keystroke may wait for the
/// acknowledgement of the one before.
fn client(config: Config) -> kube::Result<Client> {
    if config.proxy_url.is_some() {
        let protocol = MapRequestLayer::new(choose_protocol);
        return Ok(ClientBuilder::try_from(config)?
            .with_layer(&protocol)
            .build());
    }
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_keepalive(Some(KEEPALIVE));
    connector.set_connect_timeout(Some(CONNECT_TIME));
    let connector = connector
        .map_response(|stream: TokioIo<_>| TokioIo::new(Coalescing::new(stream.into_inner())));
    let connector = config.rustls_https_connector_with_connector(connector)?;
    client_over(config, connector)
}

/// The same layers over any connector.
fn client_over(
    config: Config,
    connector: impl Connect + Clone + Send + Sync + 'static,
) -> kube::Result<Client> {
    let service = ServiceBuilder::new()
        .layer(MapRequestLayer::new(choose_protocol))
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(HttpClient::builder(TokioExecutor::new()).build(connector));
    Ok(Client::new(service, config.default_namespace))
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
