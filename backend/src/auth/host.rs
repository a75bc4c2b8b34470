//! The names that this server is called by. A request for any other name is not for us: a page that has its own name
//! point here (DNS rebinding) could make a browser send one.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, StatusCode, Uri,
        header::HOST,
        uri::{Authority, Scheme},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use podshell_shared::api::ErrorCode;

use super::Auth;
use crate::{config::PublicUrl, error::Failure};

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// A name and a port that a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    /// In lower case; an IPv6 address in brackets.
    host: String,
    /// [`None`] where the scheme's own is meant.
    port: Option<u16>,
}

impl Name {
    fn parse(text: &str) -> Option<Self> {
        let authority: Authority = text.parse().ok()?;
        let host = authority.host().to_ascii_lowercase();
        // What `Authority` takes beside host and port: a user, or an empty or endless port.
        let port = match text.get(host.len()..)? {
            "" => None,
            rest => Some(rest.strip_prefix(':')?.parse().ok()?),
        };
        (!host.is_empty()).then_some(Self { host, port })
    }

    fn is(&self, other: &Self, scheme: &Scheme) -> bool {
        let default = if *scheme == Scheme::HTTPS { 443 } else { 80 };
        let port = |name: &Self| name.port.unwrap_or(default);
        self.host == other.host && port(self) == port(other)
    }
}

/// Where a page of ours is that made a request, if it was one: its origin (RFC 6454).
#[derive(Clone, Debug)]
pub(crate) struct CalledBy {
    scheme: Scheme,
    name: Name,
}

impl CalledBy {
    /// Whether an `Origin` header names a page that was loaded by the same name.
    pub(super) fn is_origin(&self, origin: &str) -> bool {
        let name = |scheme: &str| {
            let rest = origin.strip_prefix(scheme)?;
            Name::parse(rest.strip_prefix("://")?)
        };
        name(self.scheme.as_str()).is_some_and(|name| name.is(&self.name, &self.scheme))
    }
}

/// The names that this server answers to.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    /// How its own names are asked by.
    scheme: Scheme,
    /// The address that it listens at, and `localhost`; none where others than this machine reach it.
    own: Option<[Name; 2]>,
    public: Option<CalledBy>,
}

impl Hosts {
    /// Those of a server that listens at `address`, is asked there by `scheme`, and is opened at `public`, too.
    pub(crate) fn new(address: SocketAddr, scheme: Scheme, public: Option<&PublicUrl>) -> Self {
        let own = address.ip().is_loopback();
        let port = Some(address.port());
        let host = match address {
            SocketAddr::V4(address) => address.ip().to_string(),
            SocketAddr::V6(address) => format!("[{}]", address.ip()),
        };
        let name = |host| Name { host, port };
        Self {
            scheme,
            own: own.then(|| [name(host), name("localhost".to_owned())]),
            public: public.and_then(|url| {
                Some(CalledBy {
                    scheme: url.scheme().clone(),
                    name: Name::parse(url.authority())?,
                })
            }),
        }
    }

    /// What a request calls this server by; [`None`] if that is no name of ours. `by_proxy` if it comes from a proxy of
    /// ours, which may have put its own name for us in the place of what it was asked for.
    fn called_by(&self, uri: &Uri, headers: &HeaderMap, by_proxy: bool) -> Option<CalledBy> {
        let direct = Name::parse(only(headers, &HOST)?)?;
        let is_absolute_to_another = uri
            .authority()
            .is_some_and(|authority| Name::parse(authority.as_str()).as_ref() != Some(&direct));
        if is_absolute_to_another {
            return None;
        }
        if !by_proxy || !headers.contains_key(FORWARDED_HOST) {
            return self.known(direct);
        }
        let is_ours = self.known(direct.clone()).is_some()
            // Some proxies leave the port out.
            || (direct.port.is_none() && self.own().any(|own| own.host == direct.host));
        let asked = Name::parse(only(headers, &FORWARDED_HOST)?)?;
        is_ours.then(|| self.known(asked)).flatten()
    }

    /// Where a browser is to go that calls this server `localhost`: what listens on `[::1]` may be somebody else's, and has the
    /// same origin there. [`None`] if the name is fine.
    pub(crate) fn better_origin(&self, called: &CalledBy) -> Option<String> {
        let [own, localhost] = self.own.as_ref()?;
        let is_public = |public: &CalledBy| public.name.is(&called.name, &public.scheme);
        let is_vague =
            called.name.host == localhost.host && !self.public.as_ref().is_some_and(is_public);
        let port = own.port.unwrap_or_default();
        is_vague.then(|| format!("{}://{}:{port}", self.scheme, own.host))
    }

    fn own(&self) -> impl Iterator<Item = &Name> {
        self.own.iter().flatten()
    }

    fn known(&self, name: Name) -> Option<CalledBy> {
        let public = self
            .public
            .as_ref()
            .filter(|public| public.name.is(&name, &public.scheme));
        if let Some(public) = public {
            return Some(public.clone());
        }
        let scheme = self.scheme.clone();
        let is_own = self.own().any(|own| own.is(&name, &scheme));
        is_own.then_some(CalledBy { scheme, name })
    }
}

