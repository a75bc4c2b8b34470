//! What a pasted token tells before anyone is asked: where it begins and ends, and how long it was good.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

/// The part of a token's claims that people are told of (RFC 7519, section 4.1).
#[derive(Deserialize)]
struct Claims {
    exp: f64,
}

/// The token in what was pasted: terminals break long lines, and people copy what stands before it.
pub(super) fn cleaned(pasted: &str) -> String {
    let words = pasted.split_whitespace();
    let words = words.skip_while(|word| {
        let word = word.to_ascii_lowercase();
        matches!(
            word.trim_end_matches(':'),
            "authorization" | "bearer" | "token"
        )
    });
    let token: String = words.collect();
    token.trim_matches(['"', '\'']).to_owned()
}

/// When a token ends, in ms since 1970, if it says so: a signed one does, others are the cluster's secret.
pub(super) fn end(token: &str) -> Option<f64> {
    let claims = token.split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let Claims { exp } = serde_json::from_slice(&claims).ok()?;
    Some(exp * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_in_what_was_pasted() {
        for pasted in [
            "eyJh.eyJl.c2ln",
            "  eyJh.eyJl.c2ln\n",
            "Bearer eyJh.eyJl.c2ln",
            "Authorization: Bearer eyJh.eyJl.c2ln",
            "token: \"eyJh.eyJl.c2ln\"",
            "eyJh.ey\n Jl.c2\r\nln",
        ] {
            assert_eq!(cleaned(pasted), "eyJh.eyJl.c2ln", "{pasted}");
        }
        assert_eq!(cleaned(" \n"), "");
    }

    #[test]
    fn a_signed_token_says_when_it_ends() {
        let signed = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        assert_eq!(
            end(&signed(r#"{"exp":1764137577,"sub":"ann"}"#)),
            Some(1_764_137_577_000.0)
        );
        for silent in ["", "secret", "a.b.c", &signed("{}"), &signed("[]")] {
            assert_eq!(end(silent), None, "{silent}");
        }
    }
}
