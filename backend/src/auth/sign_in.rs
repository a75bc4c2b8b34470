//! `/api/v1/sign-in`, `sign-out` and `me`: how people sign in here, what they bring for it, and who they are then.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequest as _, Request, State},
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{IntoResponse, Response},
};
use http::HeaderValue;
use podshell_shared::api::{ApiError, ErrorCode, Me, SignIn, SignInMethod, SignedIn};

use super::{
    Auth, CallersCluster, Principal, client_address, keys::Refused, method::Method, unauthorized,
};
use crate::{
    audit::{Audit, Entry, Event},
    cluster::{Cluster, ClusterError},
    error::Failure,
    metrics::Metrics,
    session::{Sessions, User},
};

/// `GET /api/v1/sign-in`: how people sign in here.
#[utoipa::path(
    get,
    path = "/api/v1/sign-in",
    responses((status = OK, body = SignInMethod))
)]
pub(crate) async fn method(State(auth): State<Arc<Auth>>) -> Json<SignInMethod> {
    Json(match auth.method {
        Method::Local { .. } => SignInMethod::Link,
        Method::Token(_) => SignInMethod::Token,
        Method::Oidc(_) => SignInMethod::Oidc,
        Method::Proxy(_) => SignInMethod::Proxy,
    })
}

/// `POST /api/v1/sign-in`: a browser brings the token of the printed link, and gets the key that it keeps; or a token of the
/// cluster, and gets cookies.
#[utoipa::path(
    post,
    path = "/api/v1/sign-in",
    request_body = SignIn,
    responses(
        (status = OK, body = SignedIn),
        (status = BAD_REQUEST, body = ApiError),
        (status = UNAUTHORIZED, body = ApiError)
    )
)]
pub(crate) async fn sign_in(
    State(auth): State<Arc<Auth>>,
    State(audit): State<Audit>,
    State(metrics): State<Arc<Metrics>>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let address = client_address(auth.proxies(), &parts);
    let request = Request::from_parts(parts, body);
    let asked = Json::<SignIn>::from_request(request, &()).await;
    let refused = |code: ErrorCode| {
        metrics.sign_in(false);
        audit.note(&Entry::new(Event::SignInRefused).from(address).refused(code));
    };
    let Ok(Json(SignIn { token })) = asked else {
        return bad_request().into_response();
    };
    match &auth.method {
        Method::Local { keys, .. } => match keys.exchange(&token) {
            Ok(credential) => {
                tracing::info!("a browser has signed in");
                metrics.sign_in(true);
                audit.note(&Entry::new(Event::SignIn).from(address));
                let credential = Some(credential.reveal().to_owned());
                Json(SignedIn { credential }).into_response()
            }
            Err(why) => {
                let code = if why == Refused::Used {
                    tracing::warn!(
                        "a sign-in link was used a second time, so all browsers have been signed out: if the first time was \
                         not you, look who else uses this machine"
                    );
                    ErrorCode::LinkUsed
                } else {
                    auth.refused();
                    ErrorCode::LinkUnknown
                };
                refused(code);
                unauthorized(&auth, code, &why.to_string())
            }
        },
        Method::Token(by_token) => {
            if let Err(too_often) = auth.rates().sign_in(address) {
                refused(ErrorCode::TooOften);
                return too_often.answer().await;
            }
            let (user, kept) = match by_token.sign_in(token.trim()).await {
                Ok(found) => found,
                Err(ClusterError::Api { status: 401, .. }) => {
                    refused(ErrorCode::TokenRefused);
                    let message = "The cluster does not know this token. It may have expired.";
                    return unauthorized(&auth, ErrorCode::TokenRefused, message);
                }
                Err(error) => return Failure::from(&error).into_response(),
            };
            let cookies = by_token.cookies.keep(&kept, auth.now(), by_token.time);
            let Some(cookies) = cookies else {
                refused(ErrorCode::BadRequest);
                let message = "This token is longer than browsers keep.";
                return Failure::new(StatusCode::BAD_REQUEST, ErrorCode::BadRequest, message)
                    .hint("Use a token with fewer claims: groups are what takes most of the room.")
                    .into_response();
            };
            metrics.sign_in(true);
            let identity = by_token.identity(user, address);
            audit.note(&Entry::new(Event::SignIn).by(&identity));
            (with(cookies), Json(SignedIn { credential: None })).into_response()
        }
        Method::Oidc(_) | Method::Proxy(_) => bad_request().into_response(),
    }
}

/// `POST /api/v1/sign-out`: the browser forgets the sign-in, and the shells of its user end.
#[utoipa::path(
    post,
    path = "/api/v1/sign-out",
    responses((status = NO_CONTENT, description = "Signed out, or never in."), (status = UNAUTHORIZED, body = ApiError)),
    security(("key" = []))
)]
pub(crate) async fn sign_out(
    State(auth): State<Arc<Auth>>,
    State(sessions): State<Sessions<Cluster>>,
    State(audit): State<Audit>,
    principal: Principal,
    headers: HeaderMap,
) -> Response {
    let caller = &principal.identity.caller;
    audit.note(&Entry::new(Event::SignOut).by(&principal.identity));
    let cookies = match &auth.method {
        Method::Token(by_token) => by_token.cookies.forget(),
        Method::Oidc(oidc) => oidc.sign_out(&headers, caller).await,
        Method::Local { .. } | Method::Proxy(_) => Vec::new(),
    };
    sessions.sign_out(caller);
    (with(cookies), StatusCode::NO_CONTENT).into_response()
}

/// `GET /api/v1/me`: who calls, as far as anyone knows.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    responses((status = OK, body = Me), (status = UNAUTHORIZED, body = ApiError)),
    security(("key" = []))
)]
pub(crate) async fn me(
    State(auth): State<Arc<Auth>>,
    principal: Principal,
    CallersCluster(cluster): CallersCluster,
) -> Json<Me> {
    let (user, groups) = match principal.identity.user {
        Some(User { name, groups, .. }) => (Some(name), groups),
        None => (None, Vec::new()),
    };
    Json(Me {
        user,
        groups,
        can_sign_out: matches!(auth.method, Method::Token(_) | Method::Oidc(_)),
        cluster: cluster.name().to_owned(),
        mark: cluster.mark().map(str::to_owned),
        kept: auth.kept,
        ends: principal.until.map(|until| {
            let left = until.duration_since(auth.now());
            left.unwrap_or_default().as_secs()
        }),
    })
}

pub(super) fn with(cookies: Vec<HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for cookie in cookies {
        headers.append(SET_COOKIE, cookie);
    }
    headers
}

fn bad_request() -> Failure {
    Failure::new(
        StatusCode::BAD_REQUEST,
        ErrorCode::BadRequest,
        "This is no request to sign in.",
    )
    .hint("Send JSON, as {\"token\":\"…\"}.")
}
