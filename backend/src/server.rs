//! The server: from its configuration to the end of its last session.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::uri::Scheme;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio::{
    net::TcpListener,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::{info, warn};

use crate::{
    app::{App, DebugImage, Shutdown, Times},
    audit::Audit,
    auth::{Auth, Hosts, Keys, Means, ProxyProof},
    choice,
    clock::Clock,
    cluster::{CallWatcher, Cluster, ListSettings},
    config::{Config, SignIn},
    container_logs::{LogLimits, Logs},
    descriptors::{self, Budget},
    front_door::{self, Certificate, Places},
    metrics::Metrics,
    minting::Minting,
    openid::Issuer,
    page::assets::Page,
    router::{self, Connections, router},
    secret::{Secret, SecretError},
    secret_file,
    session::{Limits, Scope, Sessions, TicketKeys, Tickets},
    session_watch::SessionWatch,
    start_error::StartError,
    switches::Switches,
};

/// How long a session waits whose page said that it goes away; to be loaded anew takes less.
const LEAVE_GRACE: Duration = Duration::from_secs(5);

/// How often a server that gives notice looks whether all sessions are over.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How many connections there may be to what is for watchers.
const WATCHERS: usize = 64;

/// A server in the making.
#[derive(Debug)]
pub struct Server {
    config: Config,
    clock: Clock,
    events: Events,
}

/// Where audit events go.
struct Events(Box<dyn io::Write + Send>);

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}

impl Server {
    /// A server that is to be as `config` says.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            clock: Clock::default(),
            events: Events(Box::new(io::stdout())),
        }
    }

    /// Takes the time from `clock` instead of the system: for tests of what expires.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock(Arc::new(clock));
        self
    }

    /// Writes audit events there instead of to standard output: for tests of them.
    #[must_use]
    pub fn with_events(mut self, events: impl io::Write + Send + 'static) -> Self {
        self.events = Events(Box::new(events));
        self
    }

    /// Finds the cluster and takes the port. Raises the process's limit of file descriptors as far as it may.
    ///
    /// # Errors
    ///
    /// If the cluster that was asked for does not answer, the port is taken, or there are too few file
    /// descriptors.
    pub async fn bind(self) -> Result<Bound, StartError> {
        let config = self.config;
        let act_as = config.check_access()?;
        let keys = Arc::new(ticket_keys(config.ticket_key_file.as_deref())?);
        let (token, proxy) = (token(&config)?, proxy_proof(&config)?);
        let audit = audit(&config, self.events)?;
        let metrics = Arc::new(Metrics::new());
        let watcher = Arc::clone(&metrics) as Arc<dyn CallWatcher>;
        let mut chosen = choice::choose(&config, act_as, &self.clock, watcher).await?;
        chosen.cluster = chosen.cluster.called(
            config.cluster_name.as_deref(),
            config.cluster_mark.as_deref(),
        );
        let budget = descriptors::budget(chosen.costs(), config.max_sessions)?;
        chosen.cluster.allow_clean_ups(budget.clean_ups);
        chosen.cluster.review_every(config.review_every);
        chosen.cluster.allow_input(!config.read_only);
        let switches = Switches::new(&config);
        if let Some(shells) = switches.shells() {
            chosen.cluster.prefer_shells(shells);
        }
        chosen.cluster.keep_lists(ListSettings {
            namespaces: config.namespaces.clone(),
            hidden: switches.hidden_namespaces().clone(),
            kept: config.list_time,
            most: budget.watches,
        });
        let listen = |source| StartError::Listen {
            address: config.listen,
            source,
        };
        let listener = front_door::listen(config.listen).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let metrics_listener = match config.metrics_listen {
            Some(address) => {
                let listen = |source| StartError::Listen { address, source };
                Some(front_door::listen(address).map_err(listen)?)
            }
            None => None,
        };
        let tls = tls(&config)?;
        let (shutdown, ending) = (CancellationToken::new(), CancellationToken::new());
        let hosts = Hosts::new(address, scheme(tls.as_ref()), config.public_url.as_ref());
        let means = Means {
            token,
            proxy,
            issuer: issuer(&config)?,
            act_as,
            keys: Arc::clone(&keys),
            cluster: chosen.cluster.clone(),
            clock: self.clock.clone(),
        };
        let auth = Auth::new(&config, hosts, means);
        // With one caller, ids are good at this run alone; else wherever the same people sign in.
        let local = auth.local().map(|(_, caller)| caller.0.as_bytes());
        let scope = [
            chosen.cluster.identity(),
            config.sign_in.name().as_bytes(),
            local.unwrap_or_default(),
        ];
        let tickets = Tickets::new(keys, Scope::new(scope));
        let sessions = Sessions::new(
            limits(&config, budget),
            Some(Arc::new(SessionWatch {
                audit: audit.clone(),
                metrics: Arc::clone(&metrics),
            })),
            ending.clone(),
        );
        let log_limits = LogLimits {
            all: config.max_logs.min(budget.logs),
            per_caller: config.max_logs_per_user,
        };
        let logs = Logs::new(log_limits, audit.clone(), Arc::clone(&metrics));
        let app = App {
            audit,
            auth: Arc::new(auth),
            cluster: chosen.cluster,
            debug_image: DebugImage(config.debug_image.as_str().into()),
            logs,
            metrics,
            minting: Minting::new(tickets, self.clock),
            page: Arc::new(Page::new(&config.base_path, &config.embedders)),
            readiness: Arc::default(),
            sessions,
            shutdown: Shutdown(shutdown),
            switches,
            times: Times {
                bind: config.bind_time,
                budget,
            },
        };
        Ok(Bound {
            app,
            config,
            listener,
            ending,
            tls,
            metrics_listener,
            address,
            choice: chosen.why,
            #[cfg(feature = "demo")]
            demo: chosen.demo,
        })
    }
}

