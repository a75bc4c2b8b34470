//! What a page leaves in its tab when it goes away, for the page that is loaded in its place.
//!
//! It is there only between the two, so that a tab which is duplicated meanwhile gets nothing.

use podshell_client::ResumePoint;
use serde::{Deserialize, Serialize};

use podshell_shared::target::TargetRequest;

use crate::{browser::storage, routing::route::Route, xterm::screen_snapshot::ScreenSnapshot};

/// Where it lies, with the address behind it.
const STORAGE_KEY: &str = "podshell.left:";

/// A terminal that was left.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedSession {
    /// Where its session goes on.
    pub(crate) resume_point: ResumePoint,
    /// What it showed.
    pub(crate) snapshot: ScreenSnapshot,
}

/// Leaves a terminal behind. Gives false where the browser has no room for it: without it, the next page begins a new
/// shell.
pub(crate) fn save(target: &TargetRequest, session: &SavedSession) -> bool {
    let text = serde_json::to_string(session).expect("strings and numbers are always JSON");
    storage::tab().is_some_and(|storage| storage.set_item(&key(target), &text).is_ok())
}

/// Takes what was left behind for this address, if anything.
pub(crate) fn take(target: &TargetRequest) -> Option<SavedSession> {
    let storage = storage::tab()?;
    let key = key(target);
    let text = storage.get_item(&key).ok().flatten()?;
    storage.remove_item(&key).ok()?;
    // Another version of the page may have written it.
    serde_json::from_str(&text).ok()
}

/// For which addresses something was left behind, in the order of these, for browsers have none.
pub(crate) fn saved_targets() -> Vec<TargetRequest> {
    let Some(storage) = storage::tab() else {
        return Vec::new();
    };
    let keys = (0..storage.length().unwrap_or_default()).filter_map(|at| storage.key(at).ok()?);
    let mut keys: Vec<_> = keys.collect();
    keys.sort();
    let target = |key: &String| {
        let href = key.strip_prefix(STORAGE_KEY)?;
        let (path, query) = href.split_once('?').unwrap_or((href, ""));
        match Route::parse(path, query) {
            Route::Terminal(target) => Some(target),
            Route::Pods(_) | Route::Pod(_) | Route::Embedded(_) | Route::Unknown => None,
        }
    };
    keys.iter().filter_map(target).collect()
}

fn key(target: &TargetRequest) -> String {
    format!("{STORAGE_KEY}{}", target.page())
}
