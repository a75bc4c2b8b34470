//! Everything configurable, read and validated before a port is bound.

mod access;
mod base_path;
mod public_url;

use std::{
    net::{IpAddr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use clap::{ArgAction, Parser};
use http::HeaderName;
use humantime::format_duration;
use ipnet::IpNet;
use podshell_shared::{api::DebugProfile, names::is_label, terminal::MAX_GRACE};
use thiserror::Error;

pub use self::{
    access::{AccessError, ActAs, SignIn},
    base_path::{BasePath, BasePathError},
    public_url::{PublicUrl, PublicUrlError},
};
pub use crate::secret::{Secret, SecretError};
use crate::session::Shell;

const EXIT_CODES: &str = "\
Exit codes: 0 all sessions ended and left nothing, 1 it could not start, 2 wrong flags, 3 processes may still run in \
containers (the log names them), 128 and the signal's number if a signal ended it while it started, or a second one at once.";

/// A shell in any container of a Kubernetes cluster, in the browser.
///
/// Without flags: the current kubeconfig context.
#[cfg_attr(
    feature = "demo",
    doc = "Where there is no kubeconfig and no cluster around: the built-in demo."
)]
#[derive(Clone, Debug, Parser)]
#[command(name = "podshell", version, after_help = EXIT_CODES)]
pub struct Config {
    /// Address and port to listen on; of this machine alone (loopback) with `--sign-in local`. Port 0 takes a free one.
    #[arg(long, env = "PODSHELL_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:7780", value_parser = address)]
    pub listen: SocketAddr,

