//! Containers without processes: any number of sessions, output at full speed, and input that is checked.
//!
//! [`Container::generator`](crate::Container::generator) reads lines, each ended by one `\n` or `\r`, and echoes nothing:
//!
//! | line | what it does |
//! |---|---|
//! | `bytes <n> seed <s>` | sends [`bytes()`]`(s, 0..n)`, then `sum <sum>` |
//! | `take <n>` | reads `n` bytes, whatever they are, then sends `sum <sum>` |
//! | `exit <code>` | ends with this code |
//! | another | sends `? ` and the line |
//!
//! `<sum>` is the [`Sum`] of the bytes sent or taken; answers end with `\r\n`. Closing its stdin (v5) ends it with code 0.

use std::{fmt, ops::Range};

use bytes::{Buf, Bytes};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Bytes per line of [`bytes()`], its `\r\n` included: a range that ends at a multiple of this ends with a whole line.
pub const LINE: usize = 64;

/// Answers that wait for the client to read; then its input waits, too.
const ANSWERS: usize = 4;
/// How a process ends that is killed.
const KILLED: i32 = 128 + 9;
/// A line of input longer than this is not looked at as a whole.
const LONGEST: usize = 256;

/// What lines are made of: all lengths of UTF-8, and what JSON and HTML escape.
const GLYPHS: [&str; 16] = [
    "a", "Z", "7", " ", "\"", "\\", "<", "&", "é", "ß", "猫", "字", "終", "端", "🐈", "🚀",
];

/// Part of an endless text that `seed` determines.
///
/// It has lines of [`LINE`] bytes, each with its number and then letters, signs, Chinese and emoji. A range that does not end with a line can end within a character.
#[must_use]
pub fn bytes(seed: u64, range: Range<u64>) -> Vec<u8> {
    let size = LINE as u64;
    let mut text = Vec::new();
    for number in range.start / size..range.end.div_ceil(size) {
        text.extend_from_slice(&line(seed, number));
    }
    // Both are within the text, or it is empty.
    let skip = usize::try_from(range.start % size).unwrap_or(0);
    let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
    text.drain(..skip.min(text.len()));
    text.truncate(length);
    text
}

fn line(seed: u64, number: u64) -> [u8; LINE] {
    let mut line = [b'.'; LINE];
    let (text, end) = line.split_at_mut(LINE - 2);
    end.copy_from_slice(b"\r\n");
    let (head, mut rest) = text.split_at_mut(11);
    head.copy_from_slice(format!("{:010} ", number % 10_000_000_000).as_bytes());
    let mut state = seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    loop {
        let mut random = split_mix(&mut state);
        for _ in 0..16 {
            let glyph = GLYPHS[(random & 15) as usize].as_bytes();
            random >>= 4;
            let Some((place, after)) = rest.split_at_mut_checked(glyph.len()) else {
                // What is left stays dots.
                return line;
            };
            place.copy_from_slice(glyph);
            rest = after;
        }
    }
}

/// One step of the `SplitMix64` generator.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A checksum (FNV-1a, 64 bits) of bytes in their order; it is written as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum(u64);

impl Default for Sum {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Sum {
    /// The sum of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut sum = Self::default();
        sum.update(bytes);
        sum
    }

    /// Goes on with `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// What takes the place of processes.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Sends this, then back what it is sent.
    Idle(Bytes),
    Generator,
}

/// What is to be sent.
#[derive(Debug)]
enum Answer {
    Text(Bytes),
    /// The rest of a [`bytes()`], and the sum of what has been sent of it.
    Generated {
        seed: u64,
        left: Range<u64>,
        sum: Sum,
    },
    End(i32),
}

/// Begins: both ends, and the exit code once there is one. It ends as a process does when it is `killed`.
pub(crate) fn begin(
    kind: &Kind,
    killed: CancellationToken,
) -> (Input, Output, watch::Receiver<Option<i32>>) {
    let (sender, answers) = mpsc::channel(ANSWERS);
    let (exit, code) = watch::channel(None);
    let (lines, current) = match kind {
        Kind::Idle(prompt) => (None, Some(Answer::Text(prompt.clone()))),
        Kind::Generator => (Some(Lines::default()), None),
    };
    let input = Input {
        lines,
        answers: Some(sender),
    };
    let output = Output {
        current,
        answers,
        killed,
        exit,
    };
    (input, output, code)
}

