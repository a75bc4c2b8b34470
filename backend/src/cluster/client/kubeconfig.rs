//! Which cluster the user has chosen: what kubectl would take, from a kubeconfig or a pod's service account.
//!
//! Nothing that stands in a kubeconfig gets into an error but the names of contexts and clusters: the rest may be a secret.

mod pod;
mod reading;

use std::{
    env, io,
    path::{Path, PathBuf},
};

use kube::{
    Config,
    config::{
        Context, KubeConfigOptions, Kubeconfig, KubeconfigError, LoadDataError, NamedAuthInfo,
        NamedCluster,
    },
};

use self::reading::{ReadError, is_odd};
use super::{ConnectError, Source};

/// The variable that names kubeconfigs instead of the usual one.
const VARIABLE: &str = "KUBECONFIG";
/// What may have happened to a certificate.
const OMITTED: &str =
    " (DATA+OMITTED and REDACTED are what `kubectl config view` prints without --raw)";

/// A cluster to connect to.
pub(super) struct Found {
    pub(super) config: Config,
    /// The proxy that a kubeconfig names.
    pub(super) proxy_url: Option<String>,
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
        (None, None) if source.anonymous && pod::is_in_cluster() => {
            pod::config_in("the cluster around this pod")
        }
        (None, None) if pod::has_account() => pod::config_in("this pod's service account"),
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
    let proxy_url = take_proxy(&mut content, &name);
    let options = KubeConfigOptions {
        context: Some(name.clone()),
        ..Default::default()
    };
    let config = Config::from_custom_kubeconfig(content, &options).await;
    let why = match config {
        Ok(mut config) => {
            let exec = config.auth_info.exec.as_mut();
            if let Some(told) = exec.and_then(|exec| exec.cluster.as_mut()) {
                told.proxy_url.clone_from(&proxy_url);
            }
            return Ok(Found {
                config,
                proxy_url,
                name,
                place,
            });
        }
        Err(error) => said(&error),
    };
    Err(ConnectError::Config {
        place,
        why: format!("its context {name:?} is of no use: {why}"),
    })
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

/// Takes the proxy of this context's cluster. What kube is left with keeps it from the environment, which it reads otherwise than
/// Go.
fn take_proxy(content: &mut Kubeconfig, context: &str) -> Option<String> {
    let cluster = Parts::of(content, context).cluster?.name.clone();
    let mut clusters = content.clusters.iter_mut();
    let cluster = clusters.find(|its| its.name == cluster)?.cluster.as_mut()?;
    cluster
        .proxy_url
        .replace("http://nobody.invalid".to_owned())
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

/// There is nothing to connect to. Who names files has chosen, though there is nothing in them.
fn nothing(named: &[PathBuf]) -> ConnectError {
    if named.is_empty() {
        return ConnectError::Nothing;
    }
    let hidden = match usual() {
        Some(usual) if !matches!(read_all([usual.clone()]), Ok(None)) => {
            format!(", and while it is set, {} is not read", usual.display())
        }
        _ => String::new(),
    };
    ConnectError::Config {
        place: format!("${VARIABLE}"),
        why: format!("it {}{hidden}", names(named)),
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
        KubeconfigError::LoadCertificateAuthority(error) => match error {
            LoadDataError::ReadFile(error, path) => {
                format!("its certificate authority, {}: {error}", path.display())
            }
            _ => format!("its certificate-authority-data is not base64{OMITTED}"),
        },
        KubeconfigError::ParseCertificates(_) => {
            format!("its certificate authority is no certificate in PEM{OMITTED}")
        }
        // The rest says nothing but names.
        error => error.to_string(),
    }
}

fn list(items: impl Iterator<Item = impl std::fmt::Display>) -> String {
    let items: Vec<_> = items.map(|item| item.to_string()).collect();
    items.join(", ")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::{prelude::*, sample::select};
    use tokio::runtime::Builder;

    use super::*;
    use crate::{clock::Clock, cluster::credentials::Credentials};

    /// With all that can stand in one.
    const TEXT: &str = "\
current-context: c
clusters:
- name: k
  cluster:
    server: https://a.test:6443/path
    certificate-authority-data: LS0tLS1CRUdJTg==
    insecure-skip-tls-verify: false
    tls-server-name: b.test
    proxy-url: socks5://me:secret@a.test:1080
users:
- name: u
  user:
    token: secret
    username: me
    password: 12
    client-certificate-data: LS0tLS1CRUdJTg==
    client-key-data: LS0tLS1CRUdJTg==
    auth-provider: {name: oidc, config: {client-id: c, idp-issuer-url: 'https://a.test'}}
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./plugin
      args: [a, 1]
      env: [{name: A, value: b}]
      provideClusterInfo: true
contexts:
- name: c
  context: {cluster: k, user: u, namespace: n}
";

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Whatever is broken in it.
        #[test]
        fn no_kubeconfig_is_a_panic(
            at in 0..TEXT.len(),
            length in 0..60_usize,
            instead in select(vec![
                "", "\n", ":", ": ", "[", "{", "}", "null", "&a ", "*a", "!!binary ", "\t", "'", "\"", "#", "- ", "|",
                "\0", "%", "http://", "://", "é", "1e999", "~", " ", "a: b\n",
            ]),
        ) {
            let end = TEXT.len().min(at + length);
            let text = format!("{}{instead}{}", &TEXT[..at], &TEXT[end..]);
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), text).unwrap();
            let Ok(content) = reading::read(file.path()) else {
                return Ok(());
            };
            let files = vec![file.path().to_owned()];
            let runtime = Builder::new_current_thread().build().unwrap();
            let found = runtime.block_on(of_kubeconfig(Read { content, files }, None));
            if let Ok(mut found) = found {
                let _ = Credentials::of(&mut found.config.auth_info, &Clock::default());
            }
        }
    }
}