/// What TLS is served with.
#[derive(Debug)]
struct Tls {
    certificate: Arc<Certificate>,
    config: Arc<ServerConfig>,
}

/// A server that has its port and its cluster.
#[derive(Debug)]
pub struct Bound {
    app: App,
    config: Config,
    listener: TcpListener,
    /// Cancelled when all that is left is to end.
    ending: CancellationToken,
    /// The certificate, where TLS is served here.
    tls: Option<Tls>,
    /// For those who watch the server.
    metrics_listener: Option<TcpListener>,
    address: SocketAddr,
    choice: String,
    #[cfg(feature = "demo")]
    demo: Option<fake_cluster::FakeCluster>,
}

impl Bound {
    /// Where it listens, without the token.
    pub fn url(&self) -> String {
        format!(
            "{}://{}{}",
            self.scheme(),
            self.address,
            self.config.base_path
        )
    }

    fn scheme(&self) -> Scheme {
        scheme(self.tls.as_ref())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The key that programs send as a bearer token, in local mode.
    pub fn token(&self) -> Option<Secret> {
        self.app.auth.local().map(|(keys, _)| keys.token())
    }

    /// Where people open it.
    pub fn page(&self) -> String {
        let origin = match &self.config.public_url {
            Some(url) => url.to_string(),
            None => format!("{}://{}", self.scheme(), self.address),
        };
        format!("{origin}{}", self.config.base_path)
    }

    /// The links that sign browsers in, in local mode.
    pub fn links(&self) -> Option<Links> {
        self.app.auth.local()?;
        Some(Links {
            app: self.app.clone(),
            page: self.page(),
        })
    }

    /// Where its metrics are, if they are served.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_listener.as_ref()?.local_addr().ok()
    }

    /// Which cluster is served and why, for people.
    pub fn choice(&self) -> &str {
        &self.choice
    }

    /// The sessions, to be watched.
    pub fn sessions(&self) -> Sessions<Cluster> {
        self.app.sessions.clone()
    }

