//! The page: files that are part of the binary, compressed when it was built.

use std::{borrow::Cow, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    Extension,
    body::Body,
    extract::{OriginalUri, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode, Uri,
        header::{
            ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
            CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
        },
        uri::PathAndQuery,
    },
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use rust_embed::RustEmbed;

use podshell_shared::api::ErrorCode;

use crate::{
    auth::{Auth, CalledBy},
    config::{BasePath, PublicUrl},
    error::Failure,
};

/// What `cargo xtask build` leaves in `dist`. A debug build reads it from there while it runs, so
/// that a new page needs no new binary.
#[derive(RustEmbed)]
#[folder = "../dist"]
#[allow_missing = true]
struct Dist;

const INDEX: &str = "index.html";
/// What stands in `index.html` for the path under which everything is served.
const BASE: &str = "<base href=\"/\"";
const HEAD_END: &str = "</head>";
/// Compressed forms lie beside each file; the best first.
const ENCODINGS: [(&str, &str); 2] = [("br", "br"), ("gzip", "gz")];

/// The page as this server serves it.
pub(crate) struct Page {
    /// Missing only where the page was not built.
    index: Option<Index>,
}

/// The page's document, made for this server's base path.
struct Index {
    html: Bytes,
    policy: HeaderValue,
}

impl Page {
    /// Made for this base path, and for frames of these sites.
    pub(crate) fn new(base_path: &BasePath, embedders: &[PublicUrl]) -> Self {
        let embedders: Vec<_> = embedders.iter().map(ToString::to_string).collect();
        let embedders = embedders.join(" ");
        let index = Dist::get(INDEX).map(|file| {
            let html = String::from_utf8_lossy(&file.data);
            let base = format!("<base href=\"{}\"", base_path.with_slash());
            let mut html = html.replacen(BASE, &base, 1);
            if !embedders.is_empty() {
                // Origins have no quotes in them.
                let meta = format!(
                    "<meta name=\"podshell-embedders\" content=\"{embedders}\" />{HEAD_END}"
                );
                html = html.replacen(HEAD_END, &meta, 1);
            }
            Index {
                policy: content_security_policy(&html, &embedders),
                html: html.into(),
            }
        });
        Self { index }
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").finish_non_exhaustive()
    }
}

/// A file of the page, or its document for each address that the page itself knows.
pub(crate) async fn serve(
    State(page): State<Arc<Page>>,
    State(auth): State<Arc<Auth>>,
    OriginalUri(original): OriginalUri,
    called: Option<Extension<CalledBy>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path != INDEX
        && let Some(response) = file(path, &headers)
    {
        return response;
    }
    // The page itself says what it thinks of an address that it doesn't know.
    let is_api = path.starts_with("api/") || path.starts_with("ws/");
    let is_document = path.is_empty() || path == INDEX || (wants_page(&headers) && !is_api);
    let hosts = auth.hosts();
    let better = called.and_then(|Extension(called)| hosts.better_origin(&called));
    if let Some(better) = better.filter(|_| is_document) {
        // What stands behind # goes along.
        let path = original.path_and_query().map_or("/", PathAndQuery::as_str);
        return Redirect::temporary(&format!("{better}{path}")).into_response();
    }
    match &page.index {
        _ if !is_document => Failure::no_such_route().into_response(),
        Some(index) => (
            [
                (
                    CONTENT_TYPE,
                    HeaderValue::from_static("text/html; charset=utf-8"),
                ),
                (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
                (CONTENT_SECURITY_POLICY, index.policy.clone()),
            ],
            index.html.clone(),
        )
            .into_response(),
        None => Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::NoPage,
            "This podshell was built without its page.",
        )
        .hint("Build it with `cargo xtask build`.")
        .into_response(),
    }
}

/// Whether a request comes from a person's browser that is to show the answer.
fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/html"))
}

fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    let plain = Dist::get(path)?;
    let etag = format!("\"{}\"", STANDARD.encode(plain.metadata.sha256_hash()));
    let mut response = HeaderMap::new();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = value.parse() {
            response.insert(name, value);
        }
    };
    set(ETAG, &etag);
    set(VARY, "accept-encoding");
    set(
        CACHE_CONTROL,
        if is_versioned(path) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        },
    );
    if headers
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == etag.as_bytes())
    {
        return Some((StatusCode::NOT_MODIFIED, response).into_response());
    }
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    set(CONTENT_TYPE, kind.essence_str());
    let accepted = headers
        .get(ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let compressed = ENCODINGS
        .iter()
        .filter(|(name, _)| accepts(accepted, name))
        .find_map(|(name, ending)| Some((name, Dist::get(&format!("{path}.{ending}"))?)));
    let data = match compressed {
        Some((name, file)) => {
            set(CONTENT_ENCODING, name);
            file.data
        }
        None => plain.data,
    };
    let body = match data {
        Cow::Borrowed(data) => Body::from(data),
        Cow::Owned(data) => Body::from(data),
    };
    Some((response, body).into_response())
}

/// Whether a request's `Accept-Encoding` names an encoding and does not forbid it.
fn accepts(header: &str, name: &str) -> bool {
    header.split(',').any(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        parts
            .next()
            .is_some_and(|entry| entry.eq_ignore_ascii_case(name))
            && parts.all(|weight| !matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

/// Whether a new content would have a new name: trunk puts a hash of 16 digits into the names of
/// what it makes, and vendored files lie in folders of their version.
fn is_versioned(path: &str) -> bool {
    let hashed = |part: &str| part.len() >= 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    path.starts_with("vendor/")
        || path.starts_with("snippets/")
        || path.split(['-', '.', '_', '/']).any(hashed)
}

/// What the document may do: scripts of our own and the inline ones by their hashes. xterm.js
/// makes style elements and attributes at run time, so styles are not restricted that far.
fn content_security_policy(html: &str, embedders: &str) -> HeaderValue {
    let ancestors = if embedders.is_empty() {
        "'none'"
    } else {
        embedders
    };
    let hashes: String = inline_scripts(html)
        .map(|script| {
            let hash = STANDARD.encode(digest(&SHA256, script.as_bytes()));
            format!(" 'sha256-{hash}'")
        })
        .collect();
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self' 'unsafe-inline'; \
         connect-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; \
         base-uri 'self'; form-action 'none'; frame-ancestors {ancestors}"
    );
    HeaderValue::from_str(&policy).expect("hashes are base64, and origins ASCII")
}

/// The contents of all `<script>` elements without a source.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (script, _) = rest.split_once("</script")?;
        (!attributes
            .split_ascii_whitespace()
            .any(|attribute| attribute.starts_with("src=")))
        .then_some(script)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_has_the_hashes_of_inline_scripts() {
        let html = "<script type=\"importmap\">{}</script><script src=\"a.js\"></script><script>x</script>";
        assert_eq!(inline_scripts(html).collect::<Vec<_>>(), ["{}", "x"]);
        let framed = content_security_policy(html, "https://a.b https://c.d");
        let framed = framed.to_str().unwrap();
        assert!(
            framed.ends_with("frame-ancestors https://a.b https://c.d"),
            "{framed}"
        );
        let policy = content_security_policy(html, "");
        let policy = policy.to_str().unwrap();
        // Printf '{}' | openssl dgst -sha256 -binary | base64.
        assert!(
            policy.contains("'sha256-RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o='"),
            "{policy}"
        );
    }

    #[test]
    fn versioned_names() {
        for name in [
            "vendor/xterm-6.0.0/xterm.mjs",
            "podshell-frontend-0a1b2c3d4e5f6a7b_bg.wasm",
            "style-0a1b2c3d4e5f6a7b.css",
        ] {
            assert!(is_versioned(name), "{name}");
        }
        for name in ["favicon.svg", "boot.js", "index.html"] {
            assert!(!is_versioned(name), "{name}");
        }
    }

    #[test]
    fn encodings() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("GZIP;q=0.5", "gzip"));
        assert!(!accepts("br;q=0, gzip", "br"));
        assert!(!accepts("", "gzip"));
        assert!(!accepts("brotli", "br"));
    }
}
