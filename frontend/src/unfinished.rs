//! Where in a stream of terminal bytes the last escape sequence or character begins that is not complete.

/// Begins every escape sequence.
const ESC: u8 = 0x1b;
/// Ends a string, as the older terminals have it.
const BEL: u8 = 0x07;
/// Break off any sequence.
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;

/// How many bytes at the end of `stream` belong to a sequence or a character that is not complete.
///
/// A terminal that took these bytes waits for the rest of it.
pub(crate) fn unfinished(stream: &[u8]) -> usize {
    stream.len() - open_sequence(stream).unwrap_or_else(|| open_character(stream))
}

/// Where the sequence begins that is still open.
fn open_sequence(stream: &[u8]) -> Option<usize> {
    let last = stream.iter().rposition(|&byte| byte == ESC)?;
    if last + 1 == stream.len() {
        // perhaps the first half of what ends a string
        let before = &stream[..last];
        return open_sequence(before)
            .filter(|&begin| is_string(&before[begin + 1..]))
            .or(Some(last));
    }
    is_open(&stream[last + 1..]).then_some(last)
}

/// Whether what follows an ESC, without another, still goes on.
fn is_open(sequence: &[u8]) -> bool {
    match sequence {
        [] => true,
        _ if sequence.iter().any(|byte| matches!(*byte, CAN | SUB)) => false,
        [b'[', parameters @ ..] => !parameters.iter().any(|byte| matches!(byte, 0x40..=0x7e)),
        [b']', string @ ..] => !string.contains(&BEL),
        _ if is_string(sequence) => true,
        bytes => bytes.iter().all(|byte| matches!(byte, 0x20..=0x2f)),
    }
}

/// Whether what follows an ESC begins a string: OSC, DCS, SOS, PM or APC.
fn is_string(sequence: &[u8]) -> bool {
    matches!(sequence, [b']' | b'P' | b'X' | b'^' | b'_', ..])
}

/// Where the character begins that is still open; the end if none is.
fn open_character(stream: &[u8]) -> usize {
    // the longest character has four bytes
    let from = stream.len().saturating_sub(3);
    (from..stream.len())
        .find(|&at| {
            let error = str::from_utf8(&stream[at..]).err();
            error.is_some_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
        })
        .unwrap_or(stream.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(finished: &str, open: &[u8]) {
        let stream = [finished.as_bytes(), open].concat();
        assert_eq!(unfinished(&stream), open.len());
    }

    #[test]
    fn what_is_complete_leaves_nothing() {
        for finished in [
            "",
            "text",
            "汉字🦀",
            "\x1b[1;31m",
            "\x1b[?25l\x1b[H",
            "\x1b]0;title\x07",
            "\x1b]0;title\x1b\\",
            "\x1bPq#0\x1b\\",
            "\x1b(0",
            "\x1b7",
            "\x1b[1;31mred and [",
            "\x1b]broken off\x18",
        ] {
            check(finished, b"");
        }
    }

    #[test]
    fn what_is_open_is_found_at_every_cut() {
        for sequence in [
            "\x1b[38;5;196m",
            "\x1b[?2004h",
            "\x1b]0;标题\x07",
            "\x1b]52;c;aGVsbG8=\x1b\\",
            "\x1bP1$r0m\x1b\\",
            "\x1b(B",
            "\x1b#8",
            "汉",
            "🦀",
        ] {
            let bytes = sequence.as_bytes();
            for cut in 1..bytes.len() {
                check("before \x1b[1mbold", &bytes[..cut]);
                check("汉", &bytes[..cut]);
            }
            check("before", b"");
        }
    }

    #[test]
    fn a_new_sequence_ends_the_one_before() {
        check("\x1b[12", b"\x1b[3");
        check("\x1b[12", b"\x1b");
        check("\x1b]0;never ended", b"\x1b[3");
    }

    #[test]
    fn bytes_that_are_no_text_are_not_waited_for() {
        check("", b"");
        assert_eq!(unfinished(b"\xff\xfe"), 0);
        assert_eq!(unfinished(b"\x80\x80\x80\x80"), 0);
        assert_eq!(unfinished(b"a\xe6"), 1);
    }
}
