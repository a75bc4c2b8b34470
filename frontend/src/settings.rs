//! What the user has set, kept by the browser, and the dialogue in which it is set.

use leptos::prelude::*;

use crate::{
    browser::{dom, storage},
    i18n::{Language, use_language},
    ui::dialogue::{Dialogue, Dialogues, Way},
};

/// Where it is kept whether Ctrl-C is instant.
const INTERRUPT: &str = "podshell.interrupt";
/// Where it is kept whose Ctrl+C and Ctrl+V are.
const CLIPBOARD_KEYS: &str = "podshell.clipboard-keys";
/// Where it is kept whether programs may write the clipboard.
const PROGRAM_COPIES: &str = "podshell.program-copies";
const ON: &str = "on";
const OFF: &str = "off";

/// Whose Ctrl+V is, and Ctrl+C while something is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClipboardKeys {
    /// As the system's terminals have it.
    Auto,
    /// The clipboard's.
    On,
    /// The program's.
    Off,
}

impl ClipboardKeys {
    const ALL: [Self; 3] = [Self::Auto, Self::On, Self::Off];

    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::On => ON,
            Self::Off => OFF,
        }
    }

    fn from_name(name: &str) -> Self {
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
struct Settings {
    instant_interrupt: RwSignal<bool>,
    clipboard_keys: RwSignal<ClipboardKeys>,
    program_copies: RwSignal<bool>,
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
pub(crate) struct Wishes {
    pub(crate) language: Signal<Language>,
    /// Whether a Ctrl-C drops the output that waits to be shown.
    pub(crate) instant_interrupt: Signal<bool>,
    /// Whether Ctrl+V pastes, and Ctrl+C copies while something is selected.
    pub(crate) clipboard_keys: Signal<bool>,
    /// Whether programs may write the clipboard.
    pub(crate) program_copies: Signal<bool>,
}

/// What the user wants of terminals.
pub(crate) fn use_wishes() -> Wishes {
    let settings = expect_context::<Settings>();
    Wishes {
        language: use_language(),
        instant_interrupt: settings.instant_interrupt.into(),
        clipboard_keys: Signal::derive(move || settings.clipboard_keys.get().is_on()),
        program_copies: settings.program_copies.into(),
    }
}

/// A button that opens the settings.
#[component]
pub(crate) fn SettingsButton(dialogues: Dialogues) -> impl IntoView {
    let language = use_language();
    let open = move |_| {
        let words = language.get_untracked().details();
        dialogues.ask(Dialogue {
            title: words.settings.to_owned(),
            body: Box::new(|| view! { <SettingsList /> }.into_any()),
            ways: vec![Way::cancel(words.close)],
        });
    };
    view! {
        <button
            class="quiet"
            data-testid="settings"
            // the keyboard stays where it is, and comes back there
            on:mousedown=move |event| event.prevent_default()
            on:click=open
        >
            {move || language.get().details().settings}
        </button>
    }
}

#[component]
fn SettingsList() -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let details = move || language.get().details();
    let Settings {
        instant_interrupt,
        clipboard_keys,
        program_copies,
    } = expect_context();
    let options = move || {
        let words = details();
        let named = |keys| match keys {
            ClipboardKeys::Auto => words.clipboard_keys_auto,
            ClipboardKeys::On => words.clipboard_keys_on,
            ClipboardKeys::Off => words.clipboard_keys_off,
        };
        let option = |keys: ClipboardKeys| {
            let chosen = keys == clipboard_keys.get_untracked();
            view! { <option value=keys.name() selected=chosen>{named(keys)}</option> }
        };
        ClipboardKeys::ALL.map(option).collect_view()
    };
    let choose_keys = move |name: String| {
        let keys = ClipboardKeys::from_name(&name);
        clipboard_keys.set(keys);
        keep(CLIPBOARD_KEYS, keys.name());
    };
    view! {
        <div class="settings">
            <Tick
                id="interrupt-setting"
                setting=instant_interrupt
                key=INTERRUPT
                name=Signal::derive(move || words().interrupt)
                hint=Signal::derive(move || words().interrupt_hint)
            />
            <Tick
                id="program-copies-setting"
                setting=program_copies
                key=PROGRAM_COPIES
                name=Signal::derive(move || details().program_copies)
                hint=Signal::derive(move || details().program_copies_hint)
            />
            <label class="choice">
                <span>{move || details().clipboard_keys}</span>
                <select
                    data-testid="clipboard-keys-setting"
                    on:change:target=move |event| choose_keys(event.target().value())
                >
                    {options}
                </select>
                <small>{move || details().clipboard_keys_hint}</small>
            </label>
        </div>
    }
}

/// A box to tick.
#[component]
fn Tick(
    id: &'static str,
    setting: RwSignal<bool>,
    /// Where it is kept.
    key: &'static str,
    name: Signal<&'static str>,
    hint: Signal<&'static str>,
) -> impl IntoView {
    let choose = move |on: bool| {
        setting.set(on);
        keep(key, if on { ON } else { OFF });
    };
    view! {
        <label class="choice">
            <input
                type="checkbox"
                data-testid=id
                prop:checked=setting
                on:change:target=move |event| choose(event.target().checked())
            />
            <span>{name}</span>
            <small>{hint}</small>
        </label>
    }
}

fn keep(key: &str, value: &str) {
    if let Some(storage) = storage::local() {
        // a browser that keeps nothing begins with the default next time
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
