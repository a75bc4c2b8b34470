//! What was written to a terminal and is not on its screen yet, in order.

use std::{cell::RefCell, collections::VecDeque};

/// Text on its way to the screen.
pub(crate) struct QueuedText<T> {
    pub(crate) text: T,
    pub(crate) kind: TextKind,
}

/// What text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextKind {
    /// Output up to this offset.
    Output(u64),
    /// The page's own.
    Own,
    /// The last of another terminal's content.
    Restored,
    /// The end of what the last shell wrote.
    End,
}

/// Text in the order in which it was written, which is the one in which it comes on the screen.
pub(crate) struct DrawQueue<T>(RefCell<VecDeque<QueuedText<T>>>);

impl<T> DrawQueue<T> {
    pub(crate) fn new() -> Self {
        Self(RefCell::default())
    }

    /// Text is being written.
    pub(crate) fn push(&self, text: T, kind: TextKind) {
        self.0.borrow_mut().push_back(QueuedText { text, kind });
    }

    /// The first of it is on the screen.
    pub(crate) fn pop(&self) -> Option<QueuedText<T>> {
        self.0.borrow_mut().pop_front()
    }

    /// Another shell begins: where the output of the last one ends is no matter of the next.
    pub(crate) fn disown_output(&self) {
        for queued in self.0.borrow_mut().iter_mut() {
            if let TextKind::Output(_) = queued.kind {
                queued.kind = TextKind::Own;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_last_shell_wrote_counts_for_no_other() {
        let queue = DrawQueue::new();
        for (text, kind) in [
            ("output", TextKind::Output(6)),
            ("restored", TextKind::Restored),
        ] {
            queue.push(text, kind);
        }
        queue.disown_output();
        queue.push("next", TextKind::Output(4));
        let drawn = std::iter::from_fn(|| queue.pop());
        let drawn: Vec<_> = drawn.map(|queued| (queued.text, queued.kind)).collect();
        assert_eq!(
            drawn,
            [
                ("output", TextKind::Own),
                ("restored", TextKind::Restored),
                ("next", TextKind::Output(4)),
            ]
        );
    }
}