    /// Serves until `stop` is done, then tells all clients and ends within the drain time.
    ///
    /// # Errors
    ///
    /// If it stops to accept connections by itself, which it should not; its sessions are ended by then.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<Drained> {
        let connections = Connections::default();
        let routes = router(&self.app, &self.config, &connections);
        let shutdown = self.ending;
        let limits = front_door::Limits {
            places: Places::new(self.app.times.budget.connections),
            silence: self.config.heartbeat * 2,
        };
        let serving = front_door::serve(
            self.listener,
            routes,
            limits.clone(),
            self.tls.as_ref().map(|tls| Arc::clone(&tls.config).into()),
            shutdown.clone(),
        );
        let _certificate = self
            .tls
            .map(|tls| AbortOnDropHandle::new(tokio::spawn(tls.certificate.follow())));
        let mut serving = AbortOnDropHandle::new(tokio::spawn(serving));
        // As long as the server drains, too: it is looked at all the more then.
        let _watched = self.metrics_listener.map(|listener| {
            let routes = router::for_watchers(&self.app, limits.places.clone());
            let limits = front_door::Limits {
                places: Places::new(WATCHERS),
                ..limits
            };
            let never = CancellationToken::new();
            let serving = front_door::serve(listener, routes, limits, None, never);
            AbortOnDropHandle::new(tokio::spawn(serving))
        });
        let broke_off = tokio::select! {
            ended = &mut serving => Some(ended),
            () = stop => None,
        };
        // From here on nothing new begins.
        self.app.shutdown.0.cancel();
        let living = self.app.sessions.living();
        let notice = self.config.shutdown_notice;
        if broke_off.is_none() && living > 0 && !notice.is_zero() {
            info!(sessions = living, ?notice, "shutting down, with notice");
            self.app.sessions.announce(Instant::now() + notice);
            let _ = timeout(notice, all_over(&self.app.sessions)).await;
        }
        info!(sessions = self.app.sessions.living(), "shutting down");
        let until = Instant::now() + self.config.drain_time;
        let sessions = &self.app.sessions;
        sessions.shut_down(until);
        let ended = async {
            connections.served.close();
            connections.served.wait().await;
            sessions.ended().await;
            connections.over.cancel();
            connections.tasks.close();
            connections.tasks.wait().await;
        };
        let is_late = timeout_at(until, ended).await.is_err();
        let left = sessions.left();
        if left > 0 {
            warn!(left, "some sessions may have left processes behind");
        } else if is_late {
            warn!("some clients could not be told in time");
        }
        if broke_off.is_none() {
            // Requests in flight end by themselves; connections that idle are not worth waiting for.
            let _ = timeout(Duration::from_secs(1), serving).await;
        }
        #[cfg(feature = "demo")]
        if let Some(demo) = self.demo {
            demo.shutdown().await;
        }
        match broke_off {
            Some(ended) => {
                ended.map_err(io::Error::other)?;
                Err(io::Error::other("no connections are accepted any more"))
            }
            None => Ok(Drained { left }),
        }
    }
}

/// Waits until there is no session any more.
async fn all_over(sessions: &Sessions<Cluster>) {
    while sessions.living() > 0 {
        sleep(LOOK_EVERY).await;
    }
}

/// How a server ended that was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Drained {
    /// How many of its sessions may have left processes behind in their containers. The log names them.
    pub left: usize,
}

/// The links that sign browsers in, one at a time: each is good once.
#[derive(Debug)]
pub struct Links {
    app: App,
    page: String,
}

impl Links {
    /// The one that is good now.
    pub fn current(&self) -> String {
        self.with(Keys::link)
    }

    /// Another one; the last is good no more.
    pub fn renew(&self) -> String {
        self.with(Keys::new_link)
    }

    /// Behind `#`, where browsers send it to no server and no proxy.
    fn with(&self, token: impl FnOnce(&Keys) -> Secret) -> String {
        let token = self.app.auth.local().map(|(keys, _)| token(keys));
        let token = token.as_ref().map_or("", Secret::reveal);
        format!("{}#token={token}", self.page)
    }
}

