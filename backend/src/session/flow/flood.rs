//! What becomes of a flood after Ctrl-C: all but its end is dropped until it pauses.
//!
//! A flooding program has megabytes on their way when it is interrupted; they would be drawn for
//! seconds before the prompt behind them. So everything is read at full speed and only the last lines
//! are kept. Where there is no flood, nothing is dropped.

use memchr::memchr;
use tokio::time::{Duration, Instant};

/// Output that rests for so long has come to its end.
const PAUSE: Duration = Duration::from_millis(30);
/// A program that still floods after this time does not heed Ctrl-C; its output is shown again.
const PATIENCE: Duration = Duration::from_secs(5);
/// So much output without a rest is a flood, in bytes. No less is drawn before a flood that paused is
/// dropped again, and no longer report of an interrupted program is shown whole.
pub(in crate::session) const FLOOD: u64 = 64 << 10;
/// Output rests if none comes for so long.
const REST: Duration = Duration::from_millis(500);
/// How much of the end is shown at most, in bytes and in lines.
const SHOWN: usize = 4 << 10;
const LINES: usize = 12;
/// What switches to the alternate screen, on which a program draws; from there on nothing is dropped.
const ALTERNATE_SCREEN: [&[u8]; 3] = [b"\x1b[?1049h", b"\x1b[?1047h", b"\x1b[?47h"];
/// The longest of them.
const SWITCH: usize = 8;

/// How much output comes without a rest.
#[derive(Debug, Default)]
pub(in crate::session) struct OutputRate {
    bytes: u64,
    last: Option<Instant>,
}

impl OutputRate {
    /// So much came just now.
    pub(in crate::session) fn hear(&mut self, length: usize, now: Instant) {
        if !self.flows(now) {
            self.bytes = 0;
        }
        self.bytes += length as u64;
        self.last = Some(now);
    }

    /// Whether it is a flood.
    pub(in crate::session) fn is_flood(&self, now: Instant) -> bool {
        self.bytes >= FLOOD && self.flows(now)
    }

    fn flows(&self, now: Instant) -> bool {
        self.last.is_some_and(|last| now < last + REST)
    }
}

/// After the Ctrl-C into a flood, while that may go on behind a pause: nothing has been typed since.
#[derive(Debug)]
pub(in crate::session) struct AfterInterrupt {
    until: Instant,
    flow: OutputRate,
    /// The end of what came, in which a switch to the alternate screen may have begun.
    end: Vec<u8>,
}

/// What output after a Ctrl-C is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Classification {
    /// The program's report, or the prompt; or more of it.
    Calm,
    /// The flood.
    Flood,
    /// No longer of interest.
    Past,
}

impl AfterInterrupt {
    /// Begins with a Ctrl-C.
    pub(in crate::session) fn new(now: Instant) -> Self {
        Self {
            until: now + PATIENCE,
            flow: OutputRate::default(),
            end: Vec::new(),
        }
    }

    /// Drops output until it pauses, for as long as there is patience left.
    pub(in crate::session) fn skip(&mut self, now: Instant) -> Skip {
        self.flow = OutputRate::default();
        self.end.clear();
        Skip::new(now, self.until)
    }

    /// Takes output that is shown.
    pub(in crate::session) fn hear(&mut self, data: &[u8], now: Instant) -> Classification {
        self.flow.hear(data.len(), now);
        self.end.extend_from_slice(data);
        if now >= self.until || find_switch(&self.end).is_some() {
            return Classification::Past;
        }
        self.end.drain(..self.end.len().saturating_sub(SWITCH - 1));
        if self.flow.is_flood(now) {
            Classification::Flood
        } else {
            Classification::Calm
        }
    }
}

/// Output being dropped.
#[derive(Debug)]
pub(in crate::session) struct Skip {
    dropped: u64,
    tail: Vec<u8>,
    /// The tail begins with a switch to the alternate screen.
    switched: bool,
    pauses: Instant,
    until: Instant,
}

