//! What a client makes of a log that comes with times: its lines, each once, over answers that break off.

use std::mem;

/// What is taken for a line though no end of it has come, in bytes.
const LONGEST: usize = 256 << 10;

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was printed, as the node has it (RFC 3339); empty if it begins with no time.
    pub time: String,
    /// What was printed, without the line's end.
    pub text: String,
}

/// The lines of a log that is asked for with [`timestamps`](crate::log::LogOptions::timestamps).
#[derive(Clone, Debug, Default)]
pub struct LogLines {
    /// The beginning of a line.
    rest: Vec<u8>,
    /// The time of the last line, and how many lines have it.
    last: Option<(String, usize)>,
    /// What was the last when this answer began, and how many lines of its time are to come again.
    known: Option<(String, usize)>,
}

impl LogLines {
    /// The time of the last line: to go on after an answer that broke off, it is asked for what was printed since, in whole
    /// seconds and rather more than less.
    pub fn last_time(&self) -> Option<&str> {
        self.last.as_ref().map(|(time, _)| &**time)
    }

    /// Another answer begins: of what it brings again, nothing is told again. What had come of a line that was not complete
    /// comes anew.
    pub fn begin(&mut self) {
        self.rest.clear();
        self.known = self.last.clone();
    }

    /// The lines that are complete now that this has come.
    pub fn take(&mut self, mut bytes: &[u8]) -> Vec<LogLine> {
        let mut lines = Vec::new();
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let line;
            (line, bytes) = bytes.split_at(end + 1);
            self.rest.extend_from_slice(&line[..end]);
            lines.extend(self.line());
        }
        self.rest.extend_from_slice(bytes);
        if self.rest.len() > LONGEST {
            lines.extend(self.line());
        }
        lines
    }

    /// The last line, if it has no end: the log is whole.
    pub fn finish(&mut self) -> Option<LogLine> {
        if self.rest.is_empty() {
            None
        } else {
            self.line()
        }
    }

    /// What has come of a line, unless it is known.
    fn line(&mut self) -> Option<LogLine> {
        let line = mem::take(&mut self.rest);
        let line = String::from_utf8_lossy(&line);
        let (time, text) = match line.split_once(' ') {
            Some((time, text)) if is_time(time) => (time, text),
            None if is_time(&line) => (&*line, ""),
            _ => ("", &*line),
        };
        if self.is_known(time) {
            return None;
        }
        match &mut self.last {
            _ if time.is_empty() => {}
            Some((last, count)) if *last == time => *count += 1,
            last => *last = Some((time.to_owned(), 1)),
        }
        Some(LogLine {
            time: time.to_owned(),
            text: text.trim_end_matches('\r').to_owned(),
        })
    }

    /// Whether a line of this time came in an answer before. One node writes all of its times in one form, so that they are in
    /// the order of their letters.
    fn is_known(&mut self, time: &str) -> bool {
        match &mut self.known {
            // A kubelet's own words: it has no log, or can't read it.
            _ if time.is_empty() => false,
            Some((last, _)) if time < &**last => true,
            Some((last, count)) if time == *last && *count > 0 => {
                *count -= 1;
                true
            }
            _ => {
                self.known = None;
                false
            }
        }
    }
}

/// Whether this is a time as nodes write it: `2026-11-26T17:20:08.123456789Z`, or with an offset.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    (20..=35).contains(&bytes.len())
        && [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]
            .into_iter()
            .all(is_digit)
        && separators.into_iter().all(|(at, byte)| bytes[at] == byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
2026-11-26T17:20:08.000000001Z begin
2026-11-26T17:20:08.000000002Z größe=3 \u{1b}[31mrot\u{1b}[0m\r
2026-11-26T17:20:08.000000002Z the same
2026-11-26T17:20:09.000000000Z 
2026-11-26T17:20:09.500000000Z a b
";

    fn texts(lines: Vec<LogLine>) -> Vec<String> {
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn lines_are_the_same_however_they_are_cut() {
        let whole = LogLines::default().take(LOG.as_bytes());
        assert_eq!(
            texts(whole.clone()),
            [
                "begin",
                "größe=3 \u{1b}[31mrot\u{1b}[0m",
                "the same",
                "",
                "a b"
            ]
        );
        assert_eq!(whole[0].time, "2026-11-26T17:20:08.000000001Z");
        for cut in 0..LOG.len() {
            let mut lines = LogLines::default();
            let mut both = lines.take(&LOG.as_bytes()[..cut]);
            both.extend(lines.take(&LOG.as_bytes()[cut..]));
            assert_eq!(both, whole, "{cut}");
            assert_eq!(lines.finish(), None);
        }
    }

    #[test]
    fn after_an_answer_that_broke_off_each_line_is_told_once() {
        let whole = LogLines::default().take(LOG.as_bytes());
        for cut in 0..LOG.len() {
            let mut lines = LogLines::default();
            let mut all = lines.take(&LOG.as_bytes()[..cut]);
            assert_eq!(
                lines.last_time(),
                all.last().map(|line: &LogLine| &*line.time)
            );
            // It is asked for whole seconds, and more comes again than is needed.
            lines.begin();
            all.extend(lines.take(LOG.as_bytes()));
            assert_eq!(all, whole, "{cut}");
        }
        // Nothing of it may be there any more.
        let mut lines = LogLines::default();
        lines.take(LOG.as_bytes());
        lines.begin();
        let later =
            "no log\n2026-11-26T17:20:09.500000001Z later\n2026-11-26T17:20:09.500000001Z too\n";
        let told = lines.take(later.as_bytes());
        assert_eq!(texts(told), ["no log", "later", "too"]);
    }

    #[test]
    fn what_begins_with_no_time_is_a_line_all_the_same() {
        let mut lines = LogLines::default();
        let odd =
            b"unable to retrieve container logs for containerd://0\n2026 years\n\xff\xfe\nrest";
        assert_eq!(
            texts(lines.take(odd)),
            [
                "unable to retrieve container logs for containerd://0",
                "2026 years",
                "\u{fffd}\u{fffd}"
            ]
        );
        assert_eq!(lines.last_time(), None);
        assert_eq!(lines.finish().unwrap().text, "rest");
        assert_eq!(lines.finish(), None);
        let endless = vec![b'x'; LONGEST + 1];
        assert_eq!(lines.take(&endless).len(), 1);
        for (text, expected) in [
            ("2026-11-26T17:20:08Z", true),
            ("2026-11-26T17:20:08.123456789+02:00", true),
            ("2026-11-26 17:20:08", false),
            ("2026-11-26", false),
            ("größe-11-26T17:20:08Z", false),
        ] {
            assert_eq!(is_time(text), expected, "{text}");
        }
    }
}
