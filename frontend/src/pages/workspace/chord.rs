//! A key with others that are held down: as the browser tells it, as it is kept, and as people read it.

use std::fmt;

use crate::xterm::keys::{Key, letter};

/// Keys that are held down with another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) ctrl: bool,
    /// ⌘ on a Mac.
    pub(super) meta: bool,
    pub(super) shift: bool,
    /// ⌥ on a Mac.
    pub(super) alt: bool,
}

impl Held {
    /// What is held down, by the names that are kept, in the order in which they are read.
    fn names<'a>(self) -> impl Iterator<Item = &'a str> {
        let names = [
            (self.ctrl, "Ctrl"),
            (self.meta, "Cmd"),
            (self.shift, "Shift"),
            (self.alt, "Alt"),
        ];
        names
            .into_iter()
            .filter_map(|(is_held, name)| is_held.then_some(name))
    }
}

/// A key that is pressed while others are held down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chord {
    pub(super) held: Held,
    /// A capital letter, another character, or what the browser calls the key. Nothing, where it is any of several.
    pub(super) main: String,
}

/// Keys that are none without another one.
const ALONE: [&str; 19] = [
    "Control",
    "Shift",
    "Alt",
    "Meta",
    "AltGraph",
    "CapsLock",
    "NumLock",
    "ScrollLock",
    "Fn",
    "FnLock",
    "Super",
    "Hyper",
    "OS",
    "GroupNext",
    "GroupPrevious",
    "ModeChange",
    "Compose",
    "Dead",
    "",
];
/// Keys that an input method has, or that the browser does not know.
const NOBODYS: [&str; 2] = ["Process", "Unidentified"];

impl Chord {
    /// What goes down; nothing as long as that is no whole chord. Letters go by what they type, or else by their place.
    pub(super) fn of(key: &Key<'_>) -> Option<Self> {
        if key.composing || NOBODYS.contains(&key.key) {
            return None;
        }
        let letter = letter(key).filter(char::is_ascii_alphabetic);
        let main = match letter {
            Some(letter) => letter.to_ascii_uppercase().to_string(),
            None if ALONE.contains(&key.key) => return None,
            None if key.key == " " => "Space".to_owned(),
            None if key.key.contains(char::is_whitespace) => return None,
            None => key.key.to_owned(),
        };
        let held = Held {
            ctrl: key.ctrl,
            meta: key.meta,
            shift: key.shift,
            alt: key.alt,
        };
        Some(Self { held, main })
    }

    /// Reads what [`fmt::Display`] writes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut chord = Self {
            held: Held::default(),
            main: String::new(),
        };
        for name in text.split_whitespace() {
            let is_held = match name {
                "Ctrl" => &mut chord.held.ctrl,
                "Cmd" => &mut chord.held.meta,
                "Shift" => &mut chord.held.shift,
                "Alt" => &mut chord.held.alt,
                main if chord.main.is_empty() => {
                    main.clone_into(&mut chord.main);
                    continue;
                }
                _ => return None,
            };
            *is_held = true;
        }
        (chord.held != Held::default() || !chord.main.is_empty()).then_some(chord)
    }

    /// As people read it who have a Mac or not; `mains` stands for the key where that is any of several.
    pub(super) fn readable(&self, mains: &[&str], is_mac: bool) -> String {
        let held = self.held.names().map(|name| match name {
            "Alt" if is_mac => "Option",
            "Cmd" if !is_mac => "Super",
            name => name,
        });
        let mains = mains.iter().copied();
        let own = Some(&*self.main).filter(|main| !main.is_empty());
        let words: Vec<_> = held.chain(own.into_iter().chain(mains).map(read)).collect();
        words.join(" ")
    }
}

/// What stands on a key.
fn read(main: &str) -> &str {
    match main {
        "ArrowLeft" => "←",
        "ArrowRight" => "→",
        "ArrowUp" => "↑",
        "ArrowDown" => "↓",
        "PageUp" => "PgUp",
        "PageDown" => "PgDn",
        main => main,
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let main = Some(&*self.main).filter(|main| !main.is_empty());
        let words: Vec<_> = self.held.names().chain(main).collect();
        formatter.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_chord_is_read_as_people_know_it() {
        for (kept, others, mac) in [
            ("Ctrl Shift E", "Ctrl Shift E", "Ctrl Shift E"),
            (
                "Cmd Shift Alt ArrowUp",
                "Super Shift Alt ↑",
                "Cmd Shift Option ↑",
            ),
            ("Ctrl PageDown", "Ctrl PgDn", "Ctrl PgDn"),
        ] {
            let chord = Chord::parse(kept).unwrap();
            assert_eq!(chord.readable(&[], false), others);
            assert_eq!(chord.readable(&[], true), mac);
        }
        let any = Chord::parse("Ctrl Shift").unwrap();
        let read = any.readable(&["PageDown", "PageUp"], false);
        assert_eq!(read, "Ctrl Shift PgDn PgUp");
    }

    #[test]
    fn no_chord_is_read_from_anything_else() {
        for odd in ["", "  ", "Ctrl A B", "E Shift F"] {
            assert_eq!(Chord::parse(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn what_is_held_alone_is_none() {
        for (key, code) in [
            ("Control", "ControlLeft"),
            ("AltGraph", "AltRight"),
            ("GroupNext", "ShiftLeft"),
            // An input method has had it.
            ("Process", "KeyF"),
            ("\u{a0}", "Space"),
        ] {
            let key = Key {
                key,
                code,
                ctrl: true,
                ..Key::default()
            };
            assert_eq!(Chord::of(&key), None, "{key:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_is_what_was_pressed(
            key in prop_oneof!["[!-~]", Just(" ".to_owned()), Just("ArrowUp".to_owned()), Just("F6".to_owned())],
            ctrl: bool, meta: bool, shift: bool, alt: bool,
        ) {
            let pressed = Key { key: &key, code: "", ctrl, meta, shift, alt, composing: false };
            let chord = Chord::of(&pressed).unwrap();
            prop_assert_eq!(Chord::parse(&chord.to_string()), Some(chord));
        }
    }
}
