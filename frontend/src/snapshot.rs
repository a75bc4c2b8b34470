//! What is on a terminal, written down so that another terminal can show it and go on.

use std::collections::VecDeque;

use js_sys::JsString;
use serde::{Deserialize, Serialize};

use crate::{
    unfinished::unfinished,
    xterm_ext::{self, SerializeAddon, Terminal6, object},
};

/// Lines above the screen; fewer where they are long.
const LINES: u32 = 1000;
/// How long the text may be, in bytes.
const LENGTH: usize = 1 << 20;
/// So much, in UTF-16 units, is looked through for a sequence that is not complete.
const RECENT: u32 = 4096;

/// What is on a terminal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) rows: u16,
    pub(crate) cols: u16,
    /// Whether a full-screen program has the screen.
    pub(crate) alternate: bool,
    /// Brings the screen back when it is written to a terminal of that size.
    pub(crate) text: String,
    /// Of a sequence that was not complete, what had come.
    pub(crate) open: String,
}

impl Snapshot {
    /// Writes down a terminal, to which `recent` was written last.
    pub(crate) fn of(terminal: &Terminal6, serialize: &SerializeAddon, recent: &Recent) -> Self {
        let text = |lines: u32| serialize.serialize(&object(&[("scrollback", lines.into())]));
        let mut lines = LINES;
        let mut shown = text(lines);
        while shown.len() > LENGTH && lines > 0 {
            lines /= 2;
            shown = text(lines);
        }
        let size = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
        let recent = recent.text();
        Self {
            rows: size(terminal.get_rows()),
            cols: size(terminal.get_cols()),
            alternate: xterm_ext::is_alternate(terminal),
            text: shown + &xterm_ext::forgotten_modes(terminal),
            open: unfinished(&recent).to_owned(),
        }
    }
}

/// What was written to a terminal last. It stays where it is until somebody asks for it.
#[derive(Default)]
pub(crate) struct Recent {
    pieces: VecDeque<JsString>,
    length: u32,
}

impl Recent {
    /// Remembers the latest text, and no more of the earlier one than is needed.
    pub(crate) fn push(&mut self, text: JsString) {
        self.length += text.length();
        self.pieces.push_back(text);
        while let Some(first) = self.pieces.front().map(JsString::length)
            && self.length - first >= RECENT
        {
            self.length -= first;
            self.pieces.pop_front();
        }
    }

    fn text(&self) -> String {
        self.pieces.iter().map(String::from).collect()
    }
}