    /// Who may use Podshell, and how they tell who they are.
    #[arg(
        long,
        env = "PODSHELL_SIGN_IN",
        value_name = "HOW",
        default_value = "local"
    )]
    pub sign_in: SignIn,

    /// Whom the cluster takes Podshell's calls for. What fits `--sign-in`, if not given: kubeconfig for local, bearer for
    /// token and oidc (which may impersonate, too, where the cluster does not trust the provider), impersonate for proxy.
    #[arg(long, env = "PODSHELL_ACT_AS", value_name = "WHOM")]
    pub act_as: Option<ActAs>,

    /// How long a browser stays signed in, 1m to 30days. In local mode, for as long as Podshell runs.
    #[arg(long, env = "PODSHELL_SIGN_IN_TIME", value_name = "TIME", default_value = "12h", value_parser = time::<60, MONTH>)]
    pub sign_in_time: Duration,

    /// With `--sign-in oidc`: the provider's address, exactly as it calls itself.
    #[arg(long, env = "PODSHELL_OIDC_ISSUER", value_name = "URL")]
    pub oidc_issuer: Option<String>,

    /// With `--sign-in oidc`: what the provider calls Podshell. It sends people back to the public address, with
    /// `/api/v1/sign-in/oidc/callback` behind the base path.
    #[arg(long, env = "PODSHELL_OIDC_CLIENT_ID", value_name = "ID")]
    pub oidc_client_id: Option<String>,

    /// With `--sign-in oidc`: file with the client's secret, readable by its owner alone. Without it Podshell is a public
    /// client.
    #[arg(long, env = "PODSHELL_OIDC_CLIENT_SECRET_FILE", value_name = "PATH")]
    pub oidc_client_secret_file: Option<PathBuf>,

    /// With `--sign-in oidc`: file with the certificates that vouch for the provider (PEM), instead of those that browsers
    /// trust.
    #[arg(long, env = "PODSHELL_OIDC_CA_FILE", value_name = "PATH")]
    pub oidc_ca_file: Option<PathBuf>,

    /// With `--sign-in oidc`: what is asked of the provider. With `offline_access` it gives refresh tokens, so that a sign-in
    /// outlasts its first ID token; the provider asks people whether they agree.
    #[arg(
        long,
        env = "PODSHELL_OIDC_SCOPES",
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "openid,email,profile,offline_access"
    )]
    pub oidc_scopes: Vec<String>,

    /// With `--sign-in oidc`: the claim of the ID token that names the user.
    #[arg(
        long,
        env = "PODSHELL_OIDC_USERNAME_CLAIM",
        value_name = "CLAIM",
        default_value = "email"
    )]
    pub oidc_username_claim: String,

    /// With `--sign-in oidc`: the claim that names the user's groups.
    #[arg(
        long,
        env = "PODSHELL_OIDC_GROUPS_CLAIM",
        value_name = "CLAIM",
        default_value = "groups"
    )]
    pub oidc_groups_claim: String,

    /// With `--sign-in oidc`: what is put in front of each user's name. With bearer, as the API server does it.
    #[arg(
        long,
        env = "PODSHELL_OIDC_USERNAME_PREFIX",
        value_name = "TEXT",
        default_value = ""
    )]
    pub oidc_username_prefix: String,

    /// With `--sign-in oidc`: what is put in front of each group's name.
    #[arg(
        long,
        env = "PODSHELL_OIDC_GROUPS_PREFIX",
        value_name = "TEXT",
        default_value = ""
    )]
    pub oidc_groups_prefix: String,

    /// With `--sign-in proxy`: the header that has the user's name.
    #[arg(
        long,
        env = "PODSHELL_PROXY_USER_HEADER",
        value_name = "NAME",
        default_value = "x-forwarded-user"
    )]
    pub proxy_user_header: HeaderName,

    /// With `--sign-in proxy`: the header that has the user's groups, with commas between them.
    #[arg(
        long,
        env = "PODSHELL_PROXY_GROUPS_HEADER",
        value_name = "NAME",
        default_value = "x-forwarded-groups"
    )]
    pub proxy_groups_header: HeaderName,

    /// With `--sign-in proxy`: file with what the proxy sends in X-Podshell-Proxy-Secret, at least 32 characters, readable
    /// by its owner alone.
    #[arg(long, env = "PODSHELL_PROXY_SECRET_FILE", value_name = "PATH")]
    pub proxy_secret_file: Option<PathBuf>,

    /// With `--sign-in proxy` and `--tls-cert`, in the place of `--proxy-secret-file`: file with the certificate (PEM) of an
    /// authority which signs for nobody but the proxy. The proxy shows one of its own, by that, when it connects.
    #[arg(long, env = "PODSHELL_PROXY_CA_FILE", value_name = "PATH")]
    pub proxy_ca_file: Option<PathBuf>,

    /// Address and port where /healthz, /readyz and /metrics are, for a cluster's probes and for Prometheus: without a key,
    /// and by any name. Without it the first two are beside the page, and metrics nowhere.
    #[arg(long, env = "PODSHELL_METRICS_LISTEN", value_name = "ADDRESS", value_parser = address)]
    pub metrics_listen: Option<SocketAddr>,

    /// Whether to write who does what to standard output, one line of JSON for each event. By default where people sign in;
    /// not in local mode.
    #[arg(long, env = "PODSHELL_AUDIT", value_name = "true|false", action = ArgAction::Set)]
    pub audit: Option<bool>,

    /// Refuse sessions whose audit events can't be written.
    #[arg(long, env = "PODSHELL_AUDIT_REQUIRED")]
    pub audit_required: bool,

    /// File with the certificate to serve https with, and those that vouch for it (PEM). Read anew when it changes.
    #[arg(long, env = "PODSHELL_TLS_CERT", value_name = "PATH")]
    pub tls_cert: Option<PathBuf>,

    /// File with the certificate's key (PEM). Read anew when it changes.
    #[arg(long, env = "PODSHELL_TLS_KEY", value_name = "PATH")]
    pub tls_key: Option<PathBuf>,

    /// How often the rights of those who have shells are reviewed, 1s to 55s: a shell whose right is gone ends then.
    #[arg(long, env = "PODSHELL_REVIEW_EVERY", value_name = "TIME", default_value = "45s", value_parser = time::<1, 55>)]
    pub review_every: Duration,

    /// The address that people open Podshell by, where that is not the one that it listens on: of a tunnel's end, or of a
    /// proxy in front. Requests for any other name are refused.
    #[arg(long, env = "PODSHELL_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<PublicUrl>,

    /// Address of a proxy in front, or a range like 10.0.0.0/8, whose X-Forwarded-Host and X-Forwarded-For are believed.
    /// May be given several times.
    #[arg(long = "trusted-proxy", env = "PODSHELL_TRUSTED_PROXY", value_name = "ADDRESS", value_delimiter = ',', value_parser = address_range)]
    pub trusted_proxies: Vec<IpNet>,

    /// File with a key for scripts: at least 32 characters, as `openssl rand -hex 32` makes them, readable by its owner
    /// alone. The variable `PODSHELL_TOKEN` can hold the key itself instead.
    #[arg(long, env = "PODSHELL_TOKEN_FILE", value_name = "PATH")]
    pub token_file: Option<PathBuf>,

    /// The key for scripts itself: what `PODSHELL_TOKEN` holds.
    #[arg(skip)]
    pub token: Option<Secret>,

    /// Kubeconfig file instead of the usual one ($KUBECONFIG or ~/.kube/config).
    #[arg(long, env = "PODSHELL_KUBECONFIG", value_name = "PATH")]
    pub kubeconfig: Option<PathBuf>,

    /// Kubeconfig context instead of the current one.
    #[arg(long, env = "PODSHELL_CONTEXT", value_name = "NAME")]
    pub context: Option<String>,

    /// What the cluster is called here, instead of by the kubeconfig's context.
    #[arg(long, env = "PODSHELL_CLUSTER_NAME", value_name = "TEXT", value_parser = label)]
    pub cluster_name: Option<String>,

    /// What stands beside the cluster's name on every page, so that nobody takes it for another: production, for example.
    #[arg(long, env = "PODSHELL_CLUSTER_MARK", value_name = "TEXT", value_parser = label)]
    pub cluster_mark: Option<String>,

    /// Serve the built-in demo, whatever cluster is configured: its containers are processes on this machine, run as the
    /// user who starts it.
    #[cfg(feature = "demo")]
    #[arg(long, env = "PODSHELL_DEMO")]
    pub demo: bool,

    /// With `--demo`: so many pods more, for who looks at what a large cluster does to the page.
    #[cfg(feature = "demo")]
    #[arg(long, hide = true, value_name = "COUNT", default_value_t = 0)]
    pub demo_pods: usize,

    /// With `--demo-pods`: how many of them change within a second.
    #[cfg(feature = "demo")]
    #[arg(long, hide = true, value_name = "COUNT", default_value_t = 0)]
    pub demo_changes: u32,

    /// Path under which everything is served.
    #[arg(
        long,
        env = "PODSHELL_BASE_PATH",
        value_name = "PATH",
        default_value = "/"
    )]
    pub base_path: BasePath,

    /// Threads that carry the terminals, 1 to 256. One is the most economical, and enough for some 300 MB/s of output.
    #[arg(
        long,
        env = "PODSHELL_THREADS",
        value_name = "COUNT",
        default_value = "1",
        value_parser = threads
    )]
    pub threads: NonZeroUsize,

    /// How often an idle connection shows a sign of life, 1s to 1h.
    #[arg(long, env = "PODSHELL_HEARTBEAT", value_name = "TIME", default_value = "25s", value_parser = time::<1, 3600>)]
    pub heartbeat: Duration,

    /// How long a shell waits for a client whose connection was lost, 0s to 24h.
    #[arg(long, env = "PODSHELL_GRACE", value_name = "TIME", default_value = "15m", value_parser = time::<0, MAX_GRACE>)]
    pub grace: Duration,

    /// End a session in which nothing is typed for so long, 10s to 30days.
    #[arg(long, env = "PODSHELL_IDLE_LIMIT", value_name = "TIME", value_parser = time::<10, MONTH>)]
    pub idle_limit: Option<Duration>,

    /// End a session that is so old, 10s to 30days.
    #[arg(long, env = "PODSHELL_LIFETIME_LIMIT", value_name = "TIME", value_parser = time::<10, MONTH>)]
    pub lifetime_limit: Option<Duration>,

    /// How long a new connection may take to say which terminal it is for, 1s to 1h.
    #[arg(long, env = "PODSHELL_BIND_TIME", value_name = "TIME", default_value = "10s", value_parser = time::<1, 3600>)]
    pub bind_time: Duration,

    /// How long the server may take to end its sessions when it is stopped, 1s to 1h.
    #[arg(long, env = "PODSHELL_DRAIN_TIME", value_name = "TIME", default_value = "10s", value_parser = time::<1, 3600>)]
    pub drain_time: Duration,

    /// How long shells go on when the server is stopped, 0s to 1h: their users are told, and no new ones begin meanwhile. The
    /// drain time comes after it.
    #[arg(long, env = "PODSHELL_SHUTDOWN_NOTICE", value_name = "TIME", default_value = "0s", value_parser = time::<0, 3600>)]
    pub shutdown_notice: Duration,

    /// Sites whose pages may show a terminal in a frame: `https://dashboard.example.org`. None if not given.
    #[arg(
        long = "embedder",
        env = "PODSHELL_EMBEDDER",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    pub embedders: Vec<PublicUrl>,

    /// Whether a Ctrl-C ends a flood of output at once also for clients that can't ask for it: those of Kubernetes
    /// Dashboard. What of the flood is still under way is then not shown, but for its last lines; with false, all of it is.
    #[arg(long, env = "PODSHELL_LEGACY_INTERRUPT", value_name = "true|false", default_value_t = true, action = ArgAction::Set)]
    pub legacy_interrupt: bool,

    /// How many sessions there may be at once.
    #[arg(long, env = "PODSHELL_MAX_SESSIONS", value_name = "COUNT", default_value = "1000", value_parser = count)]
    pub max_sessions: usize,

    /// How many sessions one user may have at once.
    #[arg(long, env = "PODSHELL_MAX_SESSIONS_PER_USER", value_name = "COUNT", default_value = "100", value_parser = count)]
    pub max_sessions_per_user: usize,

    /// How many logs may be read at once; there are never more than 256.
    #[arg(long, env = "PODSHELL_MAX_LOGS", value_name = "COUNT", default_value = "200", value_parser = count)]
    pub max_logs: usize,

    /// How many logs one user may read at once.
    #[arg(long, env = "PODSHELL_MAX_LOGS_PER_USER", value_name = "COUNT", default_value = "20", value_parser = count)]
    pub max_logs_per_user: usize,

    /// How often one address may try to sign in within a minute. Not in local mode.
    #[arg(
        long,
        env = "PODSHELL_SIGN_INS_PER_MINUTE",
        value_name = "COUNT",
        default_value = "20"
    )]
    pub sign_ins_per_minute: NonZeroU32,

    /// How many shells one user may ask for within a minute.
    #[arg(
        long,
        env = "PODSHELL_MINTS_PER_MINUTE",
        value_name = "COUNT",
        default_value = "1000"
    )]
    pub mints_per_minute: NonZeroU32,

    /// Let people look, and not touch: the list of pods, and what containers print (logs, attach). No shells, no debug
    /// containers, no input.
    #[arg(long, env = "PODSHELL_READ_ONLY")]
    pub read_only: bool,

    /// Shells that people may have: bash, sh, ash, zsh, fish, powershell, cmd. All of them if not given. Where nobody asks for
    /// one, they are tried in this order; bash and sh if not given. Whoever has one can start another in it.
    #[arg(
        long,
        env = "PODSHELL_SHELLS",
        value_name = "NAMES",
        value_delimiter = ','
    )]
    pub shells: Vec<Shell>,

    /// Whether people may attach to the main process of a container.
    #[arg(long, env = "PODSHELL_ATTACH", value_name = "true|false", default_value_t = true, action = ArgAction::Set)]
    pub attach: bool,

    /// Whether people may read what containers print.
    #[arg(long, env = "PODSHELL_LOGS", value_name = "true|false", default_value_t = true, action = ArgAction::Set)]
    pub logs: bool,

    /// Whether people may add debug containers to pods.
    #[arg(long, env = "PODSHELL_DEBUG_CONTAINERS", value_name = "true|false", default_value_t = true, action = ArgAction::Set)]
    pub debug_containers: bool,

    /// Profiles that debug containers may have, as `kubectl debug` calls them: general, baseline, restricted, netadmin,
    /// sysadmin. Of the first three each is tried where the namespace does not allow the one before. The last two have to be
    /// asked for, and a sysadmin is root on the node.
    #[arg(
        long,
        env = "PODSHELL_DEBUG_PROFILES",
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "general,baseline,restricted"
    )]
    pub debug_profiles: Vec<DebugProfile>,

    /// Namespaces that are not shown and not served: names, or what names begin with and a `*` (kube-*).
    #[arg(
        long,
        env = "PODSHELL_HIDDEN_NAMESPACES",
        value_name = "NAMES",
        value_delimiter = ','
    )]
    pub hidden_namespaces: Vec<String>,

    /// Namespaces whose pods are listed, instead of all: for who may not list those of all. The page can name others. May be
    /// given several times.
    #[arg(long = "namespace", env = "PODSHELL_NAMESPACE", value_name = "NAME", value_delimiter = ',', value_parser = namespace)]
    pub namespaces: Vec<String>,

    /// How long a list of pods is kept up to date that nobody looks at, 1s to 1h.
    #[arg(long, env = "PODSHELL_LIST_TIME", value_name = "TIME", default_value = "60s", value_parser = time::<1, 3600>)]
    pub list_time: Duration,

    /// Image of the container that is added to a pod whose own has no shell; it needs a `sh`.
    #[arg(
        long,
        env = "PODSHELL_DEBUG_IMAGE",
        value_name = "IMAGE",
        default_value = "busybox:1.37"
    )]
    pub debug_image: String,

    /// File with the key that seals session ids: a line of 32 random bytes in base64, and below it the
    /// key before while it is being changed. It must be its owner's alone (chmod 600). Servers with the
    /// same key take each other's ids if they act for the same people in the same cluster; one that acts
    /// with the kubeconfig of who started it takes its own alone. A new key at each start if not given.
    #[arg(long, env = "PODSHELL_TICKET_KEY_FILE", value_name = "PATH")]
    pub ticket_key_file: Option<PathBuf>,
}

