//! How far output has come: from the server, onto the screen, and into what the server knows of that.

use podshell_shared::terminal::TELL_EVERY;

/// Which part of a piece of output is to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// So many bytes at its beginning are there already.
    pub(crate) skip: usize,
    /// The offset behind it.
    pub(crate) end: u64,
}

/// Offsets of output, in bytes since the session began.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// Where the next byte from the server stands.
    next: u64,
    received: u64,
    rendered: u64,
    acked: u64,
    due: bool,
}

impl Output {
    /// Output of which all up to `offset` is on the screen.
    pub(super) fn at(offset: u64) -> Self {
        Self {
            next: offset,
            received: offset,
            rendered: offset,
            acked: offset,
            ..Self::default()
        }
    }

    /// The offset of the first byte that is not here.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// The offset of the first byte that is not on the screen.
    pub(super) fn rendered(&self) -> u64 {
        self.rendered
    }

    /// The server goes on at `next`; tells how many bytes between are gone.
    pub(super) fn bound(&mut self, next: u64) -> u64 {
        let gone = next.saturating_sub(self.received);
        self.next = next;
        self.received = self.received.max(next);
        // what was told on the connection before may not have arrived
        self.due = self.rendered > 0;
        gone
    }

    /// So many bytes came, up to `end` where the server tells it.
    pub(super) fn take(&mut self, length: usize, end: Option<u64>) -> Piece {
        let length = length as u64;
        self.next = end.unwrap_or(self.next + length);
        let start = self.next.saturating_sub(length);
        let skip = self.received.saturating_sub(start).min(length);
        self.received = self.received.max(self.next);
        Piece {
            skip: skip as usize,
            end: self.next,
        }
    }

    /// The server dropped what stood before `to`.
    pub(super) fn skip_to(&mut self, to: u64) {
        self.next = to;
        self.received = self.received.max(to);
    }

    /// All up to `end` is on the screen.
    pub(super) fn draw(&mut self, end: u64) {
        self.rendered = self.rendered.max(end.min(self.received));
        let news = self.rendered - self.acked;
        self.due |= news >= TELL_EVERY || (news > 0 && self.rendered == self.received);
    }

    /// The offset to acknowledge, if that is due.
    pub(super) fn next_ack(&mut self) -> Option<u64> {
        std::mem::take(&mut self.due).then(|| {
            self.acked = self.rendered;
            self.acked
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn acknowledged_every_16_kib_and_when_all_is_there() {
        let mut output = Output::default();
        output.take(40_000, None);
        let mut ack_at = |end| {
            output.draw(end);
            output.next_ack()
        };
        assert_eq!(ack_at(16_383), None);
        assert_eq!(ack_at(16_384), Some(16_384));
        assert_eq!(ack_at(32_000), None);
        assert_eq!(ack_at(40_000), Some(40_000));
        assert_eq!(ack_at(40_000), None, "said already");
    }

    #[test]
    fn output_that_is_there_already_is_skipped_exactly() {
        let mut output = Output::at(100);
        assert_eq!(output.bound(90), 0);
        assert_eq!(output.take(4, None), Piece { skip: 4, end: 94 });
        assert_eq!(output.take(10, None), Piece { skip: 6, end: 104 });
        assert_eq!(output.take(10, None), Piece { skip: 0, end: 114 });
        assert_eq!(output.received(), 114);
    }

    #[test]
    fn output_that_is_gone_is_counted() {
        let mut output = Output::at(100);
        assert_eq!(output.bound(250), 150);
        assert_eq!(output.take(5, Some(255)), Piece { skip: 0, end: 255 });
        output.draw(250);
        assert_eq!(output.rendered(), 250);
    }

    proptest! {
        /// However often the connection is lost, and whatever of the output in flight with it: each byte
        /// is drawn once.
        #[test]
        fn every_byte_once(
            connections in proptest::collection::vec(
                (0_u64..50, proptest::collection::vec(1_usize..40, 0..6)),
                1..8,
            ),
        ) {
            let mut output = Output::default();
            let mut drawn = 0;
            for (back, lengths) in connections {
                let mut position = output.received().saturating_sub(back);
                prop_assert_eq!(output.bound(position), 0);
                for length in lengths {
                    let piece = output.take(length, None);
                    let first = position + piece.skip as u64;
                    position += length as u64;
                    prop_assert_eq!(piece.end, position);
                    if piece.skip < length {
                        prop_assert_eq!(first, drawn);
                        drawn = position;
                    }
                    prop_assert_eq!(drawn, output.received());
                }
            }
        }
    }
}
