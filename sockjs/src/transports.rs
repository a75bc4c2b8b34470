//! The transports over plain HTTP: requests that receive what is for the client, and those that send what it says.

use std::{error::Error as _, sync::Arc};

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use http_body_util::LengthLimitError;
use tokio::time::timeout;

use crate::{
    builder::Config,
    cors::{self, NOT_CACHED, cors},
    endpoints::{not_allowed, shutting_down, too_many},
    format::{Format, is_callback},
    frame,
    framing::Message,
    liveness::HEARTBEATS_UNTIL_LOST,
    receiving,
    registry::{HttpSession, Registry},
};

const TEXT: &str = "text/plain; charset=UTF-8";
/// What load balancers stick to, where the application asks for it.
const COOKIE: &str = "JSESSIONID";

/// Answers a request to `/{server}/{session}/{transport}` that is no WebSocket's.
pub(crate) async fn answer(
    transport: &str,
    session: String,
    request: Request,
    config: Arc<Config>,
    registry: Arc<Registry>,
) -> Response {
    let method = match (transport, config.legacy.is_some()) {
        ("xhr" | "xhr_streaming" | "xhr_send", _) | ("jsonp_send", true) => Method::POST,
        ("eventsource", _) | ("htmlfile" | "jsonp", true) => Method::GET,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let methods = if method == Method::POST {
        "OPTIONS, POST"
    } else {
        "OPTIONS, GET"
    };
    let (parts, body) = request.into_parts();
    if parts.method == Method::OPTIONS {
        return cors::preflight(&parts.headers, &config, methods);
    }
    if parts.method != method {
        return not_allowed(methods);
    }
    let format = match transport {
        "xhr" => Ok(Format::Xhr),
        "xhr_streaming" => Ok(Format::XhrStreaming),
        "eventsource" => Ok(Format::EventSource),
        "htmlfile" => callback(&parts).map(|callback| Format::HtmlFile { callback }),
        "jsonp" => callback(&parts).map(|callback| Format::Jsonp { callback }),
        _ => return send(transport, &session, &parts, body, &config, &registry).await,
    };
    match format {
        Ok(format) => receive(session, format, parts, config, &registry),
        Err(why) => (StatusCode::INTERNAL_SERVER_ERROR, why).into_response(),
    }
}

/// The function that the client wants to have called.
fn callback(parts: &Parts) -> Result<String, &'static str> {
    let query = parts.uri.query().unwrap_or_default();
    let callback = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| matches!(&**name, "c" | "callback"))
        .map(|(_, callback)| callback.into_owned())
        .filter(|callback| !callback.is_empty())
        .ok_or("\"callback\" parameter required")?;
    if is_callback(&callback) {
        Ok(callback)
    } else {
        Err("invalid \"callback\" parameter")
    }
}

/// What is for the client. A session that is not there yet is opened.
fn receive(
    name: String,
    format: Format,
    parts: Parts,
    config: Arc<Config>,
    registry: &Arc<Registry>,
) -> Response {
    let identity = config.identity(&parts);
    let mut headers = answer_headers(&parts.headers, &config);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.content_type()),
    );
    if format.is_streaming() {
        // nginx would hold it back
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    }
    let there = registry.find(&name);
    let session = match there.filter(|session| session.is_of(identity.as_deref())) {
        Some(session) => {
            session.liveness().sign();
            session
        }
        // Who may open none learns nothing of those that are there.
        None => match open(name, identity.as_deref(), parts, &config, registry) {
            Ok(session) => session,
            Err(refusal) => return *refusal,
        },
    };
    (headers, receiving::body(session, format, config)).into_response()
}

/// Opens a session, or finds the one that another request of the same client has just opened.
fn open(
    name: String,
    identity: Option<&[u8]>,
    mut parts: Parts,
    config: &Arc<Config>,
    registry: &Arc<Registry>,
) -> Result<Arc<HttpSession>, Box<Response>> {
    if config.shutdown.is_cancelled() {
        return Err(shutting_down().into());
    }
    config.admit(&mut parts)?;
    let place = config.enter(&parts).ok_or_else(too_many)?;
    let kept = identity.map(<[u8]>::to_vec);
    let session = registry.open(name, kept, parts, place, config);
    if session.is_of(identity) {
        Ok(session)
    } else {
        Err(taken().into())
    }
}

/// The name is that of another client's session.
fn taken() -> Response {
    (StatusCode::CONFLICT, "There is a session of this name.").into_response()
}

/// What the client says.
async fn send(
    transport: &str,
    name: &str,
    parts: &Parts,
    body: Body,
    config: &Config,
    registry: &Registry,
) -> Response {
    let identity = config.identity(parts);
    let there = registry.find(name);
    let Some(session) = there.filter(|session| session.is_of(identity.as_deref())) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    session.liveness().sign();
    let reading = to_bytes(body, config.max_message_size);
    let body = match timeout(config.heartbeat * HEARTBEATS_UNTIL_LOST, reading).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) if is_too_long(&error) => {
            session.refuse();
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        }
        // what was lost with it, nobody would say again
        Ok(Err(_)) => {
            session.lose();
            return StatusCode::BAD_REQUEST.into_response();
        }
        Err(_) => {
            session.lose();
            return StatusCode::REQUEST_TIMEOUT.into_response();
        }
    };
    let is_jsonp = transport == "jsonp_send";
    let payload = if is_jsonp && is_form(&parts.headers) {
        let data = form_urlencoded::parse(&body).find(|(name, _)| name == "d");
        data.map(|(_, data)| data.into_owned()).unwrap_or_default()
    } else {
        String::from_utf8_lossy(&body).into_owned()
    };
    if payload.is_empty() {
        return (StatusCode::INTERNAL_SERVER_ERROR, "Payload expected.").into_response();
    }
    let Ok(messages) = frame::decode_batch(&payload) else {
        return (StatusCode::INTERNAL_SERVER_ERROR, "Broken JSON encoding.").into_response();
    };
    pass_on(&session, messages).await;
    let mut headers = answer_headers(&parts.headers, config);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(TEXT));
    if is_jsonp {
        (headers, "ok").into_response()
    } else {
        (StatusCode::NO_CONTENT, headers).into_response()
    }
}

/// Whether a body could not be read because it is too long, not because its connection broke.
fn is_too_long(error: &axum::Error) -> bool {
    error
        .source()
        .is_some_and(|source| source.is::<LengthLimitError>())
}

/// Gives messages to the application as it takes them; when the session is over, nobody wants them any more.
async fn pass_on(session: &HttpSession, messages: Vec<String>) {
    let Some(inbox) = session.inbox() else { return };
    let over = session.over();
    for message in messages {
        tokio::select! {
            biased;
            // refused if the application dropped its receiver: then it wants no messages
            _ = inbox.put(Message::Text(message)) => {}
            () = over.cancelled() => return,
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    })
}

/// The headers of every answer about a session.
fn answer_headers(headers: &HeaderMap, config: &Config) -> HeaderMap {
    let mut answer = cors(headers, config);
    let (name, value) = NOT_CACHED;
    answer.insert(name, HeaderValue::from_static(value));
    if config.cookie_needed {
        let kept = cookie(headers).unwrap_or("dummy");
        if let Ok(cookie) = HeaderValue::from_str(&format!("{COOKIE}={kept}; path=/")) {
            answer.insert(header::SET_COOKIE, cookie);
        }
    }
    answer
}

/// The value of the load balancer's cookie.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))
}
