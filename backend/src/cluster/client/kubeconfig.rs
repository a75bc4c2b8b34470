//! Which cluster the user has chosen: what kubectl would take, from a kubeconfig or a pod's service account.
//!
//! Nothing that stands in a kubeconfig gets into an error but the names of contexts and clusters: the rest may be a secret.

mod reading;

use std::{
    env, io,
    path::{Path, PathBuf},
};

use http::HeaderValue;
use kube::{
    Config,
    config::{
        Context, KubeConfigOptions, Kubeconfig, KubeconfigError, LoadDataError, NamedAuthInfo,
        NamedCluster,
    },
};
use secrecy::ExposeSecret as _;

use self::reading::{ReadError, is_odd};
use super::{ConnectError, Source};

/// The variable that names kubeconfigs instead of the usual one.
const VARIABLE: &str = "KUBECONFIG";
/// Where the kubelet puts the token of a pod's service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
/// Where the kubelet puts the certificates that vouch for the API server.
const AUTHORITY: &str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";
/// The variables that tell a pod where the API server is.
const SERVICE: [&str; 2] = ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"];

/// A cluster to connect to.
pub(super) struct Found {
    pub(super) config: Config,
    /// The context, or what stands for it.
    pub(super) name: String,
    /// Where that is written, for people.
    pub(super) place: String,
}

/// A kubeconfig, merged of several if `KUBECONFIG` names them.
struct Read {
    content: Kubeconfig,
    files: Vec<PathBuf>,
}

/// What `source` means.
pub(super) async fn find(source: &Source) -> Result<Found, ConnectError> {
    let named = named();
    let read = match &source.kubeconfig {
        Some(path) => Some(Read {
            content: reading::read(path).map_err(|error| unusable(path, &error))?,
            files: vec![path.clone()],
        }),
        None if named.is_empty() => read_all(usual())?,
        None => read_all(named.iter().cloned())?,
    };
    match (read, &source.context) {
        (Some(read), context) => of_kubeconfig(read, context.as_deref()).await,
        (None, Some(context)) => Err(ConnectError::Config {
            place: format!("context {context:?}"),
            why: format!("there is no kubeconfig{}", about(&named)),
        }),
        (None, None) if source.anonymous && is_set_in_pod() && Path::new(AUTHORITY).is_file() => {
            of_pod("the cluster around this pod")
        }
        (None, None) if is_in_pod() => of_pod("this pod's service account"),
        (None, None) => Err(nothing(&named)),
    }
}

/// The files that `KUBECONFIG` names.
fn named() -> Vec<PathBuf> {
    let value = env::var_os(VARIABLE).unwrap_or_default();
    let paths = env::split_paths(&value);
    paths.filter(|path| !path.as_os_str().is_empty()).collect()
}

fn usual() -> Option<PathBuf> {
    env::home_dir().map(|home| home.join(".kube").join("config"))
}

/// Reads those of the files that are there and not empty, as kubectl does: none if there is no such file.
fn read_all(paths: impl IntoIterator<Item = PathBuf>) -> Result<Option<Read>, ConnectError> {
    let mut all = Read {
        content: Kubeconfig::default(),
        files: Vec::new(),
    };
    for path in paths {
        let content = match reading::read(&path) {
            Err(ReadError::Kube(KubeconfigError::ReadConfig(error, _)))
                if error.kind() == io::ErrorKind::NotFound =>
            {
                continue;
            }
            read => read.map_err(|error| unusable(&path, &error))?,
        };
        if !is_empty(&content) {
            let merged = all.content.merge(content);
            all.content = merged.map_err(|error| unusable(&path, &error.into()))?;
            all.files.push(path);
        }
    }
    Ok((!all.files.is_empty()).then_some(all))
}

fn is_empty(content: &Kubeconfig) -> bool {
    content.clusters.is_empty()
        && content.auth_infos.is_empty()
        && content.contexts.is_empty()
        && current_context(content).is_none()
        && content.other.is_empty()
}

