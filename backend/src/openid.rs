//! An OpenID provider: what it publishes of itself, and what it gives for codes and refresh tokens.

mod expiry;
pub(crate) mod form;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    Method, Request, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::CertificateDer};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use thiserror::Error;
use tokio::time::{Instant, timeout};

pub(crate) use expiry::expires;

/// How long it may take for an answer, which may be so long.
const ANSWER_TIME: Duration = Duration::from_secs(10);
const LONGEST: usize = 1 << 20;
/// How long is believed what it publishes, and how soon it is asked again for a key that is not among its keys.
const BELIEVED: Duration = Duration::from_secs(3600);
const ASKED_AGAIN: Duration = Duration::from_secs(10);
/// How much clocks may differ, in seconds.
const LEEWAY: u64 = 60;
/// Signatures that are believed: none that a client's own secret could make.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// What went wrong with an OpenID provider.
#[derive(Debug, Error)]
pub(crate) enum OidcError {
    /// There is no connection, or no answer in time.
    #[error("the OpenID provider can't be reached: {0}")]
    Unreachable(String),
    /// It answers something else than the protocol has.
    #[error("the OpenID provider's answer is not understood: {0}")]
    NotUnderstood(String),
    /// It refuses, with the code of RFC 6749, section 5.2.
    #[error("the OpenID provider refuses: {0}")]
    Refused(String),
    /// The ID token is not one to be believed.
    #[error("the OpenID provider's ID token is not accepted: {0}")]
    IdToken(String),
}

/// A provider, as one of its clients sees it.
pub(crate) struct Issuer {
    url: String,
    client_id: String,
    client_secret: Option<SecretString>,
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    metadata: RwLock<Option<Published<Metadata>>>,
    keys: RwLock<Option<Published<JwkSet>>>,
}

#[derive(Clone)]
struct Published<T> {
    what: Arc<T>,
    at: Instant,
}

/// What is used of a provider's metadata (OpenID Connect Discovery 1.0, section 3).
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    pub(crate) authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    revocation_endpoint: Option<String>,
}

/// What the token endpoint gives (RFC 6749, section 5.1; OpenID Connect Core 1.0, section 3.1.3.3).
#[derive(Deserialize)]
pub(crate) struct Answer {
    pub(crate) id_token: Option<String>,
    pub(crate) refresh_token: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// What an ID token says.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Claims {
    /// Seconds since the Unix epoch.
    exp: u64,
    pub(crate) nonce: Option<String>,
    #[serde(flatten)]
    pub(crate) others: Map<String, Value>,
}

impl Claims {
    pub(crate) fn expires(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.exp)
    }
}

impl Issuer {
    /// The provider at `url`; its certificate is vouched for by `authorities`, or by those that browsers trust.
    pub(crate) fn new(
        url: &str,
        client_id: &str,
        client_secret: Option<SecretString>,
        authorities: Option<Vec<CertificateDer<'static>>>,
    ) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        match authorities {
            Some(authorities) => {
                for authority in authorities {
                    roots.add(authority)?;
                }
            }
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(ANSWER_TIME));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        Ok(Self {
            url: url.to_owned(),
            client_id: client_id.to_owned(),
            client_secret,
            http: Client::builder(TokioExecutor::new()).build(connector),
            metadata: RwLock::default(),
            keys: RwLock::default(),
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// What the provider publishes of itself.
    pub(crate) async fn metadata(&self) -> Result<Arc<Metadata>, OidcError> {
        if let Some(known) = known(&self.metadata, BELIEVED) {
            return Ok(known);
        }
        let base = self.url.trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let metadata: Metadata = self.get(&url).await?;
        // Else another's keys would be believed (section 4.3).
        if metadata.issuer != self.url {
            let theirs = metadata.issuer;
            let ours = &self.url;
            return Err(OidcError::NotUnderstood(format!(
                "it calls itself {theirs:?}, not {ours:?}"
            )));
        }
        Ok(keep(&self.metadata, metadata))
    }

    /// The keys that it signs with, as old as they may be.
    async fn keys(&self, age: Duration) -> Result<Arc<JwkSet>, OidcError> {
        if let Some(known) = known(&self.keys, age) {
            return Ok(known);
        }
        let keys = self.get(&self.metadata().await?.jwks_uri).await?;
        Ok(keep(&self.keys, keys))
    }

    /// Exchanges a code (RFC 6749, section 4.1.3; RFC 7636).
    pub(crate) async fn exchange(
        &self,
        code: &str,
        redirect: &str,
        verifier: &str,
    ) -> Result<Answer, OidcError> {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ])
        .await
    }

    /// Renews a sign-in (RFC 6749, section 6).
    pub(crate) async fn refresh(&self, token: &str) -> Result<Answer, OidcError> {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
            .await
    }

    /// Makes a refresh token worthless (RFC 7009), where the provider can.
    pub(crate) async fn revoke(&self, token: &str) -> Result<(), OidcError> {
        let metadata = self.metadata().await?;
        if let Some(endpoint) = &metadata.revocation_endpoint {
            let form = [("token", token), ("token_type_hint", "refresh_token")];
            self.post(endpoint, &form).await?;
        }
        Ok(())
    }

