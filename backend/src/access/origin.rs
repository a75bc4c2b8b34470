//! Whether a request was made by a page of our own (RFC 6455 section 10.2, RFC 6454).

use axum::http::{
    HeaderMap, Uri,
    header::{HOST, HeaderName, ORIGIN},
};

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Checks that the request's origin, if it has one, is the host that was asked.
///
/// Programs other than browsers send none. A proxy in front of us, as `trunk serve` is in
/// development, tells the host that the browser asked in `X-Forwarded-Host`. We listen on
/// loopback, so it is a proxy on this machine; and no page can make a browser send that header to
/// another origin, so it can't be used to get past this check.
///
/// # Errors
///
/// The foreign origin.
pub(super) fn check(headers: &HeaderMap) -> Result<(), String> {
    let Some(origin) = headers.get(ORIGIN) else {
        return Ok(());
    };
    let foreign = || String::from_utf8_lossy(origin.as_bytes()).into_owned();
    let uri: Uri = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.parse().ok())
        .ok_or_else(foreign)?;
    let is_own = |name: HeaderName| {
        let host = headers.get(name).and_then(|value| value.to_str().ok());
        host.zip(uri.authority())
            .is_some_and(|(host, authority)| host.eq_ignore_ascii_case(authority.as_str()))
    };
    if is_own(HOST) || is_own(FORWARDED_HOST) {
        Ok(())
    } else {
        Err(foreign())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(pairs: &[(HeaderName, &'static str)]) -> Result<(), String> {
        let pairs = pairs.iter().cloned();
        check(
            &pairs
                .map(|(name, value)| (name, value.parse().unwrap()))
                .collect(),
        )
    }

    #[test]
    fn own_pages_and_programs_pass() {
        assert_eq!(checked(&[(HOST, "127.0.0.1:7780")]), Ok(()));
        assert_eq!(
            checked(&[(HOST, "localhost:7780"), (ORIGIN, "http://LocalHost:7780")]),
            Ok(())
        );
        assert_eq!(
            checked(&[
                (HOST, "127.0.0.1"),
                (FORWARDED_HOST, "127.0.0.1:8080"),
                (ORIGIN, "http://127.0.0.1:8080"),
            ]),
            Ok(())
        );
    }

    #[test]
    fn other_pages_do_not() {
        for origin in [
            "http://evil.example",
            "http://127.0.0.1:7781",
            "http://127.0.0.1",
            "null",
            "http://127.0.0.1:7780@evil.example",
            "",
        ] {
            assert_eq!(
                checked(&[(HOST, "127.0.0.1:7780"), (ORIGIN, origin)]),
                Err(origin.to_owned())
            );
        }
    }
}
