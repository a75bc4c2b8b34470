//! The server's own credentials: what a kubeconfig or a pod's service account gives, as it is good now.

mod certificate;
mod oidc;
mod plugin;
mod token_file;

use std::{io, path::Path, path::PathBuf, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use kube::config::AuthInfo;
use secrecy::ExposeSecret as _;
use thiserror::Error;

pub(super) use self::certificate::Identity;
use self::{
    certificate::{CertificateError, OwnCertificate, Part},
    oidc::{ProviderError, ProviderToken},
    plugin::{Plugin, PluginError},
    token_file::TokenFile,
};
use crate::clock::Clock;

/// Why there are no credentials that could be used. Nothing of them is said, but where they come from.
#[derive(Debug, Error)]
pub(super) enum CredentialsError {
    /// A token's file can't be read.
    #[error("its token can't be read from {path}: {source}", path = .path.display())]
    Token {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The token can't be sent.
    #[error("its token has characters that no token has")]
    OddToken,
    /// The certificate can't be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The plugin gave none.
    #[error(transparent)]
    Plugin(#[from] Arc<PluginError>),
    /// The provider gave none.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

/// Where a token comes from.
enum Token {
    Nowhere,
    Fixed(HeaderValue),
    File(TokenFile),
    Provider(Box<ProviderToken>),
    Plugin(Box<Plugin>),
}

/// What a request has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    header: Option<HeaderValue>,
    /// How often the certificate of connections had changed.
    changes: u64,
}

/// The server's own credentials.
pub(super) struct Credentials {
    token: Token,
    certificate: Option<OwnCertificate>,
    identity: Arc<Identity>,
}

impl Credentials {
    /// None: the API server takes us for anybody.
    pub(super) fn none() -> Self {
        Self {
            token: Token::Nowhere,
            certificate: None,
            identity: Arc::default(),
        }
    }

    /// Those of a kubeconfig's user, of whom nothing is left behind but whom they impersonate. Of several the first counts in
    /// client-go's order: a token's file before a token, either before a provider and a plugin.
    ///
    /// # Errors
    ///
    /// If they can't be used.
    pub(super) fn of(user: &mut AuthInfo, clock: &Clock) -> Result<Self, CredentialsError> {
        let mut credentials = Self::none();
        credentials.certificate = certificate(user)?;
        let (token, exec) = (user.token.take(), user.exec.take());
        let provider = user.auth_provider.take();
        let basic = (user.username.take(), user.password.take());
        credentials.token = if let Some(path) = user.token_file.take() {
            let read = TokenFile::read(Path::new(&path));
            Token::File(read.map_err(|source| CredentialsError::Token {
                path: path.into(),
                source,
            })?)
        } else if let Some(token) = token {
            Token::Fixed(bearer(token.expose_secret()).ok_or(CredentialsError::OddToken)?)
        } else if let (Some(name), password) = basic {
            let password = password
                .as_ref()
                .map_or("", |password| password.expose_secret());
            let basic = format!("Basic {}", STANDARD.encode(format!("{name}:{password}")));
            Token::Fixed(sensitive(&basic).ok_or(CredentialsError::OddToken)?)
        } else if let Some(provider) = provider {
            let token = ProviderToken::new(&provider.name, provider.config, clock.clone());
            Token::Provider(Box::new(token?))
        } else if let Some(exec) = exec {
            Token::Plugin(Box::new(Plugin::new(exec, clock.clone())?))
        } else {
            Token::Nowhere
        };
        Ok(credentials)
    }

    /// What new connections show.
    pub(super) fn identity(&self) -> Arc<Identity> {
        Arc::clone(&self.identity)
    }

    /// What goes with a request now, if anything does. New connections show the certificate that is good now from here on.
    ///
    /// # Errors
    ///
    /// If there are none.
    pub(super) async fn current(&self) -> Result<Option<HeaderValue>, CredentialsError> {
        let own = self.certificate.as_ref().map(OwnCertificate::current);
        let (header, certificate) = match &self.token {
            Token::Nowhere => (None, None),
            Token::Fixed(header) => (Some(header.clone()), None),
            Token::File(file) => {
                let token = bearer(file.token().expose_secret());
                (Some(token.ok_or(CredentialsError::OddToken)?), None)
            }
            Token::Provider(provider) => (Some(provider.current().await?), None),
            Token::Plugin(plugin) => {
                let given = plugin.credential().await?;
                (given.header.clone(), given.certificate.clone())
            }
        };
        self.identity.show(certificate.or(own));
        Ok(header)
    }

    /// What is shown where this goes with a request.
    pub(super) fn shown(&self, header: Option<HeaderValue>) -> Shown {
        let changes = self.identity.changes();
        Shown { header, changes }
    }

    /// Whether a request that the API server answered with 401 to what it was shown is worth another try: others have been
    /// given since, to whoever asked with the same, or there are others now.
    ///
    /// # Errors
    ///
    /// If there are none any more.
    pub(super) async fn renew(&self, refused: &Shown) -> Result<bool, CredentialsError> {
        let current = self.current().await?;
        if self.shown(current) != *refused {
            return Ok(true);
        }
        match &self.token {
            Token::Plugin(plugin) => Ok(plugin.renew().await?),
            Token::Provider(provider) => Ok(provider.renew().await?),
            Token::File(file) => Ok(file.read_anew()),
            Token::Nowhere | Token::Fixed(_) => Ok(false),
        }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials")
    }
}

/// A token as it is sent, if it can be.
pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
    sensitive(&format!("Bearer {token}"))
}

fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A kubeconfig's certificate and key: what stands in it goes before files, as in client-go.
fn certificate(user: &mut AuthInfo) -> Result<Option<OwnCertificate>, CredentialsError> {
    let data = |data: Option<String>, missing| {
        let data = data.map(|data| STANDARD.decode(data));
        data.transpose()
            .map(|data| data.map(Part::Data))
            .map_err(|_| missing)
    };
    let file = |path: Option<String>| path.map(|path| Part::File(path.into()));
    let certificate = data(
        user.client_certificate_data.take(),
        CertificateError::NoCertificate,
    )?;
    let key = user.client_key_data.take();
    let key = key.map(|key| key.expose_secret().to_owned());
    let key = data(key, CertificateError::NoKey)?;
    let certificate = certificate.or(file(user.client_certificate.take()));
    match (certificate, key.or(file(user.client_key.take()))) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(OwnCertificate::read(certificate, key)?)),
        _ => Err(CertificateError::Half.into()),
    }
}
