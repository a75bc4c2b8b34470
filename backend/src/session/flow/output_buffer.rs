//! Output that the client may still need: not sent yet, or sent and not acknowledged.

use std::collections::VecDeque;

use super::flood::Skip;
use crate::session::Output;

/// So many pieces are kept as they came; more are put together if they are small. A piece keeps the
/// read buffer alive that it came in, however short it is.
const MAX_PIECES: usize = 32;
/// Pieces that are on average shorter are put together, in bytes.
const SMALL: u64 = 2 << 10;
/// How long a piece that is put together gets, in bytes.
const WHOLE: usize = 16 << 10;
/// So many bytes does a gap count as, so that many of them fill the window too.
const GAP: u64 = 64;

/// A stretch of output. Offsets are absolute: they count from the session's beginning, gaps included.
#[derive(Debug, Default)]
pub(in crate::session) struct OutputBuffer {
    pieces: VecDeque<Piece>,
    /// Which piece holds the byte at `sent`; their number if all is sent.
    cursor: usize,
    /// All before this has been acknowledged.
    acked: u64,
    sent: u64,
    end: u64,
    /// How many bytes have been sent and not acknowledged, and how many have not been sent; a gap counts as [`GAP`].
    in_flight: u64,
    unsent: u64,
}

#[derive(Debug)]
struct Piece {
    start: u64,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Output(Output),
    /// So many bytes were dropped.
    Gap(u64),
}

impl Piece {
    fn end(&self) -> u64 {
        self.start
            + match &self.content {
                Content::Output(output) => output.len() as u64,
                Content::Gap(length) => *length,
            }
    }

    /// What it counts as between two offsets.
    fn weight(&self, from: u64, to: u64) -> u64 {
        let (from, to) = (self.start.max(from), self.end().min(to));
        match self.content {
            Content::Output(_) => to.saturating_sub(from),
            Content::Gap(_) if from < to => GAP,
            Content::Gap(_) => 0,
        }
    }
}

/// What is to be said to the client.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::session) enum Next {
    /// Output and the offset behind it.
    Output(Output, u64),
    /// The bytes between these offsets were dropped.
    Skipped {
        /// The first of them.
        from: u64,
        /// The first behind them.
        to: u64,
    },
}

impl OutputBuffer {
    /// Offset of the next byte for the client.
    pub(in crate::session) fn sent(&self) -> u64 {
        self.sent
    }

    /// How many bytes have been sent and not acknowledged; a gap counts as [`GAP`].
    pub(in crate::session) fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// Offset behind all that has been acknowledged.
    pub(in crate::session) fn acked(&self) -> u64 {
        self.acked
    }

    /// Whether all has been sent.
    pub(in crate::session) fn is_sent(&self) -> bool {
        self.sent == self.end
    }

    /// How many bytes there are; a gap counts as [`GAP`].
    pub(in crate::session) fn len(&self) -> u64 {
        self.in_flight + self.unsent
    }

    /// Counts anew what is sent and what is not.
    fn count(&mut self) {
        let between = |from, to| self.pieces.iter().map(|piece| piece.weight(from, to)).sum();
        (self.in_flight, self.unsent) =
            (between(self.acked, self.sent), between(self.sent, self.end));
    }

    /// Takes output that came from the shell.
    pub(in crate::session) fn push(&mut self, output: Output) {
        if !output.is_empty() {
            self.add(Content::Output(output));
        }
    }

    /// Notes that `length` bytes were dropped.
    pub(in crate::session) fn push_gap(&mut self, length: u64) {
        if length > 0 {
            self.add(Content::Gap(length));
        }
    }

    fn add(&mut self, content: Content) {
        let piece = Piece {
            start: self.end,
            content,
        };
        self.end = piece.end();
        self.unsent += piece.weight(piece.start, piece.end());
        self.pieces.push_back(piece);
        let count = self.pieces.len();
        if count > MAX_PIECES && self.len() < count as u64 * SMALL {
            self.compact();
        }
    }

