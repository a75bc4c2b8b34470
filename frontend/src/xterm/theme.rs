//! The terminal's colours, light and dark, and which of the two the system asks for.

use js_sys::Object;
use leptos::prelude::window;
use wasm_bindgen::prelude::*;
use web_sys::MediaQueryList;

use crate::{browser::listener::Listener, xterm::bindings::object};

/// Names of xterm.js's theme, with the colours for light and for dark. Background and foreground are
/// `--terminal` and `--terminal-text` in the style sheet.
const COLOURS: [(&str, &str, &str); 24] = [
    ("background", "#fcfcfd", "#10141b"),
    ("foreground", "#1d2430", "#d9dfe8"),
    ("cursor", "#1f5fd0", "#7fb0ff"),
    ("cursorAccent", "#fcfcfd", "#10141b"),
    ("selectionBackground", "#b6d0f8", "#2c4a78"),
    ("selectionInactiveBackground", "#d5dce6", "#2a3340"),
    ("scrollbarSliderBackground", "#1d243033", "#d9dfe833"),
    ("scrollbarSliderHoverBackground", "#1d243055", "#d9dfe855"),
    ("black", "#1d2430", "#2b3442"),
    ("red", "#b3261e", "#f47c7c"),
    ("green", "#1b6e3c", "#7fcf8f"),
    ("yellow", "#8a5a00", "#e6c06a"),
    ("blue", "#1f5fd0", "#7fb0ff"),
    ("magenta", "#8a3ab9", "#d19cf0"),
    ("cyan", "#0c6f80", "#6fcfdc"),
    ("white", "#5b6675", "#cdd5e0"),
    ("brightBlack", "#5b6675", "#7d8a9c"),
    ("brightRed", "#d03a30", "#ff9b9b"),
    ("brightGreen", "#23874b", "#9fe3ac"),
    ("brightYellow", "#a06b00", "#f5d68b"),
    ("brightBlue", "#3a78e6", "#a6c8ff"),
    ("brightMagenta", "#a355d1", "#e3bbfa"),
    ("brightCyan", "#15889c", "#95e3ec"),
    ("brightWhite", "#3c4653", "#f5f7fa"),
];

/// Calls back when the system changes between light and dark, for as long as the listener
/// lives; [`None`] in a browser that has no such setting.
pub(crate) fn watch(mut on_change: impl FnMut() + 'static) -> Option<Listener> {
    let query = dark_query()?;
    Some(Listener::new(&query, "change", move |_| on_change()))
}

/// The theme that fits the system's present setting.
pub(crate) fn current() -> Object {
    let dark = dark_query().is_some_and(|query| query.matches());
    object(&COLOURS.map(|(name, on_light, on_dark)| {
        (name, JsValue::from(if dark { on_dark } else { on_light }))
    }))
}

fn dark_query() -> Option<MediaQueryList> {
    let query = "(prefers-color-scheme: dark)";
    window().match_media(query).ok().flatten()
}
