//! The ways to tell who one is: by the link that was printed, by a token of the cluster, by an OpenID provider (a file of
//! its own), by a proxy in front.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::time::{Duration, Instant};

use super::{
    Auth, bearer, cookies::Cookies, keys::Keys, oidc::OidcSignIn, principal::Unidentified,
};
use crate::{
    cluster::{CallAs, Cluster, ClusterError, FixedToken},
    openid::expires,
    secret::{Digest, Secret, digest_of},
    session::{Caller, Identity, User},
};

/// What a proxy shows that it is the one.
const PROXY_SECRET: HeaderName = HeaderName::from_static("x-podshell-proxy-secret");
/// What Kubernetes calls its own users and groups by.
const RESERVED: &str = "system:";

fn bearer_of(token: SecretString) -> CallAs {
    CallAs::Bearer(Arc::new(FixedToken::new(token)))
}

/// How people tell who they are.
pub(super) enum Method {
    Local {
        keys: Keys,
        /// The only caller. Of this run alone, so that what was sealed for it is of no use to another server.
        caller: Caller,
    },
    Token(Box<TokenSignIn>),
    Oidc(Box<OidcSignIn>),
    Proxy(Box<ProxySignIn>),
}

/// What a request shows of who makes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'r> {
    pub(super) headers: &'r HeaderMap,
    /// The key that stands in a subprotocol on offer, where that counts.
    pub(super) offer: Option<&'r str>,
    /// Where it comes from.
    pub(super) address: Option<IpAddr>,
    /// Whether it comes from a proxy of ours.
    pub(super) by_proxy: bool,
    /// Whether it comes over a connection whose other end has shown the proxy's certificate.
    pub(super) by_certificate: bool,
    pub(super) now: SystemTime,
}

/// Who was found to make a request.
pub(super) struct Found {
    pub(super) caller: Caller,
    pub(super) user: Option<User>,
    pub(super) call_as: CallAs,
    /// When the sign-in ends, whatever is done with it; [`None`] where nobody knows.
    pub(super) until: Option<SystemTime>,
}

/// Sign-in by a token of the cluster.
pub(super) struct TokenSignIn {
    pub(super) cookies: Cookies,
    pub(super) time: Duration,
    /// Without an identity of its own.
    cluster: Cluster,
    known: Mutex<HashMap<Digest, (User, Instant)>>,
}

/// What a browser keeps of it.
#[derive(Serialize, Deserialize)]
pub(super) struct SignedIn {
    user: User,
    token: String,
}

/// How long the cluster's word on a token counts.
const KNOWN_FOR: Duration = Duration::from_secs(60);
/// On how many tokens it is remembered.
const KNOWN: usize = 4096;

impl TokenSignIn {
    pub(super) fn new(cookies: Cookies, time: Duration, cluster: Cluster) -> Self {
        Self {
            cookies,
            time,
            cluster,
            known: Mutex::default(),
        }
    }

    /// What a browser is to keep for a token, if the cluster knows it; and whose it is.
    pub(super) async fn sign_in(&self, token: &str) -> Result<(User, SignedIn), ClusterError> {
        let user = self.who_has(token).await?;
        let signed_in = SignedIn {
            user: user.clone(),
            token: token.to_owned(),
        };
        Ok((user, signed_in))
    }

    /// A user who has signed in from this address.
    pub(super) fn identity(&self, user: User, address: Option<IpAddr>) -> Identity {
        Identity {
            caller: caller("token", &user),
            user: Some(user),
            address,
        }
    }

    /// Who has a token, if the cluster has told so within the last minute.
    fn known_to_have(&self, token: &str) -> Option<User> {
        let known = self.known();
        let (user, since) = known.get(&digest_of(token))?;
        (since.elapsed() < KNOWN_FOR).then(|| user.clone())
    }

    async fn who_has(&self, token: &str) -> Result<User, ClusterError> {
        let call_as = bearer_of(token.into());
        let user = self.cluster.acting_as(&call_as)?.who_am_i().await?;
        let (now, mut known) = (Instant::now(), self.known());
        known.retain(|_, (_, since)| now.duration_since(*since) < KNOWN_FOR);
        if known.len() < KNOWN {
            known.insert(digest_of(token), (user.clone(), now));
        }
        Ok(user)
    }

