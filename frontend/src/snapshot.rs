//! What is on a terminal, written down so that another terminal can show it and go on.

use std::collections::VecDeque;

use js_sys::Uint8Array;
use serde::{Deserialize, Serialize};

use crate::{
    unfinished::unfinished,
    xterm_ext::{self, SerializeAddon, Terminal6, object},
};

/// Lines above the screen; fewer where they are long.
const LINES: u32 = 1000;
/// How long the text may be, in bytes.
const LENGTH: usize = 1 << 20;
/// So many bytes are looked through for a sequence that is not complete.
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
    /// Of a sequence or character that was not complete, what had come.
    pub(crate) open: Vec<u8>,
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
        let recent = recent.bytes();
        Self {
            rows: size(terminal.get_rows()),
            cols: size(terminal.get_cols()),
            alternate: xterm_ext::is_alternate(terminal),
            text: shown + &xterm_ext::forgotten_modes(terminal),
            open: recent[recent.len() - unfinished(&recent)..].to_vec(),
        }
    }
}

/// What was written to a terminal last. It stays where it is until somebody asks for it.
#[derive(Default)]
pub(crate) struct Recent {
    pieces: VecDeque<Uint8Array>,
    length: u32,
}

impl Recent {
    /// Remembers the latest bytes, and no more of the earlier ones than is needed.
    pub(crate) fn push(&mut self, bytes: Uint8Array) {
        self.length += bytes.length();
        self.pieces.push_back(bytes);
        while let Some(first) = self.pieces.front().map(Uint8Array::length)
            && self.length - first >= RECENT
        {
            self.length -= first;
            self.pieces.pop_front();
        }
    }

    fn bytes(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(Uint8Array::to_vec).collect()
    }
}