    /// What the client is to get next, which counts as sent from here on.
    pub(in crate::session) fn send_next(&mut self) -> Option<Next> {
        let piece = self.pieces.get(self.cursor)?;
        let (from, to) = (self.sent, piece.end());
        let next = match &piece.content {
            Content::Output(output) if from == piece.start => Next::Output(output.clone(), to),
            Content::Output(output) => {
                let had = usize::try_from(from - piece.start).unwrap_or(usize::MAX);
                Next::Output(Output::copy_of(&output.data()[had..]), to)
            }
            Content::Gap(_) => Next::Skipped { from, to },
        };
        let weight = piece.weight(from, to);
        self.unsent -= weight;
        self.in_flight += weight;
        self.sent = to;
        self.cursor += 1;
        Some(next)
    }

    /// The client has everything up to `offset`. More than was sent counts as what was.
    pub(in crate::session) fn acknowledge(&mut self, offset: u64) {
        let before = self.acked;
        self.acked = before.max(offset.min(self.sent));
        while let Some(piece) = self.pieces.front() {
            if piece.end() > self.acked {
                if matches!(piece.content, Content::Output(_)) {
                    self.in_flight -= piece.weight(before, self.acked);
                }
                break;
            }
            self.in_flight -= piece.weight(before, piece.end());
            self.pieces.pop_front();
            self.cursor -= 1;
        }
    }

    /// Goes back to `offset`, for a client that has everything before it. An offset that is not here
    /// counts as the nearest that is.
    pub(in crate::session) fn resume(&mut self, offset: u64) {
        self.sent = offset.clamp(self.acked, self.sent);
        self.find_cursor();
        self.acknowledge(self.sent);
        self.count();
    }

    /// Takes back what has not been sent: gives it to `skip`, as if it came only now.
    pub(in crate::session) fn give_unsent(&mut self, skip: &mut Skip) {
        while let Some(next) = self.send_next() {
            match next {
                Next::Output(output, _) => skip.push(output.data()),
                Next::Skipped { from, to } => skip.push_gap(to - from),
            }
        }
        let from = self.end - skip.len();
        while self.pieces.back().is_some_and(|piece| piece.start >= from) {
            self.pieces.pop_back();
        }
        if let Some(piece) = self.pieces.back_mut().filter(|piece| piece.end() > from) {
            match &mut piece.content {
                Content::Output(output) => {
                    let kept = usize::try_from(from - piece.start).unwrap_or(usize::MAX);
                    *output = Output::copy_of(&output.data()[..kept]);
                }
                Content::Gap(length) => *length = from - piece.start,
            }
        }
        self.end = from;
        self.sent = from;
        self.find_cursor();
        self.count();
    }

    fn find_cursor(&mut self) {
        self.cursor = self
            .pieces
            .partition_point(|piece| piece.end() <= self.sent);
    }

