//! How a log is read on and on: what is asked for next, and when. It has no clock and does no I/O.

use podshell_shared::{
    log::LogOptions,
    log_lines::{LogLine, LogLines},
};

/// The clocks of node and browser may differ by so much, in s.
const CLOCKS_APART: f64 = 60.0;
/// How long after its end the next run of a container is looked for, in ms; twice as long each time.
const NEXT_RUN: u32 = 1000;
/// How long after a connection broke it is tried again, in ms; twice as long each time.
const AGAIN: u32 = 500;
/// The longest of both pauses, in ms.
const LONGEST_PAUSE: u32 = 30_000;
/// So often in vain is the next run looked for: some five minutes.
const LOOKS: u32 = 13;
/// A connection that has lasted so long was a good one, in ms.
const GOOD: f64 = 10_000.0;
/// What is not followed is asked for so often, in ms.
const POLL: u32 = 2000;

/// What is done when an answer is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// All is read.
    Over,
    /// It is asked again, after so many ms.
    Again(u32, Why),
}

/// Why it is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The log is asked for now and then, in place of being followed.
    Poll,
    /// The container has ended, and may be started again.
    NextRun,
    /// The connection broke, and that is no news for whoever has waited no longer than this.
    Broke,
    /// It can't be had for now.
    Lost,
}

/// A log that is being read.
pub(super) struct Reading {
    asked: LogOptions,
    /// So many of the last lines are asked for at first.
    tail: u32,
    lines: LogLines,
    /// When a line came last, in ms.
    heard: Option<f64>,
    /// When this answer began, in ms, and whether it brought lines.
    began: f64,
    has_news: bool,
    follows: bool,
    /// So many answers in a row brought nothing, and so many broke.
    quiet: u32,
    broken: u32,
}

impl Reading {
    /// Begins to read what is `asked` of a log, at most so many lines of what is there.
    pub(super) fn new(asked: LogOptions, tail: u32) -> Self {
        Self {
            asked,
            tail,
            lines: LogLines::default(),
            heard: None,
            began: 0.0,
            has_news: false,
            follows: false,
            quiet: 0,
            broken: 0,
        }
    }

    /// The time of the last line, as the log has it.
    pub(super) fn last_time(&self) -> Option<&str> {
        self.lines.last_time()
    }

    /// What to ask for. `age` is how long ago the last line was printed by the browser's clock, in ms, if there was one;
    /// `may_follow`, whether a connection may be kept for it.
    pub(super) fn options(&self, now: f64, age: Option<f64>, may_follow: bool) -> LogOptions {
        let known = self.heard.zip(age).map(|(heard, age)| {
            // Whatever the browser's clock says, all that was printed after it came.
            let seconds = age.max(now - heard) / 1000.0 + CLOCKS_APART;
            seconds.ceil() as u32
        });
        LogOptions {
            follow: may_follow && !self.asked.previous,
            timestamps: true,
            previous: self.asked.previous,
            since: known.or(self.asked.since),
            tail: known.is_none().then_some(self.tail),
        }
    }

    /// An answer begins.
    pub(super) fn begin(&mut self, now: f64, follows: bool) {
        self.lines.begin();
        (self.began, self.has_news, self.follows) = (now, false, follows);
    }

    /// The lines that are whole now, each once.
    pub(super) fn take(&mut self, bytes: &[u8], now: f64) -> Vec<LogLine> {
        let lines = self.lines.take(bytes);
        self.heard(&lines, now);
        lines
    }

    /// The answer is complete: its last line, if that has no end, and what is next.
    pub(super) fn complete(&mut self, now: f64) -> (Option<LogLine>, Next) {
        let last = self.lines.finish();
        self.heard(last.as_slice(), now);
        self.broken = 0;
        let next = if self.asked.previous {
            Next::Over
        } else if !self.follows {
            Next::Again(POLL, Why::Poll)
        } else if self.has_news {
            self.quiet = 0;
            Next::Again(NEXT_RUN, Why::NextRun)
        } else if self.quiet == LOOKS {
            Next::Over
        } else {
            self.quiet += 1;
            Next::Again(pause(NEXT_RUN, self.quiet), Why::NextRun)
        };
        (last, next)
    }

    /// There was no answer, or it broke off.
    pub(super) fn broke(&mut self, now: f64) -> Next {
        if self.has_news || now - self.began > GOOD {
            self.broken = 0;
        }
        self.has_news = false;
        self.began = now;
        self.broken += 1;
        let why = match self.broken {
            1 => Why::Broke,
            _ => Why::Lost,
        };
        Next::Again(pause(AGAIN, self.broken - 1), why)
    }

