//! What the browser keeps of a sign-in by cookies, which no script can see: whether there is one. All tabs hear of it.

use leptos::prelude::window;
use wasm_bindgen::JsCast as _;
use web_sys::StorageEvent;

use crate::browser::{dom, listener::Listener, storage};

/// Where it is kept, behind which stands the base path: another server may be below another one.
const KEPT: &str = "podshell.sign-in:";
/// What is kept begins so where somebody is signed in, as far as is known.
const IN: &str = "in";
/// And so where they have signed out.
const OUT: &str = "out";

/// What another tab tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// Somebody has signed in there, perhaps as somebody else.
    SignedIn,
    /// The user has signed out.
    SignedOut,
}

/// Whether the browser has cookies that sign it in, or a proxy does so, as far as is known.
pub(crate) fn is_signed_in() -> bool {
    kept().is_some_and(|mark| told(&mark) == Some(Elsewhere::SignedIn))
}

/// Somebody has signed in just now.
pub(crate) fn signed_in() {
    keep(IN);
}

/// Somebody was signed in already, which is no news to other tabs.
pub(crate) fn seen() {
    if !is_signed_in() {
        keep(IN);
    }
}

/// The user has signed out.
pub(crate) fn signed_out() {
    keep(OUT);
}

/// The server takes what the browser has no more. Other tabs find out by themselves.
pub(crate) fn expired() {
    if is_signed_in()
        && let Some(storage) = storage::local()
    {
        // It is only a guess that would cost one refused connection.
        storage.remove_item(&kept_at()).ok();
    }
}

/// Calls back when another tab tells something, until it is dropped.
pub(crate) fn follow_other_tabs(tell: impl Fn(Elsewhere) + 'static) -> Listener {
    Listener::new(&window(), "storage", move |event| {
        let event: &StorageEvent = event.unchecked_ref();
        let is_mark = event.key().is_some_and(|key| key == kept_at());
        let mark = event.new_value().filter(|_| is_mark);
        if let Some(news) = mark.and_then(|mark| told(&mark)) {
            tell(news);
        }
    })
}

fn told(mark: &str) -> Option<Elsewhere> {
    match mark.split(' ').next() {
        Some(IN) => Some(Elsewhere::SignedIn),
        Some(OUT) => Some(Elsewhere::SignedOut),
        _ => None,
    }
}

fn keep(word: &str) {
    if let Some(storage) = storage::local() {
        // Other tabs hear only of what changes. A browser that keeps nothing tells them nothing.
        let mark = format!("{word} {}", js_sys::Date::now());
        storage.set_item(&kept_at(), &mark).ok();
    }
}

fn kept() -> Option<String> {
    storage::local()?.get_item(&kept_at()).ok().flatten()
}

fn kept_at() -> String {
    format!("{KEPT}{}", dom::base_path())
}

#[cfg(test)]
mod tests {
    use super::{Elsewhere, told};

    #[test]
    fn a_mark_tells_who_came_and_who_went() {
        assert_eq!(told("in 1764137577000"), Some(Elsewhere::SignedIn));
        assert_eq!(told("out 1764137577000"), Some(Elsewhere::SignedOut));
        for strange in ["", "inside", "yes"] {
            assert_eq!(told(strange), None, "{strange}");
        }
    }
}
