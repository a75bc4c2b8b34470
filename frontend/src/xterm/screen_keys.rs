//! The keys that a phone's keyboard lacks: what they send, and Ctrl and Alt, which stay pressed for the next key.

use leptos::prelude::*;

use crate::xterm::keys;

/// A key on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScreenKey {
    Esc,
    Tab,
    Left,
    Up,
    Down,
    Right,
}

/// What the line and the keys send.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ComposerInput<'a> {
    /// A line, with its end.
    Line(&'a str),
    /// A character, as if it were typed.
    Typed(&'a str),
    /// A key of the row.
    Key(ScreenKey),
}

/// How a modifier is pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Latch {
    #[default]
    Off,
    /// For the next key.
    Once,
    /// Until it is pressed again.
    Locked,
}

impl Latch {
    fn pressed(self) -> Self {
        match self {
            Self::Off => Self::Once,
            Self::Once => Self::Locked,
            Self::Locked => Self::Off,
        }
    }

    fn used(self) -> Self {
        match self {
            Self::Once => Self::Off,
            latch => latch,
        }
    }
}

/// Ctrl and Alt on the screen.
#[derive(Clone, Copy)]
pub(crate) struct Modifiers {
    pub(crate) ctrl: RwSignal<Latch>,
    pub(crate) alt: RwSignal<Latch>,
}

impl Modifiers {
    pub(crate) fn new() -> Self {
        Self {
            ctrl: RwSignal::default(),
            alt: RwSignal::default(),
        }
    }

    /// A modifier is pressed.
    pub(crate) fn press(modifier: RwSignal<Latch>) {
        modifier.update(|latch| *latch = latch.pressed());
    }

    /// Whether one of them is pressed.
    pub(crate) fn is_pressed(self) -> bool {
        [self.ctrl, self.alt]
            .iter()
            .any(|latch| latch.get_untracked() != Latch::Off)
    }

    /// Which are pressed, for one key.
    fn take(self) -> Held {
        let take = |latch: RwSignal<Latch>| {
            let pressed = latch.get_untracked();
            if pressed == Latch::Once {
                latch.set(pressed.used());
            }
            pressed != Latch::Off
        };
        Held {
            ctrl: take(self.ctrl),
            alt: take(self.alt),
        }
    }

    /// What a key on the screen sends; `application` is the mode of the arrow keys.
    pub(crate) fn key(self, key: ScreenKey, application: bool) -> String {
        self.take().key(key, application)
    }

    /// What is sent for a text that was typed. Only a character is a key, all else is no matter of modifiers.
    pub(crate) fn typed(self, text: String) -> String {
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) if !character.is_control() && self.is_pressed() => {
                self.take().character(character)
            }
            _ => text,
        }
    }
}

/// Modifiers that are held while a key is pressed.
#[derive(Clone, Copy, Default)]
struct Held {
    ctrl: bool,
    alt: bool,
}

impl Held {
    /// As xterm sends it (its control sequences, "PC-Style Function Keys").
    fn key(self, key: ScreenKey, application: bool) -> String {
        let letter = match key {
            ScreenKey::Esc => return self.escaped("\x1b"),
            ScreenKey::Tab => return self.escaped("\t"),
            ScreenKey::Up => 'A',
            ScreenKey::Down => 'B',
            ScreenKey::Right => 'C',
            ScreenKey::Left => 'D',
        };
        match 1 + 2 * u8::from(self.alt) + 4 * u8::from(self.ctrl) {
            1 if application => format!("\x1bO{letter}"),
            1 => format!("\x1b[{letter}"),
            modifiers => format!("\x1b[1;{modifiers}{letter}"),
        }
    }

    fn character(self, character: char) -> String {
        let control = if self.ctrl {
            keys::control_of(character)
        } else {
            None
        };
        self.escaped(control.unwrap_or(character).encode_utf8(&mut [0; 4]))
    }

    fn escaped(self, text: &str) -> String {
        if self.alt {
            format!("\x1b{text}")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(ctrl: bool, alt: bool) -> Held {
        Held { ctrl, alt }
    }

    #[test]
    fn arrows_follow_the_mode_and_the_modifiers() {
        let none = Held::default();
        for (key, normal, application) in [
            (ScreenKey::Up, "\x1b[A", "\x1bOA"),
            (ScreenKey::Down, "\x1b[B", "\x1bOB"),
            (ScreenKey::Right, "\x1b[C", "\x1bOC"),
            (ScreenKey::Left, "\x1b[D", "\x1bOD"),
            (ScreenKey::Esc, "\x1b", "\x1b"),
            (ScreenKey::Tab, "\t", "\t"),
        ] {
            assert_eq!(none.key(key, false), normal);
            assert_eq!(none.key(key, true), application);
        }
        for application in [false, true] {
            assert_eq!(
                held(true, false).key(ScreenKey::Left, application),
                "\x1b[1;5D"
            );
            assert_eq!(
                held(false, true).key(ScreenKey::Left, application),
                "\x1b[1;3D"
            );
            assert_eq!(
                held(true, true).key(ScreenKey::Left, application),
                "\x1b[1;7D"
            );
        }
        assert_eq!(held(false, true).key(ScreenKey::Tab, false), "\x1b\t");
    }

    #[test]
    fn characters_follow_the_modifiers() {
        for (typed, sent) in [
            ('c', "\x03"),
            ('C', "\x03"),
            ('z', "\x1a"),
            ('[', "\x1b"),
            ('/', "\x1f"),
            (' ', "\0"),
            ('é', "é"),
            ('9', "9"),
        ] {
            assert_eq!(held(true, false).character(typed), sent, "{typed}");
            assert_eq!(
                held(true, true).character(typed),
                format!("\x1b{sent}"),
                "{typed}"
            );
        }
        assert_eq!(held(false, true).character('b'), "\x1bb");
        assert_eq!(held(false, false).character('你'), "你");
    }

    #[test]
    fn a_modifier_is_for_one_key_unless_it_is_locked() {
        let modifiers = Modifiers::new();
        assert_eq!(modifiers.typed("c".to_owned()), "c");
        Modifiers::press(modifiers.ctrl);
        // What the terminal answers is no key.
        assert_eq!(modifiers.typed("\x1b[1;1R".to_owned()), "\x1b[1;1R");
        assert_eq!(modifiers.typed("\r".to_owned()), "\r");
        assert_eq!(modifiers.typed("c".to_owned()), "\x03");
        assert_eq!(modifiers.typed("c".to_owned()), "c");
        Modifiers::press(modifiers.alt);
        Modifiers::press(modifiers.alt);
        assert_eq!(modifiers.typed("b".to_owned()), "\x1bb");
        assert_eq!(modifiers.key(ScreenKey::Up, true), "\x1b[1;3A");
        Modifiers::press(modifiers.alt);
        assert_eq!(modifiers.key(ScreenKey::Up, true), "\x1bOA");
    }
}
