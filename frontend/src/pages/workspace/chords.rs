//! Which keys are the page's own while a terminal has the keyboard: such as no terminal can tell from others, and on a Mac those
//! with ⌘, which no shell sees.

use crate::{
    pages::workspace::commands::Command,
    workspace::layout::{Axis, Direction},
    xterm::keys::{Key, letter},
};

/// What a key is for that goes down anywhere on the page; nothing if it is not the page's.
pub(super) fn command(key: &Key<'_>, is_mac: bool) -> Option<Command> {
    if key.composing {
        return None;
    }
    let (main, other) = if is_mac {
        (key.meta, key.ctrl)
    } else {
        (key.ctrl, key.meta)
    };
    // The same everywhere.
    if key.ctrl && !key.meta && !key.alt {
        match (key.code, key.shift) {
            ("F6", false) => return Some(Command::Region(1)),
            ("F6", true) => return Some(Command::Region(-1)),
            ("PageDown", true) => return Some(Command::Turn(1)),
            ("PageUp", true) => return Some(Command::Turn(-1)),
            _ => {}
        }
    }
    if !main || other {
        return None;
    }
    if let Some(direction) = direction(key.code).filter(|_| key.shift) {
        return Some(if key.alt {
            Command::Push(direction)
        } else {
            Command::Toward(direction)
        });
    }
    if key.alt {
        return None;
    }
    if key.key == "Enter" && key.shift {
        return Some(Command::Duplicate);
    }
    let letter = letter(key)?;
    match (is_mac, key.shift, letter) {
        (false, true, 'e') | (true, false, 'd') => Some(Command::Split(Axis::Horizontal)),
        (false, true, 'o') | (true, true, 'd') => Some(Command::Split(Axis::Vertical)),
        (false, true, 'k') | (true, false, 'k') => Some(Command::GoTo),
        (_, true, 'h') => Some(Command::Help),
        (false, true, 'f') | (true, false, 'f') => Some(Command::Search),
        (_, true, 'z') => Some(Command::Zoom),
        (_, true, 'x') => Some(Command::Close),
        _ => None,
    }
}

fn direction(code: &str) -> Option<Direction> {
    match code {
        "ArrowLeft" => Some(Direction::Left),
        "ArrowRight" => Some(Direction::Right),
        "ArrowUp" => Some(Direction::Up),
        "ArrowDown" => Some(Direction::Down),
        _ => None,
    }
}

/// What a key is for besides, while no terminal and no field has the keyboard. A character alone is for who is in the list (WCAG
/// 2.1.4).
pub(super) fn command_outside(key: &Key<'_>, in_list: bool) -> Option<Command> {
    if key.composing || key.alt || key.meta {
        return None;
    }
    match (key.ctrl, key.shift, key.key) {
        (true, false, "k") => Some(Command::GoTo),
        (false, _, "?") if in_list => Some(Command::Help),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key by the name of its chord.
    fn key(chord: &str) -> Key<'_> {
        let (modifiers, key) = chord.rsplit_once(' ').unwrap_or(("", chord));
        let has = |modifier: &str| modifiers.split(' ').any(|one| one == modifier);
        Key {
            key,
            code: key,
            ctrl: has("Ctrl"),
            shift: has("Shift"),
            alt: has("Alt"),
            meta: has("Cmd"),
            composing: false,
        }
    }

    #[test]
    fn chords_are_commands_on_each_system() {
        for (others, mac, wanted) in [
            ("Ctrl Shift E", "Cmd d", Command::Split(Axis::Horizontal)),
            (
                "Ctrl Shift O",
                "Cmd Shift D",
                Command::Split(Axis::Vertical),
            ),
            ("Ctrl Shift Enter", "Cmd Shift Enter", Command::Duplicate),
            (
                "Ctrl Shift ArrowUp",
                "Cmd Shift ArrowUp",
                Command::Toward(Direction::Up),
            ),
            (
                "Ctrl Shift Alt ArrowLeft",
                "Cmd Shift Alt ArrowLeft",
                Command::Push(Direction::Left),
            ),
            ("Ctrl Shift K", "Cmd k", Command::GoTo),
            ("Ctrl Shift H", "Cmd Shift H", Command::Help),
            ("Ctrl Shift F", "Cmd f", Command::Search),
            ("Ctrl Shift Z", "Cmd Shift Z", Command::Zoom),
            ("Ctrl Shift X", "Cmd Shift X", Command::Close),
            (
                "Ctrl Shift PageDown",
                "Ctrl Shift PageDown",
                Command::Turn(1),
            ),
            ("Ctrl Shift F6", "Ctrl Shift F6", Command::Region(-1)),
        ] {
            assert_eq!(command(&key(others), false), Some(wanted), "{others}");
            assert_eq!(command(&key(mac), true), Some(wanted), "{mac}");
        }
    }

    /// They are a shell's, a browser's, or nobody's.
    #[test]
    fn what_a_shell_needs_is_left_to_it() {
        let letters = ('a'..='z').flat_map(|letter| {
            let upper = letter.to_ascii_uppercase();
            [
                format!("Ctrl {letter}"),
                format!("Alt {letter}"),
                format!("Alt Shift {upper}"),
                format!("Ctrl Alt {letter}"),
                format!("Ctrl Alt Shift {upper}"),
                format!("Shift {upper}"),
                letter.to_string(),
            ]
        });
        let others = ["Ctrl ArrowUp", "Shift ArrowUp", "Enter", "Ctrl Enter", "F6"];
        for chord in letters.chain(others.map(str::to_owned)) {
            assert_eq!(command(&key(&chord), false), None, "{chord}");
            assert_eq!(command(&key(&chord), true), None, "{chord}");
        }
        for mine in ["Cmd d", "Cmd Shift X"] {
            assert_eq!(command(&key(mine), false), None, "{mine}");
        }
        let composed = Key {
            composing: true,
            ..key("Ctrl Shift X")
        };
        assert_eq!(command(&composed, false), None);
    }

    #[test]
    fn outside_of_terminals_there_are_shorter_ones() {
        assert_eq!(command_outside(&key("Ctrl k"), false), Some(Command::GoTo));
        assert_eq!(command_outside(&key("Shift ?"), true), Some(Command::Help));
        assert_eq!(command_outside(&key("Shift ?"), false), None);
        for other in ["k", "K", "Alt ?", "Ctrl Shift k", "Cmd k", "/"] {
            assert_eq!(command_outside(&key(other), true), None, "{other}");
        }
    }

    /// Who writes with other letters goes by the place of the key.
    #[test]
    fn letters_that_are_not_latin_count_by_their_place() {
        let typed = |typed, code| Key {
            key: typed,
            code,
            ..key("Ctrl Shift X")
        };
        assert_eq!(command(&typed("Ч", "KeyX"), false), Some(Command::Close));
        // Dvorak's x lies where others have their b.
        assert_eq!(command(&typed("X", "KeyB"), false), Some(Command::Close));
        assert_eq!(command(&typed("B", "KeyX"), false), None);
    }
}
