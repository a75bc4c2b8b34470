//! The options that a terminal is opened with, and those that the user can change while it is open.

use js_sys::Object;
use wasm_bindgen::JsValue;

use crate::{
    settings::{Choice as _, Looks},
    xterm::{bindings::object, theme},
};

/// The options of a new terminal.
pub(crate) fn options(looks: &Looks) -> Object {
    let mut options = theme::options();
    options.extend(of_looks(looks));
    options.extend([
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

/// Those that follow from what the user has set.
pub(crate) fn of_looks(looks: &Looks) -> Vec<(&'static str, JsValue)> {
    let mut options = vec![
        ("scrollback", looks.scrollback.into()),
        ("fontSize", looks.font_size.into()),
        ("cursorStyle", looks.cursor.name().into()),
        ("cursorBlink", looks.cursor_blinks.into()),
        ("screenReaderMode", looks.screen_reader.into()),
    ];
    let fonts = theme::fonts();
    let fonts = match (&*looks.font, fonts) {
        ("", fonts) => fonts,
        (font, fonts) => Some(format!("\"{font}\", {}", fonts.unwrap_or_default())),
    };
    if let Some(fonts) = fonts {
        options.push(("fontFamily", fonts.trim_end_matches(", ").into()));
    }
    options
}
