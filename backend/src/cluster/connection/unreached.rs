//! Says why an API server was not reached, in words of our own: those below are for people who know the libraries.

use std::{error::Error, io};

use rustls::{CertificateError, Error as TlsError};

use super::connector::ProxyError;
use crate::cluster::words::causes;

/// No answer of the API server.
#[derive(Debug, thiserror::Error)]
#[error("{server}: {why}")]
pub(in crate::cluster) struct Unreached {
    /// Its URL.
    pub(super) server: String,
    /// What happened instead of an answer.
    pub(super) why: String,
}

/// What happened instead of an answer.
pub(super) fn why(error: &(dyn Error + 'static)) -> String {
    causes(error).find_map(known).unwrap_or_else(|| {
        let innermost = causes(error).last().unwrap_or(error);
        innermost.to_string()
    })
}

fn known(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<ProxyError>() {
        return Some(error.to_string());
    }
    if let Some(error) = error.downcast_ref::<TlsError>() {
        return Some(of_tls(error));
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>()
        && error.is_incomplete_message()
    {
        return Some(CLOSED.to_owned());
    }
    let error = error.downcast_ref::<io::Error>()?;
    if error.get_ref().is_some_and(|held| known(held).is_some()) {
        return None;
    }
    let words = match error.kind() {
        io::ErrorKind::ConnectionRefused => "nothing listens there (connection refused)",
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => CLOSED,
        io::ErrorKind::TimedOut => "it does not answer (connecting timed out)",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "there is no way to it (network unreachable)"
        }
        _ if error.to_string().starts_with("failed to lookup address") => {
            "its name is not known (no such host)"
        }
        _ if error.to_string().starts_with("received corrupt message") => NO_TLS,
        _ => return None,
    };
    Some(words.to_owned())
}

const CLOSED: &str = "it closed the connection";
const NO_TLS: &str = "it does not speak TLS; is its URL http:// rather than https://?";

/// What is wrong between the two ends of TLS.
fn of_tls(error: &TlsError) -> String {
    let words = match error {
        TlsError::InvalidCertificate(error) => {
            return format!(
                "its certificate can't be trusted: {}",
                of_certificate(error)
            );
        }
        TlsError::AlertReceived(alert) => {
            return format!(
                "it refuses the connection, perhaps our client certificate ({alert:?})"
            );
        }
        TlsError::InvalidMessage(_) => NO_TLS,
        TlsError::PeerIncompatible(_) => "it speaks TLS in no way that is safe today",
        _ => return format!("TLS failed: {error}"),
    };
    words.to_owned()
}

fn of_certificate(error: &CertificateError) -> String {
    let words = match error {
        CertificateError::UnknownIssuer => {
            "it is signed by no authority that the kubeconfig names (certificate-authority)"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet; is the clock of this machine right?"
        }
        CertificateError::NotValidForName => "it is for another name",
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            // They come as `DnsName("api.test")`.
            let name = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
            let names: Vec<_> = presented.iter().map(name).collect();
            let names = if names.is_empty() {
                "no name".to_owned()
            } else {
                names.join(", ")
            };
            return format!(
                "it is not for {}, but for {names}; tls-server-name in the kubeconfig says by which name to check it",
                expected.to_str()
            );
        }
        CertificateError::Revoked => "it has been revoked",
        CertificateError::BadSignature => {
            "its signature is not that of the authority that the kubeconfig names"
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not for servers"
        }
        other => return other.to_string(),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use rustls::AlertDescription;

    use super::*;

    /// Wraps another one, as layers do.
    #[derive(Debug, thiserror::Error)]
    #[error("client error (Connect)")]
    struct Layer(#[source] Box<dyn Error + Send + Sync>);

    fn through_layers(error: impl Into<Box<dyn Error + Send + Sync>>) -> String {
        why(&Layer(Layer(error.into()).into()))
    }

    #[test]
    fn what_happened_is_said_in_our_words() {
        let io = |kind| through_layers(io::Error::from(kind));
        assert!(io(io::ErrorKind::ConnectionRefused).contains("connection refused"));
        assert_eq!(io(io::ErrorKind::ConnectionReset), CLOSED);
        let eof = "peer closed connection without sending TLS close_notify: https://docs.rs/";
        let eof = io::Error::new(io::ErrorKind::UnexpectedEof, eof);
        assert_eq!(through_layers(eof), CLOSED);
        let dns =
            io::Error::other("failed to lookup address information: Name or service not known");
        assert!(through_layers(dns).contains("no such host"));
        let of_tls = |error| through_layers(io::Error::new(io::ErrorKind::InvalidData, error));
        let unknown = TlsError::InvalidCertificate(CertificateError::UnknownIssuer);
        assert!(of_tls(unknown).contains("certificate-authority"));
        let alert = TlsError::AlertReceived(AlertDescription::BadCertificate);
        assert!(of_tls(alert).contains("client certificate"));
    }

    #[test]
    fn what_is_not_known_keeps_its_innermost_words() {
        assert_eq!(through_layers("odd"), "odd");
        assert_eq!(through_layers(io::Error::other("odd")), "odd");
    }
}
