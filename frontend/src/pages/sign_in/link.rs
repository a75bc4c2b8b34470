//! Signing in by a printed link: the token behind its `#` is exchanged for a key.

use leptos::prelude::window;
use podshell_shared::api::{SignIn, SignedIn};
use wasm_bindgen::JsValue;

use crate::{
    browser::{dom, listener::Listener},
    net::{api, credential},
};

/// What stands in front of the token behind the address.
const TOKEN: &str = "#token=";

/// Takes the token out of the address, if there is one, and exchanges it. To be done before the server is asked anything
/// else.
pub(crate) async fn begin() {
    credential::follow_other_tabs();
    // A link that is opened where the page stands already.
    let opened = Listener::new(&window(), "hashchange", |_| {
        if token_in(&hash()).is_some() {
            dom::reload();
        }
    });
    // As long as the page.
    std::mem::forget(opened);
    let hash = hash();
    let Some(token) = token_in(&hash) else { return };
    // Neither history nor bookmarks are to have it.
    forget_hash();
    // A link that is opened twice in the same browser is no reason to sign everyone out.
    if credential::key().is_some() && api::is_signed_in().await {
        return;
    }
    let token = token.to_owned();
    match api::sign_in(&SignIn { token }).await {
        Ok(SignedIn { credential }) => {
            if let Some(key) = credential {
                credential::keep(key);
            }
        }
        Err(failure) => credential::explain_refusal(failure),
    }
}

fn hash() -> String {
    window().location().hash().unwrap_or_default()
}

fn forget_hash() {
    if let Ok(history) = window().history() {
        history
            .replace_state_with_url(&JsValue::NULL, "", Some(&dom::here()))
            .ok();
    }
}

/// The token in what stands behind an address.
fn token_in(hash: &str) -> Option<&str> {
    hash.strip_prefix(TOKEN).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::token_in;

    #[test]
    fn the_token_stands_behind_the_address() {
        assert_eq!(token_in("#token=a-_b"), Some("a-_b"));
        for none in ["", "#", "#token=", "#x", "token=a", "#x&token=a"] {
            assert_eq!(token_in(none), None, "{none}");
        }
    }
}