    fn heard(&mut self, lines: &[LogLine], now: f64) {
        if !lines.is_empty() {
            self.has_news = true;
            self.heard = Some(now);
        }
    }
}

/// The pause after so many in vain, in ms.
fn pause(first: u32, times: u32) -> u32 {
    first.saturating_mul(1 << times.min(16)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &[u8] = b"2026-11-26T17:20:08.000000001Z begin\n";
    const LATER: &[u8] = b"2026-11-26T17:20:09.000000001Z later\n";

    fn reading() -> Reading {
        Reading::new(LogOptions::default(), 500)
    }

    #[test]
    fn what_is_there_comes_first_and_then_what_is_new() {
        let mut reading = reading();
        let first = reading.options(0.0, None, true);
        assert_eq!(first.query(), "?follow=1&timestamps=1&tail=500");
        reading.begin(0.0, true);
        // Nothing came: it is asked the same again.
        assert_eq!(reading.broke(100.0), Next::Again(500, Why::Broke));
        assert_eq!(reading.options(600.0, None, true), first);
        reading.begin(600.0, true);
        assert_eq!(reading.take(LINE, 700.0).len(), 1);
        assert_eq!(reading.last_time(), Some("2026-11-26T17:20:08.000000001Z"));
        // It was printed an hour ago, or came two hours ago and the clocks differ.
        let since = |now, age| reading.options(now, Some(age), true).since;
        assert_eq!(since(10_700.0, 3_600_000.0), Some(3660));
        assert_eq!(since(7_200_700.0, -5_000.0), Some(7260));
        assert_eq!(reading.options(800.0, Some(0.0), true).tail, None);
        assert!(!reading.options(800.0, Some(0.0), false).follow);
    }

    #[test]
    fn the_next_run_is_waited_for_and_not_for_ever() {
        let mut reading = reading();
        reading.begin(0.0, true);
        reading.take(LINE, 0.0);
        assert_eq!(
            reading.complete(1.0),
            (None, Next::Again(1000, Why::NextRun))
        );
        let mut waited = 0;
        let mut now = 1.0;
        loop {
            reading.begin(now, true);
            // What was read comes again, and is no news.
            assert!(reading.take(LINE, now).is_empty());
            match reading.complete(now).1 {
                Next::Again(pause, Why::NextRun) => {
                    waited += pause;
                    now += f64::from(pause);
                }
                next => {
                    assert_eq!(next, Next::Over);
                    break;
                }
            }
        }
        assert!((240_000..400_000).contains(&waited), "{waited}");
        // Whoever is started again is looked for as soon as at first.
        reading.begin(now, true);
        assert_eq!(reading.take(LATER, now).len(), 1);
        assert_eq!(reading.complete(now).1, Next::Again(1000, Why::NextRun));
    }

    #[test]
    fn the_run_before_ends() {
        let previous = LogOptions {
            previous: true,
            since: Some(60),
            ..LogOptions::default()
        };
        let mut reading = Reading::new(previous, 500);
        let asked = reading.options(0.0, None, true).query();
        assert_eq!(asked, "?previous=1&timestamps=1&since=60&tail=500");
        reading.begin(0.0, false);
        let (last, next) = {
            reading.take(b"2026-11-26T17:20:08Z no end", 0.0);
            reading.complete(1.0)
        };
        assert_eq!((&*last.unwrap().text, next), ("no end", Next::Over));
    }

    #[test]
    fn without_a_connection_for_it_it_is_asked_now_and_then() {
        let mut reading = reading();
        for now in [0.0, 2000.0, 4000.0] {
            reading.begin(now, false);
            assert_eq!(reading.complete(now).1, Next::Again(2000, Why::Poll));
        }
    }

    #[test]
    fn what_breaks_again_and_again_is_asked_less_often() {
        let mut reading = reading();
        let mut pauses = Vec::new();
        for _ in 0..9 {
            match reading.broke(0.0) {
                Next::Again(pause, why) => pauses.push((pause, why == Why::Lost)),
                next => panic!("{next:?}"),
            }
        }
        assert_eq!(pauses[..3], [(500, false), (1000, true), (2000, true)]);
        assert_eq!(pauses[8], (30_000, true));
        // A proxy ends what is silent for a minute: that is nobody's fault.
        reading.begin(0.0, true);
        assert_eq!(reading.broke(60_000.0), Next::Again(500, Why::Broke));
    }
}
