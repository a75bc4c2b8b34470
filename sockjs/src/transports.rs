//! The transports over plain HTTP: requests that receive what is for the client, and those that send what it says.

use std::sync::Arc;

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};

use crate::{
    builder::Config,
    cors::{self, NOT_CACHED, cors},
    endpoints::{not_allowed, shutting_down, too_many},
    format::{Format, is_callback},
    receiving,
    registry::{HttpSession, Registry},
    sending,
};

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
        _ => return sending::send(transport, &session, &parts, body, &config, &registry).await,
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
        // Nginx would hold it back.
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

/// The headers of every answer about a session.
pub(crate) fn answer_headers(headers: &HeaderMap, config: &Config) -> HeaderMap {
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
