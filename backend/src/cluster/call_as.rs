//! Whom calls to the API server are made as, and a client for each of them.

mod authorized;

use std::{
    collections::HashMap,
    fmt,
    future::ready,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest::{Context, SHA256};
use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, Request, header::AUTHORIZATION};
use kube::{Client, client::Body};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Duration, Instant};

pub(super) use self::authorized::Authorized;
use super::{
    ClusterError,
    credentials::{Credentials, CredentialsError, Shown, bearer},
};
use crate::secret::{Digest, digest_of};

const IMPERSONATE_USER: HeaderName = HeaderName::from_static("impersonate-user");
const IMPERSONATE_GROUP: HeaderName = HeaderName::from_static("impersonate-group");

/// How many clients are kept for those who call.
const CLIENTS: usize = 4096;
/// How long one is kept that nobody asks for. Whoever has it keeps it longer.
const KEPT: Duration = Duration::from_secs(600);

/// A sign-in that calls are made for. It may be renewed while it is used.
pub trait SignInStanding: fmt::Debug + Send + Sync {
    /// What tells it from others.
    fn id(&self) -> &[u8];

    /// The token that is good now.
    fn token(&self) -> SecretString;

    /// Renews it if it has not long to go; false if it is over.
    fn keep(&self) -> BoxFuture<'_, bool>;
}

/// A token that somebody brings, and nobody renews: the API server tells when it is over.
#[derive(Debug)]
pub(crate) struct FixedToken {
    id: CallerDigest,
    token: SecretString,
}

impl FixedToken {
    pub(crate) fn new(token: SecretString) -> Self {
        let id = digest_of(token.expose_secret());
        Self { id, token }
    }
}

impl SignInStanding for FixedToken {
    fn id(&self) -> &[u8] {
        &self.id
    }

    fn token(&self) -> SecretString {
        self.token.clone()
    }

    fn keep(&self) -> BoxFuture<'_, bool> {
        Box::pin(ready(true))
    }
}

/// Whom a call to the API server is made as.
#[derive(Clone)]
pub enum CallAs {
    /// The server's own identity: the kubeconfig's user, or the pod's service account.
    Own,
    /// Whoever has the token of this sign-in.
    Bearer(Arc<dyn SignInStanding>),
    /// A user whom the server's own identity impersonates.
    Impersonate {
        /// The user's name.
        user: String,
        /// The user's groups.
        groups: Vec<String>,
        /// The sign-in that tells so, if it is one that may be over.
        standing: Option<Arc<dyn SignInStanding>>,
    },
}

impl CallAs {
    /// What tells the API server so. Who impersonates others does so by our `own` credentials.
    fn authorize(&self, own: &Arc<Credentials>) -> Result<Authorize, ClusterError> {
        let mut fixed = Vec::new();
        if let Self::Impersonate { user, groups, .. } = self {
            let value = |text: &str| {
                // Names may have any letters, which a header carries as they are.
                HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
                    ClusterError::Unreachable(format!("{text:?} can't be sent as a name"))
                })
            };
            fixed.push((IMPERSONATE_USER, value(user)?));
            for group in groups {
                fixed.push((IMPERSONATE_GROUP, value(group)?));
            }
        }
        let by = match self {
            Self::Bearer(standing) => By::Caller(Arc::clone(standing)),
            Self::Own | Self::Impersonate { .. } => By::Own(Arc::clone(own)),
        };
        Ok(Authorize { fixed, by })
    }

    /// The sign-in that it depends on.
    pub(super) fn standing(&self) -> Option<&Arc<dyn SignInStanding>> {
        match self {
            Self::Own => None,
            Self::Bearer(standing) => Some(standing),
            Self::Impersonate { standing, .. } => standing.as_ref(),
        }
    }

    /// What tells one from another, without the secret in it.
    pub(crate) fn digest(&self) -> CallerDigest {
        let mut digest = Context::new(&SHA256);
        let mut part = |part: &[u8]| {
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part);
        };
        match self {
            Self::Own => part(b"own"),
            Self::Bearer(standing) => {
                part(b"bearer");
                part(standing.id());
            }
            Self::Impersonate { user, groups, .. } => {
                part(b"impersonate");
                part(user.as_bytes());
                groups.iter().for_each(|group| part(group.as_bytes()));
            }
        }
        let digest = digest.finish();
        digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
    }
}

impl fmt::Debug for CallAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own => "Own",
            Self::Bearer(_) => "Bearer",
            Self::Impersonate { .. } => "Impersonate",
        })
    }
}

/// What tells one who calls from another.
pub(crate) type CallerDigest = Digest;

type Make = dyn Fn(Authorize) -> Client + Send + Sync;

/// Tells the API server in each request whom it is to take the call for.
#[derive(Clone, Debug, Default)]
pub(super) struct Authorize {
    fixed: Vec<(HeaderName, HeaderValue)>,
    by: By,
}

/// Whose credentials a request has.
#[derive(Clone, Debug, Default)]
enum By {
    /// Nobody's.
    #[default]
    Nobody,
    /// Those that whoever calls has brought.
    Caller(Arc<dyn SignInStanding>),
    /// The server's own.
    Own(Arc<Credentials>),
}

impl Authorize {
    /// Tells it in this one. Gives what it shows of our own.
    ///
    /// # Errors
    ///
    /// If our own credentials can't be had.
    async fn request(
        &self,
        request: &mut Request<Body>,
    ) -> Result<Option<Shown>, CredentialsError> {
        let (credentials, shown) = match &self.by {
            By::Nobody => (None, None),
            // One that can't be sent is none: the API server says so.
            By::Caller(standing) => (bearer(standing.token().expose_secret()), None),
            By::Own(own) => {
                let credentials = own.current().await?;
                (credentials.clone(), Some(own.shown(credentials)))
            }
        };
        let headers = request.headers_mut();
        for (name, value) in &self.fixed {
            headers.append(name, value.clone());
        }
        if let Some(credentials) = credentials {
            headers.insert(AUTHORIZATION, credentials);
        }
        Ok(shown)
    }

