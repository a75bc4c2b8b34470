//! Sign-in by an OpenID provider: the code flow with PKCE (OpenID Connect Core 1.0, section 3.1; RFC 7636; RFC 9700).
//!
//! Nothing of it stands in this server alone: what a sign-in under way needs to be finished, and what a browser has for it
//! then, stands in sealed cookies. So any server with the same keys goes on with it.

mod standing;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    extract::{Query, State},
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, request::Parts};
use podshell_shared::api::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::standing::{Kept, Standing, Standings, Tokens};
use super::{
    Auth,
    cookies::Cookies,
    method::{Found, Method, is_reserved},
    principal::Unidentified,
};
use crate::{
    audit::{Audit, Entry, Event},
    clock::Clock,
    cluster::CallAs,
    config::ActAs,
    error::Failure,
    metrics::Metrics,
    openid::{Claims, Issuer, OidcError, form},
    random,
    session::{Caller, Identity, User},
};

/// How long somebody may take at the provider.
const FLOW_TIME: Duration = Duration::from_secs(600);
/// A refresh token is for this scope (section 11), for which the provider has to ask the user.
const OFFLINE: &str = "offline_access";

/// What of a claim makes a name here.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    pub(crate) username_claim: String,
    pub(crate) groups_claim: String,
    pub(crate) username_prefix: String,
    pub(crate) groups_prefix: String,
}

/// Sign-in by a provider.
pub(crate) struct OidcSignIn {
    issuer: Arc<Issuer>,
    scopes: String,
    mapping: Mapping,
    act_as: ActAs,
    /// Where the page is, with its slash, and what of that is its path.
    page: String,
    base: String,
    time: Duration,
    flow: Cookies,
    signed_in: Cookies,
    clock: Clock,
    standings: Standings,
}

/// What it is made of.
pub(super) struct Means {
    pub(super) issuer: Issuer,
    pub(super) scopes: Vec<String>,
    pub(super) mapping: Mapping,
    pub(super) act_as: ActAs,
    pub(super) page: String,
    pub(super) base: String,
    pub(super) time: Duration,
    pub(super) flow: Cookies,
    pub(super) signed_in: Cookies,
    pub(super) clock: Clock,
}

/// What is remembered while somebody is at the provider.
#[derive(Serialize, Deserialize)]
struct Flow {
    state: String,
    nonce: String,
    verifier: String,
    to: String,
}

/// Where a sign-in is to lead.
#[derive(Debug, Deserialize)]
pub(crate) struct Begin {
    /// A path below the page's, with its query.
    #[serde(default)]
    to: String,
}

/// What a provider sends a browser back with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Callback {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// Why a sign-in did not come to its end.
enum Failed {
    /// The browser has begun none, or another, or takes too long.
    NotBegun,
    /// The provider, or the user there, says no.
    Refused(String),
    /// Nobody can be this user here.
    Reserved(String),
    Oidc(OidcError),
}

impl From<OidcError> for Failed {
    fn from(error: OidcError) -> Self {
        match error {
            OidcError::Refused(why) => Self::Refused(why),
            error => Self::Oidc(error),
        }
    }
}

impl OidcSignIn {
    pub(super) fn new(means: Means) -> Self {
        Self {
            issuer: Arc::new(means.issuer),
            scopes: means.scopes.join(" "),
            mapping: means.mapping,
            act_as: means.act_as,
            page: means.page,
            base: means.base,
            time: means.time,
            flow: means.flow,
            signed_in: means.signed_in,
            clock: means.clock,
            standings: Standings::default(),
        }
    }

    fn redirect_uri(&self) -> String {
        format!("{}api/v1/sign-in/oidc/callback", self.page)
    }

