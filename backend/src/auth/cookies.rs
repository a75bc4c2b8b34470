//! What a browser keeps of a sign-in: cookies that only the keys of this server open, so that nothing is kept here.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cookie::{Cookie, SameSite};
use http::{HeaderMap, HeaderValue, header::COOKIE};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    config::{BasePath, PublicUrl},
    session::TicketKeys,
};

/// How long the value of one cookie may be; browsers take 4 KiB with name and attributes (RFC 6265, section 6.1).
const PIECE: usize = 3_500;
/// In how many pieces a value may be cut. All of them fit into a request's header.
const PIECES: usize = 6;
/// Ties the seal to its purpose.
const PURPOSE: &[u8] = b"podshell cookie 1\0";

/// Makes and reads the cookies of one kind.
pub(super) struct Cookies {
    keys: Arc<TicketKeys>,
    purpose: Vec<u8>,
    name: String,
    is_secure: bool,
    same_site: SameSite,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Sealed<T>(u64, T);

impl Cookies {
    /// Cookies called after `kind`, sealed for `scope` alone. Another Podshell may be at the same name below another path,
    /// so the path is part of theirs.
    pub(super) fn new(
        kind: &str,
        (keys, scope): (Arc<TicketKeys>, &[u8]),
        (public, base): (&PublicUrl, &BasePath),
        same_site: SameSite,
    ) -> Self {
        let is_secure = *public.scheme() == http::uri::Scheme::HTTPS;
        // Kept to this very host and to https, by its name (RFC 6265bis, section 4.1.3.2).
        let prefix = if is_secure { "__Host-" } else { "" };
        let path = digest(&SHA256, base.with_slash().as_bytes());
        let path = URL_SAFE_NO_PAD.encode(&path.as_ref()[..6]);
        Self {
            keys,
            purpose: [PURPOSE, kind.as_bytes(), b"\0", scope].concat(),
            name: format!("{prefix}podshell-{kind}-{path}"),
            is_secure,
            same_site,
        }
    }

    /// The headers that make a browser keep a value; [`None`] if it is longer than browsers keep.
    pub(super) fn keep<T: Serialize>(
        &self,
        value: &T,
        now: SystemTime,
        time: Duration,
    ) -> Option<Vec<HeaderValue>> {
        let text = serde_json::to_vec(&Sealed(seconds(now + time), value)).ok()?;
        let sealed = URL_SAFE_NO_PAD.encode(self.keys.seal(&self.purpose, text));
        let pieces: Vec<_> = sealed.as_bytes().chunks(PIECE).collect();
        if pieces.len() > PIECES {
            return None;
        }
        let count = pieces.len();
        let kept = pieces.into_iter().enumerate().map(|(at, piece)| {
            // It is base64.
            let piece = String::from_utf8_lossy(piece);
            let value = if at == 0 {
                format!("{count}.{piece}")
            } else {
                piece.into_owned()
            };
            self.cookie(at, value, time)
        });
        let kept: Vec<_> = kept.collect();
        Some(kept.into_iter().chain(self.forget_from(count)).collect())
    }

    /// The headers that make a browser forget it.
    pub(super) fn forget(&self) -> Vec<HeaderValue> {
        self.forget_from(0).collect()
    }

    fn forget_from(&self, first: usize) -> impl Iterator<Item = HeaderValue> {
        (first..PIECES).map(|at| self.cookie(at, String::new(), Duration::ZERO))
    }

    fn cookie(&self, at: usize, value: String, time: Duration) -> HeaderValue {
        let time = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let cookie = Cookie::build((self.piece(at), value))
            .path("/")
            .http_only(true)
            .secure(self.is_secure)
            .same_site(self.same_site)
            .max_age(cookie::time::Duration::seconds(time));
        let cookie = cookie.to_string().try_into();
        cookie.expect("name and value are base64")
    }

    fn piece(&self, at: usize) -> String {
        match at {
            0 => self.name.clone(),
            _ => format!("{}.{at}", self.name),
        }
    }

