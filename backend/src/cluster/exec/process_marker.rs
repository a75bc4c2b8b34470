//! The line with which a launcher says that the shell starts now, and which process it is.
//!
//! It is an operating system command (OSC) that no terminal knows, of the process's id, the id of its
//! session and its start time: `ESC ] 7735 ; 17 ; 17 ; 250500 BEL`. It is for the server alone and taken
//! out of the output.

/// What the marker begins with.
const START: &[u8] = b"\x1b]7735;";
const END: u8 = 0x07;
/// Within so many bytes of output the marker has to come, the line end behind it included. What a
/// shell's own start prints may stand before it.
const LOOK_AHEAD: usize = 512;

/// The process that leads the session of a terminal: the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cluster) struct Leader {
    /// Its id, as the container sees it, and that of its session.
    pub(in crate::cluster) pid: u32,
    /// When it was started, in clock ticks since the node was: another process may get the same id, but
    /// not at the same time.
    pub(in crate::cluster) since: u64,
}

/// The begin of a shell's output, held back until it is known what of it is the marker.
#[derive(Debug, Default)]
pub(in crate::cluster) struct Marker {
    held: Vec<u8>,
}

/// What the begin of the output turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cluster) struct Found {
    /// The shell's process, if there was a marker and it tells.
    pub(in crate::cluster) leader: Option<Leader>,
    /// The output without the marker.
    pub(in crate::cluster) text: Vec<u8>,
}

impl Marker {
    /// Takes the next piece of output; [`None`] while more is needed.
    pub(in crate::cluster) fn feed(&mut self, data: &[u8]) -> Option<Found> {
        self.held.extend_from_slice(data);
        let full = self.held.len() >= LOOK_AHEAD;
        let window = &self.held[..self.held.len().min(LOOK_AHEAD)];
        let leader = match parse(window, full) {
            Parsed::Marker { start, end, leader } => {
                self.held.drain(start..end);
                leader
            }
            Parsed::Unfinished if !full => return None,
            Parsed::Unfinished | Parsed::Foreign => None,
        };
        Some(Found {
            leader,
            text: self.take(),
        })
    }

    /// Whether output is held back.
    pub(in crate::cluster) fn holds_text(&self) -> bool {
        !self.held.is_empty()
    }

    /// What is held back.
    pub(in crate::cluster) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }
}

enum Parsed {
    /// It stands in these bytes, with its line end.
    Marker {
        start: usize,
        end: usize,
        leader: Option<Leader>,
    },
    /// It may still come.
    Unfinished,
    /// What stands in its place was not written by a launcher.
    Foreign,
}

/// Looks for the marker in the begin of the output; nothing more belongs to that if it is `full`.
fn parse(window: &[u8], full: bool) -> Parsed {
    let find = |from: usize, what: &[u8]| {
        let rest = &window[from..];
        let at = rest.windows(what.len()).position(|bytes| bytes == what)?;
        Some(from + at)
    };
    let Some(start) = find(0, START) else {
        return Parsed::Unfinished;
    };
    let inside = start + START.len();
    let Some(end) = find(inside, &[END]) else {
        return Parsed::Unfinished;
    };
    let Some(leader) = parse_leader(&window[inside..end]) else {
        return Parsed::Foreign;
    };
    let behind = end + 1;
    let line_end = match &window[behind..] {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        [] | [b'\r'] if !full => return Parsed::Unfinished,
        _ => 0,
    };
    Parsed::Marker {
        start,
        end: behind + line_end,
        leader: leader.known(),
    }
}

/// The numbers of a marker, each empty where the launcher could not tell.
struct Numbers {
    pid: Option<u32>,
    session: Option<u32>,
    since: Option<u64>,
}

impl Numbers {
    /// A process that does not lead its session tells nothing of what else runs in its terminal.
    fn known(&self) -> Option<Leader> {
        let pid = self
            .pid
            .filter(|&pid| pid > 0 && self.session == Some(pid))?;
        let since = self.since?;
        Some(Leader { pid, since })
    }
}

fn parse_leader(text: &[u8]) -> Option<Numbers> {
    let text = std::str::from_utf8(text).ok()?;
    let is_expected = |byte: u8| byte.is_ascii_digit() || byte == b';';
    let mut parts = text.split(';');
    let (pid, session, since) = (parts.next()?, parts.next()?, parts.next()?);
    (text.bytes().all(is_expected) && parts.next().is_none()).then(|| Numbers {
        pid: pid.parse().ok(),
        session: session.parse().ok(),
        since: since.parse().ok(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes of output that arrives in these pieces: the leader, and the text that is passed on.
    fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Option<Leader>, Vec<u8>) {
        let mut marker = Marker::default();
        let mut found: Option<Found> = None;
        for piece in pieces {
            match &mut found {
                Some(found) => found.text.extend_from_slice(piece),
                None => found = marker.feed(piece),
            }
        }
        match found {
            Some(found) => (found.leader, found.text),
            None => (None, marker.take()),
        }
    }

    fn read_whole(output: &[u8]) -> (Option<Leader>, Vec<u8>) {
        read([output])
    }

    const LEADER: Option<Leader> = Some(Leader {
        pid: 17,
        since: 250_500,
    });

    #[test]
    fn the_marker_is_taken_out() {
        let cases: [(&[u8], _, &[u8]); 6] = [
            (b"\x1b]7735;17;17;250500\x07\r\n$ ", LEADER, b"$ "),
            (b"\x1b]7735;17;17;250500\x07\n$ ", LEADER, b"$ "),
            (b"\x1b]7735;17;17;250500\x07$ ", LEADER, b"$ "),
            (
                b"hello\r\n\x1b]7735;17;17;250500\x07\r\n",
                LEADER,
                b"hello\r\n",
            ),
            // /proc is not there.
            (b"\x1b]7735;17;;\x07\r\n$ ", None, b"$ "),
            // The session is led by a process outside of the container.
            (b"\x1b]7735;17;0;250500\x07\r\n$ ", None, b"$ "),
        ];
        for (output, leader, text) in cases {
            assert_eq!(read_whole(output), (leader, text.to_vec()));
        }
    }

    #[test]
    fn what_is_no_marker_is_passed_on() {
        let far = [
            [b'x'; LOOK_AHEAD].as_slice(),
            b"\x1b]7735;17;17;250500\x07\r\n",
        ]
        .concat();
        let cases: [&[u8]; 6] = [
            b"",
            b"$ ",
            b"\x1b]7735;17",
            b"\x1b]7735;rm -rf;17;1\x07\r\n$ ",
            b"\x1b]7735;17;17;1;1\x07\r\n$ ",
            &far,
        ];
        for output in cases {
            assert_eq!(read_whole(output), (None, output.to_vec()));
        }
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same(
            before in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..40),
                proptest::collection::vec(any::<u8>(), LOOK_AHEAD - 40..LOOK_AHEAD + 10),
            ],
            marker in prop_oneof![
                Just(&b"\x1b]7735;17;17;250500\x07"[..]),
                Just(&b"\x1b]7735;17;;\x07"[..]),
                Just(&b"\x1b]7735;broken\x07"[..]),
                Just(&b""[..]),
            ],
            after in prop_oneof![
                Just(b"\r\n$ ".to_vec()),
                Just(b"\n".to_vec()),
                proptest::collection::vec(any::<u8>(), 0..600),
            ],
            cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..8),
        ) {
            let output = [&before[..], marker, &after].concat();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(output.len() + 1)).collect();
            cuts.extend([0, output.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|ends| &output[ends[0]..ends[1]]);
            prop_assert_eq!(read(pieces), read_whole(&output));
        }
    }
}
