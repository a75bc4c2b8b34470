//! Who may call, from where, and by which name: one layer for each question.
//!
//! * [`host`]: is this server called by a name of its own? On every route.
//! * [`origin`]: does the request come from a page of our own, or from no page at all? On all that does something.
//! * [`principal`]: who makes it? Found out by [`method`]: a key of this run ([`keys`]), a token of the cluster, or what a
//!   proxy says. On all that does something.
//! * [`guard`]: may this request open a terminal's connection? On SockJS, where browsers can't send headers.
//!
//! In local mode there is one caller, and no cookie is ever set: browsers send a host's cookies to all of its ports, and any
//! of those may be a stranger's. Elsewhere a sign-in stands in sealed [`cookies`], and in no server's memory.

mod cookies;
mod guard;
mod host;
mod keys;
mod method;
pub(crate) mod oidc;
mod origin;
mod principal;
mod proxies;
mod rates;
pub(crate) mod sign_in;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use axum::{
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use cookie::SameSite;
use http::{HeaderValue, header::SEC_WEBSOCKET_PROTOCOL, request::Parts};
use podshell_shared::{api::ErrorCode, terminal::KEY_PROTOCOL};

use self::{
    cookies::Cookies,
    method::{Found, Method, ProxySignIn, Shown, TokenSignIn},
    oidc::OidcSignIn,
    proxies::showed_certificate,
    rates::Rates,
};
pub(crate) use self::{
    guard::{Admission, Guard},
    host::{CalledBy, Hosts, require_own_host},
    keys::Keys,
    method::ProxyProof,
    origin::require_own_origin,
    principal::{
        CallersCluster, Principal, Unidentified, identify, identify_connection, is_signed_out,
    },
    proxies::{Proxies, client_address},
};
use crate::{
    burst::Burst,
    clock::Clock,
    cluster::Cluster,
    config::{ActAs, Config, PublicUrl, SignIn},
    error::Failure,
    openid::Issuer,
    random,
    secret::Secret,
    session::{Caller, Identity, TicketKeys},
};

/// What tells who may call.
pub(crate) struct Auth {
    method: Method,
    hosts: Hosts,
    proxies: Proxies,
    clock: Clock,
    rates: Rates,
    refused: Mutex<Burst>,
    /// For how many seconds sessions are kept, which those are told who have them.
    kept: u32,
}

/// What the ways to sign in are made of.
pub(crate) struct Means {
    /// The user's own key for scripts, in local mode.
    pub(crate) token: Option<Secret>,
    /// What shows that a request comes from the proxy.
    pub(crate) proxy: Option<ProxyProof>,
    /// The provider that signs people in.
    pub(crate) issuer: Option<Issuer>,
    pub(crate) act_as: ActAs,
    /// What seals cookies.
    pub(crate) keys: Arc<TicketKeys>,
    pub(crate) cluster: Cluster,
    pub(crate) clock: Clock,
}

impl Auth {
    /// The sign-in that `config` asks for.
    pub(crate) fn new(config: &Config, hosts: Hosts, means: Means) -> Self {
        let cookies_for = |kind, public: &PublicUrl, same_site| {
            let scope = (Arc::clone(&means.keys), means.cluster.identity());
            Cookies::new(kind, scope, (public, &config.base_path), same_site)
        };
        let cookies = |kind, public: &PublicUrl| cookies_for(kind, public, SameSite::Strict);
        let method = match (config.sign_in, &config.public_url, means.proxy) {
            (SignIn::Oidc, Some(public), _) if let Some(issuer) = means.issuer => {
                Method::Oidc(Box::new(OidcSignIn::new(oidc::Means {
                    issuer,
                    scopes: config.oidc_scopes.clone(),
                    mapping: oidc::Mapping {
                        username_claim: config.oidc_username_claim.clone(),
                        groups_claim: config.oidc_groups_claim.clone(),
                        username_prefix: config.oidc_username_prefix.clone(),
                        groups_prefix: config.oidc_groups_prefix.clone(),
                    },
                    act_as: means.act_as,
                    page: format!("{public}{}", config.base_path.with_slash()),
                    base: config.base_path.with_slash(),
                    time: config.sign_in_time,
                    // The way back is from another site.
                    flow: cookies_for("flow", public, SameSite::Lax),
                    signed_in: cookies("oidc", public),
                    clock: means.clock.clone(),
                })))
            }
            (SignIn::Token, Some(public), _) => Method::Token(Box::new(TokenSignIn::new(
                cookies("token", public),
                config.sign_in_time,
                means.cluster,
            ))),
            (SignIn::Proxy, _, Some(proof)) => Method::Proxy(Box::new(ProxySignIn {
                proof,
                user: config.proxy_user_header.clone(),
                groups: config.proxy_groups_header.clone(),
            })),
            (SignIn::Local, ..) => Method::Local {
                keys: Keys::new(means.token),
                caller: Caller(format!("local-{}", random::text::<24>())),
            },
            _ => unreachable!("Config::check_access has asked for what is missing"),
        };
        Self {
            method,
            kept: config.grace.as_secs().try_into().unwrap_or(u32::MAX),
            hosts,
            proxies: Proxies::new(config.trusted_proxies.clone()),
            clock: means.clock,
            rates: Rates::new(config.sign_ins_per_minute, config.mints_per_minute),
            refused: Mutex::default(),
        }
    }