/// What remains when it is over: so many bytes were dropped, and these follow.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::session) struct Rest {
    pub(in crate::session) dropped: u64,
    pub(in crate::session) shown: Vec<u8>,
}

impl Skip {
    fn new(now: Instant, until: Instant) -> Self {
        Self {
            dropped: 0,
            tail: Vec::new(),
            switched: false,
            pauses: now + PAUSE,
            until,
        }
    }

    /// How many bytes have come, dropped or not.
    pub(in crate::session) fn len(&self) -> u64 {
        self.dropped + self.tail.len() as u64
    }

    /// Takes output that came just now.
    pub(in crate::session) fn hear(&mut self, data: &[u8], now: Instant) {
        self.push(data);
        self.pauses = now + PAUSE;
    }

    /// Takes output that waited.
    pub(in crate::session) fn push(&mut self, data: &[u8]) {
        let unsearched = self.tail.len().saturating_sub(SWITCH - 1);
        self.tail.extend_from_slice(data);
        if self.switched {
            return;
        }
        if let Some(at) = find_switch(&self.tail[unsearched..]) {
            self.switched = true;
            self.drop_first(unsearched + at);
        } else if self.tail.len() > 4 * SHOWN {
            // Seldom, for it moves what is left.
            self.drop_first(self.tail.len() - SHOWN);
        }
    }

    /// Takes a stretch that was dropped before.
    pub(in crate::session) fn push_gap(&mut self, length: u64) {
        self.drop_first(self.tail.len());
        self.dropped += length;
    }

    /// When to look again whether it is over.
    pub(in crate::session) fn deadline(&self) -> Instant {
        self.pauses.min(self.until)
    }

    /// Whether it is over.
    pub(in crate::session) fn is_over(&self, now: Instant) -> bool {
        self.switched || self.deadline() <= now
    }

    /// Whether it ended with a pause, behind which more of the flood may come.
    pub(in crate::session) fn paused(&self, now: Instant) -> bool {
        !self.switched && self.pauses <= now
    }

    /// Ends it.
    pub(in crate::session) fn finish(mut self) -> Rest {
        if !self.switched {
            self.drop_first(self.cut());
        }
        Rest {
            dropped: self.dropped,
            shown: self.tail,
        }
    }

    fn drop_first(&mut self, count: usize) {
        self.tail.drain(..count);
        self.dropped += count as u64;
    }

    /// Where in the tail begins what is shown: all if that is all there was, else at a line's beginning.
    fn cut(&self) -> usize {
        if self.dropped == 0 && self.tail.len() <= SHOWN {
            return 0;
        }
        let longest = self.tail.len().saturating_sub(SHOWN);
        let lines = self.tail[longest..]
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, byte)| **byte == b'\n')
            .take(LINES)
            .last();
        if let Some((newline, _)) = lines {
            return longest + newline + 1;
        }
        let is_inside = |byte: &u8| byte & 0b1100_0000 == 0b1000_0000;
        longest
            + self.tail[longest..]
                .iter()
                .take_while(|byte| is_inside(byte))
                .count()
    }
}

