//! Terminal bytes into text, by the browser's own decoder. A character may come in parts.
//!
//! xterm.js takes bytes too, but loses characters that are cut between two writes, and shows nothing for bytes that are
//! no text.

use js_sys::{JsString, Object, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::xterm::bindings::object;

#[wasm_bindgen]
extern "C" {
    /// What `web_sys` has gives the text as a Rust string: it would go to and fro.
    type TextDecoder;

    #[wasm_bindgen(constructor)]
    fn new(label: &str, options: &Object) -> TextDecoder;

    #[wasm_bindgen(method)]
    fn decode(this: &TextDecoder, bytes: &Uint8Array, options: &Object) -> JsString;

    /// Ends the stream: gives U+FFFD if a character is not complete. The next call begins another.
    #[wasm_bindgen(method, js_name = decode)]
    fn end(this: &TextDecoder) -> JsString;
}

/// Makes one stream of bytes into text, whatever pieces it comes in.
pub(crate) struct Decoder {
    decoder: TextDecoder,
    /// That more follows.
    stream: Object,
}

impl Decoder {
    pub(crate) fn new() -> Self {
        // A byte order mark is the terminal's to judge.
        let options = object(&[("ignoreBOM", true.into())]);
        Self {
            decoder: TextDecoder::new("utf-8", &options),
            stream: object(&[("stream", true.into())]),
        }
    }

    /// The text of all that is complete. What is not UTF-8 is U+FFFD.
    pub(crate) fn push(&self, bytes: &Uint8Array) -> JsString {
        self.decoder.decode(bytes, &self.stream)
    }

    /// What stands for a character that is not complete, if there is one: its rest never comes.
    pub(crate) fn finish(&self) -> String {
        self.decoder.end().into()
    }
}
