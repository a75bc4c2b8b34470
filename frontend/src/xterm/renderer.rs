//! How a terminal is drawn: by the DOM at first, by WebGL once that is loaded and seen to paint.

use wasm_bindgen::prelude::*;

use crate::xterm::bindings::Xterm;

#[wasm_bindgen(module = "/src/xterm/renderer.js")]
extern "C" {
    /// Has a terminal drawn by WebGL from some time after its first output, where that is the better way.
    #[wasm_bindgen(js_name = drawByWebgl)]
    pub(crate) fn draw_by_webgl(terminal: &Xterm);
}