/// Takes stdin.
#[derive(Debug)]
pub(crate) struct Input {
    /// `None` if all is sent back.
    lines: Option<Lines>,
    answers: Option<mpsc::Sender<Answer>>,
}

impl Input {
    /// Waits until there is room for the answers to `bytes`.
    pub(crate) async fn write(&mut self, mut bytes: Bytes) {
        let Self {
            lines,
            answers: Some(answers),
        } = self
        else {
            return;
        };
        let Some(lines) = lines else {
            // Who has gone needs no echo.
            let _ = answers.send(Answer::Text(bytes)).await;
            return;
        };
        while !bytes.is_empty() {
            if let Some(answer) = lines.take(&mut bytes) {
                let _ = answers.send(answer).await;
            }
        }
    }

    pub(crate) fn close(&mut self) {
        self.answers = None;
    }
}

/// The input of a generator.
#[derive(Debug, Default)]
struct Lines {
    line: Vec<u8>,
    /// Bytes still to take, and the sum of those taken.
    taking: Option<(u64, Sum)>,
}

impl Lines {
    /// Takes a part of `bytes`: up to the end of a line, or of what is counted.
    fn take(&mut self, bytes: &mut Bytes) -> Option<Answer> {
        if let Some((left, sum)) = &mut self.taking {
            let count = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
            sum.update(&bytes.split_to(count));
            *left -= count as u64;
            let done = (*left == 0).then(|| answer(*sum))?;
            self.taking = None;
            return Some(done);
        }
        let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let part = bytes.split_to(end.unwrap_or(bytes.len()));
        let room = LONGEST - self.line.len();
        self.line.extend_from_slice(&part[..part.len().min(room)]);
        end?;
        bytes.advance(1);
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        self.obey(&line)
    }

    fn obey(&mut self, line: &str) -> Option<Answer> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let sum = Sum::default();
        match words[..] {
            [] => return None,
            ["bytes", count, "seed", seed] => {
                if let (Ok(count), Ok(seed)) = (count.parse(), seed.parse()) {
                    let left = 0..count;
                    return Some(Answer::Generated { seed, left, sum });
                }
            }
            ["take", count] => match count.parse() {
                Ok(0) => return Some(answer(sum)),
                Ok(count) => {
                    self.taking = Some((count, sum));
                    return None;
                }
                Err(_) => {}
            },
            ["exit", code] => {
                if let Ok(code) = code.parse() {
                    return Some(Answer::End(code));
                }
            }
            _ => {}
        }
        Some(Answer::Text(format!("? {line}\r\n").into()))
    }
}

fn answer(sum: Sum) -> Answer {
    Answer::Text(format!("sum {sum}\r\n").into())
}

/// Gives stdout.
#[derive(Debug)]
pub(crate) struct Output {
    current: Option<Answer>,
    answers: mpsc::Receiver<Answer>,
    killed: CancellationToken,
    exit: watch::Sender<Option<i32>>,
}

impl Output {
    pub(crate) fn is_open(&self) -> bool {
        self.exit.borrow().is_none()
    }

    /// The next bytes, `size` at most; none at the end. Nothing is lost if this is dropped before it is ready.
    pub(crate) async fn read(&mut self, size: usize) -> Bytes {
        loop {
            let answer = match self.current.take() {
                Some(answer) if !self.killed.is_cancelled() => answer,
                _ => tokio::select! {
                    biased;
                    () = self.killed.cancelled() => Answer::End(KILLED),
                    answer = self.answers.recv() => answer.unwrap_or(Answer::End(0)),
                },
            };
            match answer {
                Answer::Text(mut text) if !text.is_empty() => {
                    let part = text.split_to(size.min(text.len()));
                    self.current = Some(Answer::Text(text));
                    return part;
                }
                Answer::Text(_) => {}
                Answer::Generated { left, sum, .. } if left.is_empty() => {
                    self.current = Some(self::answer(sum));
                }
                Answer::Generated {
                    seed,
                    left,
                    mut sum,
                } => {
                    let end = left.end.min(left.start.saturating_add(size as u64));
                    let part = bytes(seed, left.start..end);
                    sum.update(&part);
                    let left = end..left.end;
                    self.current = Some(Answer::Generated { seed, left, sum });
                    return part.into();
                }
                Answer::End(code) => {
                    self.exit.send_replace(Some(code));
                    return Bytes::new();
                }
            }
        }
    }
}
