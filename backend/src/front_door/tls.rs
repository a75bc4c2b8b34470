//! TLS in front of the server: the certificate, read anew when its files change.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert, VerifierBuilderError, WebPkiClientVerifier},
    sign::CertifiedKey,
};
use thiserror::Error;
use tokio::time::sleep;
use tracing::{info, warn};

/// How often the files are looked at. A kubelet takes a minute to bring a changed Secret.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// Of a request over a connection whose other end has shown a certificate that is good here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShowedCertificate;

/// Why a certificate can't be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{} holds no {what} in PEM", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// The two do not belong together, or are of a kind that is not known.
    #[error("certificate and key do not go together: {0}")]
    Pair(rustls::Error),
    /// Certificates that can't vouch for anybody.
    #[error("can't tell by what it shows whether it is the proxy that connects: {0}")]
    Clients(#[from] VerifierBuilderError),
    /// The library refuses something else.
    #[error(transparent)]
    Library(#[from] rustls::Error),
}

/// A certificate with its key, and where they come from.
#[derive(Debug)]
pub(crate) struct Certificate {
    paths: (PathBuf, PathBuf),
    read: RwLock<Read>,
}

#[derive(Debug)]
struct Read {
    bytes: (Vec<u8>, Vec<u8>),
    key: Arc<CertifiedKey>,
}

impl Certificate {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// If it can't be used.
    pub(crate) fn read(certificate: &Path, key: &Path) -> Result<Arc<Self>, TlsError> {
        let paths = (certificate.to_owned(), key.to_owned());
        let bytes = bytes(&paths)?;
        let key = certified(&paths, &bytes)?;
        let read = RwLock::new(Read { bytes, key });
        Ok(Arc::new(Self { paths, read }))
    }

    /// Serves TLS 1.2 and 1.3 with it. Who connects may show a certificate by those in the file `clients`, and no other.
    ///
    /// # Errors
    ///
    /// If that file can't be used, or the library lacks a version of the protocol, which it should not.
    pub(crate) fn config(
        self: &Arc<Self>,
        clients: Option<&Path>,
    ) -> Result<Arc<ServerConfig>, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let clients = match clients {
            Some(path) => {
                let roots = Arc::new(authorities(path)?);
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider));
                // Who shows none is told by a page what is missing.
                verifier.allow_unauthenticated().build()?
            }
            None => WebPkiClientVerifier::no_client_auth(),
        };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(clients)
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Takes what the files hold from now on, for as long as it is waited for.
    pub(crate) async fn follow(self: Arc<Self>) {
        loop {
            sleep(LOOK_EVERY).await;
            match self.read_again() {
                Ok(true) => info!("the TLS certificate has changed, and is used from now on"),
                Ok(false) => {}
                // Between the writing of the one file and of the other they do not fit.
                Err(error) => {
                    warn!(%error, "the TLS certificate can't be read anew; the last one is used on")
                }
            }
        }
    }

    /// Whether the files have changed.
    fn read_again(&self) -> Result<bool, TlsError> {
        let bytes = bytes(&self.paths)?;
        if self
            .read
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .bytes
            == bytes
        {
            return Ok(false);
        }
        let key = certified(&self.paths, &bytes)?;
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = Read { bytes, key };
        Ok(true)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let read = self.read.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&read.key))
    }
}

fn bytes(paths: &(PathBuf, PathBuf)) -> Result<(Vec<u8>, Vec<u8>), TlsError> {
    Ok((read(&paths.0)?, read(&paths.1)?))
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read {
        path: path.to_owned(),
        source,
    })
}

/// The certificates in a file.
fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let read = read.ok().filter(|read| !read.is_empty());
    read.ok_or_else(|| not_pem(path, "certificate"))
}

/// Those in a file, as what may have signed others.
fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, &read(path)?)? {
        roots.add(certificate)?;
    }
    Ok(roots)
}

fn not_pem(path: &Path, what: &'static str) -> TlsError {
    TlsError::NotPem {
        path: path.to_owned(),
        what,
    }
}

fn certified(
    (certificate, key): &(PathBuf, PathBuf),
    (chain, secret): &(Vec<u8>, Vec<u8>),
) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = certificates(certificate, chain)?;
    let secret = PrivateKeyDer::from_pem_slice(secret);
    let secret = secret.map_err(|_| not_pem(key, "private key"))?;
    let key = CertifiedKey::from_der(chain, secret, &aws_lc_rs::default_provider());
    Ok(Arc::new(key.map_err(TlsError::Pair)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A new certificate with its key, as PEM.
    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["shell.example.org".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn what_changes_is_read_anew_once_it_fits() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
        let write = |pem: &(String, String)| {
            fs::write(&certificate, &pem.0).unwrap();
            fs::write(&key, &pem.1).unwrap();
        };
        let first = pair();
        write(&first);
        let served = Certificate::read(&certificate, &key).unwrap();
        served.config(None).unwrap();
        let used = || Arc::clone(&served.read.read().unwrap().key);
        let before = used();
        assert!(!served.read_again().unwrap());
        let second = pair();
        fs::write(&certificate, &second.0).unwrap();
        assert!(served.read_again().is_err());
        assert!(Arc::ptr_eq(&used(), &before));
        write(&second);
        assert!(served.read_again().unwrap());
        assert_ne!(used().cert, before.cert);
        fs::remove_file(&key).unwrap();
        assert!(served.read_again().is_err());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let (certificate, key) = pair();
        fs::write(path("crt"), &certificate).unwrap();
        fs::write(path("key"), &key).unwrap();
        fs::write(path("other"), pair().1).unwrap();
        let error = |certificate: &str, key: &str| {
            let read = Certificate::read(&path(certificate), &path(key));
            read.unwrap_err().to_string()
        };
        assert!(error("crt", "missing").contains("missing: "));
        assert!(error("key", "key").contains("holds no certificate in PEM"));
        assert!(error("crt", "crt").contains("holds no private key in PEM"));
        assert!(error("crt", "other").contains("do not go together"));
    }
}
