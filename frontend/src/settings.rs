//! What the user has set, kept by the browser.

use leptos::prelude::*;

use crate::{
    browser::{dom, storage},
    i18n::{Language, use_language},
};

/// Where it is kept whether Ctrl-C is instant.
pub(crate) const INTERRUPT: &str = "podshell.interrupt";
/// Where it is kept whose Ctrl+C and Ctrl+V are.
pub(crate) const CLIPBOARD_KEYS: &str = "podshell.clipboard-keys";
/// Where it is kept whether programs may write the clipboard.
pub(crate) const PROGRAM_COPIES: &str = "podshell.program-copies";
/// What is kept of a box that is ticked.
pub(crate) const ON: &str = "on";
/// What is kept of a box that is not.
pub(crate) const OFF: &str = "off";

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

impl ClipboardKeys {
    pub(crate) const ALL: [Self; 3] = [Self::Auto, Self::On, Self::Off];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::On => ON,
            Self::Off => OFF,
        }
    }

    pub(crate) fn from_name(name: &str) -> Self {
        let named = Self::ALL.into_iter().find(|keys| keys.name() == name);
        named.unwrap_or(Self::Auto)
    }

    fn is_on(self) -> bool {
        match self {
            Self::Auto => dom::is_windows(),
            Self::On => true,
            Self::Off => false,
        }
    }
}

/// The settings, as a context.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) instant_interrupt: RwSignal<bool>,
    pub(crate) clipboard_keys: RwSignal<ClipboardKeys>,
    pub(crate) program_copies: RwSignal<bool>,
}

/// Reads the settings.
pub(crate) fn provide_settings() {
    let kept = |key| {
        let kept = storage::local().and_then(|storage| storage.get_item(key).ok().flatten());
        kept.unwrap_or_default()
    };
    provide_context(Settings {
        instant_interrupt: RwSignal::new(kept(INTERRUPT) != OFF),
        clipboard_keys: RwSignal::new(ClipboardKeys::from_name(&kept(CLIPBOARD_KEYS))),
        program_copies: RwSignal::new(kept(PROGRAM_COPIES) != OFF),
    });
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
}

/// What the user wants of terminals.
pub(crate) fn use_preferences() -> Preferences {
    let settings = expect_context::<Settings>();
    Preferences {
        language: use_language(),
        instant_interrupt: settings.instant_interrupt.into(),
        clipboard_keys: Signal::derive(move || settings.clipboard_keys.get().is_on()),
        program_copies: settings.program_copies.into(),
    }
}

/// Has the browser keep a setting.
pub(crate) fn keep(key: &str, value: &str) {
    if let Some(storage) = storage::local() {
        // A browser that keeps nothing begins with the default next time.
        storage.set_item(key, value).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_what_was_chosen() {
        for keys in ClipboardKeys::ALL {
            assert_eq!(ClipboardKeys::from_name(keys.name()), keys);
        }
        assert_eq!(ClipboardKeys::from_name("yes"), ClipboardKeys::Auto);
    }
}
