//! What the page says, in English and Chinese, and which of the two.

mod details;
mod failures;
mod sentences;
mod words;

use leptos::prelude::*;
use podshell_shared::api::ContainerKind;

pub(crate) use self::words::Words;
use self::words::{CHINESE, ENGLISH};
use crate::{browser::storage, error::Kind};

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Chinese,
}

/// A failure's headline, and what to do.
pub(crate) struct Advice {
    pub(crate) title: &'static str,
    pub(crate) hint: &'static str,
}

impl Language {
    /// Its words.
    pub(crate) fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::Chinese => &CHINESE,
        }
    }

    /// Its tag as in HTML's `lang`.
    fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    fn from_tag(tag: &str) -> Self {
        if tag.starts_with("zh") {
            Self::Chinese
        } else {
            Self::English
        }
    }

    /// What marks a container that is not a regular one.
    pub(crate) fn kind(self, kind: ContainerKind) -> Option<&'static str> {
        match kind {
            ContainerKind::Regular => None,
            ContainerKind::Init => Some(self.words().init),
            ContainerKind::Ephemeral => Some(self.words().ephemeral),
        }
    }

    /// What to say of a kind of failure.
    pub(crate) fn failure(self, kind: Kind) -> Advice {
        let (english, chinese) = failures::words(kind);
        let (title, hint) = match self {
            Self::English => english,
            Self::Chinese => chinese,
        };
        Advice { title, hint }
    }
}

/// The language that the page speaks, as a context.
#[derive(Clone, Copy)]
struct CurrentLanguage(RwSignal<Language>);

/// Where the user's choice is kept.
const KEY: &str = "podshell.language";

/// Settles on the user's choice, else the browser's language.
pub(crate) fn provide_language() {
    let chosen = storage::local().and_then(|storage| storage.get_item(KEY).ok().flatten());
    let tag = chosen.or_else(|| window().navigator().language());
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

/// A button that names the other language in itself.
#[component]
pub(crate) fn LanguageSwitch() -> impl IntoView {
    let CurrentLanguage(current) = expect_context();
    let switch = move |_| {
        current.update(|language| {
            *language = match language {
                Language::English => Language::Chinese,
                Language::Chinese => Language::English,
            }
        });
        if let Some(storage) = storage::local() {
            // a browser that keeps nothing asks again next time
            storage.set_item(KEY, current.get_untracked().tag()).ok();
        }
    };
    let other = move || match current.get() {
        Language::English => Language::Chinese.tag(),
        Language::Chinese => Language::English.tag(),
    };
    view! {
        <button class="quiet" data-testid="language" lang=other on:click=switch>
            {move || current.get().words().other_language}
        </button>
    }
}
