//! The lines of a log that the page keeps: the latest, for as many as there is room.

use std::collections::{VecDeque, vec_deque};

use podshell_shared::log_lines::LogLine;

/// So much of a log is kept, in bytes.
const ROOM: usize = 16 << 20;

/// The latest lines, cleaned.
#[derive(Default)]
pub(super) struct KeptLines {
    lines: VecDeque<LogLine>,
    bytes: usize,
}

impl KeptLines {
    /// Keeps a line, and of those before it no more than make `most` with it.
    pub(super) fn push(&mut self, line: LogLine, most: usize) {
        self.bytes += size(&line);
        self.lines.push_back(line);
        while self.lines.len() > most.max(1) || (self.bytes > ROOM && self.lines.len() > 1) {
            let Some(first) = self.lines.pop_front() else {
                return;
            };
            self.bytes -= size(&first);
        }
    }

    /// All of them, the oldest first.
    pub(super) fn iter(&self) -> vec_deque::Iter<'_, LogLine> {
        self.lines.iter()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lines.len()
    }

    /// Keeps none any more.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

fn size(line: &LogLine) -> usize {
    line.time.len() + line.text.len() + size_of::<LogLine>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> LogLine {
        LogLine {
            time: String::new(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn the_oldest_go_where_there_are_too_many_or_too_much() {
        let mut kept = KeptLines::default();
        for number in 0..10 {
            kept.push(line(&number.to_string()), 3);
        }
        let texts: Vec<_> = kept.iter().map(|line| &*line.text).collect();
        assert_eq!(texts, ["7", "8", "9"]);
        kept.push(line(&"x".repeat(ROOM)), 100);
        assert_eq!(kept.count(), 1, "the last is there, however long");
        kept.push(line("short"), 100);
        assert_eq!(kept.count(), 1);
        kept.clear();
        assert_eq!((kept.count(), kept.bytes), (0, 0));
    }
}
