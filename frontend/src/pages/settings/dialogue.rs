//! The dialogue in which the user sets what the page is to do.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::HtmlElement;

use crate::{
    browser::dom,
    i18n::{LanguageChoice, Words, use_language},
    pages::settings::sample::Sample,
    settings::{
        self, BLINK, Choice as Values, ClipboardKeys, Contrast, Cursor, FONT_SIZES, INTERRUPT,
        PROGRAM_COPIES, SCREEN_READER, Scrollback, Settings, Theme, choose, turn,
    },
    ui::{
        dialogue::{Choice, Dialogue, Dialogues},
        icon::Icon,
    },
};

/// A setting, as it is found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    /// The id of what shows it.
    pub(crate) id: &'static str,
    /// What it is called.
    pub(crate) name: fn(&Words) -> &'static str,
}

impl Item {
    const fn new(id: &'static str, name: fn(&Words) -> &'static str) -> Self {
        Self { id, name }
    }
}

const THEME: Item = Item::new("theme-setting", |words| words.theme);
const CONTRAST: Item = Item::new("contrast-setting", |words| words.contrast);
const FONT: Item = Item::new("font-setting", |words| words.font);
const FONT_SIZE: Item = Item::new("font-size-setting", |words| words.font_size);
const CURSOR: Item = Item::new("cursor-setting", |words| words.cursor);
const CURSOR_BLINKS: Item = Item::new("blink-setting", |words| words.cursor_blinks);
const SCROLLBACK: Item = Item::new("scrollback-setting", |words| words.scrollback);
const SCREEN_READS: Item = Item::new("screen-reader-setting", |words| words.screen_reader);
const INTERRUPTS: Item = Item::new("interrupt-setting", |words| words.interrupt);
const COPIES: Item = Item::new("program-copies-setting", |words| words.program_copies);
const PASTE_ASKS: Item = Item::new("paste-asks-setting", |words| words.paste_asks);
const CLIPBOARD_KEYS: Item = Item::new("clipboard-keys-setting", |words| words.clipboard_keys);

/// The settings that can be gone to.
pub(crate) const SETTINGS: [Item; 12] = [
    THEME,
    CONTRAST,
    FONT,
    FONT_SIZE,
    CURSOR,
    CURSOR_BLINKS,
    SCROLLBACK,
    SCREEN_READS,
    INTERRUPTS,
    COPIES,
    PASTE_ASKS,
    CLIPBOARD_KEYS,
];

/// Opens the settings, with the keyboard at one of [`SETTINGS`] if it is named.
/// `keys` leads to those that can be chosen, where there are such.
pub(crate) fn open_settings(
    dialogues: Dialogues,
    words: &Words,
    at: Option<&'static str>,
    keys: Option<Box<dyn Fn()>>,
) {
    dialogues.ask(Dialogue {
        title: words.settings.to_owned(),
        body: Box::new(|| view! { <SettingsList /> }.into_any()),
        choices: keys
            .map(|open| Choice::new(words.help, open))
            .into_iter()
            .chain([Choice::cancel(words.close)])
            .collect(),
    });
    if let Some(id) = at {
        // The dialogue gives the keyboard to its button as it opens.
        request_animation_frame(move || go_to(id));
    }
}

fn go_to(id: &str) {
    let shown = document().query_selector(&format!("[data-testid='{id}']"));
    let setting = shown
        .ok()
        .flatten()
        .and_then(|shown| shown.closest(".setting").ok()?);
    let control =
        setting.and_then(|setting| setting.query_selector("input, select, button").ok()?);
    if let Some(control) = control.and_then(|control| control.dyn_into::<HtmlElement>().ok()) {
        control.focus().ok();
        dom::scroll_to(&control);
    }
}

/// A button that opens the settings.
#[component]
pub(crate) fn SettingsButton(
    /// Opens them.
    open: impl Fn() + 'static,
) -> impl IntoView {
    let language = use_language();
    let name = move || language.get().words().settings;
    view! {
        <button
            class="icon-button"
            data-testid="settings"
            // The keyboard stays where it is, and comes back there.
            on:mousedown=move |event| event.prevent_default()
            on:click=move |_| open()
            title=name
            aria-label=name
        >
            {Icon::Settings.draw()}
        </button>
    }
    .into_any()
}

