//! The headers that say who may read an answer, and how long it is good.

use std::time::{Duration, SystemTime};

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::builder::Config;

/// For what must never come out of a cache; each transport's answers are such.
pub(crate) const NOT_CACHED: (HeaderName, &str) = (
    header::CACHE_CONTROL,
    "no-store, no-cache, no-transform, must-revalidate, max-age=0",
);
const YEAR: Duration = Duration::from_secs(31_536_000);
const YEAR_SECONDS: &str = "31536000";

/// The headers of what may stay in a cache for a year.
pub(crate) fn cached() -> [(HeaderName, HeaderValue); 2] {
    let expires = httpdate::fmt_http_date(SystemTime::now() + YEAR);
    let expires = HeaderValue::from_str(&expires).unwrap_or(HeaderValue::from_static("0"));
    let control = HeaderValue::from_static("public, max-age=31536000");
    [(header::CACHE_CONTROL, control), (header::EXPIRES, expires)]
}

/// The headers that let a page of another origin read the answer, if it may. "null" is an origin like any other.
pub(crate) fn cors(headers: &HeaderMap, config: &Config) -> HeaderMap {
    let mut cors = HeaderMap::new();
    cors.insert(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = headers.get(header::ORIGIN)
        && let Ok(name) = origin.to_str()
        && (config.allow_origin)(name)
    {
        cors.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        cors.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
    cors
}

/// The answer to `OPTIONS`: a browser asks before it lets a page of another origin ask with one of `methods`.
pub(crate) fn preflight(headers: &HeaderMap, config: &Config, methods: &'static str) -> Response {
    let mut cors = cors(headers, config);
    if cors.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        cors.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static(methods),
        );
        cors.insert(
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static(YEAR_SECONDS),
        );
        let wanted = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
        if let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) {
            cors.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
    }
    (
        StatusCode::NO_CONTENT,
        cors,
        [(header::ALLOW, methods)],
        cached(),
    )
        .into_response()
}
