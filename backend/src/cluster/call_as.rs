//! Whom calls to the API server are made as, and a client for each of them.

use std::{
    collections::HashMap,
    fmt,
    future::ready,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN, digest};
use futures_util::future::BoxFuture;
use http::{HeaderValue, Request, header::AUTHORIZATION};
use kube::{Client, Config, client::Body, config::AuthInfo};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Duration, Instant};

use super::{ClusterError, error::innermost};

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
        let id = digest(&SHA256, token.expose_secret().as_bytes());
        let id = id.as_ref().try_into().expect("SHA-256 has 32 bytes");
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
    /// The configuration of a client that calls so.
    fn apply(&self, config: &Config) -> Config {
        let mut config = config.clone();
        match self {
            Self::Own => {}
            // Each request has the token that is good then.
            Self::Bearer(_) => config.auth_info = AuthInfo::default(),
            Self::Impersonate { user, groups, .. } => {
                config.auth_info.impersonate = Some(user.clone());
                config.auth_info.impersonate_groups = Some(groups.clone());
            }
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
pub(super) type CallerDigest = [u8; SHA256_OUTPUT_LEN];

type Make = dyn Fn(&Config, Authorize) -> kube::Result<Client> + Send + Sync;

/// Gives each request the token that is good then, if it is to have one.
#[derive(Clone)]
pub(super) struct Authorize(Option<Arc<dyn SignInStanding>>);

impl Authorize {
    pub(super) fn request(&self, mut request: Request<Body>) -> Request<Body> {
        if let Some(standing) = &self.0 {
            let token = format!("Bearer {}", standing.token().expose_secret());
            // One that can't be sent is none: the API server says so.
            if let Ok(mut token) = HeaderValue::try_from(token) {
                token.set_sensitive(true);
                request.headers_mut().insert(AUTHORIZATION, token);
            }
        }
        request
    }
}

/// Makes a client for each who calls. All of them share their connections to the API server, which tells callers apart by
/// each request.
pub(super) struct Clients {
    config: Config,
    make: Box<Make>,
    made: Mutex<HashMap<CallerDigest, (Client, Instant)>>,
}

impl Clients {
    /// Clients of `config`'s cluster; `make` makes one of a configuration that differs in who calls.
    pub(super) fn new(
        config: Config,
        make: impl Fn(&Config, Authorize) -> kube::Result<Client> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            config,
            make: Box::new(make),
            made: Mutex::default(),
        })
    }

    /// The server's own client.
    pub(super) fn own(&self) -> kube::Result<Client> {
        (self.make)(&self.config, Authorize(None))
    }

    /// The client that calls as `call_as`.
    pub(super) fn client(&self, call_as: &CallAs) -> Result<Client, ClusterError> {
        let digest = call_as.digest();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some((client, used)) = made.get_mut(&digest) {
            *used = now;
            return Ok(client.clone());
        }
        let authorize = Authorize(match call_as {
            CallAs::Bearer(standing) => Some(Arc::clone(standing)),
            CallAs::Own | CallAs::Impersonate { .. } => None,
        });
        let client = (self.make)(&call_as.apply(&self.config), authorize);
        let client = client.map_err(|error| ClusterError::Unreachable(innermost(&error)))?;
        made.retain(|_, (_, used)| now.duration_since(*used) < KEPT);
        if made.len() < CLIENTS {
            made.insert(digest, (client.clone(), now));
        }
        Ok(client)
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
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
        let authorize = Authorize(of_ann.standing().cloned());
        let request = authorize.request(Request::new(Body::empty()));
        assert_eq!(request.headers()[AUTHORIZATION], "Bearer of-ann");
    }
}
