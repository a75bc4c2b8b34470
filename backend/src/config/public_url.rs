//! The address that people open this server by.

use std::{fmt, net::IpAddr, str::FromStr};

use http::{Uri, uri::Scheme};
use thiserror::Error;

/// The address that people open this server by: scheme, name and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    scheme: Scheme,
    authority: String,
}

impl PublicUrl {
    pub(crate) fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether it leads to the browser's own machine, whatever is configured there.
    pub(crate) fn is_loopback(&self) -> bool {
        let uri: Option<Uri> = self.to_string().parse().ok();
        let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

/// Why a text is no public address.
#[derive(Debug, Error)]
pub enum PublicUrlError {
    /// Something else than `http://name:port`.
    #[error("not an address like https://shell.example.org")]
    NotAnAddress,
    /// More than scheme, name and port.
    #[error("scheme, name and port only; the path is for --base-path")]
    MoreThanOrigin,
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, PublicUrlError> {
        let uri: Uri = text.parse().map_err(|_| PublicUrlError::NotAnAddress)?;
        let scheme = uri
            .scheme()
            .filter(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme));
        let authority = uri
            .authority()
            .filter(|authority| !authority.host().is_empty() && !authority.as_str().contains('@'))
            // A port that is none: endless, or nothing behind the colon.
            .filter(|authority| {
                authority.as_str() == authority.host() || authority.port_u16().is_some()
            });
        let (scheme, authority) = scheme.zip(authority).ok_or(PublicUrlError::NotAnAddress)?;
        if uri
            .path_and_query()
            .is_some_and(|rest| rest.as_str() != "/")
            || text.contains('#')
        {
            return Err(PublicUrlError::MoreThanOrigin);
        }
        Ok(Self {
            scheme: scheme.clone(),
            authority: authority.as_str().to_ascii_lowercase(),
        })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses() {
        let public = |text: &str| text.parse::<PublicUrl>().map(|url| url.to_string());
        assert_eq!(
            public("http://localhost:9000/").unwrap(),
            "http://localhost:9000"
        );
        assert_eq!(
            public("https://Shell.Example").unwrap(),
            "https://shell.example"
        );
        for text in [
            "",
            "shell.example",
            "localhost:9000",
            "ftp://shell.example",
            "https://user@shell.example",
            "https://shell.example/tools",
            "https://shell.example?x",
            "https://shell.example/#x",
            "http://x:",
            "http://x:99999",
        ] {
            assert!(public(text).is_err(), "{text}");
        }
    }
}
