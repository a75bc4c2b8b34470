//! What is typed on its way to the server: cut into messages, kept until the server has it, sent again where it was lost.

use std::collections::VecDeque;

use bytes::Bytes;
use podshell_shared::terminal::{ClientMessage, INPUT_WINDOW};

/// The longest input in one message, in bytes.
const MAX_MESSAGE: usize = 16 << 10;
/// How much input may wait, in bytes: a paste that is longer is refused.
const MAX_QUEUED: usize = 64 << 20;
/// Ctrl-C, as the terminal reads it.
const INTERRUPT: &[u8] = b"\x03";

/// Input as it was typed.
#[derive(Debug)]
struct Typed {
    bytes: Bytes,
    /// Whether it is a Ctrl-C that output is not to wait for.
    interrupt: bool,
}

/// The way of input.
#[derive(Debug, Default)]
pub(crate) struct Input {
    unsent: VecDeque<Typed>,
    /// How many bytes these are.
    queued_bytes: usize,
    /// Sent, but not known to have arrived.
    unacked: VecDeque<Bytes>,
    /// Offset of the first byte of `unacked`.
    received: u64,
    /// Offset behind `unacked`.
    sent: u64,
    /// What had been sent when the last ping was.
    sent_before_ping: u64,
    /// Up to here the server has made room for more.
    consumed: u64,
}

impl Input {
    /// Input of which the server has all up to `received`; of `unreceived` that is not known.
    pub(crate) fn resume_at(received: u64, rest: Vec<u8>) -> Self {
        let unacked = (!rest.is_empty()).then(|| Bytes::from(rest));
        Self {
            sent: received + unacked.as_ref().map_or(0, Bytes::len) as u64,
            unacked: unacked.into_iter().collect(),
            received,
            consumed: received,
            ..Self::default()
        }
    }

    /// The offset up to which all input has arrived.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// The offset up to which all input has been sent.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// What may not have arrived.
    pub(crate) fn unreceived(&self) -> Vec<u8> {
        let unsent = self.unsent.iter().map(|typed| &typed.bytes);
        let rest = self.unacked.iter().chain(unsent).flatten().copied();
        rest.collect()
    }

    /// How many bytes may not have arrived.
    pub(crate) fn unreceived_length(&self) -> usize {
        self.queued_bytes + (self.sent - self.received) as usize
    }

    /// Takes what was typed or pasted; tells whether there was room for it.
    #[must_use]
    pub(crate) fn push(&mut self, mut bytes: Bytes) -> bool {
        if self.queued_bytes + bytes.len() > MAX_QUEUED {
            return false;
        }
        self.queued_bytes += bytes.len();
        while !bytes.is_empty() {
            let message = bytes.split_to(cut(&bytes));
            self.unsent.push_back(Typed {
                bytes: message,
                interrupt: false,
            });
        }
        true
    }

    /// Takes a Ctrl-C that output is not to wait for.
    pub(crate) fn interrupt(&mut self) {
        self.queued_bytes += INTERRUPT.len();
        self.unsent.push_back(Typed {
            bytes: Bytes::from_static(INTERRUPT),
            interrupt: true,
        });
    }

    /// The next message, if the server has room for it.
    pub(crate) fn next_message(&mut self) -> Option<ClientMessage> {
        let length = self.unsent.front()?.bytes.len();
        if self.sent - self.consumed + length as u64 > INPUT_WINDOW {
            return None;
        }
        let Typed { bytes, interrupt } = self.unsent.pop_front()?;
        self.queued_bytes -= length;
        self.sent += length as u64;
        self.unacked.push_back(bytes.clone());
        Some(if interrupt {
            ClientMessage::Interrupt
        } else {
            ClientMessage::Stdin { data: bytes }
        })
    }

    /// The server has room for more behind `offset`.
    pub(crate) fn consume(&mut self, offset: u64) {
        self.consumed = self.consumed.max(offset.min(self.sent));
        self.receive_up_to(offset);
    }

    /// A ping goes out behind what was sent.
    pub(crate) fn ping(&mut self) {
        self.sent_before_ping = self.sent;
    }

    /// That ping came back, so what was sent before it has arrived.
    pub(crate) fn pong(&mut self) {
        self.receive_up_to(self.sent_before_ping);
    }

    fn receive_up_to(&mut self, offset: u64) {
        while self.received < offset
            && let Some(first) = self.unacked.front_mut()
        {
            let length = (first.len() as u64).min(offset - self.received) as usize;
            self.received += length as u64;
            drop(first.split_to(length));
            if first.is_empty() {
                self.unacked.pop_front();
            }
        }
    }

    /// A new connection goes on at `offset`: what was sent behind it was lost.
    pub(crate) fn bound(&mut self, offset: u64) {
        self.receive_up_to(offset);
        for bytes in self.unacked.drain(..).rev() {
            self.queued_bytes += bytes.len();
            self.unsent.push_front(Typed {
                bytes,
                interrupt: false,
            });
        }
        // Further than what this page has typed, if another typed meanwhile.
        self.received = offset;
        self.sent = offset;
        self.sent_before_ping = offset;
        self.consumed = offset;
    }

    /// Forgets all that was typed.
    pub(crate) fn clear(&mut self) {
        *self = Self::resume_at(self.sent, Vec::new());
    }
}

