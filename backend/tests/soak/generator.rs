//! What the fake cluster's generator sends for what it was sent, byte for byte.

use std::collections::VecDeque;

use fake_cluster::load::{Sum, bytes};

/// All that a generator will have sent.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    /// The line that is being typed.
    line: Vec<u8>,
    /// Bytes still to be taken, and the sum of those that were.
    taking: Option<(u64, Sum)>,
    pieces: VecDeque<Piece>,
    end: u64,
}

#[derive(Debug)]
struct Piece {
    start: u64,
    end: u64,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Text(Vec<u8>),
    Generated { seed: u64 },
}

impl Expected {
    /// The offset behind all output.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Input that the generator gets.
    pub(crate) fn typed(&mut self, mut input: &[u8]) {
        while !input.is_empty() {
            if let Some((left, mut sum)) = self.taking.take() {
                let count = usize::try_from(left).unwrap().min(input.len());
                let (taken, rest) = input.split_at(count);
                sum.update(taken);
                input = rest;
                match left - count as u64 {
                    0 => self.say(format!("sum {sum}\r\n")),
                    left => self.taking = Some((left, sum)),
                }
                continue;
            }
            let end = input.iter().position(|byte| b"\r\n".contains(byte));
            let (line, rest) = input.split_at(end.unwrap_or(input.len()));
            self.line.extend_from_slice(line);
            input = rest.get(1..).unwrap_or_default();
            if end.is_some() {
                let line = std::mem::take(&mut self.line);
                self.obey(std::str::from_utf8(&line).unwrap());
            }
        }
    }

    fn obey(&mut self, line: &str) {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words[..] {
            [] | ["exit", _] => {}
            ["bytes", count, "seed", seed] => {
                let (count, seed) = (count.parse().unwrap(), seed.parse().unwrap());
                self.push(count, Content::Generated { seed });
                self.say(format!("sum {}\r\n", Sum::of(&bytes(seed, 0..count))));
            }
            ["take", count] => {
                self.taking = Some((count.parse().unwrap(), Sum::default()));
            }
            _ => self.say(format!("? {line}\r\n")),
        }
    }

    fn say(&mut self, text: String) {
        self.push(text.len() as u64, Content::Text(text.into_bytes()));
    }

    fn push(&mut self, length: u64, content: Content) {
        let start = self.end;
        self.end += length;
        self.pieces.push_back(Piece {
            start,
            end: self.end,
            content,
        });
    }

    /// Checks output that came at `offset`. What stands before it won't come again.
    ///
    /// # Errors
    ///
    /// What came and what should have come, if they differ.
    pub(crate) fn check(&mut self, mut offset: u64, mut output: &[u8]) -> Result<(), Wrong> {
        while self.pieces.front().is_some_and(|piece| piece.end <= offset) {
            self.pieces.pop_front();
        }
        for piece in &self.pieces {
            let end = piece.end.min(offset + output.len() as u64);
            let part = offset - piece.start..end - piece.start;
            let expected = match &piece.content {
                Content::Text(text) => {
                    let place = |offset| usize::try_from(offset).unwrap();
                    text[place(part.start)..place(part.end)].to_vec()
                }
                Content::Generated { seed } => bytes(*seed, part),
            };
            let (came, rest) = output.split_at(expected.len());
            if came != expected {
                return Err(Wrong::new(offset, came, &expected));
            }
            (offset, output) = (end, rest);
            if output.is_empty() {
                return Ok(());
            }
        }
        Err(Wrong::new(offset, output, b""))
    }
}

/// Output that is not what should have come.
#[derive(Debug)]
#[expect(dead_code, reason = "for the message of a failed test")]
pub(crate) struct Wrong {
    offset: u64,
    came: String,
    expected: String,
}

impl Wrong {
    fn new(offset: u64, came: &[u8], expected: &[u8]) -> Self {
        Self {
            offset,
            came: String::from_utf8_lossy(came).into_owned(),
            expected: String::from_utf8_lossy(expected).into_owned(),
        }
    }
}

#[test]
fn what_differs_is_noticed() {
    let expected = || {
        let mut expected = Expected::default();
        expected.typed(b"hello\nbytes 640 seed 3\ntake 3\na\nb");
        expected
    };
    let all = [
        b"? hello\r\n",
        &bytes(3, 0..640)[..],
        format!("sum {}\r\n", Sum::of(&bytes(3, 0..640))).as_bytes(),
        format!("sum {}\r\n", Sum::of(b"a\nb")).as_bytes(),
    ]
    .concat();
    assert_eq!(expected().end(), all.len() as u64);
    expected().check(0, &all).unwrap();
    expected().check(640, &all[640..]).unwrap();
    for number in 0..all.len() {
        let mut wrong = all.clone();
        wrong[number] ^= 1;
        expected().check(0, &wrong).unwrap_err();
    }
    for (offset, came) in [
        (1, &all[..]),
        (0, &all[1..]),
        (0, &[&all[..], b"x"].concat()),
    ] {
        expected().check(offset, came).unwrap_err();
    }
}
