//! Making the client: which cluster, and with which layers it is called.

mod kubeconfig;

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use aws_lc_rs::digest::{Context, SHA256};
use http::Uri;
use hyper_util::client::legacy::connect::Connect;
#[cfg(feature = "demo")]
use hyper_util::rt::TokioIo;
use kube::{Client, Config, client::ConfigExt, config::AuthInfo};
use thiserror::Error;
use tokio::time::timeout;
use tower::{ServiceBuilder, layer::layer_fn};
use tracing::warn;

use self::kubeconfig::Found;
use super::{
    Cluster, ClusterError,
    call_as::{Authorized, Clients},
    call_watch::{CallWatcher, Watched},
    connection::{Transport, connector, is_this_machine, without_secrets},
    credentials::Credentials,
    error::innermost,
};
use crate::clock::Clock;

/// How long the first answer may take when the cluster is looked for at start.
const FIRST_ANSWER: Duration = Duration::from_secs(15);
/// After this long whoever waits is told what for.
const PATIENCE: Duration = Duration::from_secs(3);

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
    #[error("there is no kubeconfig and no cluster around")]
    Nothing,
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
        at_start(source, server)
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
            Self::Nothing => "Set KUBECONFIG, or give --kubeconfig PATH.",
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
fn at_start(error: &ClusterError, server: &str) -> String {
    match error {
        ClusterError::Silent => format!("it does not answer within {} s", FIRST_ANSWER.as_secs()),
        ClusterError::Unreachable(why) => {
            let after = why
                .strip_prefix(server)
                .and_then(|why| why.strip_prefix(": "));
            format!("there is no connection: {}", after.unwrap_or(why))
        }
        error => error.to_string(),
    }
}

impl Cluster {
    /// Connects to the cluster that `source` names: a kubeconfig, or inside of a cluster the
    /// pod's service account. `watcher` is told of each call, `clock` tells when credentials expire.
    ///
    /// # Errors
    ///
    /// If there is no configuration, a credential plugin gives nothing, or the cluster does not answer within 15 s.
    pub(crate) async fn connect(
        source: &Source,
        clock: &Clock,
        watcher: Option<Arc<dyn CallWatcher>>,
    ) -> Result<Self, ConnectError> {
        let Found {
            mut config,
            proxy_url,
            name,
            place,
        } = kubeconfig::find(source).await?;
        if source.anonymous || !may_be_told(&config.cluster_url) {
            if !source.anonymous {
                warn!("the API server's URL is http://: no credentials are sent to it");
            }
            // A client certificate would go before the token of whoever calls.
            config.auth_info = AuthInfo::default();
        }
        let unusable = |why: String| ConnectError::Config {
            place: place.clone(),
            why: format!("its context {name:?} is of no use: {why}"),
        };
        let scheme = config.cluster_url.scheme_str();
        if !matches!(scheme, Some("http" | "https")) || config.cluster_url.host().is_none() {
            return Err(unusable("its server is no URL of http or https".to_owned()));
        }
        let credentials = Credentials::of(&mut config.auth_info, clock);
        let credentials = Arc::new(credentials.map_err(|error| unusable(error.to_string()))?);
        // A plugin is run before anything has a deadline: it may ask somebody.
        let told = credentials.current().await;
        told.map_err(|error| unusable(error.to_string()))?;
        let https = connector(&config, proxy_url.as_deref(), credentials.identity());
        let https = https.map_err(|error| unusable(error.to_string()))?;
        let (server, identity) = (without_secrets(&config.cluster_url), identity(&config));
        let clients = clients(config, &credentials, https, watcher);
        let clients = clients.map_err(|error| unusable(innermost(&error)))?;
        let cluster = Self {
            anonymous: source.anonymous,
            ..Self::new(clients, &name, identity)
        };
        let answered = timeout(FIRST_ANSWER, told_after(cluster.probe(), &server)).await;
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
        let config = Config::new(url.map_err(|error| unusable(error.to_string()))?);
        let mut user = AuthInfo {
            token: Some(connector.token().into()),
            ..AuthInfo::default()
        };
        let connect = tower::service_fn(move |_: Uri| {
            let connector = connector.clone();
            Box::pin(async move { connector.connect().await.map(TokioIo::new) })
        });
        let identity = identity(&config);
        let credentials = Credentials::of(&mut user, &Clock::default());
        let credentials = Arc::new(credentials.map_err(|error| unusable(error.to_string()))?);
        let clients = clients(config, &credentials, connect, watcher);
        let clients = clients.map_err(|error| unusable(innermost(&error)))?;
        Ok(Self {
            demo: true,
            ..Self::new(clients, "demo", identity)
        })
    }
}

/// Whether credentials may be sent there: over TLS, or within this machine. kubectl sends none over plain HTTP.
fn may_be_told(server: &Uri) -> bool {
    server.scheme_str() == Some("https") || is_this_machine(server)
}

/// Waits, and tells so where it takes long.
async fn told_after<T>(answer: impl Future<Output = T>, server: &str) -> T {
    let mut answer = std::pin::pin!(answer);
    match timeout(PATIENCE, &mut answer).await {
        Ok(answer) => answer,
        Err(_) => {
            tracing::info!(server, "waiting for the API server's first answer");
            answer.await
        }
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

/// Clients whose calls go through the same layers over any connector.
fn clients(
    config: Config,
    credentials: &Arc<Credentials>,
    connector: impl Connect + Clone + Send + Sync + 'static,
    watcher: Option<Arc<dyn CallWatcher>>,
) -> kube::Result<Arc<Clients>> {
    let transport = Transport::new(connector, credentials.identity(), &config.cluster_url);
    // Whom the kubeconfig's user acts as.
    let headers = config.extra_headers_layer()?;
    Ok(Clients::new(Arc::clone(credentials), move |authorize| {
        let service = ServiceBuilder::new()
            .layer(layer_fn(|inner| Watched::new(inner, watcher.clone())))
            .layer(layer_fn(|inner| Authorized::new(inner, authorize.clone())))
            .layer(config.base_uri_layer())
            .layer(headers.clone())
            .service(transport.clone());
        Client::new(service, config.default_namespace.clone())
    }))
}

#[cfg(test)]
mod tests {
    use super::may_be_told;

    #[test]
    fn credentials_go_over_tls_or_stay_on_this_machine() {
        for (server, may) in [
            ("https://api.test", true),
            ("http://api.test", false),
            ("http://10.0.0.1:8080", false),
            ("http://localhost:8001", true),
            ("http://127.0.0.1:8001", true),
            ("http://[::1]:8001", true),
            ("http://localhost.evil.test", false),
            ("http://127.0.0.1.evil.test", false),
        ] {
            assert_eq!(may_be_told(&server.parse().unwrap()), may, "{server}");
        }
    }
}