#[component]
fn SettingsList() -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let word = move |of: fn(&Words) -> &'static str| Signal::derive(move || of(words()));
    let settings: Settings = expect_context();
    view! {
        <div class="settings" tabindex="0" role="region" aria-label=move || words().settings>
            <h3 class="settings__part">{move || words().appearance}</h3>
            <Sample />
            <LanguageChoice />
            <Choose item=THEME setting=settings.theme
                hint=word(|words| words.theme_hint)
                value_name=move |theme| match theme {
                    Theme::System => words().as_system,
                    Theme::Light => words().light,
                    Theme::Dark => words().dark,
                }
            />
            <Choose item=CONTRAST setting=settings.contrast
                value_name=move |contrast| match contrast {
                    Contrast::System => words().as_system,
                    Contrast::More => words().high,
                }
            />
            <Font settings />
            <FontSize settings />
            <Choose item=CURSOR setting=settings.cursor
                value_name=move |cursor| match cursor {
                    Cursor::Block => words().block,
                    Cursor::Bar => words().beam,
                    Cursor::Underline => words().underline,
                }
            />
            <Tick
                item=CURSOR_BLINKS
                setting=settings.cursor_blinks
                key=BLINK
                hint=word(|words| words.cursor_blinks_hint)
            />
            <h3 class="settings__part">{move || words().terminal}</h3>
            <Choose item=SCROLLBACK setting=settings.scrollback
                hint=word(|words| words.scrollback_hint)
                value_name=Scrollback::name
            />
            <Tick
                item=SCREEN_READS
                setting=settings.screen_reader
                key=SCREEN_READER
                hint=word(|words| words.screen_reader_hint)
            />
            <Tick
                item=INTERRUPTS
                setting=settings.instant_interrupt
                key=INTERRUPT
                hint=word(|words| words.interrupt_hint)
            />
            <Tick
                item=COPIES
                setting=settings.program_copies
                key=PROGRAM_COPIES
                hint=word(|words| words.program_copies_hint)
            />
            <Tick
                item=PASTE_ASKS
                setting=settings.paste_asks
                key=settings::PASTE_ASKS
                hint=word(|words| words.paste_asks_hint)
            />
            <Choose item=CLIPBOARD_KEYS setting=settings.clipboard_keys
                hint=word(|words| words.clipboard_keys_hint)
                value_name=move |keys| match keys {
                    ClipboardKeys::Auto => words().clipboard_keys_auto,
                    ClipboardKeys::On => words().clipboard_keys_on,
                    ClipboardKeys::Off => words().clipboard_keys_off,
                }
            />
            <p class="settings__end">
                {move || words().settings_kept}
                " "
                <button
                    type="button"
                    class="button--link"
                    data-testid="reset-settings"
                    on:click=move |_| settings.reset()
                >
                    {move || words().reset_all}
                </button>
            </p>
        </div>
    }
}

#[component]
fn SettingName(item: Item) -> impl IntoView {
    let language = use_language();
    view! { <span class="setting__name">{move || (item.name)(language.get().words())}</span> }
}

/// One of some values.
#[component]
fn Choose<C: Values>(
    item: Item,
    setting: RwSignal<C>,
    #[prop(optional)] hint: Option<Signal<&'static str>>,
    /// What a value is called in the user's language.
    value_name: impl Fn(C) -> &'static str + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let options = move || {
        let option = |value: &C| {
            let value = *value;
            let is_chosen = move || value == setting.get();
            view! { <option value=value.name() prop:selected=is_chosen>{value_name(value)}</option> }
        };
        C::ALL.iter().map(option).collect_view()
    };
    view! {
        <label class="setting">
            <SettingName item />
            <select
                class="field field--select"
                data-testid=item.id
                on:change:target=move |event| choose(setting, C::from_name(&event.target().value()))
            >
                {options}
            </select>
            {hint.map(|hint| view! { <small class="setting__hint">{hint}</small> })}
        </label>
    }
    .into_any()
}

/// A box to tick.
#[component]
fn Tick(
    item: Item,
    setting: RwSignal<bool>,
    /// Where it is kept.
    key: &'static str,
    hint: Signal<&'static str>,
) -> impl IntoView {
    view! {
        <label class="setting">
            <SettingName item />
            <input
                type="checkbox"
                class="choice__box"
                data-testid=item.id
                prop:checked=setting
                on:change:target=move |event| turn(setting, key, event.target().checked())
            />
            <small class="setting__hint">{hint}</small>
        </label>
    }
    .into_any()
}

/// Any font that this computer has, by its name.
#[component]
fn Font(settings: Settings) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    view! {
        <label class="setting">
            <SettingName item=FONT />
            <input
                class="field"
                data-testid=FONT.id
                type="text"
                maxlength="80"
                spellcheck="false"
                autocomplete="off"
                placeholder=move || words().usual_font
                prop:value=move || settings.font.get()
                on:change:target=move |event| settings.set_font(&event.target().value())
            />
            <small class="setting__hint">{move || words().font_hint}</small>
        </label>
    }
}

/// How large text is.
#[component]
fn FontSize(settings: Settings) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let size = settings.font_size;
    view! {
        <div class="setting" role="group" aria-labelledby="font-size-name">
            <span id="font-size-name"><SettingName item=FONT_SIZE /></span>
            <span class="setting__steps">
                <button
                    type="button"
                    class="icon-button"
                    aria-label=move || words().smaller
                    disabled=move || size.get() == *FONT_SIZES.start()
                    on:click=move |_| settings.change_font_size(-1)
                >
                    {Icon::Minus.draw()}
                </button>
                <output data-testid=FONT_SIZE.id>{move || format!("{} px", size.get())}</output>
                <button
                    type="button"
                    class="icon-button"
                    aria-label=move || words().larger
                    disabled=move || size.get() == *FONT_SIZES.end()
                    on:click=move |_| settings.change_font_size(1)
                >
                    {Icon::Plus.draw()}
                </button>
            </span>
        </div>
    }
}
