//! What the user has set, kept by the browser.

use leptos::prelude::*;

use crate::{
    dom,
    i18n::{Language, use_language},
};

/// Where it is kept whether Ctrl-C is instant.
const INTERRUPT: &str = "podshell.interrupt";
const OFF: &str = "off";

/// The settings, as a context.
#[derive(Clone, Copy)]
struct Settings {
    instant_interrupt: RwSignal<bool>,
}

/// Reads the settings.
pub(crate) fn provide_settings() {
    let kept = dom::storage().and_then(|storage| storage.get_item(INTERRUPT).ok().flatten());
    provide_context(Settings {
        instant_interrupt: RwSignal::new(kept.as_deref() != Some(OFF)),
    });
}

/// What the user wants of a terminal.
#[derive(Clone, Copy)]
pub(crate) struct Wishes {
    pub(crate) language: Signal<Language>,
    /// Whether a Ctrl-C drops the output that waits to be shown.
    pub(crate) instant_interrupt: Signal<bool>,
}

/// What the user wants of terminals.
pub(crate) fn use_wishes() -> Wishes {
    Wishes {
        language: use_language(),
        instant_interrupt: expect_context::<Settings>().instant_interrupt.into(),
    }
}

/// A box to tick for the instant Ctrl-C.
#[component]
pub(crate) fn InterruptSetting() -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let Settings { instant_interrupt } = expect_context();
    let choose = move |on: bool| {
        instant_interrupt.set(on);
        if let Some(storage) = dom::storage() {
            // a browser that keeps nothing begins with the default next time
            let kept = if on { "on" } else { OFF };
            storage.set_item(INTERRUPT, kept).ok();
        }
    };
    view! {
        <label class="setting" title=move || words().interrupt_hint>
            <input
                type="checkbox"
                data-testid="interrupt-setting"
                prop:checked=instant_interrupt
                on:change:target=move |event| choose(event.target().checked())
            />
            {move || words().interrupt}
        </label>
    }
}