/// In seconds.
const MONTH: u64 = 30 * 24 * 3600;

impl Config {
    /// Whether the demo was asked for.
    pub fn is_demo(&self) -> bool {
        #[cfg(feature = "demo")]
        return self.demo;
        #[cfg(not(feature = "demo"))]
        return false;
    }
}

/// Why an address can't be listened on.
#[derive(Debug, Error)]
enum ListenError {
    #[error("not an address with a port, like 127.0.0.1:7780")]
    NotAnAddress,
}

fn address(text: &str) -> Result<SocketAddr, ListenError> {
    let text = text.replace("localhost:", "127.0.0.1:");
    text.parse().map_err(|_| ListenError::NotAnAddress)
}

/// Why a text is no address of a proxy.
#[derive(Debug, Error)]
#[error("not an address or a range of addresses, like 10.1.2.3 or 10.0.0.0/8")]
struct NoAddress;

/// An address, or a range of them.
fn address_range(text: &str) -> Result<IpNet, NoAddress> {
    let one = text.parse::<IpAddr>().map(IpNet::from);
    one.or_else(|_| text.parse()).map_err(|_| NoAddress)
}

/// Why a text is no namespace.
#[derive(Debug, Error)]
#[error(
    "not a name of a namespace: up to 63 lower-case letters, digits and '-', and a letter or digit at each end"
)]
struct NoNamespace;

