//! The options that a terminal is opened with.

use js_sys::Object;

use crate::xterm::{bindings::object, theme};

/// Lines kept above the screen.
pub(crate) const SCROLLBACK: u32 = 5000;
/// What the systems have, the CJK ones last because their Latin letters are the poorer ones.
const FONTS: &str = "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, \
    'DejaVu Sans Mono', 'Liberation Mono', 'Noto Sans Mono CJK SC', monospace";

/// The options of a new terminal.
pub(crate) fn options() -> Object {
    object(&[
        ("scrollback", SCROLLBACK.into()),
        ("fontFamily", FONTS.into()),
        ("fontSize", 14.into()),
        ("minimumContrastRatio", 4.5.into()),
        // A picture of one cell stays in it; WebGL alone can do that.
        ("rescaleOverlappingGlyphs", true.into()),
        // Option types the characters of the keyboard's layout, as in the system's terminal.
        ("macOptionIsMeta", false.into()),
        ("macOptionClickForcesSelection", true.into()),
        ("theme", theme::current().into()),
        // Of output that is no terminal's it says so, line by line.
        ("logLevel", "off".into()),
        // `unicode` is one.
        ("allowProposedApi", true.into()),
    ])
}
