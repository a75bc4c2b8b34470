//! By what the API server is known: the authorities that a kubeconfig names, else those of this machine.

use std::sync::Arc;

use kube::{Config, client::ConfigExt as _};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use thiserror::Error as ThisError;

/// Why nothing can be known of the API server.
#[derive(Debug, ThisError)]
pub(in crate::cluster) enum TrustError {
    /// What a kubeconfig names is no certificate.
    #[error("its certificate authority is no certificate that can be used")]
    Authority,
    /// It names none, and neither does the machine.
    #[error(
        "it names no certificate-authority, and this machine has no list of authorities that are trusted; write the \
         cluster's into the kubeconfig, or install the machine's (the package ca-certificates)"
    )]
    NoneHere,
    /// The library refuses something else.
    #[error("TLS can't be set up: {0}")]
    Library(String),
}

/// TLS to the API server, without a certificate of our own.
///
/// # Errors
///
/// If what is to vouch for it can't be used.
pub(in crate::cluster) fn client_config(config: &Config) -> Result<ClientConfig, TrustError> {
    if config.root_cert_file.is_some() {
        // A pod's, which changes: kube reads it anew.
        let tls = config.rustls_client_config();
        return tls.map_err(|error| TrustError::Library(error.to_string()));
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = if config.accept_invalid_certs {
        Arc::new(Anyone(Arc::clone(&provider)))
    } else if let Some(authorities) = &config.root_cert {
        Arc::new(Named::new(authorities, &provider)?)
    } else if config.cluster_url.scheme_str() == Some("http") {
        // There is nothing to verify, and a machine without authorities will do.
        Arc::new(Anyone(Arc::clone(&provider)))
    } else {
        let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(&provider));
        Arc::new(verifier.map_err(|_| TrustError::NoneHere)?)
    };
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| TrustError::Library(error.to_string()))?;
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    Ok(builder.with_no_client_auth())
}

/// Whom the certificates of a kubeconfig vouch for: those whom they have signed; and a server that shows one of them itself, which
/// is no certificate for servers by the letter of RFC 5280, but is what `openssl req -x509` makes, and what Go takes.
#[derive(Debug)]
struct Named {
    signed: Arc<WebPkiServerVerifier>,
    certificates: Vec<CertificateDer<'static>>,
}

impl Named {
    fn new(certificates: &[Vec<u8>], provider: &Arc<CryptoProvider>) -> Result<Self, TrustError> {
        let certificates: Vec<_> = certificates
            .iter()
            .cloned()
            .map(CertificateDer::from)
            .collect();
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            let added = roots.add(certificate.clone());
            added.map_err(|_| TrustError::Authority)?;
        }
        let signed =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        Ok(Self {
            signed: signed.build().map_err(|_| TrustError::Authority)?,
            certificates,
        })
    }
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.signed.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        // Time, and what it is for, are checked before either of these.
        let is_unsigned = matches!(
            &verified,
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))
        ) || verified.as_ref().is_err_and(is_authority);
        if is_unsigned && self.certificates.iter().any(|its| its == end_entity) {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signed.supported_verify_schemes()
    }
}

/// Whether a certificate was refused because it is an authority's.
fn is_authority(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => {
            inner.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity)
        }
        _ => false,
    }
}

/// Lets anyone be the API server, as `insecure-skip-tls-verify` says.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
