//! The cluster around this pod, by what the kubelet puts into each: an address, and the pod's service account.

use std::{env, fs, net::IpAddr, path::Path};

use http::Uri;
use kube::Config;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use super::{ConnectError, Found};

/// Where the kubelet puts what a pod's service account has.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// Its token.
const TOKEN: &str = "token";
/// The certificates that vouch for the API server.
const AUTHORITY: &str = "ca.crt";
/// The variables that tell a pod where the API server is.
const SERVICE: [&str; 2] = ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"];

/// Whether this is a pod with a service account, as the official clients tell.
pub(super) fn has_account() -> bool {
    is_set_in_pod() && is_of_account(TOKEN)
}

fn is_of_account(name: &str) -> bool {
    Path::new(SERVICE_ACCOUNT).join(name).is_file()
}

fn is_set_in_pod() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    SERVICE.into_iter().all(is_set)
}

/// Whether there is a cluster around that can be trusted, with or without an account in it.
pub(super) fn is_in_cluster() -> bool {
    is_set_in_pod() && is_of_account(AUTHORITY)
}

/// The cluster around this pod. The token of its service account need not be there where calls are made with tokens of
/// others: it is read at the first call that needs it.
pub(super) fn config_in(place: &str) -> Result<Found, ConnectError> {
    let [host, port] = SERVICE.map(|name| env::var(name).unwrap_or_default());
    let config = pod_config(&host, &port, Path::new(SERVICE_ACCOUNT));
    let config = config.map_err(|why| ConnectError::Config {
        place: place.to_owned(),
        why,
    })?;
    Ok(Found {
        config,
        proxy_url: None,
        name: "in-cluster".to_owned(),
        place: place.to_owned(),
    })
}

/// As client-go's `InClusterConfig` has it: what is missing of the account's folder is no error but for the token.
fn pod_config(host: &str, port: &str, account: &Path) -> Result<Config, String> {
    let host = match host.parse() {
        Ok(IpAddr::V6(_)) => format!("[{host}]"),
        _ => host.to_owned(),
    };
    let url = format!("https://{host}:{port}").parse::<Uri>();
    let url = url.map_err(|_| format!("{} are no address", SERVICE.join(" and ")))?;
    let mut config = Config::new(url);
    config.auth_info.token_file = Some(account.join(TOKEN).to_string_lossy().into_owned());
    if let Ok(namespace) = fs::read_to_string(account.join("namespace")) {
        config.default_namespace = namespace.trim().to_owned();
    }
    let authority = account.join(AUTHORITY);
    if authority.is_file() {
        let read = CertificateDer::pem_file_iter(&authority);
        let read = read.and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let read = read.ok().filter(|read| !read.is_empty());
        let read =
            read.ok_or_else(|| format!("{} is no certificate in PEM", authority.display()))?;
        config.root_cert = Some(read.iter().map(|its| its.to_vec()).collect());
        config.root_cert_file = Some(authority);
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use rcgen::generate_simple_self_signed;

    use super::*;

    #[test]
    fn a_pods_account_may_lack_all_but_its_token() {
        let folder = tempfile::tempdir().unwrap();
        let config = |host: &str| pod_config(host, "443", folder.path());
        let bare = config("10.96.0.1").unwrap();
        assert_eq!(bare.cluster_url, "https://10.96.0.1:443/");
        assert_eq!(bare.default_namespace, "default");
        assert_eq!((bare.root_cert, bare.root_cert_file), (None, None));
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("namespace", "tools\n");
        let made = generate_simple_self_signed(["api.test".to_owned()]).unwrap();
        write(AUTHORITY, &made.cert.pem());
        let whole = config("fd00::1").unwrap();
        assert_eq!(whole.cluster_url, "https://[fd00::1]:443/");
        assert_eq!(whole.default_namespace, "tools");
        assert_eq!(whole.root_cert, Some(vec![made.cert.der().to_vec()]));
        write(AUTHORITY, "s3cr3t");
        let why = config("10.96.0.1").unwrap_err();
        assert!(
            why.contains("no certificate in PEM") && !why.contains("s3cr3t"),
            "{why}"
        );
        assert!(config("no address").is_err());
    }
}
