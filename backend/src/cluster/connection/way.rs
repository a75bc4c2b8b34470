//! The way to the API server: straight, or through the proxy that Go's programs would take (`golang.org/x/net/http/httpproxy`, and
//! a kubeconfig's `proxy-url`).

use std::{env, net::IpAddr, sync::Arc};

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use ipnet::IpNet;

/// The variables that name a proxy, by the scheme of what is beyond it: the first that is not empty counts.
const HTTPS: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const HTTP: [&str; 2] = ["HTTP_PROXY", "http_proxy"];
/// The variables that name whom no proxy is for.
const STRAIGHT: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The way to the API server.
#[derive(Clone, Debug)]
pub(in crate::cluster) enum Way {
    /// With nothing between.
    Straight,
    /// Through this proxy.
    Proxy(Arc<Proxy>),
}

/// What stands between here and there.
#[derive(Debug)]
pub(in crate::cluster) struct Proxy {
    pub(super) kind: ProxyKind,
    pub(super) to: Intercept,
}

/// What is spoken with a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProxyKind {
    /// CONNECT of RFC 9110, section 9.3.6.
    Http,
    /// The same over TLS.
    Https,
    /// RFC 1928.
    Socks5,
}

impl Way {
    /// The way to `server` by a kubeconfig's `proxy-url`, else by the environment.
    ///
    /// # Errors
    ///
    /// If the kubeconfig names a proxy that is none. One of the environment that is none counts as not there, as in Go.
    pub(in crate::cluster) fn choose(
        proxy_url: Option<&str>,
        server: &Uri,
    ) -> Result<Self, NoProxyUrl> {
        Self::by(proxy_url, server, |name| env::var(name).ok())
    }

    fn by(
        proxy_url: Option<&str>,
        server: &Uri,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, NoProxyUrl> {
        if let Some(url) = proxy_url {
            // As clientcmd has it, which takes none without a scheme.
            let known = ["http://", "https://", "socks5://", "socks5h://"];
            let url = &with_small_scheme(url);
            let proxy = known.iter().any(|scheme| url.starts_with(scheme));
            let proxy = proxy.then(|| Proxy::parse(url, server)).flatten();
            return proxy.map(Self::through).ok_or(NoProxyUrl);
        }
        let first = |names: [&str; 2]| {
            let mut values = names.into_iter().filter_map(&variable);
            values.find(|value| !value.is_empty())
        };
        let is_https = server.scheme_str() == Some("https");
        let url = first(if is_https { HTTPS } else { HTTP });
        let proxy = url.and_then(|url| Proxy::parse(&with_small_scheme(&url), server));
        let straight = first(STRAIGHT).unwrap_or_default();
        Ok(match proxy {
            Some(proxy) if is_proxied(server, &straight) => Self::through(proxy),
            _ => Self::Straight,
        })
    }

    fn through(proxy: Proxy) -> Self {
        Self::Proxy(Arc::new(proxy))
    }
}

/// A kubeconfig's `proxy-url` is of no use. It may hold a password.
#[derive(Debug, thiserror::Error)]
#[error("its proxy-url is no URL that begins with http://, https:// or socks5://")]
pub(in crate::cluster) struct NoProxyUrl;

impl Proxy {
    fn parse(url: &str, server: &Uri) -> Option<Self> {
        // Understands what stands before the host, and takes http for no scheme, as Go does.
        let to = Matcher::builder().all(url).build().intercept(server)?;
        let kind = match to.uri().scheme_str()? {
            "http" => ProxyKind::Http,
            "https" => ProxyKind::Https,
            "socks5" | "socks5h" => ProxyKind::Socks5,
            _ => return None,
        };
        Some(Self { kind, to })
    }

    /// Its address, for people.
    pub(super) fn address(&self) -> &str {
        self.to.uri().authority().map_or("", |to| to.as_str())
    }
}

/// A URL whose scheme is in small letters, as whoever reads it compares it (RFC 3986, section 3.1).
fn with_small_scheme(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => format!("{}://{rest}", scheme.to_ascii_lowercase()),
        None => url.to_owned(),
    }
}