/// A header's value, if there is exactly one.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Lets through what is for a name of this server.
pub(crate) async fn require_own_host(
    State(auth): State<Arc<Auth>>,
    mut request: Request,
    next: Next,
) -> Response {
    let by_proxy = auth.proxies().sent(request.extensions());
    let called = auth
        .hosts()
        .called_by(request.uri(), request.headers(), by_proxy);
    match called {
        Some(called) => {
            request.extensions_mut().insert(called);
            next.run(request).await
        }
        None => Failure::new(
            StatusCode::MISDIRECTED_REQUEST,
            ErrorCode::WrongHost,
            "This Podshell is not called by the name or port in this address.",
        )
        .hint(
            "Open it by the address that podshell printed. If that can't be, behind a tunnel or a proxy, start podshell \
             with the address that you use: podshell --public-url http://127.0.0.1:9000",
        )
        .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(public: Option<&str>) -> Hosts {
        let public = public.map(|url| url.parse().unwrap());
        Hosts::new(
            "127.0.0.1:7780".parse().unwrap(),
            Scheme::HTTP,
            public.as_ref(),
        )
    }

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    fn passes(hosts: &Hosts, host: &str) -> bool {
        let uri = Uri::from_static("/");
        hosts
            .called_by(&uri, &headers(&[(HOST, host)]), false)
            .is_some()
    }

    #[test]
    fn only_names_of_our_own_with_our_port() {
        let hosts = hosts(None);
        for own in ["127.0.0.1:7780", "localhost:7780", "LocalHost:7780"] {
            assert!(passes(&hosts, own), "{own}");
        }
        for foreign in [
            "",
            "null",
            "evil.example",
            "evil.example:7780",
            "rebind.evil.example:7780",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:7781",
            "127.0.0.1:07780x",
            "127.0.0.1:77800000",
            "127.0.0.2:7780",
            "localhost",
            "localhost.:7780",
            "localhost.evil.example:7780",
            "127.0.0.1:7780@evil.example",
            "evil.example@127.0.0.1:7780",
            "127.0.0.1:7780, evil.example",
            "127.0.0.1:7780/",
            "[::1]:7780",
            "0.0.0.0:7780",
            "2130706433:7780",
        ] {
            assert!(!passes(&hosts, foreign), "{foreign}");
        }
    }

    #[test]
    fn an_address_of_ipv6_and_the_port_of_http() {
        let hosts = Hosts::new("[::1]:80".parse().unwrap(), Scheme::HTTP, None);
        for own in ["[::1]:80", "[::1]", "localhost", "localhost:80"] {
            assert!(passes(&hosts, own), "{own}");
        }
        assert!(!passes(&hosts, "::1"));
        assert!(!passes(&hosts, "127.0.0.1"));
    }

    #[test]
    fn the_configured_address_counts_too() {
        let hosts = hosts(Some("https://shell.example"));
        for own in ["shell.example", "Shell.Example:443", "localhost:7780"] {
            assert!(passes(&hosts, own), "{own}");
        }
        for foreign in ["shell.example:7780", "shell.example:80", "evil.example"] {
            assert!(!passes(&hosts, foreign), "{foreign}");
        }
    }

    #[test]
    fn there_is_one_host() {
        let hosts = hosts(None);
        let called = |uri: &'static str, pairs: &[(HeaderName, &str)]| {
            let uri = Uri::from_static(uri);
            hosts.called_by(&uri, &headers(pairs), false).is_some()
        };
        let own = (HOST, "127.0.0.1:7780");
        assert!(called("/", std::slice::from_ref(&own)));
        assert!(!called("/", &[]));
        assert!(!called("/", &[own.clone(), (HOST, "evil.example")]));
        assert!(!called("/", &[own.clone(), own.clone()]));
        // The absolute form, as proxies are asked by.
        assert!(called("http://127.0.0.1:7780/", std::slice::from_ref(&own)));
        assert!(!called("http://evil.example/", &[own]));
    }

    #[test]
    fn what_a_proxy_says_counts_if_it_is_ours() {
        let hosts = hosts(Some("http://127.0.0.1:8080"));
        let called = |host: &str, forwarded: &str, by_proxy| {
            let headers = headers(&[(HOST, host), (FORWARDED_HOST, forwarded)]);
            hosts.called_by(&Uri::from_static("/"), &headers, by_proxy)
        };
        // The name that it knows us by, without our port.
        let called_by = called("127.0.0.1", "127.0.0.1:8080", true).unwrap();
        assert!(called_by.is_origin("http://127.0.0.1:8080"));
        assert!(!called_by.is_origin("http://127.0.0.1:7780"));
        assert!(called("127.0.0.1", "127.0.0.1:8080", false).is_none());
        assert!(called("127.0.0.1:7780", "evil.example", true).is_none());
        assert!(called("evil.example:7780", "127.0.0.1:8080", true).is_none());
        // Whoever else sends that header is not listened to.
        let called_by = called("127.0.0.1:7780", "127.0.0.1:8080", false).unwrap();
        assert!(called_by.is_origin("http://127.0.0.1:7780"));
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let hosts = hosts(None);
        let headers = headers(&[(HOST, "localhost:7780")]);
        let called = hosts.called_by(&Uri::from_static("/"), &headers, false);
        let called = called.unwrap();
        assert!(called.is_origin("http://localhost:7780"));
        for foreign in [
            "null",
            "",
            "http://",
            "https://localhost:7780",
            "ftp://localhost:7780",
            "http://localhost:7781",
            "http://localhost",
            "http://127.0.0.1:7780",
            "http://localhost:7780@evil.example",
            "http://evil.example@localhost:7780",
            "http://localhost:7780.evil.example",
            "http://localhost:7780/",
        ] {
            assert!(!called.is_origin(foreign), "{foreign}");
        }
    }
}