fn find_switch(data: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(escape) = memchr(b'\x1b', &data[at..]) {
        at += escape;
        if ALTERNATE_SCREEN
            .iter()
            .any(|switch| data[at..].starts_with(switch))
        {
            return Some(at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(pieces: &[&[u8]]) -> Rest {
        let now = Instant::now();
        let mut skip = Skip::new(now, now + PATIENCE);
        for piece in pieces {
            skip.push(piece);
        }
        skip.finish()
    }

    fn rest(dropped: u64, shown: &[u8]) -> Rest {
        let shown = shown.to_vec();
        Rest { dropped, shown }
    }

    #[test]
    fn little_output_is_not_dropped() {
        assert_eq!(of(&[b"^C\r\n", b"$ "]), rest(0, b"^C\r\n$ "));
    }

    #[test]
    fn the_last_lines_of_a_flood_are_shown() {
        let flood = b"y\r\n".repeat(100_000);
        let shown = [&b"y\r\n".repeat(LINES - 2)[..], b"^C\r\n$ "].concat();
        // The line of ^C is one of them, the prompt has no end.
        let Rest {
            dropped,
            shown: got,
        } = of(&[&flood, b"^C\r\n$ "]);
        assert_eq!(got, [b"y\r\n", &shown[..]].concat()[3..]);
        assert_eq!(dropped + got.len() as u64, flood.len() as u64 + 6);
    }

    #[test]
    fn a_flood_without_lines_is_cut_between_characters() {
        let flood = "汉".repeat(10_000);
        let Rest { dropped, shown } = of(&[flood.as_bytes()]);
        assert!(shown.len() <= SHOWN && dropped > 0);
        assert_eq!(
            str::from_utf8(&shown),
            Ok(&flood[usize::try_from(dropped).unwrap()..])
        );
    }

    #[test]
    fn from_the_alternate_screen_on_nothing_is_dropped() {
        let flood = b"y\r\n".repeat(10_000);
        let drawn = [b"\x1b[?1049h", &b"~\r\n".repeat(10_000)[..]].concat();
        let now = Instant::now();
        for cut in 0..10 {
            let (first, second) = drawn.split_at(cut);
            let mut skip = AfterInterrupt::new(now).skip(now);
            skip.push(&[&flood[..], first].concat());
            skip.push(second);
            assert!(skip.is_over(now));
            assert_eq!(skip.finish(), rest(flood.len() as u64, &drawn), "{cut}");
        }
    }

    #[test]
    fn it_ends_with_a_pause_or_with_patience() {
        let start = Instant::now();
        let mut skip = AfterInterrupt::new(start).skip(start);
        assert!(!skip.is_over(start + PAUSE / 2));
        assert!(skip.is_over(start + PAUSE));
        let mut now = start;
        while now < start + PATIENCE {
            assert!(!skip.is_over(now));
            skip.hear(b"y\r\n", now);
            now += PAUSE / 2;
        }
        assert!(skip.is_over(now));
    }

    #[test]
    fn much_output_without_a_rest_is_a_flood() {
        let mut flow = OutputRate::default();
        let mut now = Instant::now();
        for _ in 0..100 {
            flow.hear(10_000, now);
            now += REST;
            assert!(!flow.is_flood(now));
        }
        for _ in 0..7 {
            flow.hear(10_000, now);
            now += REST / 2;
        }
        assert!(flow.is_flood(now));
        assert!(!flow.is_flood(now + REST));
    }

    #[test]
    fn what_is_drawn_after_ctrl_c_is_no_flood() {
        let now = Instant::now();
        let mut after_interrupt = AfterInterrupt::new(now);
        assert_eq!(
            after_interrupt.hear(b"^C\r\n\x1b[?10", now),
            Classification::Calm
        );
        assert_eq!(after_interrupt.hear(b"49h~\r\n", now), Classification::Past);
        let mut after_interrupt = AfterInterrupt::new(now);
        let report = [b'x'; FLOOD as usize - 1];
        assert_eq!(after_interrupt.hear(&report, now), Classification::Calm);
        assert_eq!(after_interrupt.hear(b"xx", now), Classification::Flood);
        assert_eq!(
            after_interrupt.hear(&report, now + PATIENCE),
            Classification::Past
        );
    }

    proptest! {
        #[test]
        fn what_is_shown_is_the_end(pieces in prop::collection::vec("[a\n汉\x1b?]{0,3000}", 0..20)) {
            let bytes: Vec<&[u8]> = pieces.iter().map(|piece| piece.as_bytes()).collect();
            let Rest { dropped, shown } = of(&bytes);
            let whole = bytes.concat();
            prop_assert_eq!(&whole[usize::try_from(dropped).unwrap()..], shown);
        }
    }
}
