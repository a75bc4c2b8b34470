//! How far output has come: from the server, onto the screen, and into what the server knows of that.

use podshell_shared::{terminal::TELL_EVERY, utf8::Utf8Stream};

/// So many bytes at the end of output tell whether a character is not complete.
pub const TAIL: usize = 3;

/// Offsets of output, in bytes since the session began.
///
/// All that is said of it to the server lies where a character ends: it may go on by a text transport, which can't
/// bring a part of one.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// Where the next byte from the server stands.
    next: u64,
    /// The character that may have begun before it.
    open: Utf8Stream,
    rendered: u64,
    acked: u64,
    due: bool,
}

impl Output {
    /// Output of which all up to `offset` is on the screen.
    pub(super) fn at(offset: u64) -> Self {
        Self {
            next: offset,
            rendered: offset,
            acked: offset,
            ..Self::default()
        }
    }

    /// The offset behind the last whole character that is here.
    pub(super) fn whole(&self) -> u64 {
        self.next - self.open.held() as u64
    }

    /// The offset of the first character that is not on the screen.
    pub(super) fn rendered(&self) -> u64 {
        self.rendered
    }

    /// The server goes on at `next`, where a character begins; tells how many bytes between are gone.
    pub(super) fn bound(&mut self, next: u64) -> u64 {
        let gone = next.saturating_sub(self.whole());
        self.text(next);
        // what was told on the connection before may not have arrived
        self.due = self.rendered > 0;
        gone
    }

    /// So many bytes came, of which the last [`TAIL`] are `tail`, or all.
    pub(super) fn bytes(&mut self, length: usize, tail: &[u8]) {
        if length >= TAIL {
            self.open = Utf8Stream::default();
        }
        self.open.push(tail, |_| {});
        self.next += length as u64;
    }

    /// Text came up to `end`. How long it is says nothing: U+FFFD has three bytes, and may stand for one.
    pub(super) fn text(&mut self, end: u64) {
        self.next = end;
        self.open = Utf8Stream::default();
    }

    /// The server dropped what stood before `to`.
    pub(super) fn skip_to(&mut self, to: u64) {
        self.text(to);
    }

    /// All up to `end` is on the screen.
    pub(super) fn draw(&mut self, end: u64) {
        let whole = self.whole();
        self.rendered = self.rendered.max(end.min(whole));
        let news = self.rendered - self.acked;
        self.due |= news >= TELL_EVERY || (news > 0 && self.rendered == whole);
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

    fn take(output: &mut Output, bytes: &[u8]) -> u64 {
        output.bytes(bytes.len(), &bytes[bytes.len().saturating_sub(TAIL)..]);
        output.whole()
    }

    #[test]
    fn acknowledged_every_16_kib_and_when_all_is_there() {
        let mut output = Output::default();
        output.bytes(40_000, b"...");
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
    fn a_character_counts_when_it_is_whole() {
        let mut output = Output::default();
        assert_eq!(
            take(&mut output, "ab—".as_bytes().split_last().unwrap().1),
            2
        );
        output.draw(2);
        assert_eq!(output.next_ack(), Some(2), "no more can be drawn");
        assert_eq!(take(&mut output, &"—".as_bytes()[2..]), 5);
        output.draw(5);
        assert_eq!(output.next_ack(), Some(5));
        // another connection brings it anew
        assert_eq!(take(&mut output, b"\xf0\x9f\x8e"), 5);
        assert_eq!(output.bound(5), 0);
        output.text(9);
        assert_eq!(output.whole(), 9);
    }

    #[test]
    fn text_begins_where_the_last_one_ended_however_long_it_is() {
        let mut output = Output::default();
        output.text(4);
        output.text(5);
        output.draw(5);
        assert_eq!((output.whole(), output.next_ack()), (5, Some(5)));
    }

    #[test]
    fn output_that_is_gone_is_counted() {
        let mut output = Output::at(100);
        assert_eq!(output.bound(250), 150);
        assert_eq!(take(&mut output, b"12345"), 255);
        output.draw(250);
        assert_eq!(output.rendered(), 250);
    }

    proptest! {
        /// The end alone tells what is not complete, whatever came before it in whichever pieces.
        #[test]
        fn the_last_bytes_tell_where_the_last_whole_character_ends(
            pieces in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..6),
                    "[é汉😀—]{1,4}".prop_map(|text| text.as_bytes()[1..].to_vec()),
                    "[é汉😀—]{1,4}".prop_map(|text| text.as_bytes()[..text.len() - 1].to_vec()),
                ],
                0..20,
            ),
        ) {
            let (mut output, mut stream, mut end) = (Output::default(), Utf8Stream::default(), 0);
            for piece in pieces {
                stream.push(&piece, |_| {});
                end += piece.len() as u64;
                prop_assert_eq!(take(&mut output, &piece), end - stream.held() as u64);
            }
        }
    }
}
