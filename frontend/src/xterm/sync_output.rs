//! Synchronized output (DEC mode 2026): a picture that is complete is drawn, also where the next one begins at once.
//!
//! xterm.js draws in animation frames, and nothing while a block is open. Of a program that begins the next block right
//! behind the last one, a frame finds hardly ever a block closed. So where drawing was put off, it is done at the
//! block's end, unless the last picture is too young.

use std::{cell::Cell, rc::Rc};

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::{
    browser::{clock, dom},
    xterm::bindings::{self, Xterm, object},
};

/// So young is a picture, in ms, that no other is drawn: of 60 a second, the next frame would show it.
const YOUNG: f64 = 12.0;
/// The mode's number.
const MODE: f64 = 2026.0;

/// Has pictures drawn that a program puts between the two sequences.
pub(crate) struct SyncOutput {
    _ends: Closure<dyn FnMut(Array) -> bool>,
    _rendered: Closure<dyn FnMut()>,
}

impl SyncOutput {
    /// Watches over a terminal, for as long as that lives.
    pub(crate) fn watch(terminal: &Xterm) -> Self {
        let drawn = Rc::new(Cell::new(0.0));
        let ends = {
            let (drawn, terminal) = (drawn.clone(), terminal.clone());
            Closure::<dyn FnMut(Array) -> bool>::new(move |modes: Array| {
                if modes.iter().any(|mode| mode.as_f64() == Some(MODE))
                    && clock::now() - drawn.get() >= YOUNG
                    && dom::is_visible()
                {
                    bindings::draw_put_off(&terminal);
                }
                // xterm.js's own handler is next.
                false
            })
        };
        let rendered = Closure::<dyn FnMut()>::new(move || drawn.set(clock::now()));
        let sequence = object(&[("prefix", "?".into()), ("final", "l".into())]);
        terminal
            .parser()
            .register_csi_handler(&sequence, ends.as_ref().unchecked_ref());
        terminal.on_render(rendered.as_ref().unchecked_ref());
        Self {
            _ends: ends,
            _rendered: rendered,
        }
    }
}