    async fn token(&self, fields: &[(&str, &str)]) -> Result<Answer, OidcError> {
        let metadata = self.metadata().await?;
        let (status, body) = self.post(&metadata.token_endpoint, fields).await?;
        if status.is_success() {
            return read(&body);
        }
        match serde_json::from_slice(&body) {
            Ok(Refusal { error }) if status.is_client_error() => Err(OidcError::Refused(error)),
            _ => Err(OidcError::NotUnderstood(format!("HTTP {status}"))),
        }
    }

    /// Sends a form as the client that we are: with its secret where it has one (RFC 6749, section 2.3.1).
    async fn post(
        &self,
        url: &str,
        fields: &[(&str, &str)],
    ) -> Result<(StatusCode, Bytes), OidcError> {
        let request = Request::post(url)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let (request, body) = match &self.client_secret {
            Some(secret) => {
                let secret = secret.expose_secret();
                let pair = format!("{}:{}", form::quoted(&self.client_id), form::quoted(secret));
                let basic = format!("Basic {}", STANDARD.encode(pair));
                (request.header(AUTHORIZATION, basic), form::encoded(fields))
            }
            None => {
                let id = [("client_id", &*self.client_id)];
                (request, form::encoded(&[fields, &id].concat()))
            }
        };
        let request = request.body(Full::from(body));
        self.send(request).await
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, OidcError> {
        let request = Request::builder()
            .method(Method::GET)
            .uri(url)
            .header(ACCEPT, "application/json")
            .body(Full::default());
        let (status, body) = self.send(request).await?;
        if !status.is_success() {
            return Err(OidcError::NotUnderstood(format!("HTTP {status} of {url}")));
        }
        read(&body)
    }

    async fn send(
        &self,
        request: http::Result<Request<Full<Bytes>>>,
    ) -> Result<(StatusCode, Bytes), OidcError> {
        let request = request.map_err(|error| OidcError::NotUnderstood(error.to_string()))?;
        let unreachable = |why: String| OidcError::Unreachable(why);
        let answered = timeout(ANSWER_TIME, async {
            let answer = self.http.request(request).await;
            let answer = answer.map_err(|error| unreachable(innermost(&error)))?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, LONGEST).collect().await;
            let body = body.map_err(|error| unreachable(error.to_string()))?;
            Ok((parts.status, body.to_bytes()))
        });
        let silent = |_| unreachable("it does not answer within 10 s".to_owned());
        answered.await.map_err(silent)?
    }

    /// Reads an ID token that the provider has signed for us, and that is good now (OpenID Connect Core 1.0, section
    /// 3.1.3.7).
    pub(crate) async fn verify(&self, token: &str, now: SystemTime) -> Result<Claims, OidcError> {
        let refused = |why: &dyn fmt::Display| OidcError::IdToken(why.to_string());
        let header = decode_header(token).map_err(|error| refused(&error))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(refused(&"its signature is of a kind that is not accepted"));
        }
        let find = |keys: &JwkSet| match &header.kid {
            Some(kid) => keys.find(kid).cloned(),
            // A provider with one key need not name it.
            None => keys.keys.first().cloned(),
        };
        let mut key = find(&*self.keys(BELIEVED).await?);
        if key.is_none() {
            key = find(&*self.keys(ASKED_AGAIN).await?);
        }
        let key = key.ok_or_else(|| refused(&"it is signed with a key that is not published"))?;
        let key = DecodingKey::from_jwk(&key).map_err(|error| refused(&error))?;
        let mut validation = Validation::new(header.alg);
        validation.set_audience(&[&self.client_id]);
        validation.set_issuer(&[&self.url]);
        validation.set_required_spec_claims(&["aud", "exp", "iss"]);
        // By our own clock, below.
        validation.validate_exp = false;
        let decoded = decode::<Claims>(token, &key, &validation);
        let claims = decoded.map_err(|error| refused(&error))?.claims;
        if claims.expires() + Duration::from_secs(LEEWAY) < now {
            return Err(refused(&"it has expired"));
        }
        Ok(claims)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// What is known, if it is not older than that.
fn known<T>(published: &RwLock<Option<Published<T>>>, age: Duration) -> Option<Arc<T>> {
    let known = published.read().unwrap_or_else(PoisonError::into_inner);
    let known = known.as_ref().filter(|known| known.at.elapsed() < age)?;
    Some(Arc::clone(&known.what))
}

fn keep<T>(published: &RwLock<Option<Published<T>>>, what: T) -> Arc<T> {
    let what = Arc::new(what);
    let mut known = published.write().unwrap_or_else(PoisonError::into_inner);
    *known = Some(Published {
        what: Arc::clone(&what),
        at: Instant::now(),
    });
    what
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, OidcError> {
    // Without what stands there: it may be a token.
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        OidcError::NotUnderstood(format!("line {line}, column {column}"))
    })
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
