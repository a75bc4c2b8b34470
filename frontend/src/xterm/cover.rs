//! Keeps the cursor's line in sight while something covers the foot of a terminal.
//!
//! The terminal keeps its size, for with another a program draws all anew; it is moved up, as far as is needed.

use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use crate::xterm::bindings::{Disposable, Xterm};

/// While it lives, the foot of a terminal is covered.
pub(crate) struct Cover {
    host: HtmlElement,
    drawn: Disposable,
    _look: Closure<dyn FnMut()>,
}

impl Cover {
    /// Covers so many pixels of the terminal in `host`.
    pub(crate) fn new(terminal: &Xterm, host: &HtmlElement, height: f64) -> Self {
        let mut look = {
            let (terminal, host) = (terminal.clone(), host.clone());
            let mut moved = 0.0;
            move || {
                let by = hidden(&terminal, &host, height);
                if by != moved {
                    moved = by;
                    move_up(&host, by);
                }
            }
        };
        look();
        let look = Closure::new(look);
        Self {
            host: host.clone(),
            drawn: terminal.on_render(look.as_ref().unchecked_ref()),
            _look: look,
        }
    }
}

impl Drop for Cover {
    fn drop(&mut self) {
        self.drawn.dispose();
        move_up(&self.host, 0.0);
    }
}

/// How much of what ends with the cursor's line is hidden, in pixels.
fn hidden(terminal: &Xterm, host: &HtmlElement, height: f64) -> f64 {
    let screen = host.query_selector(".xterm-screen").ok().flatten();
    let buffer = terminal.get_buffer().get_active();
    let rows = terminal.get_rows();
    let line = buffer.get_base_y() + buffer.get_cursor_y() - buffer.get_viewport_y() + 1;
    let Some(screen) = screen.filter(|_| line <= rows) else {
        // Who reads further up has no cursor in sight.
        return 0.0;
    };
    let (screen_box, host_box) = (
        screen.get_bounding_client_rect(),
        host.get_bounding_client_rect(),
    );
    let above = screen_box.top() - host_box.top();
    let foot = above + screen_box.height() * f64::from(line) / f64::from(rows);
    (foot + height - f64::from(host.client_height())).max(0.0)
}

fn move_up(host: &HtmlElement, by: f64) {
    let transform = format!("translateY({}px)", -by);
    host.style()
        .set_property("transform", if by > 0.0 { &transform } else { "" })
        .expect("a style takes any value");
}
