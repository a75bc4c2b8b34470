//! Whom calls to the API server are made as, and a client for each of them.

mod token_file;

use std::{
    collections::HashMap,
    fmt,
    future::ready,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest::{Context, SHA256};
use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, Request, header::AUTHORIZATION};
use kube::{Client, Config, client::Body, config::AuthInfo};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Duration, Instant};

pub(super) use self::token_file::TokenFile;
use super::{ClusterError, error::innermost};
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
    /// What tells the API server so, beside the configuration of a client. Who impersonates others does so by our `own` token.
    fn headers(&self, own: Option<&Arc<TokenFile>>) -> Result<Authorize, ClusterError> {
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
        let standing = match self {
            Self::Bearer(standing) => Some(Arc::clone(standing)),
            Self::Own | Self::Impersonate { .. } => own.map(|own| Arc::clone(own) as _),
        };
        Ok(Authorize { fixed, standing })
    }

    /// The configuration of a client that calls so.
    fn apply(&self, config: &Config) -> Config {
        let mut config = config.clone();
        if let Self::Bearer(_) = self {
            // Each request has the token that is good then.
            config.auth_info = AuthInfo::default();
        }
        config
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
    pub(super) fn digest(&self) -> CallerDigest {
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
pub(super) type CallerDigest = Digest;

type Make = dyn Fn(&Config, Authorize) -> kube::Result<Client> + Send + Sync;

/// Tells the API server in each request whom it is to take the call for.
#[derive(Clone, Debug, Default)]
pub(super) struct Authorize {
    fixed: Vec<(HeaderName, HeaderValue)>,
    standing: Option<Arc<dyn SignInStanding>>,
}

impl Authorize {
    pub(super) fn request(&self, mut request: Request<Body>) -> Request<Body> {
        let headers = request.headers_mut();
        for (name, value) in &self.fixed {
            headers.append(name, value.clone());
        }
        if let Some(standing) = &self.standing {
            let token = format!("Bearer {}", standing.token().expose_secret());
            // One that can't be sent is none: the API server says so.
            if let Ok(mut token) = HeaderValue::try_from(token) {
                token.set_sensitive(true);
                headers.insert(AUTHORIZATION, token);
            }
        }
        request
    }
}

/// Makes a client for each who calls. All of them share their connections to the API server, which tells callers apart by
/// each request.
pub(super) struct Clients {
    /// The server's own. Made once: a credential plugin may have to run for it.
    own: Client,
    /// The token of our own account, if it is in a file.
    token: Option<Arc<TokenFile>>,
    config: Config,
    make: Box<Make>,
    made: Mutex<HashMap<CallerDigest, (Client, Instant)>>,
}

impl Clients {
    /// Clients of `config`'s cluster, where our own account has this token if that is in a file; `make` makes one of a
    /// configuration that differs in who calls.
    ///
    /// # Errors
    ///
    /// If the server's own can't be made.
    pub(super) fn new(
        config: Config,
        token: Option<Arc<TokenFile>>,
        make: impl Fn(&Config, Authorize) -> kube::Result<Client> + Send + Sync + 'static,
    ) -> kube::Result<Arc<Self>> {
        let by_token = Authorize {
            fixed: Vec::new(),
            standing: token.clone().map(|token| token as _),
        };
        Ok(Arc::new(Self {
            own: make(&config, by_token)?,
            token,
            config,
            make: Box::new(make),
            made: Mutex::default(),
        }))
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
        let client = (self.make)(
            &call_as.apply(&self.config),
            call_as.headers(self.token.as_ref())?,
        );
        let client = client.map_err(|error| ClusterError::Unreachable(innermost(&error)))?;
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
    use tower::{BoxError, service_fn};

    use super::*;

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

    #[test]
    fn a_bearer_brings_nothing_of_the_servers_own() {
        let mut config = Config::new("https://127.0.0.1".parse().unwrap());
        config.auth_info.client_certificate = Some("/etc/certificate".to_owned());
        config.auth_info.token_file = Some("/etc/token".to_owned());
        config.auth_info.username = Some("podshell".to_owned());
        let of_ann = bearer("of-ann");
        let config = of_ann.apply(&config);
        let nothing = AuthInfo::default();
        assert_eq!(format!("{:?}", config.auth_info), format!("{nothing:?}"));
        let authorize = of_ann.headers(None).unwrap();
        let request = authorize.request(Request::new(Body::empty()));
        assert_eq!(request.headers()[AUTHORIZATION], "Bearer of-ann");
    }

    #[test]
    fn names_of_any_letters_are_sent_and_none_that_would_be_another_header() {
        let headers = as_user("anna.köhler", &["dev", "运维"])
            .headers(None)
            .unwrap();
        let request = headers.request(Request::new(Body::empty()));
        let sent = |name| {
            let values = request.headers().get_all(name).iter();
            let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            values.collect::<Vec<_>>()
        };
        assert_eq!(sent(IMPERSONATE_USER), ["anna.köhler"]);
        assert_eq!(sent(IMPERSONATE_GROUP), ["dev", "运维"]);
        assert!(
            as_user("ann\r\nimpersonate-group: system:masters", &[])
                .headers(None)
                .is_err()
        );
    }

    #[tokio::test]
    async fn a_client_is_made_once_for_each_who_calls() {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let config = Config::new("https://127.0.0.1".parse().unwrap());
        let clients = Clients::new(config, None, move |config, _| {
            counted.fetch_add(1, Ordering::Relaxed);
            let nobody = service_fn(|_: Request<Body>| {
                ready(Ok::<_, BoxError>(Response::new(Body::empty())))
            });
            Ok(Client::new(nobody, config.default_namespace.clone()))
        });
        let clients = clients.unwrap();
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
