//! How many answers the page may keep open: over HTTP/1.1 a browser has six connections for all of a server's pages, and what
//! takes them all leaves none for anything else.

use std::cell::Cell;

use js_sys::Reflect;
use leptos::prelude::window;

/// So many are kept open over HTTP/1.1. The terminals have one where there is no WebSocket, and a call needs another.
const MOST: u32 = 3;

thread_local! {
    /// How many are open.
    static OPEN: Cell<u32> = const { Cell::new(0) };
}

/// The right to keep an answer open, until it is dropped.
pub(crate) struct StreamSlot(());

impl StreamSlot {
    /// One, if there are any left.
    pub(crate) fn take() -> Option<Self> {
        let open = OPEN.get();
        if open >= MOST && !shares_a_connection() {
            return None;
        }
        OPEN.set(open + 1);
        Some(Self(()))
    }
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        OPEN.set(OPEN.get() - 1);
    }
}

/// Whether all requests share a connection, as in HTTP/2: as the page itself has come.
fn shares_a_connection() -> bool {
    let entries = window()
        .performance()
        .map(|performance| performance.get_entries_by_type("navigation"));
    let entry = entries.map(|entries| entries.get(0)).unwrap_or_default();
    let protocol = Reflect::get(&entry, &"nextHopProtocol".into()).unwrap_or_default();
    let protocol = protocol.as_string().unwrap_or_default();
    protocol.starts_with("h2") || protocol.starts_with("h3")
}