    async fn identify(&self, auth: &Auth, shown: &Shown<'_>) -> Result<Found, Unidentified> {
        let Shown {
            headers,
            offer,
            address,
            now,
            ..
        } = *shown;
        let (user, token, until) = if let Some(token) = bearer(headers).or(offer) {
            let known = match self.known_to_have(token) {
                Some(user) => Ok(user),
                None => {
                    // Whoever tries tokens makes the cluster work.
                    auth.rates()
                        .sign_in(address)
                        .map_err(Unidentified::TooOften)?;
                    self.who_has(token).await
                }
            };
            match known {
                Ok(user) => (user, token.to_owned(), None),
                Err(ClusterError::Api { status: 401, .. }) => return Err(Unidentified::Refused),
                Err(error) => return Err(Unidentified::Cluster(error)),
            }
        } else {
            let kept = self.cookies.read::<SignedIn>(headers, now);
            let (SignedIn { user, token }, until) = kept.ok_or(Unidentified::SignedOut)?;
            (user, token, Some(until))
        };
        // The token may end before what the browser keeps it in.
        let ends = expires(&token);
        Ok(Found {
            caller: caller("token", &user),
            user: Some(user),
            until: until.into_iter().chain(ends).min(),
            call_as: bearer_of(token.into()),
        })
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Digest, (User, Instant)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What shows that a request comes from the proxy.
pub(crate) enum ProxyProof {
    /// Its address, and this in a header.
    AddressAndSecret(Secret),
    /// The certificate that it shows when it connects.
    Certificate,
}

/// Sign-in by a proxy in front.
pub(super) struct ProxySignIn {
    pub(super) proof: ProxyProof,
    pub(super) user: HeaderName,
    pub(super) groups: HeaderName,
}

impl ProxySignIn {
    /// Who the proxy says makes a request, if it is the proxy that sends it.
    fn identify(&self, shown: &Shown<'_>) -> Result<Found, Unidentified> {
        let headers = shown.headers;
        let is_by_proxy = match &self.proof {
            ProxyProof::AddressAndSecret(secret) => {
                let showed_secret = only(headers, &PROXY_SECRET).is_some_and(|it| secret.is(it));
                shown.by_proxy && showed_secret
            }
            ProxyProof::Certificate => shown.by_certificate,
        };
        if !is_by_proxy {
            return Err(Unidentified::NotByProxy);
        }
        // Two of them would be the proxy's and somebody else's.
        let name = only(headers, &self.user).filter(|name| !name.is_empty());
        let name = name.ok_or(Unidentified::SignedOut)?.to_owned();
        let lines = headers.get_all(&self.groups).iter();
        let groups: Vec<String> = lines
            .filter_map(|line| std::str::from_utf8(line.as_bytes()).ok())
            .flat_map(|line| line.split(','))
            .map(|group| group.trim().to_owned())
            .filter(|group| !group.is_empty())
            .collect();
        if let Some(reserved) = [&name]
            .into_iter()
            .chain(&groups)
            .find(|name| is_reserved(name))
        {
            return Err(Unidentified::Reserved(reserved.clone()));
        }
        let user = User {
            name: name.clone(),
            groups: groups.clone(),
            issuer: None,
        };
        Ok(Found {
            caller: caller("proxy", &user),
            user: Some(user),
            call_as: CallAs::Impersonate {
                user: name,
                groups,
                standing: None,
            },
            until: None,
        })
    }
}

/// Whether a name is Kubernetes' own, which nobody is impersonated by.
pub(super) fn is_reserved(name: &str) -> bool {
    name.to_ascii_lowercase().starts_with(RESERVED)
}

/// What ids and sessions of a user are tied to.
fn caller(method: &str, user: &User) -> Caller {
    Caller(format!("{method}:{}", user.name))
}

/// The value of a header that comes once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    std::str::from_utf8(value.as_bytes()).ok().map(str::trim)
}

impl Method {
    /// Who makes a request that shows this, and what their browser is to keep from now on if that has changed.
    pub(super) async fn identify(
        &self,
        auth: &Auth,
        shown: &Shown<'_>,
    ) -> Result<(Found, Option<Vec<HeaderValue>>), Unidentified> {
        let Shown {
            headers,
            offer,
            now,
            ..
        } = *shown;
        match self {
            Self::Local { keys, caller } => {
                let shown = bearer(headers).into_iter().chain(offer);
                let mut shown = shown.peekable();
                if shown.peek().is_none() {
                    return Err(Unidentified::SignedOut);
                }
                // Each of them: one may be anyone's, as a key that a proxy adds.
                if shown.any(|key| keys.accepts(key)) {
                    let found = Found {
                        caller: caller.clone(),
                        user: None,
                        call_as: CallAs::Own,
                        until: None,
                    };
                    return Ok((found, None));
                }
                auth.refused();
                Err(Unidentified::Refused)
            }
            Self::Token(token) => Ok((token.identify(auth, shown).await?, None)),
            Self::Oidc(oidc) => oidc.identify(headers, now).await,
            Self::Proxy(proxy) => Ok((proxy.identify(shown)?, None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn proxy(proof: ProxyProof) -> ProxySignIn {
        ProxySignIn {
            proof,
            user: HeaderName::from_static("x-forwarded-user"),
            groups: HeaderName::from_static("x-forwarded-groups"),
        }
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let lines = lines.iter().map(|(name, value)| {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            (HeaderName::from_static(name), value)
        });
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, value);
        }
        headers
    }

    fn identify(is_proxy: bool, lines: &[(&'static str, &str)]) -> Result<User, Unidentified> {
        let headers = headers(lines);
        let mut shown = Shown {
            headers: &headers,
            offer: None,
            address: None,
            by_proxy: is_proxy,
            by_certificate: false,
            now: SystemTime::UNIX_EPOCH,
        };
        // Each proof is of no use in the place of the other.
        let by_certificate = proxy(ProxyProof::Certificate);
        let refused = by_certificate.identify(&shown);
        assert!(matches!(refused, Err(Unidentified::NotByProxy)));
        let by_secret = proxy(ProxyProof::AddressAndSecret(Secret::new(SECRET).unwrap()));
        let found = by_secret.identify(&shown);
        shown.by_certificate = true;
        assert_eq!(by_secret.identify(&shown).is_ok(), found.is_ok());
        if found.is_ok() {
            assert!(by_certificate.identify(&shown).is_ok());
        }
        let found = found?;
        let user = found.user.unwrap();
        let CallAs::Impersonate {
            user: name, groups, ..
        } = found.call_as
        else {
            panic!("{:?}", found.call_as);
        };
        assert_eq!((&name, &groups), (&user.name, &user.groups));
        assert_eq!(found.caller.0, format!("proxy:{name}"));
        Ok(user)
    }

    #[test]
    fn a_proxy_says_who_calls() {
        let secret = ("x-podshell-proxy-secret", SECRET);
        let user = identify(
            true,
            &[
                secret,
                ("x-forwarded-user", "anna.köhler@example.org"),
                ("x-forwarded-groups", "dev, ops ,,"),
                ("x-forwarded-groups", "on call"),
            ],
        );
        let user = user.unwrap();
        assert_eq!(user.name, "anna.köhler@example.org");
        assert_eq!(user.groups, ["dev", "ops", "on call"]);
    }

    #[test]
    fn who_is_no_proxy_says_nothing() {
        let (secret, user) = (
            ("x-podshell-proxy-secret", SECRET),
            ("x-forwarded-user", "ann"),
        );
        let wrong = (
            "x-podshell-proxy-secret",
            "0123456789abcdef0123456789abcdeF",
        );
        for (is_proxy, lines) in [
            (false, vec![secret, user]),
            (true, vec![user]),
            (true, vec![wrong, user]),
            (true, vec![secret, secret, user]),
            (true, vec![secret, wrong, user]),
        ] {
            let refused = identify(is_proxy, &lines);
            assert!(
                matches!(refused, Err(Unidentified::NotByProxy)),
                "{lines:?}"
            );
        }
        // Behind a proxy that lets through what a client sends, there are two.
        for lines in [
            vec![secret],
            vec![secret, user, user],
            vec![secret, ("x-forwarded-user", " ")],
        ] {
            let refused = identify(true, &lines);
            assert!(matches!(refused, Err(Unidentified::SignedOut)), "{lines:?}");
        }
    }

    #[test]
    fn nobody_is_one_of_kubernetes_own() {
        let secret = ("x-podshell-proxy-secret", SECRET);
        for (user, groups) in [
            ("system:admin", ""),
            ("System:Kube-Scheduler", ""),
            ("system:serviceaccount:kube-system:x", ""),
            ("ann", "system:masters"),
            ("ann", "dev,system:nodes"),
        ] {
            let lines = [
                secret,
                ("x-forwarded-user", user),
                ("x-forwarded-groups", groups),
            ];
            let refused = identify(true, &lines);
            assert!(
                matches!(refused, Err(Unidentified::Reserved(_))),
                "{user} {groups}"
            );
        }
        assert!(identify(true, &[secret, ("x-forwarded-user", "ecosystem:x")]).is_ok());
    }
}
