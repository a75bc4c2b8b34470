//! A token that a kubeconfig's user has of an OpenID provider (`auth-provider: oidc`), renewed as client-go does it
//! (`plugin/pkg/client/auth/oidc`).

use std::{collections::HashMap, fs, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;
use tokio::{sync::Mutex, time::Instant};
use tracing::warn;

use super::bearer;
use crate::{
    clock::Clock,
    openid::{Issuer, OidcError, expires},
};

/// So long before its end a token counts as expired.
const MARGIN: Duration = Duration::from_secs(10);
/// A token that the API server refuses is renewed no sooner again.
const PAUSE: Duration = Duration::from_secs(10);

/// Why there is no token.
#[derive(Debug, Error)]
pub(in crate::cluster) enum ProviderError {
    /// Of a kind that was taken out of Kubernetes' clients.
    #[error(
        "its user signs in by the auth-provider {0:?}, which clients of Kubernetes no longer have; a credential plugin (exec) has \
         taken its place"
    )]
    Gone(String),
    /// Something is missing.
    #[error("its user's auth-provider oidc has no {0}")]
    Missing(&'static str),
    /// The certificates can't be used.
    #[error("its user's auth-provider oidc has a certificate authority that can't be used")]
    Authority,
    /// The provider gave none.
    #[error("its user's token can't be renewed: {0}; sign in again, as for kubectl")]
    Oidc(#[from] OidcError),
    /// What the provider gave can't be sent.
    #[error("its user's OpenID provider gives no ID token that can be sent")]
    NoToken,
}

/// A token of a provider.
pub(super) struct ProviderToken {
    issuer: Issuer,
    clock: Clock,
    tokens: Mutex<Tokens>,
}

/// What the provider gave last.
struct Tokens {
    id: Option<SecretString>,
    refresh: Option<SecretString>,
    renewed: Option<Instant>,
}

impl ProviderToken {
    /// As a kubeconfig says.
    ///
    /// # Errors
    ///
    /// If it does not.
    pub(super) fn new(
        name: &str,
        mut config: HashMap<String, String>,
        clock: Clock,
    ) -> Result<Self, ProviderError> {
        if name != "oidc" {
            return Err(ProviderError::Gone(name.to_owned()));
        }
        let mut take = |key: &str| config.remove(key).filter(|value| !value.is_empty());
        let url = take("idp-issuer-url").ok_or(ProviderError::Missing("idp-issuer-url"))?;
        let client = take("client-id").ok_or(ProviderError::Missing("client-id"))?;
        let secret = take("client-secret").map(SecretString::from);
        let tokens = Tokens {
            id: take("id-token").map(SecretString::from),
            refresh: take("refresh-token").map(SecretString::from),
            renewed: None,
        };
        let data = take("idp-certificate-authority-data");
        let file = take("idp-certificate-authority");
        let pem = match (data, file) {
            (Some(data), _) => Some(
                STANDARD
                    .decode(data)
                    .map_err(|_| ProviderError::Authority)?,
            ),
            (None, Some(file)) => Some(fs::read(file).map_err(|_| ProviderError::Authority)?),
            (None, None) => None,
        };
        let authorities = pem.map(|pem| {
            let read = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
            read.map_err(|_| ProviderError::Authority)
        });
        let issuer = Issuer::new(&url, &client, secret, authorities.transpose()?);
        Ok(Self {
            issuer: issuer.map_err(|_| ProviderError::Authority)?,
            clock,
            tokens: Mutex::new(tokens),
        })
    }

    /// The one that is good now.
    ///
    /// # Errors
    ///
    /// If there is none, and none can be had.
    pub(super) async fn current(&self) -> Result<HeaderValue, ProviderError> {
        // One at a time asks the provider: a refresh token may be good once.
        let mut tokens = self.tokens.lock().await;
        let is_good = |token: &SecretString| {
            let expires = expires(token.expose_secret());
            expires.is_some_and(|expires| self.clock.now() + MARGIN < expires)
        };
        if !tokens.id.as_ref().is_some_and(is_good) {
            self.refresh(&mut tokens).await?;
        }
        let header = tokens
            .id
            .as_ref()
            .and_then(|token| bearer(token.expose_secret()));
        header.ok_or(ProviderError::NoToken)
    }

    /// Asks for another one, as the API server does not take this. Says whether there is one: not so soon after the last time.
    ///
    /// # Errors
    ///
    /// If none can be had.
    pub(super) async fn renew(&self) -> Result<bool, ProviderError> {
        let mut tokens = self.tokens.lock().await;
        if tokens.renewed.is_some_and(|last| last.elapsed() < PAUSE) || tokens.refresh.is_none() {
            return Ok(false);
        }
        self.refresh(&mut tokens).await.map(|()| true)
    }

    async fn refresh(&self, tokens: &mut Tokens) -> Result<(), ProviderError> {
        let refresh = tokens.refresh.as_ref();
        let refresh = refresh.ok_or(ProviderError::Missing(
            "id-token that is good, nor a refresh-token",
        ))?;
        tokens.renewed = Some(Instant::now());
        let answer = self.issuer.refresh(refresh.expose_secret()).await?;
        let id = answer.id_token.ok_or(ProviderError::NoToken)?;
        if let Some(another) = answer.refresh_token
            && another != refresh.expose_secret()
        {
            warn!(
                "the OpenID provider gave another refresh token, which does not get into the kubeconfig: kubectl may have to sign \
                 in again"
            );
            tokens.refresh = Some(another.into());
        }
        tokens.id = Some(id.into());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let of = |name: &str, config: &[(&str, &str)]| {
            let config = config
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            ProviderToken::new(name, config.collect(), Clock::default())
                .err()
                .map(|error| error.to_string())
        };
        assert!(of("gcp", &[]).unwrap().contains("\"gcp\""));
        assert!(
            of("oidc", &[("client-id", "c")])
                .unwrap()
                .contains("idp-issuer-url")
        );
        let url = ("idp-issuer-url", "https://issuer.test");
        assert!(
            of("oidc", &[url, ("client-id", "")])
                .unwrap()
                .contains("client-id")
        );
        let data = ("idp-certificate-authority-data", "SECRET");
        let error = of("oidc", &[url, ("client-id", "c"), data]).unwrap();
        assert!(
            error.contains("authority") && !error.contains("SECRET"),
            "{error}"
        );
        assert_eq!(of("oidc", &[url, ("client-id", "c")]), None);
    }
}
