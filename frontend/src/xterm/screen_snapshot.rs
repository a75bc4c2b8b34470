//! What is on a terminal, written down so that another terminal can show it and go on.

use js_sys::JsString;
use serde::{Deserialize, Serialize};

use crate::xterm::bindings::{StateAddon, Xterm};

/// So much, in UTF-16 units, is kept of a sequence that is not complete.
const LONGEST: u32 = 1 << 20;

/// What is on a terminal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ScreenSnapshot {
    pub(crate) rows: u16,
    pub(crate) cols: u16,
    /// All of its state, as its add-on writes it.
    pub(crate) state: String,
    /// Of a sequence that was not complete, what had come.
    pub(crate) open: String,
}

impl ScreenSnapshot {
    /// Writes down a terminal with that many lines above the screen at most; `recent` was written to it last.
    pub(crate) fn of(
        terminal: &Xterm,
        addon: &StateAddon,
        recent: &RecentText,
        scrollback: u32,
    ) -> Self {
        let size = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
        Self {
            rows: size(terminal.get_rows()),
            cols: size(terminal.get_cols()),
            state: addon.take(scrollback),
            open: addon.open(&recent.text(), !recent.is_cut),
        }
    }
}

/// What was written to a terminal since no sequence was open. It stays where it is until somebody asks for it.
#[derive(Default)]
pub(crate) struct RecentText {
    pieces: Vec<JsString>,
    length: u32,
    /// Whether there was too much of it, so that its end is not here.
    is_cut: bool,
}

impl RecentText {
    /// Remembers the latest text, after which a sequence is open.
    pub(crate) fn push(&mut self, text: JsString) {
        self.is_cut |= self.length + text.length() > LONGEST;
        if !self.is_cut {
            self.length += text.length();
            self.pieces.push(text);
        }
    }

    /// No sequence is open.
    pub(crate) fn clear(&mut self) {
        if self.length > 0 {
            *self = Self::default();
        }
    }

    fn text(&self) -> String {
        self.pieces.iter().map(String::from).collect()
    }
}
