//! What of a line of a log comes on the screen: its text and its colours, and nothing that moves the cursor or hides a line.

use std::{borrow::Cow, str::Chars};

/// Begins an escape sequence.
const ESCAPE: char = '\u{1b}';
/// Begins a control sequence (CSI) in one character (ECMA-48, C1).
const CSI: char = '\u{9b}';

/// A line as it may be written to a terminal: colours stay, other sequences go, control characters are shown as signs.
///
/// A container can print what it likes: a line could otherwise draw over another, or change the terminal (CWE-150).
pub(super) fn clean(line: &str) -> Cow<'_, str> {
    if !line.contains(|c: char| c.is_control() && c != '\t') {
        return Cow::Borrowed(line);
    }
    let mut clean = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        match character {
            ESCAPE | CSI => match sequence(character, &rest) {
                Some(Sequence { colours, behind }) => {
                    if colours {
                        let length = rest.as_str().len() - behind.as_str().len();
                        clean.push_str("\u{1b}[");
                        clean.push_str(rest.as_str()[..length].trim_start_matches('['));
                    }
                    rest = behind;
                }
                None => clean.push(sign(character)),
            },
            '\t' => clean.push('\t'),
            _ if character.is_control() => clean.push(sign(character)),
            _ => clean.push(character),
        }
    }
    Cow::Owned(clean)
}

/// The same without its colours: what one searches in. It has to be clean.
pub(super) fn plain(line: &str) -> Cow<'_, str> {
    if !line.contains(ESCAPE) {
        return Cow::Borrowed(line);
    }
    let mut parts = line.split(ESCAPE);
    let first = parts.next().unwrap_or_default();
    // Nothing but colours is left of sequences.
    let behind = parts.map(|part| part.split_once('m').map_or("", |(_, text)| text));
    Cow::Owned(std::iter::once(first).chain(behind).collect())
}

/// A control character as a sign of its own (Unicode's control pictures).
fn sign(control: char) -> char {
    match control as u32 {
        code @ 0..0x20 => char::from_u32(0x2400 + code).unwrap_or('\u{fffd}'),
        0x7f => '\u{2421}',
        _ => '\u{fffd}',
    }
}

/// A sequence behind the character that begins it.
struct Sequence<'a> {
    /// Whether it is one of colours and the like (SGR).
    colours: bool,
    behind: Chars<'a>,
}

/// Reads a sequence; [`None`] where it is not complete: then what looks like it is text.
fn sequence<'a>(first: char, rest: &Chars<'a>) -> Option<Sequence<'a>> {
    let mut rest = rest.clone();
    let kind = if first == CSI { '[' } else { rest.next()? };
    let colours = match kind {
        '[' => {
            let mut colours = true;
            loop {
                match rest.next()? {
                    '0'..=';' => {}
                    '\u{20}'..='?' => colours = false,
                    last @ '@'..='~' => break colours && last == 'm',
                    _ => return None,
                }
            }
        }
        // Strings: up to their end, which is BEL or ST.
        ']' | 'P' | 'X' | '^' | '_' => loop {
            match rest.next()? {
                '\u{7}' | '\u{9c}' => break false,
                ESCAPE => {
                    if rest.next()? == '\\' {
                        break false;
                    }
                    return None;
                }
                _ => {}
            }
        },
        ' '..='/' => loop {
            match rest.next()? {
                ' '..='/' => {}
                '0'..='~' => break false,
                _ => return None,
            }
        },
        '0'..='~' => false,
        _ => return None,
    };
    Some(Sequence {
        colours,
        behind: rest,
    })
}

/// How bad what a line says is, in the words that programs have for it.
const LEVELS: [(&str, &[&str]); 4] = [
    (
        "31",
        &["ERROR", "FATAL", "PANIC", "CRITICAL", "SEVERE", "ERR"],
    ),
    ("33", &["WARN", "WARNING"]),
    ("32", &["INFO", "NOTICE"]),
    ("34", &["DEBUG", "TRACE"]),
];
/// A level stands among the first so many bytes of a line.
const LEVEL_WITHIN: usize = 80;

/// Where a line names its level, from and to, and the colour that it has; of a line without colours of its own.
pub(super) fn level(line: &str) -> Option<(usize, usize, &'static str)> {
    if line.contains(ESCAPE) {
        return None;
    }
    let mut from = None;
    for (at, character) in line.char_indices().chain([(line.len(), ' ')]) {
        match (from, character.is_alphanumeric() || character == '_') {
            (None, true) => from = Some(at),
            (Some(begin), false) => {
                from = None;
                let word = &line[begin..at];
                let named = LEVELS.iter().find(|(_, words)| {
                    words.contains(&word)
                        // As in `level=error` and `"level":"error"`.
                        || (line[..begin].trim_end_matches(['=', ':', '"', ' ']).ends_with("level")
                            && words.iter().any(|level| level.eq_ignore_ascii_case(word)))
                });
                if let Some((colour, _)) = named {
                    return Some((begin, at, colour));
                }
            }
            _ => {}
        }
        if at > LEVEL_WITHIN {
            return None;
        }
    }
    None
}

