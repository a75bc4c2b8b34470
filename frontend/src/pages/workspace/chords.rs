//! Which keys are the page's own while a terminal has the keyboard, and what the user may make of them. At first such as no terminal
//! can tell from others, and on a Mac those with ⌘, which no shell sees.

use crate::{
    i18n::Words,
    pages::workspace::{
        chord::{Chord, Held},
        commands::Command,
    },
    workspace::layout::{Axis, Direction},
    xterm::keys::{Key, control_of},
};

/// What keys can be chosen for.
pub(super) struct Row {
    id: &'static str,
    /// Its usual keys, on a Mac the second; none if they are empty.
    usual: [&'static str; 2],
    /// What it does; for the usual keys alone, or by each of several keys while the usual ones are held.
    does: &'static [(&'static str, Command)],
}

impl Row {
    const fn of(
        id: &'static str,
        usual: [&'static str; 2],
        does: &'static [(&'static str, Command)],
    ) -> Self {
        Self { id, usual, does }
    }

    /// What its first key does.
    pub(super) fn command(&self) -> Command {
        self.does[0].1
    }

    /// By this name it is kept what was chosen for it.
    pub(super) fn id(&self) -> &'static str {
        self.id
    }

    /// Whether others are held while one of several is pressed.
    pub(super) fn is_of_several(&self) -> bool {
        self.does.len() > 1
    }

    fn usual(&self, is_mac: bool) -> Option<Chord> {
        Chord::parse(self.usual[usize::from(is_mac)])
    }

    /// What each of its keys does, if it has this one.
    fn all<'a>(&'a self, chosen: &'a Chord) -> impl Iterator<Item = (Chord, Command)> + 'a {
        self.does.iter().map(|(main, command)| {
            let mut chord = chosen.clone();
            if self.is_of_several() {
                (*main).clone_into(&mut chord.main);
            }
            (chord, *command)
        })
    }
}

/// Whether it is one of the keys F1 to F24.
fn is_function(main: &str) -> bool {
    main.len() > 1 && main.starts_with('F')
}

fn is_letter(main: &str) -> bool {
    main == "Enter" || main.len() == 1 && main.chars().all(|letter| letter.is_ascii_alphabetic())
}

/// All of them.
pub(super) const ROWS: [Row; 17] = [
    Row::of("go-to", ["Ctrl Shift K", "Cmd K"], &[("", Command::GoTo)]),
    Row::of(
        "help",
        ["Ctrl Shift H", "Cmd Shift H"],
        &[("", Command::Help)],
    ),
    Row::of("next-region", ["Ctrl F6"; 2], &[("", Command::Region(1))]),
    Row::of(
        "previous-region",
        ["Ctrl Shift F6"; 2],
        &[("", Command::Region(-1))],
    ),
    Row::of(
        "split-right",
        ["Ctrl Shift E", "Cmd D"],
        &[("", Command::Split(Axis::Horizontal))],
    ),
    Row::of(
        "split-down",
        ["Ctrl Shift O", "Cmd Shift D"],
        &[("", Command::Split(Axis::Vertical))],
    ),
    Row::of(
        "duplicate",
        ["Ctrl Shift Enter", "Cmd Shift Enter"],
        &[("", Command::Duplicate)],
    ),
    Row::of(
        "toward",
        ["Ctrl Shift", "Cmd Shift"],
        &[
            ("ArrowLeft", Command::Toward(Direction::Left)),
            ("ArrowUp", Command::Toward(Direction::Up)),
            ("ArrowRight", Command::Toward(Direction::Right)),
            ("ArrowDown", Command::Toward(Direction::Down)),
        ],
    ),
    Row::of(
        "push",
        ["Ctrl Shift Alt", "Cmd Shift Alt"],
        &[
            ("ArrowLeft", Command::Push(Direction::Left)),
            ("ArrowUp", Command::Push(Direction::Up)),
            ("ArrowRight", Command::Push(Direction::Right)),
            ("ArrowDown", Command::Push(Direction::Down)),
        ],
    ),
    Row::of(
        "zoom",
        ["Ctrl Shift Z", "Cmd Shift Z"],
        &[("", Command::Zoom)],
    ),
    Row::of("equal", [""; 2], &[("", Command::Equal)]),
    Row::of(
        "close",
        ["Ctrl Shift X", "Cmd Shift X"],
        &[("", Command::Close)],
    ),
    Row::of(
        "turn",
        ["Ctrl Shift"; 2],
        &[
            ("PageDown", Command::Turn(1)),
            ("PageUp", Command::Turn(-1)),
        ],
    ),
    Row::of(
        "search",
        ["Ctrl Shift F", "Cmd F"],
        &[("", Command::Search)],
    ),
    Row::of("log", [""; 2], &[("", Command::Log)]),
    Row::of("save-text", [""; 2], &[("", Command::SaveText)]),
    Row::of("full-screen", [""; 2], &[("", Command::FullScreen)]),
];