/// The port that a URL means.
pub(super) fn port(url: &Uri) -> u16 {
    let usual = if url.scheme_str() == Some("http") {
        80
    } else {
        443
    };
    url.port_u16().unwrap_or(usual)
}

/// Whether Go would take a proxy to `server`, with this in `NO_PROXY`.
fn is_proxied(server: &Uri, straight: &str) -> bool {
    if is_this_machine(server) {
        return false;
    }
    let (host, ip, port) = (host(server), ip(server), port(server));
    !straight
        .split(',')
        .any(|entry| is_meant(&entry.trim().to_ascii_lowercase(), &host, ip, port))
}

/// Whether a URL leads no further than this machine.
pub(in crate::cluster) fn is_this_machine(url: &Uri) -> bool {
    host(url) == "localhost" || ip(url).is_some_and(|ip| ip.to_canonical().is_loopback())
}

fn host(url: &Uri) -> String {
    let host = url.host().unwrap_or_default().to_ascii_lowercase();
    host.trim_matches(['[', ']'])
        .trim_end_matches('.')
        .to_owned()
}

fn ip(url: &Uri) -> Option<IpAddr> {
    host(url).parse().ok()
}

/// Whether an entry of `NO_PROXY` means this host.
fn is_meant(entry: &str, host: &str, ip: Option<IpAddr>, port: u16) -> bool {
    if entry.is_empty() || entry == "*" {
        return !entry.is_empty();
    }
    if let Ok(net) = entry.parse::<IpNet>() {
        return ip.is_some_and(|ip| net.contains(&ip));
    }
    let (name, its_port) = match entry.rsplit_once(':') {
        Some((name, its_port)) if !name.contains(':') || name.ends_with(']') => (name, its_port),
        _ => (entry, ""),
    };
    if !its_port.is_empty() && its_port.parse() != Ok(port) {
        return false;
    }
    let name = name.trim_matches(['[', ']']);
    if let Ok(its_ip) = name.parse::<IpAddr>() {
        return ip == Some(its_ip);
    }
    // `.example.com` and `*.example.com` mean what is below it, `example.com` itself as well.
    let (domain, is_whole) = match name.strip_prefix("*.").or_else(|| name.strip_prefix('.')) {
        Some(domain) => (domain, false),
        None => (name, true),
    };
    let Some(before) = host.strip_suffix(domain).filter(|_| !domain.is_empty()) else {
        return false;
    };
    before.ends_with('.') || (is_whole && before.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(url: &str) -> Uri {
        url.parse().unwrap()
    }

    /// The proxy's address on the way to `server` with these variables.
    fn way(server: &str, variables: &[(&str, &str)]) -> String {
        let variable = |name: &str| {
            let found = variables.iter().find(|(its, _)| *its == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        match Way::by(None, &uri(server), variable).unwrap() {
            Way::Straight => "straight".to_owned(),
            Way::Proxy(proxy) => format!("{:?} {}", proxy.kind, proxy.address()),
        }
    }

    #[test]
    fn the_environment_names_a_proxy_for_each_scheme() {
        let both = [("HTTPS_PROXY", "http://a:1"), ("HTTP_PROXY", "http://b:2")];
        assert_eq!(way("https://api.test", &both), "Http a:1");
        assert_eq!(way("http://api.test", &both), "Http b:2");
        assert_eq!(way("http://api.test", &both[..1]), "straight");
        let of = |value| way("https://api.test", &[("https_proxy", value)]);
        assert_eq!(of("a:1"), "Http a:1");
        assert_eq!(of("https://a:1"), "Https a:1");
        assert_eq!(of("socks5://a:1"), "Socks5 a:1");
        assert_eq!(of("socks5h://ann:p%40ss@a:1"), "Socks5 a:1");
        assert_eq!(of("ftp://a:1"), "straight");
        assert_eq!(of("nonsense with spaces"), "straight");
        let empty_first = [("HTTPS_PROXY", ""), ("https_proxy", "http://a:1")];
        assert_eq!(way("https://api.test", &empty_first), "Http a:1");
        // Not Go's.
        let all = [("ALL_PROXY", "http://a:1")];
        assert_eq!(way("https://api.test", &all), "straight");
    }

    #[test]
    fn no_proxy_is_taken_to_this_machine() {
        for server in [
            "https://localhost:6443",
            "https://LOCALHOST",
            "https://127.0.0.1:6443",
            "https://127.8.9.10",
            "https://[::1]:6443",
            "https://[::ffff:127.0.0.1]",
        ] {
            let proxied = [("HTTPS_PROXY", "http://a:1")];
            assert_eq!(way(server, &proxied), "straight", "{server}");
        }
    }

    #[test]
    fn whom_no_proxy_is_for() {
        for (straight, server, is_proxied) in [
            ("api.test", "https://api.test", false),
            ("API.test", "https://api.TEST", false),
            ("test", "https://api.test", false),
            (".test", "https://api.test", false),
            ("*.test", "https://api.test", false),
            (".api.test", "https://api.test", true),
            ("*.api.test", "https://api.test", true),
            ("pi.test", "https://api.test", true),
            ("other, api.test", "https://api.test", false),
            ("*", "https://api.test", false),
            ("", "https://api.test", true),
            (",", "https://api.test", true),
            (".", "https://api.test", true),
            ("api.test:6443", "https://api.test:6443", false),
            ("api.test:443", "https://api.test", false),
            ("api.test:443", "https://api.test:6443", true),
            ("10.0.0.0/8", "https://10.1.2.3:6443", false),
            ("10.0.0.0/8", "https://11.1.2.3", true),
            ("10.0.0.0/8", "https://api.test", true),
            ("10.1.2.3", "https://10.1.2.3:6443", false),
            ("10.1.2.3:6443", "https://10.1.2.3:6443", false),
            ("10.1.2.3:1", "https://10.1.2.3:6443", true),
            ("fd00::/8", "https://[fd00::1]:6443", false),
            ("fd00::1", "https://[fd00::1]:6443", false),
            ("[fd00::1]:6443", "https://[fd00::1]:6443", false),
            ("[fd00::1]:1", "https://[fd00::1]:6443", true),
        ] {
            assert_eq!(
                super::is_proxied(&uri(server), straight),
                is_proxied,
                "NO_PROXY={straight} {server}"
            );
        }
    }

    #[test]
    fn a_kubeconfigs_proxy_goes_before_the_environment_and_is_taken_to_this_machine_too() {
        let none = |_: &str| Some("http://other:1".to_owned());
        let server = uri("https://127.0.0.1:6443");
        for (url, kind) in [
            ("http://a:1", ProxyKind::Http),
            ("https://a:1", ProxyKind::Https),
            ("socks5://a:1", ProxyKind::Socks5),
        ] {
            let way = Way::by(Some(url), &server, none).unwrap();
            let Way::Proxy(proxy) = way else {
                panic!("{url}")
            };
            assert_eq!((proxy.kind, proxy.address()), (kind, "a:1"));
        }
        let loud = Way::by(Some("HTTP://a:1"), &server, none).unwrap();
        assert!(matches!(loud, Way::Proxy(proxy) if proxy.kind == ProxyKind::Http));
        for url in ["a:1", "ftp://a:1", "http://", "nonsense", "socks4://a:1"] {
            assert!(Way::by(Some(url), &server, none).is_err(), "{url}");
        }
    }

    #[test]
    fn what_stands_before_the_host_is_the_proxys_and_never_shown() {
        let proxy = Proxy::parse("http://ann:p%40ss@a:1", &uri("https://api.test")).unwrap();
        let auth = proxy.to.basic_auth().unwrap();
        assert_eq!(auth, "Basic YW5uOnBAc3M=");
        assert!(!format!("{proxy:?} {}", proxy.address()).contains("ss"));
        let proxy = Proxy::parse("socks5://ann:p%40ss@a:1", &uri("https://api.test")).unwrap();
        assert_eq!(proxy.to.raw_auth(), Some(("ann", "p@ss")));
        assert!(!format!("{proxy:?}").contains("p@ss"));
    }
}