    /// The keys of local mode, and the only caller that there is then.
    pub(crate) fn local(&self) -> Option<(&Keys, &Caller)> {
        match &self.method {
            Method::Local { keys, caller } => Some((keys, caller)),
            _ => None,
        }
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    pub(crate) fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    /// How often people may sign in and mint.
    pub(crate) fn rates(&self) -> &Rates {
        &self.rates
    }

    fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// Who makes a request, and what their browser is to keep from now on if that has changed; a key on `offer` shows it,
    /// too.
    async fn identify(
        &self,
        parts: &Parts,
        offer: Option<&str>,
    ) -> Result<(Principal, Option<Vec<HeaderValue>>), Unidentified> {
        let shown = Shown {
            headers: &parts.headers,
            offer,
            address: client_address(&self.proxies, parts),
            by_proxy: self.proxies.sent(&parts.extensions),
            by_certificate: showed_certificate(&parts.extensions),
            now: self.now(),
        };
        let found = self.method.identify(self, &shown);
        let (found, renewed) = found.await?;
        let Found {
            caller,
            user,
            call_as,
            until,
        } = found;
        let principal = Principal {
            identity: Identity {
                caller,
                user,
                address: shown.address,
            },
            call_as,
            until,
        };
        Ok((principal, renewed))
    }

    /// Says in the log that somebody brought a wrong key: one line a burst.
    fn refused(&self) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let before = refused.over();
        if refused.begins() {
            tracing::warn!(
                before,
                "someone was refused: the key that they brought is not of this run"
            );
        }
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}

/// The answer to who brings nothing that tells who they are, or nothing that is good.
fn signed_out(auth: &Auth) -> Response {
    unauthorized(auth, ErrorCode::SignIn, "You are not signed in.")
}

fn unauthorized(auth: &Auth, code: ErrorCode, message: &str) -> Response {
    let hint = match &auth.method {
        Method::Local { .. } => {
            "Open the link that podshell printed in its terminal. Each is good once; podshell says there how to get another. \
             Scripts send a key as \"Authorization: Bearer …\"."
        }
        Method::Token(_) => {
            "Sign in with a token of the cluster, as `kubectl create token NAME` makes one. Scripts send it as \
             \"Authorization: Bearer …\"."
        }
        Method::Oidc(_) => "Sign in by the page, which leads you to your OpenID provider.",
        Method::Proxy(_) => {
            "Open Podshell by its public address: the proxy there signs you in, and says who you are. It has to send the \
             user's header once, and the secret that Podshell has, or to show its certificate."
        }
    };
    let failure = Failure::new(StatusCode::UNAUTHORIZED, code, message).hint(hint);
    let challenge = HeaderValue::from_static("Bearer");
    ([(WWW_AUTHENTICATE, challenge)], failure).into_response()
}

/// The key in `Authorization` (RFC 6750, section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The key that stands in a subprotocol on offer.
fn offered(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(|name| name.trim().strip_prefix(KEY_PROTOCOL))
}
