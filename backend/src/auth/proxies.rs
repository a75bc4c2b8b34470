//! The proxies in front of this server, whose word counts: what others say in `X-Forwarded-*` headers does not.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::{HeaderMap, HeaderName, request::Parts};
use ipnet::IpNet;

use crate::front_door::ShowedCertificate;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Addresses that proxies of ours have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies(Vec<IpNet>);

impl Proxies {
    pub(crate) fn new(addresses: Vec<IpNet>) -> Self {
        Self(addresses)
    }

    fn include(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|net| net.contains(&address))
    }

    /// Whether a request's connection comes from one of them, by its address or its certificate.
    pub(super) fn sent(&self, extensions: &http::Extensions) -> bool {
        showed_certificate(extensions) || peer(extensions).is_some_and(|peer| self.include(peer))
    }

    /// Whom a request comes from: the last address in `X-Forwarded-For` that is no proxy of ours, for each proxy puts
    /// the address that it was called from behind what it was told. The peer is one if it `is_known` or by its address.
    fn client(&self, peer: IpAddr, is_known: bool, headers: &HeaderMap) -> IpAddr {
        let told: Vec<&str> = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .flat_map(|value| value.to_str().unwrap_or_default().split(','))
            .collect();
        let (mut client, mut is_proxy) = (peer, is_known || self.include(peer));
        for address in told.into_iter().rev() {
            match address.trim().parse() {
                Ok(next) if is_proxy => (client, is_proxy) = (next, self.include(next)),
                _ => break,
            }
        }
        client.to_canonical()
    }
}

/// The address of the person or program behind a request; [`None`] only where there is no connection, as in tests.
pub(crate) fn client_address(proxies: &Proxies, parts: &Parts) -> Option<IpAddr> {
    let is_known = showed_certificate(&parts.extensions);
    peer(&parts.extensions).map(|peer| proxies.client(peer, is_known, &parts.headers))
}

/// Whether the other end of a request's connection has shown the proxy's certificate.
pub(super) fn showed_certificate(extensions: &http::Extensions) -> bool {
    extensions.get::<ShowedCertificate>().is_some()
}

/// The other end of a request's connection.
fn peer(extensions: &http::Extensions) -> Option<IpAddr> {
    let ConnectInfo(address) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, told: &[&str]) -> String {
        let proxies = Proxies::new(vec![
            "10.0.0.0/8".parse().unwrap(),
            "127.0.0.1/32".parse().unwrap(),
        ]);
        let mut headers = HeaderMap::new();
        for value in told {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let client = |is_known| proxies.client(peer.parse().unwrap(), is_known, &headers);
        let known = client(true).to_string();
        if told.is_empty() {
            assert_eq!(known, client(false).to_string());
        } else if let Some(last) = told.last().unwrap().split(", ").last() {
            // Who has shown a certificate is a proxy, wherever it is.
            let is_proxy_or_none = matches!(last, "10.1.2.3" | "unknown");
            assert!(is_proxy_or_none || known == last, "{known}");
        }
        client(false).to_string()
    }

    #[test]
    fn a_stranger_is_who_the_connection_says() {
        assert_eq!(client("192.0.2.1", &[]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(client("::ffff:192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
    }

    #[test]
    fn a_proxy_tells_whom_it_was_called_by() {
        assert_eq!(client("10.1.2.3", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("::ffff:10.1.2.3", &["203.0.113.9"]), "203.0.113.9");
        // What that one claimed itself stands in front.
        assert_eq!(client("10.1.2.3", &["6.6.6.6, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(
            client("127.0.0.1", &["6.6.6.6, 203.0.113.9", "10.1.2.3"]),
            "203.0.113.9"
        );
        assert_eq!(client("10.1.2.3", &["unknown"]), "10.1.2.3");
        assert_eq!(client("10.1.2.3", &[]), "10.1.2.3");
    }
}
