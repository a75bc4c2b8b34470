//! How many cells a character takes: as many as C libraries count, for a shell draws its line by that.
//!
//! A shell adds up what `wcwidth` says of each code point. So a family of three joined emoji has six cells, though it is
//! drawn as one: a terminal that gives it two has its cursor elsewhere than the shell believes.

use js_sys::{Function, Object};
use unicode_width::UnicodeWidthChar as _;
use wasm_bindgen::prelude::*;

use crate::xterm::bindings::{self, Xterm};

/// What xterm.js knows these widths by.
const NAME: &str = "wcwidth";

/// Where C libraries count otherwise than by graphemes: from, to, cells. Spacing marks, fillers and signs before numbers
/// have cells of their own, what is only for layout has none.
const COUNTED_OTHERWISE: [(u32, u32, u8); 60] = [
    (0xad, 0xad, 1),
    (0x605, 0x605, 1),
    (0x70f, 0x70f, 1),
    (0x890, 0x891, 1),
    (0x8e2, 0x8e2, 1),
    (0x9be, 0x9be, 1),
    (0x9d7, 0x9d7, 1),
    (0xb3e, 0xb3e, 1),
    (0xb57, 0xb57, 1),
    (0xbbe, 0xbbe, 1),
    (0xbd7, 0xbd7, 1),
    (0xcc0, 0xcc0, 1),
    (0xcc2, 0xcc2, 1),
    (0xcc7, 0xcc8, 1),
    (0xcca, 0xccb, 1),
    (0xcd5, 0xcd6, 1),
    (0xd3e, 0xd3e, 1),
    (0xd4e, 0xd4e, 1),
    (0xd57, 0xd57, 1),
    (0xdcf, 0xdcf, 1),
    (0xddf, 0xddf, 1),
    (0x1715, 0x1715, 1),
    (0x1734, 0x1734, 1),
    (0x17a4, 0x17a4, 1),
    (0x17d8, 0x17d8, 1),
    (0x1b35, 0x1b35, 1),
    (0x1b3b, 0x1b3b, 1),
    (0x1b3d, 0x1b3d, 1),
    (0x1b43, 0x1b44, 1),
    (0x1baa, 0x1baa, 1),
    (0x1bf2, 0x1bf3, 1),
    (0x2d7f, 0x2d7f, 0),
    (0x302e, 0x302f, 2),
    (0x3164, 0x3164, 2),
    (0x3248, 0x324f, 2),
    (0xa8fa, 0xa8fa, 1),
    (0xa953, 0xa953, 1),
    (0xa9c0, 0xa9c0, 1),
    (0xffa0, 0xffa0, 1),
    (0xfff9, 0xfffb, 0),
    (0x111c0, 0x111c0, 1),
    (0x111c2, 0x111c3, 1),
    (0x11235, 0x11235, 1),
    (0x1133e, 0x1133e, 1),
    (0x1134d, 0x1134d, 1),
    (0x11357, 0x11357, 1),
    (0x114b0, 0x114b0, 1),
    (0x114bd, 0x114bd, 1),
    (0x115af, 0x115af, 1),
    (0x116b6, 0x116b6, 1),
    (0x11930, 0x11930, 1),
    (0x1193d, 0x1193d, 1),
    (0x1193f, 0x1193f, 1),
    (0x11941, 0x11941, 1),
    (0x11a84, 0x11a89, 1),
    (0x11d46, 0x11d46, 1),
    (0x13430, 0x13438, 0),
    (0x16ff0, 0x16ff1, 2),
    (0x1d165, 0x1d166, 1),
    (0x1d16d, 0x1d172, 1),
];

#[wasm_bindgen(module = "/src/xterm/widths.js")]
extern "C" {
    /// What xterm.js asks for the widths in a terminal.
    fn provider(name: &str, terminal: &Xterm, cells: &Function) -> Object;
}

/// Gives a terminal the widths, for as long as that lives.
pub(crate) fn provide(terminal: &Xterm) {
    let cells = Closure::<dyn FnMut(u32) -> u8>::new(cells);
    // The browser's own: xterm.js parses on when the terminal is gone.
    let provider = provider(NAME, terminal, cells.into_js_value().unchecked_ref());
    let unicode = terminal.unicode();
    unicode.register(&provider);
    bindings::set(&unicode, "activeVersion", &NAME.into());
}

/// How many cells a code point takes.
pub(super) fn cells(code: u32) -> u8 {
    let otherwise = COUNTED_OTHERWISE
        .iter()
        .find(|(from, to, _)| (*from..=*to).contains(&code));
    if let Some((_, _, cells)) = otherwise {
        return *cells;
    }
    let width = char::from_u32(code).map(|character| character.width());
    match width {
        // Half of a surrogate pair is drawn as U+FFFD.
        None => 1,
        Some(width) => width.unwrap_or_default().min(2) as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::cells;

    /// Each code point that it knows, as C.UTF-8 of Debian 12 counts it: Python's
    /// `ctypes.CDLL("libc.so.6").wcwidth`, as runs of from-to:cells.
    const GLIBC: &str = include_str!("widths/glibc-2.36.txt");

    /// What Unicode 16 has made wide, or spacing: glibc follows from 2.41 on.
    const NEWER: [(u32, u32); 5] = [
        (0x2630, 0x2637),
        (0x268a, 0x268f),
        (0x1171e, 0x1171e),
        (0x1d300, 0x1d356),
        (0x1d360, 0x1d376),
    ];

    fn number(hex: &str) -> u32 {
        u32::from_str_radix(hex, 16).unwrap()
    }

    #[test]
    fn every_character_has_the_cells_that_glibc_counts() {
        let mut compared = 0;
        for run in GLIBC.split_whitespace() {
            let (codes, counted) = run.split_once(':').unwrap();
            let (from, to) = codes.split_once('-').unwrap_or((codes, codes));
            let newer = |code| NEWER.iter().any(|(from, to)| (*from..=*to).contains(&code));
            for code in (number(from)..=number(to)).filter(|code| !newer(*code)) {
                assert_eq!(cells(code).to_string(), counted, "U+{code:04X}");
                compared += 1;
            }
        }
        assert!(compared > 280_000, "{compared}");
    }

    #[test]
    fn ascii_and_control_characters_have_their_cells() {
        assert!((0x20..0x7f).all(|code| cells(code) == 1));
        assert!((0..0x20).chain(0x7f..0xa0).all(|code| cells(code) == 0));
    }

    #[test]
    fn emoji_of_every_year_are_wide() {
        // Unicode 6, 9, 13, 14, 15 and 16.
        for emoji in ['😀', '🤣', '🫖', '🫠', '🫨', '\u{1fae9}'] {
            assert_eq!(cells(emoji.into()), 2, "{emoji}");
        }
    }
}
