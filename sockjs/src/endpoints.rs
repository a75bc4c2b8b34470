//! The HTTP side: every route of a SockJS server, and what is answered before a transport takes over.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    extract::{OriginalUri, Path, Request, rejection::PathRejection},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::{
    Error, error::ProtocolError, handshake::server::create_response_with_body,
};

use crate::{builder::Config, framing::Framing, session::Link, websocket};

/// How a session is closed whose handler has returned.
const HANDLER_RETURNED: (u16, &str) = (3000, "Go away!");

const TEXT: &str = "text/plain; charset=UTF-8";
const JSON: &str = "application/json; charset=UTF-8";
const NOT_CACHED: &str = "no-store, no-cache, no-transform, must-revalidate, max-age=0";
/// A year, in seconds.
const CACHED: &str = "public, max-age=31536000";
const CACHED_SECONDS: &str = "31536000";

pub(crate) fn router<S>(config: Arc<Config>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let info = {
        let config = Arc::clone(&config);
        move |headers: HeaderMap| async move { info(&headers, &config) }
    };
    let preflight = {
        let config = Arc::clone(&config);
        move |headers: HeaderMap| async move { preflight(&headers, &config) }
    };
    let raw = {
        let config = Arc::clone(&config);
        move |OriginalUri(uri): OriginalUri, request: Request| async move {
            if has_empty_segment(&uri) {
                return StatusCode::NOT_FOUND.into_response();
            }
            let protocol = agreed_protocol(request.headers(), &config.raw_protocols);
            open_websocket(request, config, Framing::Raw { protocol })
        }
    };
    let websocket = move |path: Result<Path<(String, String)>, PathRejection>, request: Request| async move {
        match path {
            Ok(Path((server, session))) if is_id(&server) && is_id(&session) => {
                open_websocket(request, config, Framing::SockJs)
            }
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    };
    Router::new()
        .route("/", get(greeting))
        .route("/info", get(info).options(preflight))
        .route("/websocket", any(raw))
        .route("/{server}/{session}/websocket", any(websocket))
        // Without it a nested router would leave what it does not know to the fallback of the application.
        .fallback(async || StatusCode::NOT_FOUND)
}

/// Whether the path has one slash too many before its last segment: axum takes that for none, SockJS does not.
fn has_empty_segment(uri: &Uri) -> bool {
    let parents = uri.path().rsplit_once('/');
    parents.is_some_and(|(parents, _)| parents.ends_with('/'))
}

/// `/`: shows a person that the URL is right.
async fn greeting(OriginalUri(uri): OriginalUri) -> Response {
    if has_empty_segment(&uri) {
        return StatusCode::NOT_FOUND.into_response();
    }
    ([(header::CONTENT_TYPE, TEXT)], "Welcome to SockJS!\n").into_response()
}

/// `/info`: what the server can do; a client asks before it connects.
fn info(headers: &HeaderMap, config: &Config) -> Response {
    let entropy = entropy();
    let body = format!(
        r#"{{"websocket":true,"cookie_needed":false,"origins":["*:*"],"entropy":{entropy}}}"#
    );
    let fixed = [
        (header::CONTENT_TYPE, JSON),
        (header::CACHE_CONTROL, NOT_CACHED),
    ];
    (cors(headers, config), fixed, body).into_response()
}

/// `OPTIONS /info`: a browser asks before it lets a page of another origin ask.
fn preflight(headers: &HeaderMap, config: &Config) -> Response {
    let mut cors = cors(headers, config);
    if cors.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        cors.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("OPTIONS, GET"),
        );
        cors.insert(
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static(CACHED_SECONDS),
        );
    }
    let fixed = [
        (header::ALLOW, "OPTIONS, GET"),
        (header::CACHE_CONTROL, CACHED),
    ];
    (StatusCode::NO_CONTENT, cors, fixed).into_response()
}

/// The headers that let a page of another origin read the answer, if it may. "null" is an origin like any other.
fn cors(headers: &HeaderMap, config: &Config) -> HeaderMap {
    let mut cors = HeaderMap::new();
    cors.insert(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = headers.get(header::ORIGIN)
        && origin
            .to_str()
            .is_ok_and(|origin| (config.allow_origin)(origin))
    {
        cors.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        cors.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
    cors
}

/// A random number for clients that have no good source of their own; the keys of `RandomState` come from the system's.
fn entropy() -> u32 {
    let [a, b, c, d, ..] = RandomState::new().hash_one(()).to_ne_bytes();
    u32::from_ne_bytes([a, b, c, d])
}

/// Whether a segment of the path can be the id of a server or session: not empty and without dots.
fn is_id(segment: &str) -> bool {
    !segment.is_empty() && !segment.contains('.')
}

/// The first subprotocol that the client offers and this server knows. A client lists them as it prefers them, in one
/// header or several (RFC 6455, section 11.3.4).
fn agreed_protocol(headers: &HeaderMap, known: &[&'static str]) -> Option<&'static str> {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(|offered| known.iter().find(|known| **known == offered.trim()))
        .copied()
}

/// `/websocket` and `/{server}/{session}/websocket`: upgrades the connection and starts the session's task. The ids tell
/// nothing: a websocket session is its connection.
fn open_websocket(mut request: Request, config: Arc<Config>, framing: Framing) -> Response {
    if request.method() != Method::GET {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET")]).into_response();
    }
    let mut response = match create_response_with_body(&request, Body::empty) {
        Ok(response) => response,
        Err(error) => return refusal(&error),
    };
    if config.shutdown.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "The server shuts down.").into_response();
    }
    if let Some(protocol) = framing.protocol() {
        response.headers_mut().insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(protocol),
        );
    }
    let upgrade = hyper::upgrade::on(&mut request);
    let (parts, _) = request.into_parts();
    let tasks = config.tasks.clone();
    tasks.spawn(async move {
        // Fails if the connection is gone before the response is written.
        let Ok(connection) = upgrade.await else {
            return;
        };
        let (session, link) = Link::new(parts, framing, config.max_waiting);
        let sender = session.sender();
        let handler = async {
            (config.handler)(session).await;
            let (code, reason) = HANDLER_RETURNED;
            sender.close(code, reason);
        };
        tokio::join!(
            websocket::serve(TokioIo::new(connection), link, &config),
            handler
        );
    });
    response
}

/// Why a request cannot become a WebSocket.
fn refusal(error: &Error) -> Response {
    let reason = match error {
        Error::Protocol(ProtocolError::MissingUpgradeWebSocketHeader) => {
            "Can \"Upgrade\" only to \"WebSocket\"."
        }
        Error::Protocol(ProtocolError::MissingConnectionUpgradeHeader) => {
            "\"Connection\" must be \"Upgrade\"."
        }
        _ => "Not a valid WebSocket request.",
    };
    // RFC 6455, section 4.4: name the version that is understood.
    (
        StatusCode::BAD_REQUEST,
        [("sec-websocket-version", "13")],
        reason,
    )
        .into_response()
}
