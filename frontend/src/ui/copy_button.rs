//! A button that copies a text, and says for a while whether it did.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::{
    browser::clipboard,
    i18n::{Words, use_language},
};

/// For how long it says so, in ms.
const SAID_FOR: u32 = 3_000;

/// The button; `text` gives what it copies when it is pressed.
#[component]
pub(crate) fn CopyButton(
    text: impl Fn() -> String + 'static,
    /// Its place among others, for the style sheet.
    class: &'static str,
    id: &'static str,
    /// What it copies, where that has to be said.
    #[prop(optional)]
    name: Option<fn(&Words) -> &'static str>,
) -> impl IntoView {
    let language = use_language();
    let said = RwSignal::new(None::<bool>);
    let timer = StoredValue::new_local(None::<Timeout>);
    let copy = move |_| {
        let copied = clipboard::write(&text());
        spawn_local(async move {
            let copied = copied.await;
            if said.try_set(Some(copied)).is_none() {
                timer.set_value(Some(Timeout::new(SAID_FOR, move || said.set(None))));
            }
        });
    };
    let said_name = move || {
        let words = language.get().words();
        match said.get() {
            Some(true) => words.copied,
            Some(false) => words.not_copied,
            None => name.map_or(words.copy, |name| name(words)),
        }
    };
    // A screen reader hears of it beside the button: what is in one is its name.
    let news = move || said.get().map(|_| said_name());
    view! {
        <button type="button" class=class data-testid=id on:click=copy>
            {said_name}
        </button>
        <span class="visually-hidden" role="status">{news}</span>
    }
    .into_any()
}
