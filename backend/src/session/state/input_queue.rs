//! Input on its way to the process: what waits costs about as much memory as it has bytes.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// Pieces that are shorter are put together when they have to wait, up to this length, in bytes. A piece keeps the read
/// buffer alive that it came in, however short it is.
const WHOLE: usize = 16 << 10;

/// The longest piece that goes to the process at once, in bytes: each is one frame, which is copied on its way.
const MOST: usize = 64 << 10;

/// Input that waits for the process, in order.
#[derive(Debug, Default)]
pub(super) struct InputQueue {
    pieces: VecDeque<Bytes>,
    /// Behind them: small pieces, put together.
    small: BytesMut,
    length: u64,
}

impl InputQueue {
    /// How many bytes wait.
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Takes input. What is large is not copied, nor is what finds nothing before it: it waits for next to no time,
    /// unless more comes.
    pub(super) fn push(&mut self, data: Bytes) {
        if data.is_empty() {
            return;
        }
        self.length += data.len() as u64;
        if self.pieces.is_empty() && self.small.is_empty() {
            self.pieces.push_back(data);
            return;
        }
        self.settle();
        if self.small.len() + data.len() > WHOLE {
            self.end_small();
        }
        if data.len() < WHOLE {
            self.small.extend_from_slice(&data);
        } else {
            self.pieces.push_back(data);
        }
    }

    /// Gives the next piece.
    pub(super) fn pop(&mut self) -> Option<Bytes> {
        if self.pieces.is_empty() {
            self.end_small();
        }
        let first = self.pieces.front_mut()?;
        let data = if first.len() > MOST {
            first.split_to(MOST)
        } else {
            self.pieces.pop_front()?
        };
        self.length -= data.len() as u64;
        Some(data)
    }

    /// Sets the buffer free that a lone small piece came in: it may have to wait long.
    pub(super) fn settle(&mut self) {
        if self.small.is_empty()
            && self.pieces.len() == 1
            && let Some(lone) = self.pieces.front().filter(|lone| lone.len() < WHOLE)
        {
            self.small.extend_from_slice(lone);
            self.pieces.clear();
        }
    }

    fn end_small(&mut self) {
        if !self.small.is_empty() {
            let small = std::mem::take(&mut self.small);
            self.pieces.push_back(small.freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A piece of a read buffer that is longer than it.
    fn piece(data: &[u8]) -> Bytes {
        Bytes::from([data, &[0; 100]].concat()).slice(..data.len())
    }

    #[test]
    fn a_lone_piece_goes_as_it_came() {
        let mut input = InputQueue::default();
        for length in [1, WHOLE, 3 * WHOLE] {
            let data = piece(&vec![7; length]);
            input.push(data.clone());
            let popped = input.pop().unwrap();
            assert_eq!((popped.as_ptr(), popped.len()), (data.as_ptr(), length));
            assert!(input.is_empty());
        }
    }

    #[test]
    fn what_is_large_is_not_copied_and_what_is_small_keeps_no_buffer() {
        let mut input = InputQueue::default();
        let large = piece(&[7; WHOLE]);
        let small = piece(b"a");
        for data in [&small, &large, &small, &small, &large] {
            input.push(data.clone());
        }
        let popped: Vec<_> = std::iter::from_fn(|| input.pop()).collect();
        assert_eq!(popped, [&b"a"[..], &large, b"aa", &large]);
        assert_eq!(
            [popped[1].as_ptr(), popped[3].as_ptr()],
            [large.as_ptr(), large.as_ptr()]
        );
        assert_ne!(popped[0].as_ptr(), small.as_ptr());

        input.push(small.clone());
        input.settle();
        assert_ne!(input.pop().unwrap().as_ptr(), small.as_ptr());
        assert!(input.is_empty());
    }

    #[test]
    fn what_is_very_large_goes_in_pieces_of_the_same_buffer() {
        let mut input = InputQueue::default();
        let data = piece(&vec![7; 5 * MOST / 2]);
        input.push(data.clone());
        input.push(piece(b"a"));
        let popped: Vec<_> = std::iter::from_fn(|| input.pop()).collect();
        let lengths: Vec<_> = popped.iter().map(Bytes::len).collect();
        assert_eq!(lengths, [MOST, MOST, MOST / 2, 1]);
        assert_eq!(popped[1].as_ptr(), data[MOST..].as_ptr());
    }

    #[derive(Clone, Debug)]
    enum Act {
        Push(usize),
        Pop,
        Settle,
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            6 => (0..6_usize).prop_map(Act::Push),
            2 => (1..2 * WHOLE).prop_map(Act::Push),
            2 => Just(Act::Pop),
            1 => Just(Act::Settle),
        ]
    }

    proptest! {
        /// Whatever it comes in, it goes out whole and in order, in few pieces.
        #[test]
        fn every_byte_comes_out_once(acts in prop::collection::vec(act(), 0..200)) {
            let mut input = InputQueue::default();
            let (mut pushed, mut popped) = (Vec::<u8>::new(), Vec::new());
            for act in acts {
                match act {
                    Act::Push(length) => {
                        let data: Vec<u8> = (0..length).map(|at| ((pushed.len() + at) / 3) as u8).collect();
                        input.push(piece(&data));
                        pushed.extend(data);
                    }
                    Act::Pop => match input.pop() {
                        Some(data) => {
                            prop_assert!(!data.is_empty());
                            popped.extend_from_slice(&data);
                        }
                        None => prop_assert_eq!(popped.len(), pushed.len()),
                    }
                    Act::Settle => input.settle(),
                }
                let waiting = pushed.len() - popped.len();
                prop_assert_eq!(input.len(), waiting as u64);
                prop_assert_eq!(input.is_empty(), waiting == 0);
                // Any two neighbours are longer than one whole, or one of them is a whole.
                prop_assert!(input.pieces.len() <= 2 * waiting.div_ceil(WHOLE) + 1);
            }
            while let Some(data) = input.pop() {
                popped.extend_from_slice(&data);
            }
            prop_assert!(popped == pushed);
        }
    }
}