/// So much of a line as there is room for, from a column on, with its colours; signs at its ends say that there is more.
pub(super) fn cut(line: &str, from: usize, room: usize, cells: impl Fn(char) -> usize) -> String {
    let mut shown = String::new();
    let mut column = 0;
    let end = from + room;
    // Where to go back to if there turns out to be more.
    let mut before_last = None;
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        if character == ESCAPE {
            shown.push(ESCAPE);
            for part in rest.by_ref() {
                shown.push(part);
                if part == 'm' {
                    break;
                }
            }
            continue;
        }
        let (width, drawn) = match character {
            '\t' => (8 - column % 8, None),
            _ => (cells(character), Some(character)),
        };
        if column + width > end {
            shown.truncate(before_last.unwrap_or(shown.len()));
            shown.push_str("\u{1b}[0;2m›\u{1b}[0m");
            return shown;
        }
        if column + width == end {
            before_last = before_last.or(Some(shown.len()));
        }
        let is_first = from > 0 && (column..column + width.max(1)).contains(&from);
        if is_first {
            shown.push_str("\u{1b}[2m‹\u{1b}[22m");
            let more = (column + width).saturating_sub(from + 1);
            shown.extend(std::iter::repeat_n(' ', more));
        } else if column >= from {
            match drawn {
                Some(character) => shown.push(character),
                None => shown.extend(std::iter::repeat_n(' ', width)),
            }
        }
        column += width;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn colours_stay_and_nothing_else_does() {
        for (line, cleaned, text) in [
            (
                "plain größe 汉 👍",
                "plain größe 汉 👍",
                "plain größe 汉 👍",
            ),
            ("a\tb", "a\tb", "a\tb"),
            ("\u{1b}[31mred\u{1b}[0m", "\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}[38:2::1:2:3mx", "\u{1b}[38:2::1:2:3mx", "x"),
            ("\u{9b}1mx", "\u{1b}[1mx", "x"),
            ("\u{1b}[2J\u{1b}[Hgone", "gone", "gone"),
            ("\u{1b}[?1049hx\u{1b}[>4;2mx", "xx", "xx"),
            ("\u{1b}]0;title\u{7}x", "x", "x"),
            (
                "\u{1b}]8;;http://e\u{1b}\\link\u{1b}]8;;\u{1b}\\",
                "link",
                "link",
            ),
            ("\u{1b}]52;c;aGk=\u{7}x", "x", "x"),
            ("\u{1b}Pq#0\u{1b}\\x\u{1b}(0y\u{1b}cz", "xyz", "xyz"),
            ("real\rfake", "real␍fake", "real␍fake"),
            ("a\u{8}\u{7f}\u{85}\0b", "a␈␡\u{fffd}␀b", "a␈␡\u{fffd}␀b"),
            // What is not complete is text, and hides nothing.
            ("\u{1b}]0;no end", "␛]0;no end", "␛]0;no end"),
            ("\u{1b}[31", "␛[31", "␛[31"),
            ("\u{1b}", "␛", "␛"),
            ("\u{1b}[3\u{1b}[1mx", "␛[3\u{1b}[1mx", "␛[3x"),
        ] {
            let found = clean(line);
            assert_eq!(found, cleaned, "{line:?}");
            assert_eq!(plain(&found), text, "{line:?}");
        }
    }

    #[test]
    fn levels_are_seen_where_programs_put_them() {
        for (line, word, colour) in [
            ("2026-11-26 ERROR it broke", "ERROR", "31"),
            ("[WARN] lag", "WARN", "33"),
            ("level=info msg=\"no ERROR\"", "info", "32"),
            (r#"{"level":"debug","msg":"x"}"#, "debug", "34"),
            (r#"{"ts":1,"level": "Error"}"#, "Error", "31"),
        ] {
            let (from, to, found) = level(line).unwrap();
            assert_eq!((&line[from..to], found), (word, colour));
        }
        let late = format!("{}ERROR", "x ".repeat(60));
        for none in [
            "an error in a sentence",
            "MIRROR",
            "ERRORS",
            "\u{1b}[1mERROR",
            "",
            "größe",
            &late,
        ] {
            assert_eq!(level(none), None, "{none}");
        }
    }

    /// As many cells as these have.
    fn cells(character: char) -> usize {
        match character {
            '汉' | '👍' => 2,
            '\u{301}' => 0,
            _ => 1,
        }
    }

    #[test]
    fn what_is_too_long_is_cut_at_whole_characters() {
        for (line, from, room, shown) in [
            ("abcdef", 0, 6, "abcdef"),
            ("abcdefg", 0, 6, "abcde\u{1b}[0;2m›\u{1b}[0m"),
            ("abcd汉", 0, 6, "abcd汉"),
            ("abcd汉x", 0, 6, "abcd\u{1b}[0;2m›\u{1b}[0m"),
            ("abcde汉", 0, 6, "abcde\u{1b}[0;2m›\u{1b}[0m"),
            ("abcdefgh", 2, 6, "\u{1b}[2m‹\u{1b}[22mdefgh"),
            ("a汉bcd", 2, 6, "\u{1b}[2m‹\u{1b}[22mbcd"),
            ("ab汉cd", 2, 6, "\u{1b}[2m‹\u{1b}[22m cd"),
            ("a\tb", 0, 20, "a       b"),
            ("\u{1b}[31mabc\u{1b}[0m", 0, 3, "\u{1b}[31mabc\u{1b}[0m"),
            ("ab", 5, 6, ""),
        ] {
            assert_eq!(
                cut(line, from, room, cells),
                shown,
                "{line:?} {from} {room}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_line_has_anything_but_text_and_colours(line in "([ -~]|\u{1b}|\u{9b}|\u{7}|\u{9c}|\\[|\\]|m|;|\\\\|汉|\r){0,40}") {
            let clean = clean(&line);
            let text = plain(&clean);
            prop_assert!(!text.contains(char::is_control), "{text:?}");
            // It is clean already.
            prop_assert_eq!(super::clean(&clean), &*clean);
            for (from, room) in [(0, 10), (3, 10), (7, 2)] {
                let shown = cut(&clean, from, room, cells);
                let width: usize = plain(&shown).chars().map(cells).sum();
                prop_assert!(width <= room, "{shown:?}");
            }
        }
    }
}
