//! What a key is to a terminal, where xterm.js does not know it or the page has a use of its own for it.

use std::cell::Cell;

use web_sys::KeyboardEvent;

/// A key, as the browser tells it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Key<'a> {
    /// What it types, or its name.
    pub(crate) key: &'a str,
    /// Where it lies on the keyboard, by the name of what lies there on an American one.
    pub(crate) code: &'a str,
    pub(crate) ctrl: bool,
    pub(crate) shift: bool,
    pub(crate) alt: bool,
    pub(crate) meta: bool,
    /// Whether an input method has it.
    pub(crate) composing: bool,
}

impl<'a> Key<'a> {
    /// What an event tells, whose [`KeyboardEvent::key`] and [`KeyboardEvent::code`] these are.
    pub(crate) fn of(event: &KeyboardEvent, key: &'a str, code: &'a str) -> Self {
        Self {
            key,
            code,
            ctrl: event.ctrl_key(),
            shift: event.shift_key(),
            alt: event.alt_key(),
            meta: event.meta_key(),
            composing: event.is_composing(),
        }
    }
}

/// Whose a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyAction {
    /// xterm.js's, which knows best.
    Terminal,
    /// The browser's alone.
    Browser,
    /// It types this.
    Type(String),
    /// It copies what is selected, if anything is.
    Copy,
    /// It copies what is selected and selects it no more; if nothing is, it is xterm.js's.
    CopyOnce,
    /// It gives the keyboard back to the page.
    ReturnFocus,
    /// It scrolls to the first line, or the last; where there is nothing to scroll, it is xterm.js's.
    ScrollTo(Edge),
    /// A part of what another event tells.
    Part,
}

/// An end of what a terminal keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    First,
    Last,
}

/// Whose a key is that goes down. `clipboard` says whether Ctrl+C and Ctrl+V are the clipboard's.
pub(crate) fn down(key: &Key<'_>, clipboard: bool) -> KeyAction {
    if key.composing || key.alt || key.meta {
        return KeyAction::Terminal;
    }
    match (key.ctrl, key.shift, key.code, key.key) {
        (false, true, "Escape", _) => return KeyAction::ReturnFocus,
        (false, true, _, "Home") => return KeyAction::ScrollTo(Edge::First),
        (false, true, _, "End") => return KeyAction::ScrollTo(Edge::Last),
        _ => {}
    }
    match letter(key).filter(|_| key.ctrl) {
        // Without a selection too, or the browser opens its tools.
        Some('c') if key.shift => return KeyAction::Copy,
        Some('c') if clipboard => return KeyAction::CopyOnce,
        // The browser pastes: `paste` hears of it.
        Some('v') if key.shift || clipboard => return KeyAction::Browser,
        _ => {}
    }
    let control = only(key.key).filter(|_| key.ctrl).and_then(control);
    control.map_or(KeyAction::Terminal, |control| {
        KeyAction::Type(control.into())
    })
}

/// The control character that Ctrl makes of any character.
pub(crate) fn control_of(character: char) -> Option<char> {
    if character.is_ascii_alphabetic() {
        Some(char::from(character as u8 & 0x1f))
    } else {
        control(character)
    }
}

/// The control character that Ctrl makes of a character that is no letter, by the rule of X11 (`XkbToControl` in
/// libX11 and libxkbcommon), from which terminals have it. xterm.js goes by the key's place, and knows half of them.
fn control(character: char) -> Option<char> {
    let control = match character {
        ' ' | '2' => '\0',
        '/' => '\x1f',
        '3'..='7' => char::from(character as u8 - b'3' + 0x1b),
        '8' => '\x7f',
        '@' | '['..='`' | '{'..='~' => char::from(character as u8 & 0x1f),
        _ => return None,
    };
    Some(control)
}

/// The Latin letter of a key: what it types, or what lies there where people write with other letters.
pub(crate) fn letter(key: &Key<'_>) -> Option<char> {
    let typed = only(key.key).filter(char::is_ascii);
    let letter = typed.or_else(|| key.code.strip_prefix("Key").and_then(only))?;
    Some(letter.to_ascii_lowercase())
}

