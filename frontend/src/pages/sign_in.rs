//! Signing in: the token behind `#` in the printed link becomes a key, which the browser keeps for this origin.
//!
//! An origin has a port, where a cookie has none: what other servers on the same machine serve never sees the key.

use std::cell::RefCell;

use leptos::prelude::window;
use podshell_shared::api::{SignIn, SignedIn};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Storage, StorageEvent, Url};

use crate::{
    browser::{dom, listener::Listener, storage},
    error::Failure,
    net::api,
};

/// What stands in front of the token behind the address.
const TOKEN: &str = "#token=";
/// Where the key is kept, behind which stands the base path: another server may be below another one.
const KEPT: &str = "podshell.key:";

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

#[derive(Default)]
struct State {
    /// The key, where the browser keeps nothing.
    key: Option<String>,
    /// Why the link did not sign in.
    refused: Option<Failure>,
    /// Whether the server did not take the key.
    is_signed_out: bool,
    /// For as long as the page lives.
    listeners: Vec<Listener>,
}

/// Takes the token out of the address, if there is one, and exchanges it. To be done before the server is asked anything
/// else.
pub(crate) async fn begin() {
    let listeners = vec![
        Listener::new(&window(), "storage", |event| signed_in_elsewhere(&event)),
        // a link that is opened where the page stands already
        Listener::new(&window(), "hashchange", |_| {
            if token_in(&hash()).is_some() {
                reload();
            }
        }),
    ];
    STATE.with_borrow_mut(|state| state.listeners = listeners);
    let hash = hash();
    let Some(token) = token_in(&hash) else { return };
    // neither history nor bookmarks are to have it
    forget_hash();
    // a link that is opened twice in the same browser is no reason to sign everyone out
    if key().is_some() && api::is_signed_in().await {
        return;
    }
    let token = token.to_owned();
    match api::sign_in(&SignIn { token }).await {
        Ok(SignedIn { credential }) => {
            let keep = |storage: Storage| storage.set_item(&kept_at(), &credential).ok();
            if storage::local().and_then(keep).is_none() {
                STATE.with_borrow_mut(|state| state.key = Some(credential));
            }
        }
        Err(failure) => STATE.with_borrow_mut(|state| state.refused = Some(failure)),
    }
}

/// The key to send with a request: another tab may have got a new one.
pub(crate) fn key() -> Option<String> {
    kept().or_else(|| STATE.with_borrow(|state| state.key.clone()))
}

/// The server did not take the key. What to tell the user, if it is more than that.
pub(crate) fn refused() -> Option<Failure> {
    STATE.with_borrow_mut(|state| {
        state.is_signed_out = true;
        state.refused.clone()
    })
}

/// Another tab has got a key, which is good for this one, too.
fn signed_in_elsewhere(event: &web_sys::Event) {
    let event: &StorageEvent = event.unchecked_ref();
    let is_key = event.key().is_some_and(|key| key == kept_at());
    if is_key && event.new_value().is_some() && STATE.with_borrow(|state| state.is_signed_out) {
        reload();
    }
}

fn reload() {
    // a browser that refuses leaves the page as it is, which says what to do
    window().location().reload().ok();
}

fn kept() -> Option<String> {
    storage::local()?.get_item(&kept_at()).ok().flatten()
}

fn kept_at() -> String {
    let base = Url::new(&dom::base()).map_or_else(|_| "/".to_owned(), |base| base.pathname());
    format!("{KEPT}{base}")
}

fn hash() -> String {
    window().location().hash().unwrap_or_default()
}

fn forget_hash() {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let query = location.search().unwrap_or_default();
    if let Ok(history) = window().history() {
        let here = format!("{path}{query}");
        history
            .replace_state_with_url(&JsValue::NULL, "", Some(&here))
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
