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

use crate::{
    builder::{Config, HANDLER_RETURNED},
    cors::{NOT_CACHED, cors, preflight},
    framing::Framing,
    iframe,
    registry::Registry,
    session::Link,
    transports, websocket,
};

const TEXT: &str = "text/plain; charset=UTF-8";
const JSON: &str = "application/json; charset=UTF-8";

pub(crate) fn router<S>(config: Arc<Config>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let info = {
        let config = Arc::clone(&config);
        move |request: Request| async move { info(request, &config) }
    };
    let preflight = {
        let config = Arc::clone(&config);
        move |headers: HeaderMap| async move { preflight(&headers, &config, "OPTIONS, GET") }
    };
    let raw = {
        let config = Arc::clone(&config);
        move |OriginalUri(uri): OriginalUri, request: Request| async move {
            if has_empty_segment(&uri) || !config.websocket {
                return StatusCode::NOT_FOUND.into_response();
            }
            let protocol = agreed_protocol(request.headers(), &config.raw_protocols);
            open_websocket(request, config, Framing::Raw { protocol })
        }
    };
    let iframe = {
        let config = Arc::clone(&config);
        move |page: Result<Path<String>, PathRejection>, request: Request| async move {
            match (page, &config.legacy) {
                (Ok(Path(page)), Some(iframe)) if iframe::is_page(&page) => {
                    iframe.respond(request.method(), request.headers())
                }
                _ => StatusCode::NOT_FOUND.into_response(),
            }
        }
    };
    let registry = Arc::new(Registry::default());
    let transport = move |path: Result<Path<(String, String, String)>, PathRejection>,
                          request: Request| async move {
        let Ok(Path((server, session, transport))) = path else {
            return StatusCode::NOT_FOUND.into_response();
        };
        if !is_id(&server) || !is_id(&session) {
            return StatusCode::NOT_FOUND.into_response();
        }
        if transport != "websocket" {
            return transports::answer(&transport, session, request, config, registry).await;
        }
        if !config.websocket {
            return StatusCode::NOT_FOUND.into_response();
        }
        open_websocket(request, config, Framing::SockJs)
    };
    Router::new()
        .route("/", get(greeting))
        .route("/info", get(info).options(preflight))
        .route("/websocket", any(raw))
        .route("/{page}", any(iframe))
        .route("/{server}/{session}/{transport}", any(transport))
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
fn info(request: Request, config: &Config) -> Response {
    let (mut parts, _) = request.into_parts();
    if let Err(refusal) = config.admit(&mut parts) {
        return *refusal;
    }
    let entropy = entropy();
    let Config {
        websocket,
        cookie_needed,
        ..
    } = config;
    let body = format!(
        r#"{{"websocket":{websocket},"cookie_needed":{cookie_needed},"origins":["*:*"],"entropy":{entropy}}}"#
    );
    let fixed = [(header::CONTENT_TYPE, JSON), NOT_CACHED];
    (cors(&parts.headers, config), fixed, body).into_response()
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
fn open_websocket(request: Request, config: Arc<Config>, framing: Framing) -> Response {
    if request.method() != Method::GET {
        return not_allowed("GET");
    }
    let (mut parts, body) = request.into_parts();
    if let Err(refusal) = config.admit(&mut parts) {
        return *refusal;
    }
    let mut request = Request::from_parts(parts, body);
    let mut response = match create_response_with_body(&request, Body::empty) {
        Ok(response) => response,
        Err(error) => return refusal(&error),
    };
    if config.shutdown.is_cancelled() {
        return shutting_down();
    }
    if let Some(protocol) = framing.protocol() {
        response.headers_mut().insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(protocol),
        );
    }
    let upgrade = hyper::upgrade::on(&mut request);
    let (parts, _) = request.into_parts();
    let Some(place) = config.enter(&parts) else {
        return too_many();
    };
    let tasks = config.tasks.clone();
    tasks.spawn(async move {
        // Fails if the connection is gone before the response is written.
        let Ok(connection) = upgrade.await else {
            return;
        };
        let _place = place;
        let (session, link, outbox) = Link::new(parts, framing, &config);
        let sender = session.sender();
        let handler = async {
            (config.handler)(session).await;
            let (code, reason) = HANDLER_RETURNED;
            sender.close(code, reason);
        };
        tokio::join!(
            websocket::serve(TokioIo::new(connection), link, outbox, &config),
            handler
        );
    });
    response
}

/// Another method than the URL has.
pub(crate) fn not_allowed(methods: &'static str) -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, methods)]).into_response()
}

/// No new sessions.
pub(crate) fn shutting_down() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "The server shuts down.").into_response()
}

/// No more sessions for this address.
pub(crate) fn too_many() -> Response {
    (
        StatusCode::TOO_MANY_REQUESTS,
        "There are too many sessions from this address.",
    )
        .into_response()
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
