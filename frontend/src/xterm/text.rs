//! What a terminal has above its screen and on it, as plain text.

use js_sys::JsString;
use wasm_bindgen::prelude::*;

use crate::xterm::bindings::Xterm;

#[wasm_bindgen(module = "/src/xterm/text.js")]
extern "C" {
    /// All of its lines, each whole and with its end, without blanks at their ends; empty where nothing stands. What a
    /// full-screen program hides comes before what it shows. The text stays where the browser has it: it may be long.
    #[wasm_bindgen(js_name = textOf)]
    pub(super) fn text_of(terminal: &Xterm) -> JsString;
}
