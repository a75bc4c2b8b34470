//! Screen readers at a terminal: what they are told of it, and what xterm.js leaves out while it works with them.

use std::{cell::Cell, rc::Rc};

use js_sys::Object;
use wasm_bindgen::prelude::*;
use web_sys::{Element, InputEvent};

use crate::{
    browser::listener::Listener,
    xterm::bindings::{self, Xterm, set},
};

/// How a terminal is spoken of, in the user's language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels {
    /// What it is called.
    pub(crate) name: String,
    /// What one has to know of it to leave it.
    pub(crate) way_out: String,
    /// What is said in place of output that comes faster than it can be read out.
    pub(crate) too_much: &'static str,
}

#[wasm_bindgen(module = "xterm")]
extern "C" {
    /// The class of all terminals.
    #[wasm_bindgen(js_name = Terminal)]
    type Terminals;

    /// What xterm.js itself says, which is the same for all terminals.
    #[wasm_bindgen(static_method_of = Terminals, js_class = "Terminal", getter)]
    fn strings() -> Object;
}

/// Has xterm.js call it so.
pub(super) fn name(terminal: &Xterm, host: &Element, labels: &Labels) {
    let label = |element: &Element, text: &str| {
        element
            .set_attribute("aria-label", text)
            .expect("the attribute's name is valid");
    };
    let Labels {
        name,
        way_out,
        too_much,
    } = labels;
    label(&terminal.get_textarea(), &format!("{name}. {way_out}"));
    // They are there in screen-reader mode alone.
    let lines = host.query_selector(".xterm-accessibility-tree");
    if let Some(lines) = lines.ok().flatten() {
        label(&lines, name);
    }
    set(&Terminals::strings(), "tooMuchOutput", &(*too_much).into());
}

/// Types what comes by no key, as dictation and pickers of emoji insert it: in screen-reader mode xterm.js takes none of that, for
/// there the browser inserts what keys type as well.
pub(super) fn listen(terminal: &Xterm) -> [Listener; 3] {
    let area = terminal.get_textarea();
    let is_key_down = Rc::new(Cell::new(false));
    let key = |event, is_down| {
        let is_key_down = Rc::clone(&is_key_down);
        Listener::capturing(&area, event, move |_| is_key_down.set(is_down))
    };
    let (down, up) = (key("keydown", true), key("keyup", false));
    let terminal = terminal.clone();
    let inserted = Listener::new(&area, "input", move |event| {
        let event: &InputEvent = event.unchecked_ref();
        let is_alone = event.input_type() == "insertText" && !event.is_composing();
        if is_alone && !is_key_down.get() && bindings::is_for_screen_readers(&terminal) {
            terminal.input(&event.data().unwrap_or_default());
        }
    });
    [down, up, inserted]
}
