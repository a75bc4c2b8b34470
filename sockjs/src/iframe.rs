//! The page in which clients of other origins run where browsers know no CORS: it loads the client's script.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode, header};

use crate::{cors::cached, endpoints::not_allowed};

/// The page, and its name for caches.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    html: String,
    tag: String,
}

impl Page {
    /// A page that loads the client from `script`.
    pub(crate) fn new(script: &str) -> Self {
        let script = script.replace('&', "&amp;").replace('"', "&quot;");
        let html = format!(
            r#"<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="{script}"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>
"#
        );
        // The same at each start and on each server of this build.
        let mut hasher = DefaultHasher::new();
        html.hash(&mut hasher);
        let tag = format!("\"{:016x}\"", hasher.finish());
        Self { html, tag }
    }

    /// `/iframe*.html`: the page, or that the client has it already.
    pub(crate) fn respond(&self, method: &Method, headers: &HeaderMap) -> Response {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return not_allowed("GET, HEAD");
        }
        let tag = [(header::ETAG, self.tag.clone())];
        let known = headers.get(header::IF_NONE_MATCH);
        if known.is_some_and(|known| known.as_bytes() == self.tag.as_bytes()) {
            return (StatusCode::NOT_MODIFIED, cached(), tag).into_response();
        }
        let kind = [(header::CONTENT_TYPE, "text/html; charset=UTF-8")];
        (cached(), tag, kind, self.html.clone()).into_response()
    }
}

/// Whether a segment of the path names it: `iframe.html`, or with a version `iframe-1.6.1.html`.
pub(crate) fn is_page(segment: &str) -> bool {
    segment
        .strip_prefix("iframe")
        .and_then(|rest| rest.strip_suffix(".html"))
        .is_some_and(|version| version.is_empty() || version.starts_with('-'))
}
