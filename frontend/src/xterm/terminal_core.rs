//! What happens in an open terminal: it is fitted to its element, its keys are told apart, what is written comes on the screen.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::JsString;
use leptos::prelude::{GetUntracked as _, Signal, document};
use podshell_shared::terminal::Size;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{HtmlElement, KeyboardEvent};

use crate::xterm::{
    bindings::{self, FitAddon, StateAddon, Xterm},
    draw_queue::{DrawQueue, QueuedText, TextKind},
    keys::{self, Edge, Key, KeyAction, Typed},
    prompt::PromptDetector,
    screen_snapshot::{RecentText, ScreenSnapshot},
    terminal_event::TerminalEvent,
};

/// An open terminal: what its callbacks share.
pub(crate) struct TerminalCore {
    pub(crate) terminal: Xterm,
    pub(crate) fit: FitAddon,
    pub(crate) state: StateAddon,
    pub(crate) prompt: PromptDetector,
    pub(crate) host: HtmlElement,
    pub(crate) size: Cell<Size>,
    /// What is not on the screen yet, in order.
    pub(crate) queue: DrawQueue<JsString>,
    pub(crate) recent: RefCell<RecentText>,
    /// What is not on the screen yet of another terminal's content.
    pub(crate) restoring: RefCell<Option<ScreenSnapshot>>,
    /// Whether what is on the screen is not for who uses the page, as far as is known: it can't be had in any other way either.
    pub(crate) is_hidden: Cell<bool>,
    /// What keys have typed of a character.
    pub(crate) typed: Typed,
    /// Whether Ctrl+C and Ctrl+V are the clipboard's.
    pub(crate) clipboard_keys: Signal<bool>,
    pub(crate) handler: Box<dyn Fn(TerminalEvent)>,
}

impl TerminalCore {
    /// Makes the terminal as large as its element.
    pub(crate) fn fit(&self) {
        // An element that isn't shown has no size to fit to.
        let hidden = self.host.client_width() == 0 || self.host.client_height() == 0;
        if hidden || self.restoring.borrow().is_some() {
            return;
        }
        self.fit.fit();
        let cells = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
        let size = Size {
            rows: cells(self.terminal.get_rows()),
            cols: cells(self.terminal.get_cols()),
        };
        if size.is_usable() && self.size.replace(size) != size {
            (self.handler)(TerminalEvent::Resized(size));
        }
    }

    /// Another font has cells of another size.
    pub(crate) fn fit_when_fonts_are_loaded(self: &Rc<Self>) {
        let Ok(loaded) = document().fonts().ready() else {
            return;
        };
        let inner = Rc::downgrade(self);
        spawn_local(async move {
            if JsFuture::from(loaded).await.is_ok()
                && let Some(inner) = inner.upgrade()
            {
                inner.fit();
            }
        });
    }

    pub(crate) fn rendered(&self) {
        let Some(QueuedText { text, kind }) = self.queue.pop() else {
            return;
        };
        let mut recent = self.recent.borrow_mut();
        if self.state.is_idle() {
            recent.clear();
        } else {
            recent.push(text);
        }
        drop(recent);
        match kind {
            TextKind::Output(end) => (self.handler)(TerminalEvent::Rendered(end)),
            TextKind::Own => {}
            TextKind::End => {
                self.state.renew();
                self.recent.borrow_mut().clear();
            }
            TextKind::Restored => {
                *self.restoring.borrow_mut() = None;
                self.fit();
            }
        }
    }

    /// Whether a key is for xterm.js.
    pub(crate) fn key(&self, event: &KeyboardEvent) -> bool {
        let (name, code) = (event.key(), event.code());
        let key = Key::of(event, &name, &code);
        let meant = match &*event.type_() {
            "keydown" => keys::down(&key, self.clipboard_keys.get_untracked()),
            "keypress" => self.typed.press(&key, event.char_code()),
            _ => KeyAction::Terminal,
        };
        match &meant {
            KeyAction::Browser => return false,
            KeyAction::Type(text) => self.terminal.input(text),
            KeyAction::Copy | KeyAction::CopyOnce if self.terminal.has_selection() => {
                if !self.is_hidden.get() {
                    (self.handler)(TerminalEvent::Copied(self.terminal.get_selection()));
                }
                if meant == KeyAction::CopyOnce {
                    // The next one interrupts.
                    self.terminal.clear_selection();
                }
            }
            // A program that has the whole screen may select with them.
            KeyAction::ScrollTo(_) if bindings::is_alternate(&self.terminal) => return true,
            KeyAction::ScrollTo(Edge::First) => self.terminal.scroll_to_top(),
            KeyAction::ScrollTo(Edge::Last) => self.terminal.scroll_to_bottom(),
            KeyAction::Terminal | KeyAction::CopyOnce => return true,
            KeyAction::Copy | KeyAction::Part => {}
            KeyAction::ReturnFocus => (self.handler)(TerminalEvent::ReturnFocus),
        }
        event.prevent_default();
        false
    }
}
