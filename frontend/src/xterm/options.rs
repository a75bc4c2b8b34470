//! The options that a terminal is opened with.

use js_sys::Object;

use crate::xterm::{bindings::object, theme};

/// Lines kept above the screen.
pub(crate) const SCROLLBACK: u32 = 5000;

/// The options of a new terminal.
pub(crate) fn options() -> Object {
    let mut options = theme::options();
    options.extend([
        ("scrollback", SCROLLBACK.into()),
        ("fontSize", 14.into()),
        // A picture of one cell stays in it; WebGL alone can do that.
        ("rescaleOverlappingGlyphs", true.into()),
        // Option types the characters of the keyboard's layout, as in the system's terminal.
        ("macOptionIsMeta", false.into()),
        ("macOptionClickForcesSelection", true.into()),
        // Of output that is no terminal's it says so, line by line.
        ("logLevel", "off".into()),
        // `unicode` is one.
        ("allowProposedApi", true.into()),
    ]);
    object(&options)
}
