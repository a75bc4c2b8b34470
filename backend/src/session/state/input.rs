//! Input between the client and the process: what waits, the terminal's size, and how far the client was told that it came.

use bytes::Bytes;
use podshell_shared::terminal::{EndReason, Exit, INPUT_WINDOW, ServerMessage, Size, TELL_EVERY};

use super::input_queue::InputQueue;
use crate::session::{ToProcess, exit::failed};

/// How much input of a client without [`INPUT_WINDOW`] may wait; beyond it the client is not read.
pub(super) const PLAIN_INPUT: u64 = 64 << 10;

/// The input of a session. Offsets count its bytes from the session's beginning.
#[derive(Debug)]
pub(super) struct InputState {
    /// Whether the client has a window, and is told how much of it is free.
    windowed: bool,
    pub(super) queue: InputQueue,
    /// All before this came from the client.
    received: u64,
    /// All before this went to the process.
    consumed: u64,
    /// All before this was acknowledged to the client.
    acked: u64,
    size: Size,
    size_due: bool,
}

impl InputState {
    /// No input yet, of a client with a window or without.
    pub(super) fn new(windowed: bool) -> Self {
        Self {
            windowed,
            queue: InputQueue::default(),
            received: 0,
            consumed: 0,
            acked: 0,
            size: Size::default(),
            size_due: false,
        }
    }

    /// The client's size; 0×0 until it is known.
    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// All before this offset came from the client.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// The process has started: it is told the size that came meanwhile.
    pub(super) fn started(&mut self) {
        self.size_due = self.size.is_usable();
    }

    /// The client has this size now. What can't be one is no news.
    pub(super) fn resize(&mut self, size: Size) {
        if size.is_usable() && size != self.size {
            self.size = size;
            self.size_due = true;
        }
    }

    /// Takes input from the client.
    ///
    /// # Errors
    ///
    /// The session's end, if it is more than the client may send.
    pub(super) fn take(&mut self, data: Bytes) -> Result<(), Exit> {
        self.received += data.len() as u64;
        self.queue.push(data);
        // Twice as much: what waited while the client was away does not count against what it sends then.
        if self.windowed && self.queue.len() > 2 * INPUT_WINDOW {
            let message = format!("More than {INPUT_WINDOW} bytes of input were sent at once.");
            return Err(failed(EndReason::Protocol, message));
        }
        Ok(())
    }

    /// Whether there is room for more. A client with a window is always read: its acknowledgements must not wait behind its
    /// input.
    pub(super) fn wants_more(&self) -> bool {
        self.windowed || self.queue.len() < PLAIN_INPUT
    }

    /// The client is gone: what waits may wait long.
    pub(super) fn detach(&mut self) {
        self.queue.settle();
    }

    /// A client is there, and is told how much came by [`received`](Self::received).
    pub(super) fn attach(&mut self) {
        self.acked = self.received;
    }

    /// Whether something is to go to the process.
    pub(super) fn has_next(&self) -> bool {
        self.size_due || !self.queue.is_empty()
    }

    /// What is to go to the process next: the size before what was typed.
    pub(super) fn next(&mut self) -> Option<ToProcess> {
        if std::mem::take(&mut self.size_due) {
            return Some(ToProcess::Resize(self.size));
        }
        let data = self.queue.pop()?;
        self.consumed += data.len() as u64;
        Some(ToProcess::Stdin(data))
    }

    /// Whether the client is to be told how much went to the process.
    pub(super) fn ack_is_due(&self) -> bool {
        self.consumed.saturating_sub(self.acked) >= TELL_EVERY
    }

    /// Tells it, if that is due.
    pub(super) fn ack(&mut self) -> Option<ServerMessage> {
        self.ack_is_due().then(|| {
            self.acked = self.consumed;
            let offset = self.consumed;
            ServerMessage::Taken { offset }
        })
    }
}
