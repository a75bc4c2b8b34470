//! Who is calling, and may they: the key of this run, its cookie, and where a request comes from.
//!
//! Podshell acts with one person's kubeconfig, so there is one key, made anew at each start and
//! part of the URL that is printed. Opening that URL turns it into a cookie; scripts send it as a
//! bearer token.

mod origin;

use std::fmt;

use aws_lc_rs::{constant_time::verify_slices_are_equal, rand};
use axum::{
    extract::{OriginalUri, Request, State},
    http::{
        HeaderMap, Method, StatusCode, Uri,
        header::{AUTHORIZATION, LOCATION, UPGRADE},
    },
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use axum_extra::extract::{
    CookieJar,
    cookie::{Cookie, SameSite},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    config::BasePath,
    http::{Failure, wants_page},
    server::App,
    session::Caller,
};

/// What the only caller is called.
const CALLER: &str = "local";

/// The key of this run.
pub(crate) struct Access {
    token: String,
    cookie_value: String,
    cookie_name: String,
    cookie_path: String,
}

impl Access {
    /// A new key. Browsers give all ports of a host the same cookies: so the cookie's name holds
    /// the port, or two servers on one machine would sign each other's users out.
    pub(crate) fn new(port: u16, base_path: &BasePath) -> Self {
        Self {
            token: random_text(),
            cookie_value: random_text(),
            cookie_name: format!("podshell-{port}"),
            cookie_path: base_path.with_slash(),
        }
    }

    /// The token that signs a browser in.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        CookieJar::from_headers(headers)
            .get(&self.cookie_name)
            .is_some_and(|cookie| is_equal(cookie.value(), &self.cookie_value))
    }

    fn has_bearer(&self, headers: &HeaderMap) -> bool {
        headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .is_some_and(|(scheme, token)| {
                scheme.eq_ignore_ascii_case("bearer") && is_equal(token.trim(), &self.token)
            })
    }

    fn cookie(&self) -> Cookie<'static> {
        // not `Secure`: Podshell speaks plain HTTP on loopback, where some browsers would drop it
        Cookie::build((self.cookie_name.clone(), self.cookie_value.clone()))
            .path(self.cookie_path.clone())
            .http_only(true)
            .same_site(SameSite::Strict)
            .build()
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

/// Lets through who has the key, and signs in who brings it in the URL.
pub(crate) async fn require_key(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    mut request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let access = app.access();
    if needs_own_origin(&request)
        && let Err(foreign) = origin::check(headers)
    {
        return Failure::new(
            StatusCode::FORBIDDEN,
            "foreign-origin",
            format!("A page of {foreign:?} may not use this server."),
            "Open Podshell by the address that it printed.",
        )
        .into_response();
    }
    let caller = if access.has_cookie(headers) || access.has_bearer(headers) {
        if token_in(&uri).is_some() {
            return redirect_without_token(&uri).into_response();
        }
        Some(Caller(CALLER.into()))
    } else {
        holder_of_id(&app, &uri)
    };
    if let Some(caller) = caller {
        request.extensions_mut().insert(caller);
        return next.run(request).await;
    }
    match token_in(&uri) {
        Some(token) if is_equal(token, &access.token) => (
            CookieJar::new().add(access.cookie()),
            redirect_without_token(&uri),
        )
            .into_response(),
        token => sign_in_first(headers, token.is_some()),
    }
}

/// Requests that a foreign page could make a browser send with our cookie.
fn needs_own_origin(request: &Request) -> bool {
    !matches!(*request.method(), Method::GET | Method::HEAD)
        || request.headers().contains_key(UPGRADE)
}

/// Dashboard's clients put the minted id into the query of all SockJS requests, and outside of
/// browsers they can't send headers with each. Who holds an id has signed in to mint it.
fn holder_of_id(app: &App, uri: &Uri) -> Option<Caller> {
    if !uri.path().contains("/api/sockjs/") {
        return None;
    }
    let id = uri.query()?.split('&').next()?;
    app.tickets().caller(id, app.now())
}

fn token_in(uri: &Uri) -> Option<&str> {
    uri.query()?
        .split('&')
        .find_map(|pair| pair.strip_prefix("token="))
}

/// The same URL without the token, so that it stays in no history and no bookmark.
fn redirect_without_token(uri: &Uri) -> impl IntoResponse + use<> {
    let rest: Vec<&str> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.starts_with("token="))
        .collect();
    // one slash alone in front: two would name another host
    let path = format!("/{}", uri.path().trim_start_matches('/'));
    let to = if rest.is_empty() {
        path
    } else {
        format!("{path}?{}", rest.join("&"))
    };
    (StatusCode::SEE_OTHER, [(LOCATION, to)])
}

fn sign_in_first(headers: &HeaderMap, wrong: bool) -> Response {
    let message = if wrong {
        "This sign-in link is not of the Podshell that runs now."
    } else {
        "You are not signed in."
    };
    let hint = "Open the URL that podshell printed when it started; scripts send its token as \
                \"Authorization: Bearer …\".";
    if wants_page(headers) {
        let page = include_str!("access/sign_in.html")
            .replace("{message}", message)
            .replace("{hint}", &hint.replace('"', "&quot;"));
        (StatusCode::UNAUTHORIZED, Html(page)).into_response()
    } else {
        Failure::new(StatusCode::UNAUTHORIZED, "sign-in", message, hint).into_response()
    }
}

/// 192 bits that nobody can guess, as text that needs no escaping anywhere.
fn random_text() -> String {
    let mut bytes = [0; 24];
    rand::fill(&mut bytes).expect("the system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}

fn is_equal(given: &str, secret: &str) -> bool {
    verify_slices_are_equal(given.as_bytes(), secret.as_bytes()).is_ok()
}
