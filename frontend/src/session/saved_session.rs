//! What a page leaves in its tab when it goes away, for the page that is loaded in its place.
//!
//! It is there only between the two, so that a tab which is duplicated meanwhile gets nothing.

use podshell_client::ResumePoint;
use serde::{Deserialize, Serialize};

use podshell_shared::target::TargetRequest;

use crate::{browser::storage, xterm::screen_snapshot::ScreenSnapshot};

/// What stands before the name of what was left.
const PREFIX: &str = "podshell.left:";
/// What stands before the address of a frame in it.
const FRAME: &str = "frame:";
/// What stands before the number of a pane in it.
const PANE: &str = "pane:";

/// The name by which a terminal is left and found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SavedName(String);

impl SavedName {
    /// Of a pane of the workspace, by its number.
    pub(crate) fn of_pane(number: u32) -> Self {
        Self(format!("{PREFIX}{PANE}{number}"))
    }

    /// Whether it is that of a frame.
    pub(crate) fn is_of_frame(&self) -> bool {
        self.0
            .strip_prefix(PREFIX)
            .is_some_and(|name| name.starts_with(FRAME))
    }

    /// Of a frame of another page, by what it shows: all frames of a tab keep what they leave in one place.
    pub(crate) fn of_frame(target: &TargetRequest) -> Self {
        Self(format!("{PREFIX}{FRAME}{}", target.page()))
    }
}

/// A terminal that was left.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedSession {
    /// Where its session goes on.
    pub(crate) resume_point: ResumePoint,
    /// What it showed.
    pub(crate) snapshot: ScreenSnapshot,
}

/// Leaves a terminal behind, in so many bytes. Gives false where it takes more, or the browser has no room for it: without it,
/// the next page begins a new shell.
pub(crate) fn save(name: &SavedName, session: &SavedSession, room: usize) -> bool {
    let text = serde_json::to_string(session).expect("strings and numbers are always JSON");
    text.len() <= room
        && storage::tab().is_some_and(|storage| storage.set_item(&name.0, &text).is_ok())
}

/// Takes what was left behind by this name, if anything.
pub(crate) fn take(name: &SavedName) -> Option<SavedSession> {
    let text = storage::take(storage::tab(), &name.0)?;
    // Another version of the page may have written it.
    serde_json::from_str(&text).ok()
}

/// Forgets what was left of panes: those that go on have taken it.
pub(crate) fn forget_panes() {
    storage::forget(storage::tab(), &format!("{PREFIX}{PANE}"));
}
