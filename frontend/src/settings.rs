//! What the user has set, kept by the browser.

use leptos::prelude::*;

use crate::{
    browser::{
        dom,
        storage::{self, keep},
    },
    embedding::{Colours, Look},
    i18n::{Language, use_language},
};

/// Where it is kept whether Ctrl-C is instant.
pub(crate) const INTERRUPT: &str = "podshell.interrupt";
/// Where it is kept whether programs may write the clipboard.
pub(crate) const PROGRAM_COPIES: &str = "podshell.program-copies";
/// Where it is kept whether it is asked before lines are pasted.
pub(crate) const PASTE_ASKS: &str = "podshell.paste-asks";
/// Where it is kept whether the cursor blinks.
pub(crate) const BLINK: &str = "podshell.cursor-blinks";
/// Where it is kept whether screen readers are given the lines of terminals.
pub(crate) const SCREEN_READER: &str = "podshell.screen-reader";
/// Where the size of the terminal's text is kept.
const FONT_SIZE: &str = "podshell.font-size";
/// Where the keys are kept that are not as usual.
const KEYS: &str = "podshell.keys";
/// Where the terminal's font is kept.
const FONT: &str = "podshell.font";
/// What is kept of a box that is ticked.
const ON: &str = "on";
/// What is kept of a box that is not.
const OFF: &str = "off";

/// The sizes that text can have, in pixels.
pub(crate) const FONT_SIZES: std::ops::RangeInclusive<u32> = 8..=32;
/// The size that it has if nobody says otherwise.
pub(crate) const USUAL_FONT_SIZE: u32 = 14;

/// A setting with some values, each of which has a name for the browser to keep.
pub(crate) trait Choice: Copy + PartialEq + Send + Sync + 'static {
    /// Where it is kept.
    const KEY: &'static str;
    /// The values, the usual one first.
    const ALL: &'static [Self];

    /// A value's name.
    fn name(self) -> &'static str;

    /// The value with a name; the usual one for any other.
    fn from_name(name: &str) -> Self {
        let named = Self::ALL.iter().find(|value| value.name() == name);
        *named.unwrap_or(&Self::ALL[0])
    }
}

/// Whose Ctrl+V is, and Ctrl+C while something is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClipboardKeys {
    /// As the system's terminals have it.
    Auto,
    /// The clipboard's.
    On,
    /// The program's.
    Off,
}

impl Choice for ClipboardKeys {
    const KEY: &'static str = "podshell.clipboard-keys";
    const ALL: &'static [Self] = &[Self::Auto, Self::On, Self::Off];

    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::On => ON,
            Self::Off => OFF,
        }
    }
}

impl ClipboardKeys {
    fn is_on(self) -> bool {
        match self {
            Self::Auto => dom::is_windows(),
            Self::On => true,
            Self::Off => false,
        }
    }
}

/// The page's colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system has them.
    System,
    Light,
    Dark,
}

impl Choice for Theme {
    const KEY: &'static str = "podshell.theme";
    const ALL: &'static [Self] = &[Self::System, Self::Light, Self::Dark];

    fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// How far colours are from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contrast {
    /// As the system wants it.
    System,
    More,
}

impl Choice for Contrast {
    const KEY: &'static str = "podshell.contrast";
    const ALL: &'static [Self] = &[Self::System, Self::More];

    fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::More => "more",
        }
    }
}

/// What shows where the next character comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cursor {
    Block,
    Bar,
    Underline,
}

impl Choice for Cursor {
    const KEY: &'static str = "podshell.cursor";
    const ALL: &'static [Self] = &[Self::Block, Self::Bar, Self::Underline];

    /// As xterm.js calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Bar => "bar",
            Self::Underline => "underline",
        }
    }
}

/// How many lines are kept above the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scrollback {
    Five,
    One,
    Twenty,
    Hundred,
}

impl Choice for Scrollback {
    const KEY: &'static str = "podshell.scrollback";
    const ALL: &'static [Self] = &[Self::Five, Self::One, Self::Twenty, Self::Hundred];

    fn name(self) -> &'static str {
        match self {
            Self::One => "1000",
            Self::Five => "5000",
            Self::Twenty => "20000",
            Self::Hundred => "100000",
        }
    }
}

impl Scrollback {
    /// That many.
    pub(crate) fn lines(self) -> u32 {
        match self {
            Self::One => 1_000,
            Self::Five => 5_000,
            Self::Twenty => 20_000,
            Self::Hundred => 100_000,
        }
    }
}

