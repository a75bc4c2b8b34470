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

/// What is kept by a name, and is kept no more from here on.
pub(crate) fn take(storage: Option<Storage>, name: &str) -> Option<String> {
    let storage = storage?;
    let text = storage.get_item(name).ok().flatten()?;
    storage.remove_item(name).ok()?;
    Some(text)
}

/// Keeps nothing any more whose name begins so.
pub(crate) fn forget(storage: Option<Storage>, prefix: &str) {
    let Some(storage) = storage else { return };
    let count = storage.length().unwrap_or_default();
    let names = (0..count).filter_map(|at| storage.key(at).ok()?);
    // Each that is removed is counted no more.
    let names: Vec<_> = names.filter(|name| name.starts_with(prefix)).collect();
    for name in names {
        // A browser that keeps it keeps it.
        storage.remove_item(&name).ok();
    }
}