/// Why keys can't be had for something.
#[derive(Clone, Copy)]
pub(super) enum Refusal {
    /// They write text: one of those that make commands is to be held.
    Types,
    /// The browser gives them to no page.
    Browser,
    /// It is done by one of several keys, and this is none of them.
    NotOne,
    /// They do this already.
    Taken(fn(&Words) -> &'static str),
    /// They do this already, and could do another thing by the user's choice.
    Chosen(Command),
}

/// The keys as the user has chosen them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bindings {
    /// Those of each of [`ROWS`].
    chosen: Vec<Option<Chord>>,
    /// All keys with their rows and what they do: each key that goes down is looked for here.
    all: Vec<(usize, Chord, Command)>,
    is_mac: bool,
}

impl Bindings {
    /// Reads what was kept: a line for each row that is not as usual. What is no such line counts for nothing.
    pub(super) fn read(kept: &str, is_mac: bool) -> Self {
        let line = |row: &Row| {
            let mut lines = kept.lines().filter_map(|line| line.split_once('='));
            let of = lines.find(|(id, _)| *id == row.id);
            of.map(|(_, keys)| keys)
        };
        let chosen = |row: &Row| match line(row) {
            Some("") => None,
            Some(keys) => Chord::parse(keys)
                .filter(|chord| chord.main.is_empty() == row.is_of_several())
                .or_else(|| row.usual(is_mac)),
            None => row.usual(is_mac),
        };
        Self::of(ROWS.iter().map(chosen).collect(), is_mac)
    }

    fn of(chosen: Vec<Option<Chord>>, is_mac: bool) -> Self {
        let rows = ROWS.iter().zip(&chosen).enumerate();
        let all = rows.flat_map(|(at, (row, chosen))| {
            let all = chosen.iter().flat_map(|chosen| row.all(chosen));
            all.map(move |(chord, command)| (at, chord, command))
        });
        Self {
            all: all.collect(),
            chosen,
            is_mac,
        }
    }

    /// What is kept of it.
    pub(super) fn kept(&self) -> String {
        let of = |at: usize| {
            let keys = self.chosen[at].as_ref();
            let keys = keys.map(ToString::to_string).unwrap_or_default();
            format!("{}={keys}\n", ROWS[at].id)
        };
        let changed = (0..ROWS.len()).filter(|at| self.is_changed(*at));
        changed.map(of).collect()
    }

    /// What a key is for that goes down anywhere on the page; nothing if it is not the page's.
    pub(super) fn command(&self, key: &Key<'_>) -> Option<Command> {
        let pressed = Chord::of(key)?;
        let found = self.all.iter().find(|(_, chord, _)| *chord == pressed);
        found.map(|(_, _, command)| *command)
    }

    /// The control character that a key is to a terminal which was given it: the letter's, as in all terminals. Those that have never
    /// been the page's are the browser's, which may have a use for them.
    pub(super) fn given(&self, key: &Key<'_>) -> Option<char> {
        let pressed = Chord::of(key)?;
        let held = pressed.held;
        let is_control = held.ctrl && !held.alt && !held.meta;
        let letter = pressed
            .main
            .chars()
            .next()
            .filter(|_| pressed.main.len() == 1)?;
        let is_given = is_control && self.is_usual(&pressed) && self.command(key).is_none();
        control_of(letter).filter(|_| is_given)
    }

    /// The keys that do something, as people read them; none if there are none.
    pub(super) fn keys(&self, command: Command) -> String {
        let is_of = |row: &Row| row.does.iter().any(|(_, does)| *does == command);
        let at = ROWS.iter().position(is_of);
        at.map(|at| self.keys_of(at)).unwrap_or_default()
    }

    /// The keys of a row.
    pub(super) fn keys_of(&self, at: usize) -> String {
        let Some(chosen) = &self.chosen[at] else {
            return String::new();
        };
        let mains: Vec<_> = ROWS[at].does.iter().map(|(main, _)| *main).collect();
        let mains = if ROWS[at].is_of_several() {
            &*mains
        } else {
            &[]
        };
        chosen.readable(mains, self.is_mac)
    }

