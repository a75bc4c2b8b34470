//! The certificate that we show to the API server: a kubeconfig's, or a plugin's, which gives another one before it expires.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rustls::{
    SignatureScheme,
    client::ResolvesClientCert,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};
use thiserror::Error;
use tokio::time::{Duration, Instant};

/// How long what was read of files counts.
const GOOD_FOR: Duration = Duration::from_secs(60);

/// Why a client certificate can't be used. Nothing of it is said but in which file it is.
#[derive(Debug, Error)]
pub(in crate::cluster) enum CertificateError {
    /// A file can't be read.
    #[error("{path}: {source}", path = .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is a certificate and no key, or the other way round.
    #[error(
        "it has a client certificate without a key, or a key without a certificate: both are needed"
    )]
    Half,
    /// There is none in it.
    #[error("its client certificate is no certificate in PEM")]
    NoCertificate,
    /// There is none in it.
    #[error("the key of its client certificate is no private key in PEM")]
    NoKey,
    /// A passphrase is needed.
    #[error(
        "the key of its client certificate is encrypted; `openssl pkey -in KEY -out NEW` writes it without a passphrase"
    )]
    Encrypted,
    /// The two do not belong together, or are of a kind that is not known.
    #[error("its client certificate and its key do not go together")]
    Pair,
}

/// What we show in new connections.
#[derive(Debug, Default)]
pub(in crate::cluster) struct Identity {
    shown: Mutex<Option<Arc<CertifiedKey>>>,
    /// Counts how often it became another one.
    changes: AtomicU64,
}

impl Identity {
    /// Shows this from now on.
    pub(super) fn show(&self, certificate: Option<Arc<CertifiedKey>>) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let chain = |key: &Option<Arc<CertifiedKey>>| key.as_ref().map(|key| key.cert.clone());
        if chain(&shown) != chain(&certificate) {
            *shown = certificate;
            self.changes.fetch_add(1, Ordering::Release);
        }
    }

    /// How often it became another one: connections of before still show the last one.
    pub(in crate::cluster) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.clone()
    }

    fn has_certs(&self) -> bool {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.is_some()
    }
}

/// A certificate with its key, out of PEM.
///
/// # Errors
///
/// If they are none.
pub(super) fn certified(
    certificate: &[u8],
    key: &[u8],
) -> Result<Arc<CertifiedKey>, CertificateError> {
    let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or(CertificateError::NoCertificate)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
        let is_encrypted = memchr::memmem::find(key, b"ENCRYPTED").is_some();
        if is_encrypted {
            CertificateError::Encrypted
        } else {
            CertificateError::NoKey
        }
    })?;
    let certified = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
    certified.map(Arc::new).map_err(|_| CertificateError::Pair)
}

/// A half of a certificate with its key: what stands in the kubeconfig, or the file that it names.
pub(super) enum Part {
    Data(Vec<u8>),
    File(PathBuf),
}

impl Part {
    fn read(&self) -> Result<Vec<u8>, CertificateError> {
        match self {
            Self::Data(data) => Ok(data.clone()),
            Self::File(path) => read(path),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    fs::read(path).map_err(|source| CertificateError::Read {
        path: path.to_owned(),
        source,
    })
}

/// A kubeconfig's certificate and key. Files are read anew: somebody may renew them.
pub(super) struct OwnCertificate {
    certificate: Part,
    key: Part,
    read: Mutex<(Arc<CertifiedKey>, Instant)>,
}

impl OwnCertificate {
    /// Reads it for the first time.
    ///
    /// # Errors
    ///
    /// If it can't be used.
    pub(super) fn read(certificate: Part, key: Part) -> Result<Self, CertificateError> {
        let first = certified(&certificate.read()?, &key.read()?)?;
        Ok(Self {
            certificate,
            key,
            read: Mutex::new((first, Instant::now())),
        })
    }

    /// The one that is good now: the last one that could be read, if it can't be read any more.
    pub(super) fn current(&self) -> Arc<CertifiedKey> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let is_file = [&self.certificate, &self.key].map(|part| matches!(part, Part::File(_)));
        if is_file.contains(&true) && read.1.elapsed() >= GOOD_FOR {
            read.1 = Instant::now();
            let parts = || certified(&self.certificate.read()?, &self.key.read()?);
            match parts() {
                Ok(certificate) => read.0 = certificate,
                Err(error) => {
                    tracing::warn!(%error, "the client certificate can't be read anew; the last one is used on");
                }
            }
        }
        Arc::clone(&read.0)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertifiedKey as Made, generate_simple_self_signed};
    use tokio::time::advance;

    use super::*;

    fn made(name: &str) -> (String, String) {
        let Made { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
        (cert.pem(), signing_key.serialize_pem())
    }

    #[test]
    fn what_is_no_certificate_is_said_without_what_it_is() {
        let ((certificate, key), (_, others)) = (made("a"), made("b"));
        let error = |certificate: &str, key: &str| {
            certified(certificate.as_bytes(), key.as_bytes()).unwrap_err()
        };
        assert!(certified(certificate.as_bytes(), key.as_bytes()).is_ok());
        assert!(matches!(
            error("SECRET", &key),
            CertificateError::NoCertificate
        ));
        assert!(matches!(error(&key, &key), CertificateError::NoCertificate));
        assert!(matches!(
            error(&certificate, "SECRET"),
            CertificateError::NoKey
        ));
        assert!(matches!(
            error(&certificate, &others),
            CertificateError::Pair
        ));
        let encrypted = key.replace("PRIVATE", "ENCRYPTED PRIVATE");
        assert!(matches!(
            error(&certificate, &encrypted),
            CertificateError::Encrypted
        ));
        let encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        assert!(matches!(
            error(&certificate, encrypted),
            CertificateError::Encrypted
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn files_are_read_anew_and_the_last_good_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let write = |(certificate, key): (String, String)| {
            fs::write(path("certificate"), certificate).unwrap();
            fs::write(path("key"), key).unwrap();
        };
        write(made("a"));
        let (certificate, key) = (Part::File(path("certificate")), Part::File(path("key")));
        let own = OwnCertificate::read(certificate, key).unwrap();
        let first = own.current();
        write(made("b"));
        assert_eq!(own.current().cert, first.cert);
        advance(GOOD_FOR).await;
        let second = own.current();
        assert_ne!(second.cert, first.cert);
        fs::remove_file(path("key")).unwrap();
        advance(GOOD_FOR).await;
        assert_eq!(own.current().cert, second.cert);
    }

    #[test]
    fn a_change_is_one_only_where_the_certificate_is_another() {
        let (first, second) = (made("a"), made("b"));
        let key = |(certificate, key): &(String, String)| {
            Some(certified(certificate.as_bytes(), key.as_bytes()).unwrap())
        };
        let identity = Identity::default();
        for (certificate, changes) in [
            (None, 0),
            (key(&first), 1),
            (key(&first), 1),
            (key(&second), 2),
            (None, 3),
        ] {
            identity.show(certificate);
            assert_eq!(identity.changes(), changes);
        }
    }
}