    /// What a request brings, and until when it is good; [`None`] if that is nothing of ours, or too old.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Option<(T, SystemTime)> {
        let sent = |at: usize| {
            let name = self.piece(at);
            let texts = headers.get_all(COOKIE).iter();
            texts
                .filter_map(|text| text.to_str().ok())
                .flat_map(Cookie::split_parse)
                .filter_map(Result::ok)
                .find(|cookie| cookie.name() == name)
                .map(|cookie| cookie.value().to_owned())
        };
        let first = sent(0)?;
        let (count, piece) = first.split_once('.')?;
        let count = count
            .parse::<usize>()
            .ok()
            .filter(|count| *count <= PIECES)?;
        let mut sealed = piece.to_owned();
        for at in 1..count {
            sealed.push_str(&sent(at)?);
        }
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let text = self.keys.open(&self.purpose, &sealed)?;
        let Sealed(until, value) = serde_json::from_slice(&text).ok()?;
        (seconds(now) < until).then_some((value, UNIX_EPOCH + Duration::from_secs(until)))
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn cookies(url: &str, base: &str, scope: &[u8], keys: &Arc<TicketKeys>) -> Cookies {
        let (url, base) = (url.parse().unwrap(), base.parse().unwrap());
        let keys = (Arc::clone(keys), scope);
        Cookies::new("user", keys, (&url, &base), SameSite::Strict)
    }

    /// What a browser sends that was told these.
    fn sent(kept: &[HeaderValue]) -> HeaderMap {
        let pairs = kept.iter().filter_map(|cookie| {
            let cookie = Cookie::parse(cookie.to_str().unwrap()).unwrap();
            let pair = format!("{}={}", cookie.name(), cookie.value());
            (!cookie.value().is_empty()).then_some(pair)
        });
        let pairs: Vec<_> = pairs.collect();
        let mut headers = HeaderMap::new();
        headers.insert(
            COOKIE,
            format!("a=b; {}", pairs.join("; ")).parse().unwrap(),
        );
        headers
    }

    #[test]
    fn what_is_kept_is_read_by_these_keys_in_this_scope_and_time_alone() {
        let keys = Arc::new(TicketKeys::random());
        let now = SystemTime::now();
        let ours = cookies("https://a.b", "/", b"scope", &keys);
        for length in [0, 1, 2_000, 4_000, 12_000] {
            let value = "x".repeat(length);
            let kept = ours.keep(&value, now, HOUR).unwrap();
            let headers = sent(&kept);
            let (read, until) = ours.read::<String>(&headers, now).unwrap();
            assert_eq!(read, value);
            assert!(until > now + HOUR - Duration::from_secs(2), "{until:?}");
            assert!(ours.read::<String>(&headers, now + HOUR).is_none());
            let other_keys = Arc::new(TicketKeys::random());
            for foreign in [
                cookies("https://a.b", "/", b"other", &keys),
                cookies("https://a.b", "/", b"scope", &other_keys),
                cookies("https://a.b", "/tools", b"scope", &keys),
            ] {
                assert!(foreign.read::<String>(&headers, now).is_none());
            }
            let longest = kept.iter().map(HeaderValue::len).max();
            assert!(longest < Some(4_096), "{longest:?}");
        }
        assert!(ours.keep(&"x".repeat(30_000), now, HOUR).is_none());
    }

    #[test]
    fn a_cookie_is_for_this_host_and_no_script() {
        let keys = Arc::new(TicketKeys::random());
        let now = SystemTime::now();
        let ours = cookies("https://a.b", "/", b"", &keys);
        let kept = ours.keep(&1, now, HOUR).unwrap();
        let first = kept[0].to_str().unwrap();
        assert!(first.starts_with("__Host-podshell-user-"), "{first}");
        for word in [
            "HttpOnly",
            "Secure",
            "SameSite=Strict",
            "Path=/",
            "Max-Age=3600",
        ] {
            assert!(first.contains(word), "{first}");
        }
        assert!(!first.contains("Domain"), "{first}");
        let local = cookies("http://127.0.0.1:80", "/", b"", &keys);
        let kept = local.keep(&1, now, HOUR).unwrap();
        assert!(!kept[0].to_str().unwrap().contains("Secure"));
        for forgotten in ours.forget() {
            assert!(forgotten.to_str().unwrap().contains("Max-Age=0"));
        }
    }

    #[test]
    fn what_was_changed_on_its_way_is_nothing() {
        let keys = Arc::new(TicketKeys::random());
        let now = SystemTime::now();
        let ours = cookies("https://a.b", "/", b"", &keys);
        let kept = ours.keep(&"y".repeat(5_000), now, HOUR).unwrap();
        let whole = sent(&kept);
        let text = whole[COOKIE].to_str().unwrap().to_owned();
        for (from, to) in [
            ("2.", "1."),
            ("2.", "3."),
            ("2.", "9."),
            ("2.", "x."),
            ("; __Host", "; _Host"),
        ] {
            let changed = text.replacen(from, to, 1);
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, changed.parse().unwrap());
            assert!(ours.read::<String>(&headers, now).is_none(), "{from} {to}");
        }
    }
}