/// The key that the user has set for scripts.
fn token(config: &Config) -> Result<Option<Secret>, StartError> {
    match &config.token_file {
        Some(path) => secret_of(path, |path, source| StartError::Token { path, source }).map(Some),
        None => Ok(config.token.clone()),
    }
}

/// The provider that signs people in, if one does.
fn issuer(config: &Config) -> Result<Option<Issuer>, StartError> {
    let (Some(url), Some(client)) = (&config.oidc_issuer, &config.oidc_client_id) else {
        return Ok(None);
    };
    let secret = match &config.oidc_client_secret_file {
        Some(path) => Some(secret(path)?.trim().to_owned().into()),
        None => None,
    };
    let refused = |why: String| StartError::Authorities {
        path: config.oidc_ca_file.clone().unwrap_or_default(),
        why,
    };
    let authorities = match &config.oidc_ca_file {
        Some(path) => {
            let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
            Some(read.map_err(|error| refused(error.to_string()))?)
        }
        None => None,
    };
    let issuer = Issuer::new(url, client, secret, authorities);
    Ok(Some(issuer.map_err(|error| refused(error.to_string()))?))
}

/// What a server is asked by at its own address.
fn scheme(tls: Option<&Tls>) -> Scheme {
    match tls {
        Some(_) => Scheme::HTTPS,
        None => Scheme::HTTP,
    }
}

/// What TLS is served with, if it is.
fn tls(config: &Config) -> Result<Option<Tls>, StartError> {
    let (Some(certificate), Some(key)) = (&config.tls_cert, &config.tls_key) else {
        return Ok(None);
    };
    let certificate = Certificate::read(certificate, key)?;
    let config = certificate.config(config.proxy_ca_file.as_deref())?;
    Ok(Some(Tls {
        certificate,
        config,
    }))
}

/// Where audit events go.
fn audit(config: &Config, Events(events): Events) -> Result<Audit, StartError> {
    let is_on = config.audit.unwrap_or(config.sign_in != SignIn::Local);
    if is_on || config.audit_required {
        Audit::start(events, config.audit_required).map_err(StartError::Audit)
    } else {
        Ok(Audit::off())
    }
}

/// What shows that a request comes from the proxy in front.
fn proxy_proof(config: &Config) -> Result<Option<ProxyProof>, StartError> {
    if config.proxy_ca_file.is_some() {
        return Ok(Some(ProxyProof::Certificate));
    }
    let path = config.proxy_secret_file.as_deref();
    path.map(|path| {
        let refused = |path, source| StartError::ProxySecret { path, source };
        secret_of(path, refused).map(ProxyProof::AddressAndSecret)
    })
    .transpose()
}

/// The secret that a file holds, which is `refused` if it is none.
fn secret_of(
    path: &Path,
    refused: impl FnOnce(PathBuf, SecretError) -> StartError,
) -> Result<Secret, StartError> {
    Secret::new(&secret(path)?).map_err(|source| refused(path.to_owned(), source))
}

/// The keys in a file, or a new one.
fn ticket_keys(path: Option<&Path>) -> Result<TicketKeys, StartError> {
    let Some(path) = path else {
        return Ok(TicketKeys::random());
    };
    secret(path)?
        .parse()
        .map_err(|source| StartError::TicketKeys {
            path: path.to_owned(),
            source,
        })
}

fn secret(path: &Path) -> Result<String, StartError> {
    secret_file::read(path).map_err(|source| StartError::SecretFile {
        path: path.to_owned(),
        source,
    })
}

fn limits(config: &Config, budget: Budget) -> Limits {
    Limits {
        sessions: budget.sessions,
        per_caller: config.max_sessions_per_user,
        grace: config.grace,
        leave_grace: LEAVE_GRACE.min(config.grace),
        idle: config.idle_limit,
        lifetime: config.lifetime_limit,
        drain: config.drain_time,
        legacy_interrupt: config.legacy_interrupt,
    }
}