fn current_context(content: &Kubeconfig) -> Option<&str> {
    let name = content.current_context.as_deref();
    name.filter(|name| !name.is_empty())
}

async fn of_kubeconfig(read: Read, context: Option<&str>) -> Result<Found, ConnectError> {
    let Read { mut content, files } = read;
    let files = list(files.iter().map(|file| file.display()));
    let place = format!("kubeconfig {files}");
    let name = match choose(&content, context) {
        Ok(name) => name,
        Err(why) => return Err(ConnectError::Config { place, why }),
    };
    complete_server(&mut content, &name);
    let options = KubeConfigOptions {
        context: Some(name.clone()),
        ..Default::default()
    };
    let config = Config::from_custom_kubeconfig(content, &options).await;
    let why = match config {
        Ok(config) if has_fit_token(&config) => {
            return Ok(Found {
                config,
                name,
                place,
            });
        }
        Ok(_) => "its token has characters that no token has".to_owned(),
        Err(error) => said(&error),
    };
    Err(ConnectError::Config {
        place,
        why: format!("its context {name:?} is of no use: {why}"),
    })
}

/// Whether the token, if there is one, can be sent; kube's client panics at one that can't.
fn has_fit_token(config: &Config) -> bool {
    let token = config.auth_info.token.as_ref();
    token.is_none_or(|token| HeaderValue::from_str(token.expose_secret()).is_ok())
}

/// Gives the server of this context the scheme that client-go takes for it where it has none: https where anything speaks of
/// certificates (`DefaultServerUrlFor` in `rest/url_utils.go`).
fn complete_server(content: &mut Kubeconfig, context: &str) {
    let Parts { cluster, user } = Parts::of(content, context);
    let user = user.and_then(|user| user.auth_info.as_ref());
    let has_certificate = user.is_some_and(|user| {
        user.client_certificate.is_some() || user.client_certificate_data.is_some()
    });
    let Some(name) = cluster.map(|cluster| cluster.name.clone()) else {
        return;
    };
    let mut clusters = content.clusters.iter_mut();
    let cluster = clusters.find(|cluster| cluster.name == name);
    let Some(cluster) = cluster.and_then(|named| named.cluster.as_mut()) else {
        return;
    };
    let is_secure = has_certificate
        || cluster.certificate_authority.is_some()
        || cluster.certificate_authority_data.is_some()
        || cluster.insecure_skip_tls_verify == Some(true);
    if let Some(server) = &mut cluster.server
        && !server.contains("://")
    {
        let scheme = if is_secure { "https" } else { "http" };
        *server = format!("{scheme}://{server}");
    }
}

/// What a context is made of, as far as it is there.
struct Parts<'k> {
    cluster: Option<&'k NamedCluster>,
    user: Option<&'k NamedAuthInfo>,
}

impl<'k> Parts<'k> {
    fn of(content: &'k Kubeconfig, context: &str) -> Self {
        let context = content.contexts.iter().find(|its| its.name == context);
        let context = context.and_then(|context| context.context.as_ref());
        let cluster = context.map(|context| &context.cluster);
        let user = context.and_then(|context| context.user.as_ref());
        let (mut clusters, mut users) = (content.clusters.iter(), content.auth_infos.iter());
        Self {
            cluster: clusters.find(|its| Some(&its.name) == cluster),
            user: users.find(|its| Some(&its.name) == user),
        }
    }
}

