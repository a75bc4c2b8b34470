//! What stands in a place of the workspace.

use serde::{Deserialize, Serialize};

/// A terminal; later also a log, files or a recording. The workspace needs to know no more of it.
pub(crate) trait Pane {
    /// What it is called, in the user's language; tracks what that follows from.
    fn title(&self) -> String;

    /// Gives it the keyboard.
    fn focus(&self);

    /// The element that it is in has another size.
    fn resize(&self);

    /// Ends it, and what runs in it.
    fn close(&self);
}

/// Which pane it is, for as long as the browser's tab lives.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub(crate) struct PaneId(pub(crate) u32);
