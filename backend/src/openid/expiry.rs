//! When a JSON web token expires.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

/// When a token expires, if it says so (RFC 7519, section 4.1.4). Whether that is true, who takes it finds out.
pub(crate) fn expires(token: &str) -> Option<SystemTime> {
    #[derive(Deserialize)]
    struct Claims {
        exp: f64,
    }
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(claims.exp).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_a_token_expires() {
        let token = |claims: &str| format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims));
        let at = |seconds| Some(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(expires(&token(r#"{"exp":1700000000}"#)), at(1_700_000_000));
        assert_eq!(expires(&token(r#"{"exp":17e8}"#)), at(1_700_000_000));
        for odd in [
            "{}",
            "",
            r#"{"exp":"soon"}"#,
            r#"{"exp":-1}"#,
            r#"{"exp":1e300}"#,
        ] {
            assert_eq!(expires(&token(odd)), None, "{odd}");
        }
        assert_eq!(expires("opaque"), None);
    }
}