    /// Copies what lies side by side into fewer pieces, and so sets the buffers free that they came in.
    fn compact(&mut self) {
        let pieces = std::mem::take(&mut self.pieces);
        let mut start = pieces.front().map_or(self.end, |piece| piece.start);
        let mut whole = Vec::new();
        let finish = |whole: &mut Vec<u8>, start: &mut u64, pieces: &mut VecDeque<Piece>| {
            if !whole.is_empty() {
                let piece = Piece {
                    start: *start,
                    content: Content::Output(Output::copy_of(whole)),
                };
                *start = piece.end();
                pieces.push_back(piece);
                whole.clear();
            }
        };
        for piece in pieces {
            match piece.content {
                Content::Output(output) => {
                    if whole.len() + output.len() > WHOLE {
                        finish(&mut whole, &mut start, &mut self.pieces);
                    }
                    whole.extend_from_slice(output.data());
                }
                Content::Gap(length) => {
                    finish(&mut whole, &mut start, &mut self.pieces);
                    start += length;
                    self.pieces.push_back(piece);
                }
            }
        }
        finish(&mut whole, &mut start, &mut self.pieces);
        self.find_cursor();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_gap_is_told_once_and_its_rest_after_resuming() {
        let mut buffer = OutputBuffer::default();
        buffer.push(Output::copy_of(b"ab"));
        buffer.push_gap(10);
        buffer.push(Output::copy_of(b"cd"));
        let told = |buffer: &mut OutputBuffer| {
            std::iter::from_fn(|| buffer.send_next())
                .map(|next| match next {
                    Next::Output(output, end) => {
                        (String::from_utf8_lossy(output.data()).into_owned(), end)
                    }
                    Next::Skipped { from, to } => (format!("{from}-{to}"), to),
                })
                .collect::<Vec<_>>()
        };
        let own = |text: &str, end| (text.to_owned(), end);
        assert_eq!(
            told(&mut buffer),
            [own("ab", 2), own("2-12", 12), own("cd", 14)]
        );
        buffer.resume(7);
        assert_eq!(told(&mut buffer), [own("7-12", 12), own("cd", 14)]);
        buffer.acknowledge(13);
        buffer.resume(0);
        assert_eq!(told(&mut buffer), [own("d", 14)]);
        buffer.resume(99);
        assert_eq!((told(&mut buffer), buffer.in_flight()), (vec![], 0));
    }

    #[test]
    fn many_small_pieces_become_few() {
        let mut buffer = OutputBuffer::default();
        for byte in 0..100_000_u32 {
            buffer.push(Output::copy_of(&[byte as u8]));
        }
        assert!(buffer.pieces.len() <= 100_000 / WHOLE + 1 + MAX_PIECES);
        let mut expected = 0..100_000_u32;
        while let Some(Next::Output(output, _)) = buffer.send_next() {
            for byte in output.data() {
                assert_eq!(Some(*byte), expected.next().map(|byte| byte as u8));
            }
        }
        assert_eq!(expected.next(), None);
    }

    #[derive(Clone, Debug)]
    enum Act {
        Push(usize),
        Next,
        Acknowledge(prop::sample::Index),
        Resume(prop::sample::Index),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            4 => (1..6_usize).prop_map(Act::Push),
            1 => (5_000..20_000_usize).prop_map(Act::Push),
            5 => Just(Act::Next),
            2 => any::<prop::sample::Index>().prop_map(Act::Acknowledge),
            1 => any::<prop::sample::Index>().prop_map(Act::Resume),
        ]
    }

    proptest! {
        /// Whatever the order of output, acknowledgements and resumes, the client gets exactly the output.
        #[test]
        fn the_client_gets_the_output_once(acts in prop::collection::vec(act(), 0..300)) {
            let mut buffer = OutputBuffer::default();
            let (mut pushed, mut client, mut acked) = (Vec::new(), Vec::new(), 0);
            let take = |buffer: &mut OutputBuffer, client: &mut Vec<u8>| match buffer.send_next() {
                Some(Next::Output(output, end)) => {
                    client.extend_from_slice(output.data());
                    assert_eq!(end, client.len() as u64);
                    true
                }
                Some(skipped) => panic!("{skipped:?}"),
                None => false,
            };
            for act in acts {
                match act {
                    Act::Push(length) => {
                        let data: Vec<u8> = (0..length).map(|at| (pushed.len() + at) as u8).collect();
                        buffer.push(Output::copy_of(&data));
                        pushed.extend(data);
                    }
                    Act::Next => drop(take(&mut buffer, &mut client)),
                    Act::Acknowledge(index) => {
                        acked += index.index(client.len() - acked + 1);
                        buffer.acknowledge(acked as u64);
                    }
                    // Some of what was sent did not arrive.
                    Act::Resume(index) => {
                        client.truncate(acked + index.index(client.len() - acked + 1));
                        acked = client.len();
                        buffer.resume(client.len() as u64);
                    }
                }
                prop_assert_eq!(buffer.sent(), client.len() as u64);
                prop_assert_eq!(buffer.in_flight(), (client.len() - acked) as u64);
                prop_assert_eq!(buffer.len(), (pushed.len() - acked) as u64);
                let counted = (buffer.in_flight, buffer.unsent);
                buffer.count();
                prop_assert_eq!(counted, (buffer.in_flight, buffer.unsent));
            }
            while take(&mut buffer, &mut client) {}
            prop_assert!(buffer.is_sent());
            prop_assert_eq!(client, pushed);
        }
    }
}
