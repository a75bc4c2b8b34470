//! How far output has come: from the server, onto the screen, and into what the server knows of that.

use podshell_shared::{terminal::TELL_EVERY, utf8::Utf8Stream};

/// So many bytes at the end of output tell whether a character is not complete.
pub const TAIL: usize = 3;

/// Offsets of output, in bytes since the session began.
///
/// All that is said of it to the server lies where a character ends: it may go on by a text transport, which can't
/// bring a part of one.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// Where the next byte from the server stands.
    received: u64,
    /// The character that may have begun before it.
    partial: Utf8Stream,
    drawn: u64,
    acked: u64,
    ack_due: bool,
}

impl Output {
    /// Output of which all up to `offset` is on the screen.
    pub(crate) fn resume_at(offset: u64) -> Self {
        Self {
            received: offset,
            drawn: offset,
            acked: offset,
            ..Self::default()
        }
    }

    /// The offset behind the last whole character that is here.
    pub(crate) fn whole(&self) -> u64 {
        self.received - self.partial.held() as u64
    }

    /// Where the next byte from the server stands.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// The offset of the first character that is not on the screen.
    pub(crate) fn drawn(&self) -> u64 {
        self.drawn
    }

    /// The server goes on at `next`, where a character begins; tells how many bytes between are gone.
    pub(crate) fn bound(&mut self, next: u64) -> u64 {
        let gone = next.saturating_sub(self.whole());
        self.receive_text(next);
        // What was told on the connection before may not have arrived.
        self.ack_due = self.drawn > 0;
        gone
    }

    /// So many bytes came, of which the last [`TAIL`] are `tail`, or all.
    pub(crate) fn receive_bytes(&mut self, length: usize, tail: &[u8]) {
        if length >= TAIL {
            self.partial = Utf8Stream::default();
        }
        self.partial.push(tail, |_| {});
        self.received += length as u64;
    }

    /// Text came up to `end`. How long it is says nothing: U+FFFD has three bytes, and may stand for one.
    pub(crate) fn receive_text(&mut self, end: u64) {
        self.received = end;
        self.partial = Utf8Stream::default();
    }

    /// The server dropped what stood before `to`.
    pub(crate) fn skip_to(&mut self, to: u64) {
        self.receive_text(to);
    }

    /// All up to `end` is on the screen.
    pub(crate) fn drawn_to(&mut self, end: u64) {
        let whole = self.whole();
        self.drawn = self.drawn.max(end.min(whole));
        let news = self.drawn - self.acked;
        self.ack_due |= news >= TELL_EVERY || (news > 0 && self.drawn == whole);
    }

    /// The offset to acknowledge, if that is due.
    pub(crate) fn next_ack(&mut self) -> Option<u64> {
        std::mem::take(&mut self.ack_due).then(|| {
            self.acked = self.drawn;
            self.acked
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn take(output: &mut Output, bytes: &[u8]) -> u64 {
        output.receive_bytes(bytes.len(), &bytes[bytes.len().saturating_sub(TAIL)..]);
        output.whole()
    }

    #[test]
    fn acknowledged_every_16_kib_and_when_all_is_there() {
        let mut output = Output::default();
        output.receive_bytes(40_000, b"...");
        let mut ack_at = |end| {
            output.drawn_to(end);
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
        output.drawn_to(2);
        assert_eq!(output.next_ack(), Some(2), "no more can be drawn");
        assert_eq!(take(&mut output, &"—".as_bytes()[2..]), 5);
        output.drawn_to(5);
        assert_eq!(output.next_ack(), Some(5));
        // Another connection brings it anew.
        assert_eq!(take(&mut output, b"\xf0\x9f\x8e"), 5);
        assert_eq!(output.bound(5), 0);
        output.receive_text(9);
        assert_eq!(output.whole(), 9);
    }

    #[test]
    fn text_begins_where_the_last_one_ended_however_long_it_is() {
        let mut output = Output::default();
        output.receive_text(4);
        output.receive_text(5);
        output.drawn_to(5);
        assert_eq!((output.whole(), output.next_ack()), (5, Some(5)));
    }

    #[test]
    fn output_that_is_gone_is_counted() {
        let mut output = Output::resume_at(100);
        assert_eq!(output.bound(250), 150);
        assert_eq!(take(&mut output, b"12345"), 255);
        output.drawn_to(250);
        assert_eq!(output.drawn(), 250);
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
