//! What the page says, in each of its languages, and which of them it speaks.

mod en;
mod key_words;
mod log_words;
mod translation;
mod why_words;
mod words;
mod zh;

use std::{cell::RefCell, collections::HashMap, fmt, ops::Deref};

use js_sys::{Array, Function, Intl::DateTimeFormat, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use self::translation::Translation;
pub(crate) use self::{translation::amount, words::Words};
use crate::browser::storage;

/// A language of the page; it says what its translation has.
#[derive(Clone, Copy)]
pub(crate) struct Language(&'static dyn Translation);

impl Language {
    pub(crate) const ENGLISH: Self = Self(&en::English);
    pub(crate) const CHINESE: Self = Self(&zh::Chinese);

    /// All of them, the first for whoever reads none.
    const ALL: [Self; 2] = [Self::ENGLISH, Self::CHINESE];

    /// The language of an HTML tag, whatever country or script that names.
    fn from_tag(tag: &str) -> Self {
        let primary = |tag: &str| tag.split('-').next().map(str::to_ascii_lowercase);
        let same = |language: &Self| primary(language.tag()) == primary(tag);
        Self::ALL.into_iter().find(same).unwrap_or(Self::ENGLISH)
    }

    /// A time, of ms since 1970, by date and to the second, as it is written in this language; nothing if it is none.
    pub(crate) fn time(self, at: f64) -> Option<String> {
        self.write_time(at, &[("dateStyle", "medium"), ("timeStyle", "medium")])
    }

    /// The same by hour and minute alone.
    pub(crate) fn hour(self, at: f64) -> Option<String> {
        self.write_time(at, &[("timeStyle", "short")])
    }

    fn write_time(self, at: f64, styles: &'static [(&str, &str)]) -> Option<String> {
        type Style = (&'static str, &'static [(&'static str, &'static str)]);
        thread_local! {
            // Making one takes longer than writing many times.
            static WRITERS: RefCell<HashMap<Style, Function>> = RefCell::default();
        }
        let new = || {
            let options = Object::new();
            for (style, value) in styles {
                Reflect::set(&options, &(*style).into(), &(*value).into()).ok();
            }
            DateTimeFormat::new(&Array::of1(&self.tag().into()), &options).format()
        };
        let write = |writer: &Function| writer.call1(&JsValue::UNDEFINED, &at.into());
        let written = WRITERS.with_borrow_mut(|writers| {
            write(writers.entry((self.tag(), styles)).or_insert_with(new))
        });
        written.ok()?.as_string()
    }

    /// The one that the switch offers while this one is spoken.
    fn next(self) -> Self {
        let at = Self::ALL.iter().position(|language| *language == self);
        let next = at.map_or(0, |at| at + 1);
        Self::ALL[next % Self::ALL.len()]
    }
}

impl Deref for Language {
    type Target = dyn Translation;

    fn deref(&self) -> &Self::Target {
        self.0
    }
}

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.tag() == other.tag()
    }
}

impl Eq for Language {}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The language that the page speaks, as a context.
#[derive(Clone, Copy)]
struct CurrentLanguage(RwSignal<Language>);

/// Where the user's choice is kept.
const KEY: &str = "podshell.language";

/// Settles on the user's choice, else the browser's language.
pub(crate) fn provide_language() {
    let tag = storage::kept(KEY).or_else(|| window().navigator().language());
    let current = RwSignal::new(Language::from_tag(&tag.unwrap_or_default()));
    provide_context(CurrentLanguage(current));
    Effect::new(move || {
        let root = document().document_element();
        if let Some(root) = root {
            root.set_attribute("lang", current.get().tag())
                .expect("the attribute's name is valid");
        }
    });
}

/// The language that the page speaks.
pub(crate) fn use_language() -> Signal<Language> {
    expect_context::<CurrentLanguage>().0.into()
}

/// Has the page speak another language.
fn choose(current: RwSignal<Language>, language: Language) {
    current.set(language);
    storage::keep(KEY, language.tag());
}

/// The language among settings.
#[component]
pub(crate) fn LanguageChoice() -> impl IntoView {
    let CurrentLanguage(current) = expect_context();
    let options = move || {
        let option = |language: Language| {
            let is_chosen = language == current.get_untracked();
            view! {
                <option value=language.tag() lang=language.tag() selected=is_chosen>{language.name()}</option>
            }
        };
        Language::ALL.into_iter().map(option).collect_view()
    };
    view! {
        <label class="setting">
            <span class="setting__name">{move || current.get().words().language}</span>
            <select
                class="field field--select"
                data-testid="language-setting"
                on:change:target=move |event| choose(current, Language::from_tag(&event.target().value()))
            >
                {options}
            </select>
        </label>
    }
    .into_any()
}

/// A button that names another language in itself.
#[component]
pub(crate) fn LanguageSwitch() -> impl IntoView {
    let CurrentLanguage(current) = expect_context();
    let switch = move |_| choose(current, current.get_untracked().next());
    let other = move || current.get().next();
    view! {
        <button
            class="button--quiet"
            data-testid="language"
            lang=move || other().tag()
            on:click=switch
        >
            {move || other().name()}
        </button>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_a_language_whatever_else_it_says() {
        for (tag, language) in [
            ("en", Language::ENGLISH),
            ("en-GB", Language::ENGLISH),
            ("zh", Language::CHINESE),
            ("zh-CN", Language::CHINESE),
            ("ZH-Hant-TW", Language::CHINESE),
            ("de-DE", Language::ENGLISH),
            ("", Language::ENGLISH),
        ] {
            assert_eq!(Language::from_tag(tag), language, "{tag}");
        }
    }

    #[test]
    fn the_switch_goes_through_all_of_them() {
        let mut language = Language::ENGLISH;
        for _ in Language::ALL {
            language = language.next();
        }
        assert_eq!(language, Language::ENGLISH);
        assert_ne!(language.next(), language);
    }
}