    /// Where a browser goes to sign in, and the cookies that it comes back with.
    async fn begin(&self, to: &str) -> Result<(String, Vec<HeaderValue>), OidcError> {
        let metadata = self.issuer.metadata().await?;
        let flow = Flow {
            state: random::text::<24>(),
            nonce: random::text::<24>(),
            verifier: random::text::<48>(),
            to: self.path_of_ours(to),
        };
        let challenge = digest(&SHA256, flow.verifier.as_bytes());
        let challenge = URL_SAFE_NO_PAD.encode(challenge);
        let redirect = self.redirect_uri();
        let mut query = vec![
            ("response_type", "code"),
            ("client_id", self.issuer.client_id()),
            ("redirect_uri", &redirect),
            ("scope", &self.scopes),
            ("state", &flow.state),
            ("nonce", &flow.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        if self.scopes.split(' ').any(|scope| scope == OFFLINE) {
            query.push(("prompt", "consent"));
        }
        let endpoint = &metadata.authorization_endpoint;
        let mark = if endpoint.contains('?') { '&' } else { '?' };
        let url = format!("{endpoint}{mark}{}", form::encoded(&query));
        let cookies = self.flow.keep(&flow, self.clock.now(), FLOW_TIME);
        Ok((url, cookies.unwrap_or_default()))
    }

    /// A path that leads to our own page alone, whatever is asked for: nobody is to be led elsewhere by a link to us.
    fn path_of_ours(&self, to: &str) -> String {
        let is_plain = to
            .bytes()
            .all(|byte| (b'!'..=b'~').contains(&byte) && byte != b'\\');
        let rest = to.strip_prefix(&self.base).filter(|_| is_plain);
        match rest {
            Some(rest) if !rest.starts_with('/') && to.len() < 1024 => to.to_owned(),
            _ => self.base.clone(),
        }
    }

    /// Takes a browser back from the provider: who it is, where it wants to go, and the cookies that it keeps.
    async fn finish(
        &self,
        headers: &HeaderMap,
        callback: Callback,
    ) -> Result<(User, String, Vec<HeaderValue>), Failed> {
        let now = self.clock.now();
        let (flow, _) = self
            .flow
            .read::<Flow>(headers, now)
            .filter(|(flow, _)| callback.state.as_ref() == Some(&flow.state))
            .ok_or(Failed::NotBegun)?;
        // RFC 9207: another provider's code is not for this one.
        if callback.iss.is_some_and(|iss| iss != self.issuer.url()) {
            return Err(Failed::NotBegun);
        }
        if let Some(error) = callback.error {
            return Err(Failed::Refused(error));
        }
        let code = callback.code.ok_or(Failed::NotBegun)?;
        let redirect = self.redirect_uri();
        let answer = self
            .issuer
            .exchange(&code, &redirect, &flow.verifier)
            .await?;
        let missing = || OidcError::NotUnderstood("it gives no ID token".to_owned());
        let id_token = answer.id_token.ok_or_else(missing)?;
        let claims = self.issuer.verify(&id_token, now).await?;
        if claims.nonce.as_ref() != Some(&flow.nonce) {
            return Err(OidcError::IdToken("it is of another sign-in".to_owned()).into());
        }
        let user = self.user(&claims)?;
        let kept = Kept {
            user: user.clone(),
            tokens: Tokens {
                id_token,
                refresh_token: answer.refresh_token,
                expires: claims.expires(),
            },
        };
        let too_long =
            || OidcError::NotUnderstood("its tokens are longer than browsers keep".to_owned());
        let kept = self
            .signed_in
            .keep(&kept, now, self.time)
            .ok_or_else(too_long)?;
        let cookies = kept.into_iter().chain(self.flow.forget()).collect();
        Ok((user, flow.to, cookies))
    }

    /// Whom the claims name.
    fn user(&self, claims: &Claims) -> Result<User, Failed> {
        let Mapping {
            username_claim,
            groups_claim,
            username_prefix,
            groups_prefix,
        } = &self.mapping;
        let claim = |name: &str| claims.others.get(name);
        let refused = |why: String| Failed::Oidc(OidcError::IdToken(why));
        let name = claim(username_claim).and_then(Value::as_str);
        let name = name.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| refused(format!("it has no claim {username_claim:?}")))?;
        // As an API server does: who owns an address is known only if the provider says that it asked.
        if username_claim == "email"
            && claim("email_verified").is_some_and(|is| *is != Value::Bool(true))
        {
            return Err(refused("its email address is not verified".to_owned()));
        }
        let groups = match claim(groups_claim) {
            Some(Value::String(group)) => vec![group.as_str()],
            Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let user = User {
            name: format!("{username_prefix}{name}"),
            groups: groups
                .into_iter()
                .map(|group| format!("{groups_prefix}{group}"))
                .collect(),
            issuer: Some(self.issuer.url().to_owned()),
        };
        let reserved = {
            let mut names = [&user.name].into_iter().chain(&user.groups);
            names.find(|name| is_reserved(name)).cloned()
        };
        match reserved {
            Some(reserved) => Err(Failed::Reserved(reserved)),
            None => Ok(user),
        }
    }

    fn caller(user: &User) -> Caller {
        let issuer = user.issuer.as_deref().unwrap_or_default();
        Caller(format!("oidc:{issuer}:{}", user.name))
    }

    /// Who makes a request, and what its browser is to keep from now on if the sign-in was renewed.
    pub(super) async fn identify(
        &self,
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Result<(Found, Option<Vec<HeaderValue>>), Unidentified> {
        let kept = self.signed_in.read::<Kept>(headers, now);
        let (kept, until) = kept.ok_or(Unidentified::SignedOut)?;
        let caller = Self::caller(&kept.user);
        let standing = self
            .standings
            .of(&caller, &kept.tokens, (&self.issuer, &self.clock));
        if !standing.keep().await {
            return Err(Unidentified::SignedOut);
        }
        let tokens = standing.tokens();
        // What can be renewed lasts as long as it is kept.
        let lasts = match tokens.refresh_token {
            Some(_) => until,
            None => until.min(tokens.expires),
        };
        let renewed = (tokens != kept.tokens).then(|| {
            let user = kept.user.clone();
            let time = until.duration_since(now).unwrap_or_default();
            self.signed_in.keep(&Kept { user, tokens }, now, time)
        });
        let found = Found {
            call_as: self.call_as(&kept.user, standing),
            caller,
            user: Some(kept.user),
            until: Some(lasts),
        };
        Ok((found, renewed.flatten()))
    }

    fn call_as(&self, user: &User, standing: Arc<Standing>) -> CallAs {
        match self.act_as {
            ActAs::Impersonate => CallAs::Impersonate {
                user: user.name.clone(),
                groups: user.groups.clone(),
                standing: Some(standing),
            },
            _ => CallAs::Bearer(standing),
        }
    }

    /// The headers that make a browser forget its sign-in, which is worth nothing from now on.
    pub(super) async fn sign_out(&self, headers: &HeaderMap, caller: &Caller) -> Vec<HeaderValue> {
        let kept = self.signed_in.read::<Kept>(headers, self.clock.now());
        // The browser's own may be older than those of a shell that runs.
        let latest = self.standings.forget(caller);
        let tokens = latest.or_else(|| kept.map(|(kept, _)| kept.tokens));
        if let Some(token) = tokens.and_then(|tokens| tokens.refresh_token)
            && let Err(error) = self.issuer.revoke(&token).await
        {
            tracing::warn!(%error, "a refresh token could not be revoked");
        }
        self.signed_in.forget()
    }
}

/// `GET /api/v1/sign-in/oidc?to=/path`: leads a browser to the provider.
pub(crate) async fn begin(
    State(auth): State<Arc<Auth>>,
    Query(Begin { to }): Query<Begin>,
) -> Response {
    let Method::Oidc(oidc) = &auth.method else {
        return Failure::no_such_route().into_response();
    };
    match oidc.begin(&to).await {
        Ok((url, cookies)) => go(&url, cookies),
        Err(error) => unavailable(&error),
    }
}

/// `GET /api/v1/sign-in/oidc/callback`: the way back. Another site's page leads there, so what counts is the cookie of who
/// has begun it.
pub(crate) async fn callback(
    State(auth): State<Arc<Auth>>,
    State(audit): State<Audit>,
    State(metrics): State<Arc<Metrics>>,
    Query(callback): Query<Callback>,
    parts: Parts,
) -> Response {
    let Method::Oidc(oidc) = &auth.method else {
        return Failure::no_such_route().into_response();
    };
    let address = super::client_address(auth.proxies(), &parts);
    let failed = match oidc.finish(&parts.headers, callback).await {
        Ok((user, to, cookies)) => {
            metrics.sign_in(true);
            let identity = Identity {
                caller: OidcSignIn::caller(&user),
                user: Some(user),
                address,
            };
            audit.note(&Entry::new(Event::SignIn).by(&identity));
            return go(&to, cookies);
        }
        Err(failed) => failed,
    };
    let code = match &failed {
        Failed::Reserved(_) => ErrorCode::ReservedUser,
        _ => ErrorCode::SignInFailed,
    };
    metrics.sign_in(false);
    audit.note(&Entry::new(Event::SignInRefused).from(address).refused(code));
    let why = match failed {
        Failed::NotBegun => "not-begun".to_owned(),
        Failed::Refused(error) => error,
        Failed::Reserved(name) => format!("reserved:{name}"),
        Failed::Oidc(error) => {
            tracing::warn!(%error, "a sign-in failed");
            "provider".to_owned()
        }
    };
    // The page says it, in the user's language, and offers to try again.
    let cookies = oidc.flow.forget();
    go(
        &format!("{}#sign-in-failed={}", oidc.base, form::quoted(&why)),
        cookies,
    )
}

/// Leads a browser elsewhere.
fn go(url: &str, cookies: Vec<HeaderValue>) -> Response {
    let Ok(location) = HeaderValue::try_from(url) else {
        return Failure::no_such_route().into_response();
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().extend(super::sign_in::with(cookies));
    response.headers_mut().insert(LOCATION, location);
    response
}

fn unavailable(error: &OidcError) -> Response {
    tracing::warn!(%error, "nobody can sign in at the moment");
    Failure::new(
        StatusCode::BAD_GATEWAY,
        ErrorCode::SignInFailed,
        "The OpenID provider does not answer as it should, so nobody can sign in at the moment.",
    )
    .hint("Try again in a moment. The server's log says more.")
    .into_response()
}