/// The settings, as a context.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) instant_interrupt: RwSignal<bool>,
    pub(crate) clipboard_keys: RwSignal<ClipboardKeys>,
    pub(crate) program_copies: RwSignal<bool>,
    pub(crate) theme: RwSignal<Theme>,
    pub(crate) contrast: RwSignal<Contrast>,
    /// A font of this computer; the style sheet's if it is empty.
    pub(crate) font: RwSignal<String>,
    /// In pixels.
    pub(crate) font_size: RwSignal<u32>,
    pub(crate) cursor: RwSignal<Cursor>,
    pub(crate) cursor_blinks: RwSignal<bool>,
    pub(crate) scrollback: RwSignal<Scrollback>,
    pub(crate) screen_reader: RwSignal<bool>,
    pub(crate) paste_asks: RwSignal<bool>,
    /// The keys that are not as usual, as they are kept.
    pub(crate) keys: RwSignal<String>,
    /// What the page around this one wants, for who has set no theme. It is not kept.
    pub(crate) embedder: RwSignal<Look>,
}

/// Reads the settings, and does at the root what they say of the page's colours.
pub(crate) fn provide_settings() {
    let settings = Settings {
        instant_interrupt: RwSignal::new(kept(INTERRUPT) != OFF),
        clipboard_keys: RwSignal::new(chosen()),
        program_copies: RwSignal::new(kept(PROGRAM_COPIES) != OFF),
        paste_asks: RwSignal::new(kept(PASTE_ASKS) != OFF),
        keys: RwSignal::new(kept(KEYS)),
        theme: RwSignal::new(chosen()),
        contrast: RwSignal::new(chosen()),
        font: RwSignal::new(kept(FONT)),
        font_size: RwSignal::new(font_size(&kept(FONT_SIZE))),
        cursor: RwSignal::new(chosen()),
        cursor_blinks: RwSignal::new(kept(BLINK) == ON),
        scrollback: RwSignal::new(chosen()),
        screen_reader: RwSignal::new(kept(SCREEN_READER) == ON),
        embedder: RwSignal::default(),
    };
    provide_context(settings);
    // Where the system forces its colours, a terminal has its own still.
    let wanted = dom::follow_query("(prefers-contrast: more), (forced-colors: active)");
    let is_high = Memo::new(move |_| settings.contrast.get() == Contrast::More || wanted.get());
    Effect::new(move |_| {
        let theme = settings.theme_here();
        dom::mark_root("data-theme", theme.name(), theme != Theme::System);
    });
    Effect::new(move |_| dom::mark_root("data-contrast", "more", is_high.get()));
    Effect::new(move |_| {
        let is_free = settings.theme.get() == Theme::System && !is_high.get();
        let colours = settings.embedder.with(|look| look.colours.clone());
        show_colours(colours.filter(|_| is_free).as_ref());
    });
}

/// Has terminals take other colours than the style sheet's.
fn show_colours(colours: Option<&Colours>) {
    let of = |part: fn(&Colours) -> &String| colours.map(|colours| part(colours).as_str());
    dom::set_token("--term", of(|colours| &colours.background));
    dom::set_token("--term-text", of(|colours| &colours.text));
    dom::set_token("--cursor", of(|colours| &colours.text));
    dom::set_token("--selection", of(|colours| &colours.selection));
    dom::set_token("--selection-away", of(|colours| &colours.selection_away));
    // Terminals look at it.
    let both = colours.map(|colours| format!("{} {}", colours.background, colours.text));
    dom::mark_root("data-colours", &both.unwrap_or_default(), colours.is_some());
}

fn kept(key: &str) -> String {
    storage::kept(key).unwrap_or_default()
}

fn chosen<C: Choice>() -> C {
    C::from_name(&kept(C::KEY))
}

fn font_size(kept: &str) -> u32 {
    let size = kept.parse().ok().filter(|size| FONT_SIZES.contains(size));
    size.unwrap_or(USUAL_FONT_SIZE)
}

/// What the user wants of a terminal.
#[derive(Clone, Copy)]
pub(crate) struct Preferences {
    pub(crate) language: Signal<Language>,
    /// Whether a Ctrl-C drops the output that waits to be shown.
    pub(crate) instant_interrupt: Signal<bool>,
    /// Whether Ctrl+V pastes, and Ctrl+C copies while something is selected.
    pub(crate) clipboard_keys: Signal<bool>,
    /// Whether programs may write the clipboard.
    pub(crate) program_copies: Signal<bool>,
    /// Whether it is asked before lines are pasted of which each would run at once.
    pub(crate) paste_asks: Signal<bool>,
    /// What it looks like.
    pub(crate) looks: Signal<Looks>,
}

