//! Which keys do what, and what can be made of them.

use super::*;

fn command(key: &Key<'_>, is_mac: bool) -> Option<Command> {
    Bindings::read("", is_mac).command(key)
}

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

fn at(wanted: Command) -> usize {
    let of = |row: &Row| row.does.iter().any(|(_, does)| *does == wanted);
    ROWS.iter().position(of).unwrap()
}

#[test]
fn what_is_chosen_is_kept_and_the_usual_keys_are_free() {
    let usual = Bindings::read("", false);
    assert_eq!(usual.kept(), "");
    let zoom = at(Command::Zoom);
    let chosen = usual.choose(zoom, Chord::parse("Alt Enter").unwrap());
    let chosen = chosen.unwrap_or_else(|_| panic!("nothing speaks against it"));
    assert_eq!(chosen.kept(), "zoom=Alt Enter\n");
    let read = Bindings::read(&chosen.kept(), false);
    assert_eq!(read, chosen);
    assert_eq!(read.command(&key("Alt Enter")), Some(Command::Zoom));
    assert_eq!(read.command(&key("Ctrl Shift Z")), None);
    assert_eq!(read.keys(Command::Zoom), "Alt Enter");
    assert!(read.is_changed(zoom) && read.is_taken_from_programs(zoom));
    assert!(!usual.is_taken_from_programs(zoom));
    let in_field = |keys: &str| read.is_for_fields(&key(keys), Command::Zoom);
    assert!(in_field("F9") && !in_field("Alt Enter") && !in_field("Ctrl A"));
    assert!(read.is_for_fields(&key("Ctrl Shift K"), Command::GoTo));
    let again = read.reset(zoom).unwrap_or_else(|_| panic!("they are free"));
    assert_eq!(again, usual);
}

#[test]
fn keys_are_given_to_programs() {
    let close = at(Command::Close);
    let given = Bindings::read("", false).without(close);
    assert_eq!(given.kept(), "close=\n");
    let read = Bindings::read(&given.kept(), false);
    assert_eq!(read.command(&key("Ctrl Shift X")), None);
    assert_eq!(read.given(&key("Ctrl Shift X")), Some('\x18'));
    for other in ["Ctrl Shift Z", "Ctrl Shift I", "Ctrl X", "Ctrl Shift Alt X"] {
        assert_eq!(read.given(&key(other)), None, "{other}");
    }
    assert_eq!(read.keys(Command::Close), "");
}

#[test]
fn of_several_keys_those_that_are_held_are_chosen() {
    let toward = at(Command::Toward(Direction::Up));
    let usual = Bindings::read("", false);
    let chosen = usual.choose(toward, Chord::parse("Ctrl Alt ArrowUp").unwrap());
    let chosen = chosen.unwrap_or_else(|_| panic!("nothing speaks against it"));
    assert_eq!(chosen.kept(), "toward=Ctrl Alt\n");
    assert_eq!(
        chosen.keys(Command::Toward(Direction::Up)),
        "Ctrl Alt ← ↑ → ↓"
    );
    let left = Some(Command::Toward(Direction::Left));
    assert_eq!(chosen.command(&key("Ctrl Alt ArrowLeft")), left);
    let other = usual.choose(toward, Chord::parse("Ctrl Alt X").unwrap());
    assert!(matches!(other, Err(Refusal::NotOne)));
}

#[test]
fn keys_that_cannot_be_had_are_refused() {
    let usual = Bindings::read("", false);
    let mac = Bindings::read("", true);
    for typed in ["Alt @", "Alt Shift L", "Alt Space"] {
        let chosen = mac.choose(at(Command::Zoom), Chord::parse(typed).unwrap());
        assert!(matches!(chosen, Err(Refusal::Types)), "{typed}");
    }
    let choose = |keys: &str| usual.choose(at(Command::Zoom), Chord::parse(keys).unwrap());
    for typed in ["A", "Shift A", "Enter", "Shift ArrowUp", "F", "Ctrl Alt Q"] {
        assert!(matches!(choose(typed), Err(Refusal::Types)), "{typed}");
    }
    for reserved in [
        "Ctrl W",
        "Ctrl Shift T",
        "Ctrl N",
        "Ctrl Tab",
        "Ctrl Shift Tab",
    ] {
        assert!(
            matches!(choose(reserved), Err(Refusal::Browser)),
            "{reserved}"
        );
    }
    for taken in ["Ctrl Shift C", "Ctrl V", "F2"] {
        assert!(matches!(choose(taken), Err(Refusal::Taken(_))), "{taken}");
    }
    let split = choose("Ctrl Shift E");
    assert!(matches!(
        split,
        Err(Refusal::Chosen(Command::Split(Axis::Horizontal)))
    ));
    let up = choose("Ctrl Shift ArrowUp");
    assert!(matches!(
        up,
        Err(Refusal::Chosen(Command::Toward(Direction::Up)))
    ));
    for free in ["Ctrl Shift Z", "F9", "Alt Z", "Ctrl B"] {
        assert!(choose(free).is_ok(), "{free}");
    }
    // What another has been given meanwhile is no longer to be had.
    let given = usual.without(at(Command::Zoom));
    let given = given.choose(at(Command::Log), Chord::parse("Ctrl Shift Z").unwrap());
    let given = given.unwrap_or_else(|_| panic!("nobody has it"));
    let again = given.reset(at(Command::Zoom));
    assert!(matches!(again, Err(Refusal::Chosen(Command::Log))));
}

#[test]
fn what_is_no_line_counts_for_nothing() {
    let usual = Bindings::read("", true);
    for odd in [
        "zoom",
        "=",
        "zoom=Ctrl",
        "toward=Ctrl A",
        "zoom=A B C",
        "nothing=Ctrl A",
        "\u{0}=\n\n",
    ] {
        assert_eq!(Bindings::read(odd, true), usual, "{odd:?}");
    }
}
