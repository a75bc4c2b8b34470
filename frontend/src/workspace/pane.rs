//! What stands in a place of the workspace.

use leptos::prelude::document;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast as _;
use web_sys::HtmlElement;

use crate::{
    routing::pane_target::PaneTarget,
    session::view::TerminalView,
    xterm::{prompt::Running, terminal::Terminal},
};

/// A terminal or a log; later also files or a recording. The workspace needs to know no more of it.
pub(crate) trait Pane {
    /// What it shows; tracks nothing.
    fn target(&self) -> PaneTarget;

    /// The terminal that it is drawn on.
    fn terminal(&self) -> &Terminal;

    /// The element that it is in, wherever that stands.
    fn element(&self) -> &HtmlElement;

    /// What the page shows of that terminal.
    fn view(&self) -> TerminalView;

    /// What it is called, whatever runs in it, in the user's language; tracks that.
    fn name(&self) -> String;

    /// What it is called with what runs in it; tracks what that follows from.
    fn title(&self) -> String {
        self.name()
    }

    /// Gives it the keyboard.
    fn focus(&self) {
        self.terminal().focus();
    }

    /// Says what to do when the user asks for a way out of it.
    fn on_return_focus(&self, leave: Box<dyn Fn()>);

    /// The element that it is in has another size.
    fn resize(&self) {
        self.terminal().fit();
    }

    /// The program that would end with it.
    fn running(&self) -> Option<Running> {
        None
    }

    /// When something came from it last, on the page's clock, in ms.
    fn printed_at(&self) -> Option<f64> {
        None
    }

    /// Whether nothing can bring back what ran in it; tracks nothing.
    fn has_ended(&self) -> bool;

    /// Whether a page in the place of this one has nothing to go on with.
    fn is_past(&self) -> bool {
        false
    }

    /// The browser takes the page away. Gives what keeps it for the page that comes in the place of this one, in so many
    /// bytes.
    fn leave(&self) -> Option<Box<dyn FnOnce(usize) + '_>> {
        None
    }

    /// Ends it, and what runs in it.
    fn close(&self);
}

/// An element for a terminal, which stands nowhere yet.
pub(super) fn screen_element() -> HtmlElement {
    let element: HtmlElement = document()
        .create_element("div")
        .expect("the name is one of an element")
        .unchecked_into();
    element.set_class_name("terminal-screen");
    element
}

/// Which pane it is, for as long as the browser's tab lives.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub(crate) struct PaneId(pub(crate) u32);