/// What a terminal looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Looks {
    /// A font of this computer; the style sheet's if it is empty.
    pub(crate) font: String,
    /// In pixels.
    pub(crate) font_size: u32,
    pub(crate) cursor: Cursor,
    pub(crate) cursor_blinks: bool,
    /// Lines above the screen.
    pub(crate) scrollback: u32,
    /// Whether screen readers are given its lines.
    pub(crate) screen_reader: bool,
}

/// What the user wants of terminals.
pub(crate) fn use_preferences() -> Preferences {
    let settings = expect_context::<Settings>();
    Preferences {
        language: use_language(),
        instant_interrupt: settings.instant_interrupt.into(),
        clipboard_keys: Signal::derive(move || settings.clipboard_keys.get().is_on()),
        program_copies: settings.program_copies.into(),
        paste_asks: settings.paste_asks.into(),
        looks: Signal::derive(move || Looks {
            font: settings.font.get(),
            font_size: settings.font_size.get(),
            cursor: settings.cursor.get(),
            // Nothing moves for who wants no motion.
            cursor_blinks: settings.cursor_blinks.get() && !dom::prefers_stillness(),
            scrollback: settings.scrollback.get().lines(),
            screen_reader: settings.screen_reader.get(),
        }),
    }
}

impl Settings {
    /// The theme that the page has: the user's own wish comes before that of the page around it.
    fn theme_here(self) -> Theme {
        match (self.theme.get(), self.embedder.with(|look| look.is_dark)) {
            (Theme::System, Some(true)) => Theme::Dark,
            (Theme::System, Some(false)) => Theme::Light,
            (theme, _) => theme,
        }
    }

    /// All of it is as it is for who has set nothing, but for the language, which is no setting of terminals.
    pub(crate) fn reset(self) {
        turn(self.instant_interrupt, INTERRUPT, true);
        turn(self.program_copies, PROGRAM_COPIES, true);
        turn(self.paste_asks, PASTE_ASKS, true);
        turn(self.cursor_blinks, BLINK, false);
        turn(self.screen_reader, SCREEN_READER, false);
        reset(self.clipboard_keys);
        reset(self.theme);
        reset(self.contrast);
        reset(self.cursor);
        reset(self.scrollback);
        self.set_keys("");
        self.set_font("");
        self.set_font_size(USUAL_FONT_SIZE);
    }

    /// Text that is so many pixels larger, as far as it may be.
    pub(crate) fn change_font_size(self, by: i32) {
        let size = self.font_size.get_untracked().saturating_add_signed(by);
        self.set_font_size(size.clamp(*FONT_SIZES.start(), *FONT_SIZES.end()));
    }

    fn set_font_size(self, size: u32) {
        self.font_size.set(size);
        keep(FONT_SIZE, &size.to_string());
    }

    /// Other keys, as they are kept.
    pub(crate) fn set_keys(self, kept: &str) {
        keep(KEYS, kept);
        self.keys.set(kept.to_owned());
    }

    /// Another font.
    pub(crate) fn set_font(self, font: &str) {
        // It is a name, and stands between quotes in a list of them.
        let font = font.trim().replace(['"', '\\', ';', '{', '}'], "");
        keep(FONT, &font);
        self.font.set(font);
    }
}

/// Chooses a value, and has the browser keep it.
pub(crate) fn choose<C: Choice>(setting: RwSignal<C>, value: C) {
    setting.set(value);
    keep(C::KEY, value.name());
}

fn reset<C: Choice>(setting: RwSignal<C>) {
    choose(setting, C::ALL[0]);
}

/// Turns a setting on or off, and has the browser keep that.
pub(crate) fn turn(setting: RwSignal<bool>, key: &str, on: bool) {
    setting.set(on);
    keep(key, if on { ON } else { OFF });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<C: Choice + std::fmt::Debug>() {
        for value in C::ALL {
            assert_eq!(C::from_name(value.name()), *value);
        }
        for odd in ["", "yes", "\u{0}"] {
            assert_eq!(C::from_name(odd), C::ALL[0], "{odd:?}");
        }
    }

    #[test]
    fn what_was_kept_is_what_was_chosen() {
        check::<ClipboardKeys>();
        check::<Theme>();
        check::<Contrast>();
        check::<Cursor>();
        check::<Scrollback>();
        for lines in Scrollback::ALL {
            assert_eq!(lines.name(), lines.lines().to_string());
        }
        for (kept, size) in [("13", 13), ("", 14), ("7", 14), ("33", 14), ("x", 14)] {
            assert_eq!(font_size(kept), size, "{kept:?}");
        }
    }
}