/// Where the first message ends: as late as may be, but not within a character.
fn cut(bytes: &[u8]) -> usize {
    if bytes.len() <= MAX_MESSAGE {
        return bytes.len();
    }
    // Back to the last byte that begins a character; what is no text is cut anywhere.
    (MAX_MESSAGE - 3..=MAX_MESSAGE)
        .rev()
        .find(|&at| bytes[at] & 0b1100_0000 != 0b1000_0000)
        .unwrap_or(MAX_MESSAGE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sent(input: &mut Input) -> Vec<u8> {
        let data = |message| match message {
            ClientMessage::Stdin { data } => data,
            ClientMessage::Interrupt => Bytes::from_static(INTERRUPT),
            other => panic!("{other:?}"),
        };
        std::iter::from_fn(|| input.next_message())
            .flat_map(data)
            .collect()
    }

    #[test]
    fn a_large_paste_goes_window_by_window_and_in_whole_characters() {
        let paste = "汉字🦀x".repeat(20_000);
        let mut input = Input::default();
        assert!(input.push(Bytes::from(paste.clone())));
        let mut received = Vec::new();
        let mut windows = 0;
        loop {
            let before = received.len();
            while let Some(ClientMessage::Stdin { data }) = input.next_message() {
                assert!(data.len() <= MAX_MESSAGE);
                assert!(str::from_utf8(&data).is_ok(), "whole characters");
                received.extend(data);
            }
            if received.len() == before {
                break;
            }
            windows += 1;
            assert!(received.len() - before <= INPUT_WINDOW as usize);
            assert_eq!(sent(&mut input), b"", "the window is full");
            input.consume(received.len() as u64);
        }
        assert_eq!(received, paste.as_bytes());
        assert_eq!(input.unreceived_length(), 0);
        assert_eq!(windows, 2);
    }

    #[test]
    fn what_was_not_taken_is_sent_again_and_a_ctrl_c_as_a_byte() {
        let mut input = Input::default();
        assert!(input.push(Bytes::from_static(b"abc")));
        input.interrupt();
        assert!(input.push(Bytes::from_static(b"def")));
        let messages: Vec<_> = std::iter::from_fn(|| input.next_message()).collect();
        assert!(messages.contains(&ClientMessage::Interrupt));
        assert!(input.push(Bytes::from_static(b"ghi")));
        input.bound(2);
        assert_eq!(
            (input.received(), input.unreceived()),
            (2, b"c\x03defghi".to_vec())
        );
        assert_eq!(sent(&mut input), b"c\x03defghi");
        input.bound(10);
        assert_eq!(sent(&mut input), b"");
    }

    #[test]
    fn what_another_page_typed_counts() {
        let mut input = Input::default();
        assert!(input.push(Bytes::from_static(b"abc")));
        sent(&mut input);
        assert!(input.push(Bytes::from_static(b"later")));
        input.bound(50);
        assert_eq!(sent(&mut input), b"later");
        input.consume(55);
        assert_eq!((input.received(), input.unreceived()), (55, vec![]));
    }

    #[test]
    fn input_outlives_a_reload() {
        let mut before = Input::default();
        assert!(before.push(Bytes::from_static(b"abcdef")));
        sent(&mut before);
        before.consume(2);
        assert!(before.push(Bytes::from_static(b"ghi")));
        let mut after = Input::resume_at(before.received(), before.unreceived());
        after.bound(4);
        assert_eq!(sent(&mut after), b"efghi");
        assert_eq!(
            (after.received(), after.unreceived()),
            (4, b"efghi".to_vec())
        );
    }

    #[test]
    fn an_answered_ping_confirms_what_went_before_it_but_makes_no_room() {
        let mut input = Input::default();
        assert!(input.push(vec![b'x'; 200_000].into()));
        let flying = sent(&mut input).len();
        assert_eq!(flying, INPUT_WINDOW as usize);
        input.ping();
        assert_eq!(input.unreceived_length(), 200_000);
        input.pong();
        assert_eq!(input.unreceived_length(), 200_000 - flying);
        assert_eq!(sent(&mut input), b"", "there is no room yet");
        input.consume(16 << 10);
        assert_eq!(sent(&mut input).len(), 16 << 10);
        input.pong();
        assert_eq!(
            input.unreceived_length(),
            200_000 - flying,
            "sent behind the ping"
        );
    }

    #[test]
    fn a_paste_without_end_is_refused() {
        let mut input = Input::default();
        assert!(!input.push(Bytes::from(vec![b'x'; MAX_QUEUED + 1])));
        assert_eq!(input.unreceived_length(), 0);
    }

    proptest! {
        /// Whatever is typed, consumed and lost, in whatever order: the server gets it once.
        #[test]
        fn every_byte_once(
            steps in proptest::collection::vec((0..4, 0_usize..100_000), 1..30),
        ) {
            let mut input = Input::default();
            let mut typed: Vec<u8> = Vec::new();
            let mut server = Vec::new();
            let mut flying: Vec<u8> = Vec::new();
            for (kind, amount) in steps {
                match kind {
                    0 => {
                        let bytes: Vec<u8> = (0..amount).map(|at| (typed.len() + at) as u8).collect();
                        typed.extend(&bytes);
                        prop_assert!(input.push(bytes.into()));
                    }
                    1 => flying.extend(sent(&mut input)),
                    2 => {
                        server.extend(flying.drain(..amount.min(flying.len())));
                        input.consume(server.len() as u64);
                    }
                    _ => {
                        // Some arrives unsaid, the rest is lost.
                        server.extend(flying.drain(..amount.min(flying.len())));
                        flying.clear();
                        input.bound(server.len() as u64);
                    }
                }
                prop_assert!(flying.len() <= INPUT_WINDOW as usize);
                prop_assert_eq!(input.unreceived_length(), typed.len() - server.len());
            }
            loop {
                flying.extend(sent(&mut input));
                if flying.is_empty() {
                    break;
                }
                server.append(&mut flying);
                input.consume(server.len() as u64);
            }
            prop_assert_eq!(server, typed);
        }
    }
}