    /// Whether a request that was refused with 401 is worth another try. Whoever brings credentials renews them, too.
    async fn renew(&self, refused: Option<&Shown>) -> Result<bool, CredentialsError> {
        match (&self.by, refused) {
            (By::Own(own), Some(refused)) => own.renew(refused).await,
            _ => Ok(false),
        }
    }
}

/// Makes a client for each who calls. All of them share their connections to the API server, which tells callers apart by
/// each request.
pub(super) struct Clients {
    own: Client,
    credentials: Arc<Credentials>,
    make: Box<Make>,
    made: Mutex<HashMap<CallerDigest, (Client, Instant)>>,
}

impl Clients {
    /// Clients that call as the server with these credentials, or as others; `make` makes one.
    pub(super) fn new(
        credentials: Arc<Credentials>,
        make: impl Fn(Authorize) -> Client + Send + Sync + 'static,
    ) -> Arc<Self> {
        let by_own = Authorize {
            fixed: Vec::new(),
            by: By::Own(Arc::clone(&credentials)),
        };
        Arc::new(Self {
            own: make(by_own),
            credentials,
            make: Box::new(make),
            made: Mutex::default(),
        })
    }

    /// The client that calls as `call_as`.
    pub(super) fn client(&self, call_as: &CallAs) -> Result<Client, ClusterError> {
        if let CallAs::Own = call_as {
            return Ok(self.own.clone());
        }
        let digest = call_as.digest();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some((client, used)) = made.get_mut(&digest) {
            *used = now;
            return Ok(client.clone());
        }
        let client = (self.make)(call_as.authorize(&self.credentials)?);
        made.retain(|_, (_, used)| now.duration_since(*used) < KEPT);
        if made.len() < CLIENTS {
            made.insert(digest, (client.clone(), now));
        }
        Ok(client)
    }

    /// The server's own.
    pub(super) fn own(&self) -> Client {
        self.own.clone()
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http::Response;
    use kube::config::AuthInfo;
    use tower::{BoxError, service_fn};

    use super::*;
    use crate::clock::Clock;

    fn as_user(user: &str, groups: &[&str]) -> CallAs {
        CallAs::Impersonate {
            user: user.to_owned(),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            standing: None,
        }
    }

    fn bearer(token: &str) -> CallAs {
        CallAs::Bearer(Arc::new(FixedToken::new(token.into())))
    }

    #[test]
    fn no_two_callers_share_a_client() {
        let all = [
            CallAs::Own,
            bearer("a"),
            bearer("b"),
            as_user("a", &[]),
            as_user("a", &["b"]),
            as_user("a", &["b", "c"]),
            as_user("a", &["bc"]),
            as_user("ab", &["c"]),
        ];
        for (at, one) in all.iter().enumerate() {
            assert_eq!(one.digest(), one.clone().digest());
            for other in &all[..at] {
                assert_ne!(one.digest(), other.digest(), "{one:?} {other:?}");
            }
        }
    }

    /// What an API server is told of a call that is made so, by a server with a token.
    async fn told(call_as: &CallAs) -> http::HeaderMap {
        let mut own = AuthInfo {
            token: Some("of-podshell".into()),
            ..AuthInfo::default()
        };
        let own = Arc::new(Credentials::of(&mut own, &Clock::default()).unwrap());
        let mut request = Request::new(Body::empty());
        let authorize = call_as.authorize(&own).unwrap();
        authorize.request(&mut request).await.unwrap();
        request.headers().clone()
    }

    #[tokio::test]
    async fn a_bearer_brings_nothing_of_the_servers_own() {
        let headers = told(&bearer("of-ann")).await;
        assert_eq!(headers.get_all(AUTHORIZATION).iter().count(), 1);
        assert_eq!(headers[AUTHORIZATION], "Bearer of-ann");
        assert!(headers[AUTHORIZATION].is_sensitive());
        assert_eq!(
            told(&CallAs::Own).await[AUTHORIZATION],
            "Bearer of-podshell"
        );
    }

    #[tokio::test]
    async fn names_of_any_letters_are_sent_and_none_that_would_be_another_header() {
        let headers = told(&as_user("anna.köhler", &["dev", "运维"])).await;
        let sent = |name| {
            let values = headers.get_all(name).iter();
            let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            values.collect::<Vec<_>>()
        };
        assert_eq!(sent(IMPERSONATE_USER), ["anna.köhler"]);
        assert_eq!(sent(IMPERSONATE_GROUP), ["dev", "运维"]);
        assert_eq!(headers[AUTHORIZATION], "Bearer of-podshell");
        let nobody = Arc::new(Credentials::none());
        let odd = as_user("ann\r\nimpersonate-group: system:masters", &[]);
        assert!(odd.authorize(&nobody).is_err());
    }

    #[tokio::test]
    async fn a_client_is_made_once_for_each_who_calls() {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let clients = Clients::new(Arc::new(Credentials::none()), move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            let nobody = service_fn(|_: Request<Body>| {
                ready(Ok::<_, BoxError>(Response::new(Body::empty())))
            });
            Client::new(nobody, "default")
        });
        let (ann, bob) = (as_user("ann", &["dev"]), bearer("of-bob"));
        for call_as in [
            &CallAs::Own,
            &ann,
            &CallAs::Own,
            &bob,
            &ann,
            &CallAs::Own,
            &bob,
        ] {
            clients.client(call_as).unwrap();
        }
        assert_eq!(count.load(Ordering::Relaxed), 3);
    }
}
