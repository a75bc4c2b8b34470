//! The dialogue in which the user sets what the page is to do.

use leptos::prelude::*;

use crate::{
    i18n::use_language,
    settings::{CLIPBOARD_KEYS, ClipboardKeys, INTERRUPT, OFF, ON, PROGRAM_COPIES, Settings, keep},
    ui::dialogue::{Choice, Dialogue, Dialogues},
};

/// A button that opens the settings.
#[component]
pub(crate) fn SettingsButton(
    dialogues: Dialogues,
    /// Whether a sign stands for the word, where that would cover what people read.
    #[prop(optional)]
    is_small: bool,
) -> impl IntoView {
    let language = use_language();
    let open = move |_| {
        let words = language.get_untracked().words();
        dialogues.ask(Dialogue {
            title: words.settings.to_owned(),
            body: Box::new(|| view! { <SettingsList /> }.into_any()),
            choices: vec![Choice::cancel(words.close)],
        });
    };
    view! {
        <button
            class="button--quiet"
            data-testid="settings"
            // The keyboard stays where it is, and comes back there.
            on:mousedown=move |event| event.prevent_default()
            on:click=open
            title=move || is_small.then(|| language.get().words().settings)
            aria-label=move || language.get().words().settings
        >
            {move || if is_small { "⋯" } else { language.get().words().settings }}
        </button>
    }
    .into_any()
}

#[component]
fn SettingsList() -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let Settings {
        instant_interrupt,
        clipboard_keys,
        program_copies,
    } = expect_context();
    let options = move || {
        let words = words();
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
        <div class="choice-list">
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
                name=Signal::derive(move || words().program_copies)
                hint=Signal::derive(move || words().program_copies_hint)
            />
            <label class="choice">
                <span>{move || words().clipboard_keys}</span>
                <select
                    class="field field--select"
                    data-testid="clipboard-keys-setting"
                    on:change:target=move |event| choose_keys(event.target().value())
                >
                    {options}
                </select>
                <small class="choice__hint">{move || words().clipboard_keys_hint}</small>
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
                class="choice__box"
                data-testid=id
                prop:checked=setting
                on:change:target=move |event| choose(event.target().checked())
            />
            <span>{name}</span>
            <small class="choice__hint">{hint}</small>
        </label>
    }
}