/// The name of the context to use, or why there is none.
fn choose(content: &Kubeconfig, asked: Option<&str>) -> Result<String, String> {
    let names = || content.contexts.iter().map(|context| &context.name);
    let others = || {
        if content.contexts.is_empty() {
            "it has no context at all".to_owned()
        } else {
            format!("choose one with --context: {}", list(names()))
        }
    };
    match asked.or_else(|| current_context(content)) {
        Some(name) if let Some(context) = content.contexts.iter().find(|its| its.name == name) => {
            let names_cluster = |context: &Context| !context.cluster.is_empty();
            let Parts { cluster, user } = Parts::of(content, name);
            if is_odd(&context.other) {
                Err(format!("its context {name:?} is not understood"))
            } else if !context.context.as_ref().is_some_and(names_cluster) {
                Err(format!("its context {name:?} names no cluster"))
            } else if let Some(cluster) = cluster.filter(|cluster| is_odd(&cluster.other)) {
                let cluster = &cluster.name;
                Err(format!(
                    "its cluster {cluster:?}, which the context {name:?} needs, is not understood"
                ))
            } else if let Some(user) = user.filter(|user| is_odd(&user.other)) {
                let user = &user.name;
                Err(format!(
                    "its user {user:?}, whom the context {name:?} needs, is not understood"
                ))
            } else {
                Ok(name.to_owned())
            }
        }
        Some(name) => Err(format!("there is no context {name:?} in it; {}", others())),
        None => Err(format!("it names no current context; {}", others())),
    }
}

/// Whether this is a pod with a service account, as the official clients tell.
fn is_in_pod() -> bool {
    is_set_in_pod() && Path::new(SERVICE_ACCOUNT).is_file()
}

fn is_set_in_pod() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    SERVICE.into_iter().all(is_set)
}

/// The cluster around this pod. The token of its service account need not be there where calls are made with tokens of
/// others: it is read at the first call that needs it.
fn of_pod(place: &str) -> Result<Found, ConnectError> {
    let place = place.to_owned();
    match Config::incluster() {
        Ok(config) => Ok(Found {
            config,
            name: "in-cluster".to_owned(),
            place,
        }),
        Err(error) => Err(ConnectError::Config {
            place,
            why: error.to_string(),
        }),
    }
}

/// There is nothing to connect to; or there is, but what `KUBECONFIG` names by mistake hides it.
fn nothing(named: &[PathBuf]) -> ConnectError {
    if !named.is_empty()
        && let Some(usual) = usual()
        && !matches!(read_all([usual.clone()]), Ok(None))
    {
        let usual = usual.display();
        return ConnectError::Config {
            place: format!("${VARIABLE}"),
            why: format!(
                "it {}, and while it is set, {usual} is not read",
                names(named)
            ),
        };
    }
    ConnectError::Nothing {
        about: about(named),
    }
}

/// What is to be said of the files that `KUBECONFIG` names when there is nothing in them.
fn about(named: &[PathBuf]) -> String {
    if named.is_empty() {
        String::new()
    } else {
        format!(" ({VARIABLE} {})", names(named))
    }
}

fn names(named: &[PathBuf]) -> String {
    let what = if named.iter().any(|path| path.exists()) {
        "no file with anything in it"
    } else {
        "nothing that exists"
    };
    let files = list(named.iter().map(|path| path.display()));
    format!("names {what} ({files})")
}

fn unusable(path: &Path, error: &ReadError) -> ConnectError {
    ConnectError::Config {
        place: format!("kubeconfig {}", path.display()),
        why: match error {
            ReadError::Kube(error) => said(error),
            ReadError::Shape => error.to_string(),
        },
    }
}

/// What is wrong with a kubeconfig, without what stands in it.
pub(super) fn said(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(error, _) => error.to_string(),
        // Its own words quote the lines around the error.
        KubeconfigError::Parse(error) => match error.location() {
            Some(at) => format!(
                "line {}, column {} is not understood",
                at.line(),
                at.column()
            ),
            None => "it is not understood".to_owned(),
        },
        KubeconfigError::LoadCertificateAuthority(error)
        | KubeconfigError::LoadClientCertificate(error)
        | KubeconfigError::LoadClientKey(error) => match error {
            LoadDataError::ReadFile(error, path) => format!("{}: {error}", path.display()),
            _ => "a certificate or key in it is not base64".to_owned(),
        },
        KubeconfigError::ParseCertificates(_) => {
            "its certificate authority is no PEM-encoded certificate".to_owned()
        }
        // The rest says nothing but names.
        error => error.to_string(),
    }
}

fn list(items: impl Iterator<Item = impl std::fmt::Display>) -> String {
    let items: Vec<_> = items.map(|item| item.to_string()).collect();
    items.join(", ")
}
