//! The key that the server wants with each request; the browser keeps it for this origin.
//!
//! An origin has a port, where a cookie has none: what other servers on the same machine serve never sees the key.

use std::cell::RefCell;

use leptos::prelude::window;
use wasm_bindgen::JsCast as _;
use web_sys::{Storage, StorageEvent};

use crate::{
    browser::{dom, listener::Listener, storage},
    error::Failure,
};

/// Where the key is kept, behind which stands the base path: another server may be below another one.
const KEPT: &str = "podshell.key:";

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

#[derive(Default)]
struct State {
    /// The key, where the browser keeps nothing.
    key: Option<String>,
    /// A token that the page around this one has handed over. It is kept nowhere else.
    handed: Option<String>,
    /// Why the link did not sign in.
    refused: Option<Failure>,
    /// Whether the server did not take the key.
    is_signed_out: bool,
    /// For as long as the page lives.
    listener: Option<Listener>,
}

/// The key to send with a request: another tab may have got a new one. [`None`] where cookies or a proxy tell who calls.
pub(crate) fn key() -> Option<String> {
    let handed = STATE.with_borrow(|state| state.handed.clone());
    handed
        .or_else(kept)
        .or_else(|| STATE.with_borrow(|state| state.key.clone()))
}

/// Takes a token from the page around this one, to be the key for as long as this page lives.
pub(crate) fn hand_over(token: String) {
    STATE.with_borrow_mut(|state| state.handed = Some(token));
}

/// Whether the key was handed over: then nothing but it tells who calls.
pub(crate) fn is_handed_over() -> bool {
    STATE.with_borrow(|state| state.handed.is_some())
}

/// Forgets a key that this server has no use for.
pub(crate) fn forget() {
    if kept().is_some()
        && let Some(storage) = storage::local()
    {
        // What the browser does not let go of is refused again.
        storage.remove_item(&kept_at()).ok();
    }
    STATE.with_borrow_mut(|state| state.key = None);
}

/// Keeps a key that the server has given.
pub(crate) fn keep(key: String) {
    let keep = |storage: Storage| storage.set_item(&kept_at(), &key).ok();
    if storage::local().and_then(keep).is_none() {
        STATE.with_borrow_mut(|state| state.key = Some(key));
    }
}

/// Says why there is no key: the user is told that, once the server refuses.
pub(crate) fn explain_refusal(failure: Failure) {
    STATE.with_borrow_mut(|state| state.refused = Some(failure));
}

/// The server did not take the key. What to tell the user, if it is more than that.
pub(crate) fn refused() -> Option<Failure> {
    STATE.with_borrow_mut(|state| {
        state.is_signed_out = true;
        state.refused.clone()
    })
}

/// Loads the page anew when another tab gets a key after this one was refused: it is good for this one, too.
pub(crate) fn follow_other_tabs() {
    let listener = Listener::new(&window(), "storage", |event| signed_in_elsewhere(&event));
    STATE.with_borrow_mut(|state| state.listener = Some(listener));
}

fn signed_in_elsewhere(event: &web_sys::Event) {
    let event: &StorageEvent = event.unchecked_ref();
    let is_key = event.key().is_some_and(|key| key == kept_at());
    if is_key && event.new_value().is_some() && STATE.with_borrow(|state| state.is_signed_out) {
        dom::reload();
    }
}

fn kept() -> Option<String> {
    storage::local()?.get_item(&kept_at()).ok().flatten()
}

fn kept_at() -> String {
    format!("{KEPT}{}", dom::base_path())
}
