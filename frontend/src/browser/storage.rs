//! What the browser keeps: for as long as a tab is open, or for good.

use leptos::prelude::window;
use web_sys::Storage;

/// What is kept for as long as the tab is open; [`None`] in a browser that keeps nothing.
pub(crate) fn tab() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

/// What is kept for good; [`None`] in a browser that keeps nothing.
pub(crate) fn local() -> Option<Storage> {
    window().local_storage().ok().flatten()
}