/// The one character that a text is.
fn only(text: &str) -> Option<char> {
    let mut characters = text.chars();
    characters.next().filter(|_| characters.next().is_none())
}

/// Characters that are typed, put together where the browser tells them in halves.
///
/// xterm.js takes one UTF-16 unit of each event. Of a character beyond U+FFFF Chromium tells one event, with the first
/// unit for its code, and Firefox one for each unit.
#[derive(Debug, Default)]
pub(crate) struct Typed {
    first: Cell<Option<u16>>,
}

impl Typed {
    /// Whose a key is that types the UTF-16 unit `unit`.
    pub(crate) fn press(&self, key: &Key<'_>, unit: u32) -> KeyAction {
        let first = self.first.take();
        let Ok(unit @ 0xd800..=0xdfff) = u16::try_from(unit) else {
            return KeyAction::Terminal;
        };
        if key.meta || key.ctrl && !key.alt {
            return KeyAction::Part;
        }
        if only(key.key).is_some_and(|character| character > '\u{ffff}') {
            return KeyAction::Type(key.key.to_owned());
        }
        let pair = first.map(|first| String::from_utf16(&[first, unit]));
        match pair {
            Some(Ok(character)) => KeyAction::Type(character),
            _ => {
                self.first.set((unit < 0xdc00).then_some(unit));
                KeyAction::Part
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chord(chord: &str) -> Key<'_> {
        let (modifiers, key) =
            chord.split_at(chord.rfind('+').filter(|at| *at > 0).map_or(0, |at| at + 1));
        Key {
            key: if key == "Space" { " " } else { key },
            ctrl: modifiers.contains("Ctrl+"),
            shift: modifiers.contains("Shift+"),
            alt: modifiers.contains("Alt+"),
            meta: modifiers.contains("Meta+"),
            ..Key::default()
        }
    }

    #[test]
    fn ctrl_makes_the_control_characters_that_every_terminal_sends() {
        for (typed, control) in [
            ("Ctrl+/", '\x1f'),
            // Where that lies above the 7.
            ("Ctrl+Shift+/", '\x1f'),
            ("Ctrl+Shift+_", '\x1f'),
            ("Ctrl+7", '\x1f'),
            ("Ctrl+2", '\0'),
            ("Ctrl+Shift+@", '\0'),
            ("Ctrl+Space", '\0'),
            ("Ctrl+Shift+Space", '\0'),
            ("Ctrl+`", '\0'),
            ("Ctrl+3", '\x1b'),
            ("Ctrl+[", '\x1b'),
            ("Ctrl+Shift+{", '\x1b'),
            ("Ctrl+4", '\x1c'),
            ("Ctrl+\\", '\x1c'),
            ("Ctrl+Shift+|", '\x1c'),
            ("Ctrl+5", '\x1d'),
            ("Ctrl+]", '\x1d'),
            ("Ctrl+Shift+}", '\x1d'),
            ("Ctrl+6", '\x1e'),
            ("Ctrl+Shift+^", '\x1e'),
            ("Ctrl+Shift+~", '\x1e'),
            ("Ctrl+8", '\x7f'),
        ] {
            let wanted = KeyAction::Type(control.into());
            assert_eq!(down(&chord(typed), true), wanted, "{typed}");
        }
    }

    #[test]
    fn all_else_is_for_xterm_js() {
        for typed in [
            "/",
            "Shift+?",
            "a",
            "Ctrl+a",
            "Ctrl+Shift+A",
            "Ctrl+0",
            "Ctrl+1",
            "Ctrl+9",
            "Ctrl+-",
            "Ctrl+=",
            "Ctrl+Enter",
            "Ctrl+Dead",
            "Ctrl+é",
            "Alt+/",
            "Ctrl+Alt+/",
            "Ctrl+Alt+@",
            "Ctrl+Meta+/",
            "Meta+[",
        ] {
            assert_eq!(down(&chord(typed), true), KeyAction::Terminal, "{typed}");
        }
        let composing = Key {
            composing: true,
            ..chord("Ctrl+/")
        };
        assert_eq!(down(&composing, true), KeyAction::Terminal);
    }

    #[test]
    fn the_page_has_its_own_keys() {
        let key = |code, ctrl| Key {
            code,
            ctrl,
            shift: true,
            ..Key::default()
        };
        for clipboard in [false, true] {
            assert_eq!(
                down(&key("Escape", false), clipboard),
                KeyAction::ReturnFocus
            );
            assert_eq!(down(&key("KeyC", true), clipboard), KeyAction::Copy);
            assert_eq!(down(&key("KeyV", true), clipboard), KeyAction::Browser);
        }
        for code in ["Escape", "KeyC", "KeyV"] {
            let with_alt = Key {
                alt: true,
                ..key(code, code != "Escape")
            };
            assert_eq!(down(&with_alt, true), KeyAction::Terminal, "{code}");
        }
    }

    #[test]
    fn the_clipboard_has_its_keys_only_where_that_is_set() {
        let key = |key, code| Key {
            key,
            code,
            ctrl: true,
            ..Key::default()
        };
        for (typed, code, wanted) in [
            ("c", "KeyC", KeyAction::CopyOnce),
            ("C", "KeyC", KeyAction::CopyOnce),
            ("с", "KeyC", KeyAction::CopyOnce),
            ("v", "KeyV", KeyAction::Browser),
            // Dvorak, both ways.
            ("c", "KeyI", KeyAction::CopyOnce),
            ("j", "KeyC", KeyAction::Terminal),
            ("k", "KeyV", KeyAction::Terminal),
            ("x", "KeyX", KeyAction::Terminal),
        ] {
            assert_eq!(down(&key(typed, code), true), wanted, "{typed} {code}");
            assert_eq!(
                down(&key(typed, code), false),
                KeyAction::Terminal,
                "{typed} {code}"
            );
        }
    }

    /// What is typed by these events; U+FFFD where xterm.js takes half a character.
    fn typed(events: &[(&str, u16)]) -> String {
        let typed = Typed::default();
        let uses = events.iter().map(|(key, unit)| {
            let key = Key {
                key,
                ..Key::default()
            };
            match typed.press(&key, (*unit).into()) {
                KeyAction::Type(text) => text,
                KeyAction::Terminal => String::from_utf16_lossy(&[*unit]),
                _ => String::new(),
            }
        });
        uses.collect()
    }

    #[test]
    fn no_half_stays_alone() {
        // A second without a first, a first before another character, two firsts.
        assert_eq!(typed(&[("", 0xde00), ("a", 0x61)]), "a");
        assert_eq!(typed(&[("", 0xd83d), ("a", 0x61), ("", 0xde00)]), "a");
        assert_eq!(typed(&[("", 0xd83d), ("", 0xd83d), ("", 0xde00)]), "😀");
        // Shortcuts type nothing.
        let shortcut = Key {
            key: "😀",
            ctrl: true,
            ..Key::default()
        };
        assert_eq!(Typed::default().press(&shortcut, 0xd83d), KeyAction::Part);
    }

    proptest! {
        #[test]
        fn every_character_is_typed_once_as_each_browser_tells_it(
            text in proptest::collection::vec(prop_oneof![any::<char>(), proptest::char::range('\u{10000}', '\u{10ffff}')], 0..20),
        ) {
            let text = String::from_iter(text);
            let keys = text.chars().map(String::from).collect::<Vec<_>>();
            let units = |key: &str| key.encode_utf16().collect::<Vec<_>>();
            // Chromium: the first unit.
            let one = keys.iter().map(|key| (&**key, units(key)[0])).collect::<Vec<_>>();
            prop_assert_eq!(typed(&one), &*text);
            // Firefox: each unit, with half a character for its key, which is none in Rust, or the whole and nothing.
            for (first, second) in [("\u{fffd}", "\u{fffd}"), ("", "")] {
                let each = keys.iter().flat_map(|key| match units(key)[..] {
                    [high, low] => vec![(first, high), (second, low)],
                    _ => vec![(&**key, units(key)[0])],
                });
                prop_assert_eq!(typed(&each.collect::<Vec<_>>()), &*text);
            }
            let whole = keys.iter().flat_map(|key| match units(key)[..] {
                [high, low] => vec![(&**key, high), ("", low)],
                _ => vec![(&**key, units(key)[0])],
            });
            prop_assert_eq!(typed(&whole.collect::<Vec<_>>()), &*text);
        }
    }
}
