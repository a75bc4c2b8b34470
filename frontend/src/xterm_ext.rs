//! What xterm.js 6 has and the binding crate, written for xterm.js 4, does not know.

use js_sys::{Function, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use xterm_js_rs::{Terminal, TerminalOptions};

#[wasm_bindgen]
extern "C" {
    /// A [`Terminal`] with the methods of xterm.js 6.
    #[wasm_bindgen(extends = Terminal)]
    pub(crate) type Terminal6;

    /// Takes UTF-8 bytes; `rendered` is called when they have been parsed.
    #[wasm_bindgen(method, js_name = write)]
    pub(crate) fn write_bytes(this: &Terminal6, bytes: &Uint8Array, rendered: &Function);

    /// The live options: setting a property changes the terminal.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn options(this: &Terminal6) -> Object;

    /// The tables of how many cells a character takes; `activeVersion` is the one in use.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn unicode(this: &Terminal6) -> Object;
}

/// Makes a terminal from options of any version.
pub(crate) fn terminal(options: &Object) -> Terminal6 {
    Terminal::construct(Some(options.unchecked_ref::<TerminalOptions>())).unchecked_into()
}

/// Makes a JavaScript object.
pub(crate) fn object(properties: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in properties {
        set(&object, name, value);
    }
    object
}

/// Sets a property of a JavaScript object.
pub(crate) fn set(object: &Object, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).expect("the object takes properties");
}
