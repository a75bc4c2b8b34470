//! Where in a terminal's text the last escape sequence begins that is not complete.

/// Begins every escape sequence.
const ESC: u8 = 0x1b;
/// Ends a string, as the older terminals have it.
const BEL: u8 = 0x07;
/// Break off any sequence.
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;

/// What at the end of `text` belongs to a sequence that is not complete.
///
/// A terminal that took this waits for the rest of it.
pub(crate) fn unfinished(text: &str) -> &str {
    // an ESC begins it, which stands for itself
    &text[open_sequence(text.as_bytes()).unwrap_or(text.len())..]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(finished: &str, open: &str) {
        assert_eq!(unfinished(&format!("{finished}{open}")), open);
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
            check(finished, "");
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
        ] {
            for (cut, _) in sequence.char_indices().skip(1) {
                check("before \x1b[1mbold", &sequence[..cut]);
                check("汉", &sequence[..cut]);
            }
            check("before", "");
        }
    }

    #[test]
    fn a_new_sequence_ends_the_one_before() {
        check("\x1b[12", "\x1b[3");
        check("\x1b[12", "\x1b");
        check("\x1b]0;never ended", "\x1b[3");
    }
}