    /// Whether a row has other keys than usual.
    pub(super) fn is_changed(&self, at: usize) -> bool {
        self.chosen[at] != ROWS[at].usual(self.is_mac)
    }

    /// Whether programs have a use for the keys of a row that they had not as long as those were the usual ones.
    pub(super) fn is_taken_from_programs(&self, at: usize) -> bool {
        let Some(chord) = self.chosen[at].as_ref().filter(|_| self.is_changed(at)) else {
            return false;
        };
        let held = chord.held;
        // No terminal tells these from those without Shift.
        let is_like_another = held.ctrl && held.shift && !held.alt && is_letter(&chord.main);
        !(is_like_another || self.is_mac && held.meta)
    }

    /// Whether a key does what it is for in a field, too, where people write and edit.
    pub(super) fn is_for_fields(&self, key: &Key<'_>, command: Command) -> bool {
        let Some(pressed) = Chord::of(key) else {
            return false;
        };
        is_function(&pressed.main) || self.is_usual(&pressed) && !command.is_editing()
    }

    /// Whether these are the usual keys of something.
    fn is_usual(&self, chord: &Chord) -> bool {
        ROWS.iter().any(|row| {
            let usual = row.usual(self.is_mac);
            usual.is_some_and(|usual| row.all(&usual).any(|(known, _)| known == *chord))
        })
    }

    /// A row has these keys from now on.
    pub(super) fn choose(&self, at: usize, mut chord: Chord) -> Result<Self, Refusal> {
        let row = &ROWS[at];
        if row.is_of_several() {
            if row.does.iter().all(|(main, _)| *main != chord.main) {
                return Err(Refusal::NotOne);
            }
            chord.main.clear();
        }
        if self.types(&chord) {
            return Err(Refusal::Types);
        }
        self.with_free(at, Some(chord))
    }

    /// A row has no keys from now on.
    pub(super) fn without(&self, at: usize) -> Self {
        self.with(at, None)
    }

    /// A row has its usual keys again, unless another has been given them.
    pub(super) fn reset(&self, at: usize) -> Result<Self, Refusal> {
        self.with_free(at, ROWS[at].usual(self.is_mac))
    }

    /// Whether keys write text, by themselves or by the key beside the space bar: Option, or `AltGr`, which is Ctrl and Alt.
    fn types(&self, chord: &Chord) -> bool {
        let held = chord.held;
        let is_character = chord.main.chars().count() == 1 || chord.main == "Space";
        let by_third_level = if self.is_mac {
            held.alt && !held.ctrl
        } else {
            held.alt && held.ctrl
        };
        let is_alone = !(held.ctrl || held.alt || is_function(&chord.main));
        !held.meta && (is_alone || by_third_level && is_character)
    }

    /// The same, if nothing has these keys that is not to lose them.
    fn with_free(&self, at: usize, chord: Option<Chord>) -> Result<Self, Refusal> {
        let all = |chord| ROWS[at].all(chord);
        let refusal = chord
            .iter()
            .flat_map(all)
            .find_map(|(chord, _)| self.refusal(at, &chord));
        match refusal {
            Some(refusal) => Err(refusal),
            None => Ok(self.with(at, chord)),
        }
    }

    fn with(&self, at: usize, chord: Option<Chord>) -> Self {
        let mut chosen = self.chosen.clone();
        chosen[at] = chord;
        Self::of(chosen, self.is_mac)
    }

    fn refusal(&self, at: usize, chord: &Chord) -> Option<Refusal> {
        let held = chord.held;
        let (main, other) = if self.is_mac {
            (held.meta, held.ctrl)
        } else {
            (held.ctrl, held.meta)
        };
        let is_plain = main && !other && !held.alt;
        // Chromium's list of reserved commands.
        if is_plain && matches!(&*chord.main, "N" | "T" | "W" | "Tab") {
            return Some(Refusal::Browser);
        }
        let is_clipboard = is_plain && !(self.is_mac && held.shift);
        if is_clipboard && matches!(&*chord.main, "C" | "V") {
            return Some(Refusal::Taken(|words| words.copy_paste));
        }
        if held == Held::default() && chord.main == "F2" {
            return Some(Refusal::Taken(|words| words.tab_keys));
        }
        let is_other = |(row, known, _): &&(usize, Chord, Command)| *row != at && known == chord;
        let other = self.all.iter().find(is_other);
        other.map(|(_, _, command)| Refusal::Chosen(*command))
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
mod tests;