fn namespace(text: &str) -> Result<String, NoNamespace> {
    is_label(text).then(|| text.to_owned()).ok_or(NoNamespace)
}

/// How long a label may be, in characters.
const LABEL: usize = 40;

#[derive(Debug, Error)]
#[error("it must have 1 to {LABEL} characters, all on one line")]
struct NoLabel;

/// A few words for people.
fn label(text: &str) -> Result<String, NoLabel> {
    let label = text.trim();
    let fits = (1..=LABEL).contains(&label.chars().count()) && !label.chars().any(char::is_control);
    fits.then(|| label.to_owned()).ok_or(NoLabel)
}

/// Why a text is no time.
#[derive(Debug, Error)]
enum TimeError {
    #[error("{0}; write it like 90s, 10m or 8h")]
    NotATime(#[from] humantime::DurationError),
    #[error("must be from {} to {}", format_duration(*.0), format_duration(*.1))]
    OutOfRange(Duration, Duration),
}

/// A time from `LEAST` to `MOST` seconds.
fn time<const LEAST: u64, const MOST: u64>(text: &str) -> Result<Duration, TimeError> {
    let (least, most) = (Duration::from_secs(LEAST), Duration::from_secs(MOST));
    let time = humantime::parse_duration(text)?;
    if (least..=most).contains(&time) {
        Ok(time)
    } else {
        Err(TimeError::OutOfRange(least, most))
    }
}

/// Why a text is no number of threads.
#[derive(Debug, Error)]
#[error("not a number from 1 to {MOST_THREADS}")]
struct NoThreads;

/// More than any machine that this is for has processors.
const MOST_THREADS: usize = 256;

fn threads(text: &str) -> Result<NonZeroUsize, NoThreads> {
    let count = text.parse::<NonZeroUsize>().ok();
    count
        .filter(|count| count.get() <= MOST_THREADS)
        .ok_or(NoThreads)
}

/// A number of sessions, at least one.
fn count(text: &str) -> Result<usize, std::num::ParseIntError> {
    text.parse::<NonZeroUsize>().map(Into::into)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Config, clap::Error> {
        Config::try_parse_from(std::iter::once("podshell").chain(arguments.iter().copied()))
    }

    #[test]
    fn defaults() {
        let config = parse(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:7780");
        assert_eq!(config.base_path.prefix(), "");
        assert_eq!(config.base_path.with_slash(), "/");
        assert_eq!(config.heartbeat, Duration::from_secs(25));
        assert!(!config.is_demo());
        assert!(config.legacy_interrupt);
    }

    #[test]
    fn a_switch_that_is_on_can_be_turned_off() {
        let wants =
            |value| parse(&["--legacy-interrupt", value]).map(|config| config.legacy_interrupt);
        assert!(wants("true").unwrap());
        assert!(!wants("false").unwrap());
        assert!(wants("maybe").is_err());
    }

    #[test]
    #[cfg(feature = "demo")]
    fn the_demo_wins() {
        // Over a kubeconfig that may stand in the environment.
        assert!(parse(&["--demo", "--kubeconfig", "x"]).unwrap().is_demo());
    }

    #[test]
    fn listens_on_an_address_with_a_port() {
        for address in ["127.0.0.1:0", "[::1]:7780", "localhost:7780"] {
            parse(&["--listen", address]).unwrap();
        }
        let error = parse(&["--listen", "7780"]).unwrap_err().to_string();
        assert!(error.contains("like 127.0.0.1:7780"), "{error}");
    }

    #[test]
    fn proxies() {
        let config = parse(&["--trusted-proxy", "::1", "--trusted-proxy", "10.0.0.0/8"]).unwrap();
        let proxies: Vec<_> = config
            .trusted_proxies
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(proxies, ["::1/128", "10.0.0.0/8"]);
        for text in ["localhost", "10.0.0.0/33", ""] {
            assert!(parse(&["--trusted-proxy", text]).is_err(), "{text}");
        }
    }

    #[test]
    fn labels_are_a_few_words_on_one_line() {
        let name = |label| parse(&["--cluster-name", label]).map(|config| config.cluster_name);
        assert_eq!(name(" 华东 1 ").unwrap().as_deref(), Some("华东 1"));
        let long = "é".repeat(LABEL);
        assert_eq!(name(&long).unwrap(), Some(long.clone()));
        for label in ["", " ", "a\nb", "\u{1b}[31mred", &format!("{long}é")] {
            assert!(name(label).is_err(), "{label:?}");
        }
    }

    #[test]
    fn namespaces() {
        let config = parse(&["--namespace", "shop,jobs", "--namespace", "team-a"]).unwrap();
        assert_eq!(config.namespaces, ["shop", "jobs", "team-a"]);
        for text in ["", "A", "a/b", "kube-*", "-a"] {
            assert!(parse(&["--namespace", text]).is_err(), "{text}");
        }
    }

    #[test]
    fn times() {
        let config = parse(&["--heartbeat", "90s", "--idle-limit", "8h", "--grace", "0s"]).unwrap();
        assert_eq!(config.heartbeat, Duration::from_secs(90));
        assert_eq!(config.idle_limit, Some(Duration::from_secs(8 * 3600)));
        assert_eq!(config.grace, Duration::ZERO);
        assert_eq!(parse(&[]).unwrap().grace, Duration::from_secs(15 * 60));
        parse(&["--grace", "24h"]).unwrap();
        let error = parse(&["--grace", "25h"]).unwrap_err().to_string();
        assert!(error.contains("from 0s to 1day"), "{error}");
        for text in ["0s", "2h", "soon", "25"] {
            assert!(parse(&["--heartbeat", text]).is_err(), "{text}");
        }
        let error = parse(&["--idle-limit", "1s"]).unwrap_err().to_string();
        assert!(error.contains("from 10s to 30days"), "{error}");
    }

    #[test]
    fn counts() {
        let config = parse(&["--max-sessions", "7"]).unwrap();
        assert_eq!(
            (config.max_sessions, config.max_sessions_per_user),
            (7, 100)
        );
        assert!(parse(&["--max-sessions", "0"]).is_err());
    }

    /// What the chart sets are variables of flags, but for that of the log.
    #[test]
    fn the_chart_sets_flags_that_exist() {
        let chart = include_str!("../../deploy/chart/podshell/templates/_env.tpl");
        let command = Config::command();
        let known: Vec<_> = command
            .get_arguments()
            .filter_map(|flag| flag.get_env()?.to_str())
            .collect();
        let quoted = chart.split('"').skip(1).step_by(2);
        let is_name = |text: &&str| {
            let is_part = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
            text.len() > 2 && text.bytes().all(is_part)
        };
        let names: Vec<_> = quoted.filter(is_name).collect();
        assert!(names.len() > 30, "{names:?}");
        for name in names {
            let variable = format!("PODSHELL_{name}");
            assert!(name == "LOG" || known.contains(&&*variable), "{variable}");
        }
    }
}
