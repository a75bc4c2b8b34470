//! What a terminal looks like as it is set.

use leptos::prelude::*;

use crate::{
    i18n::use_language,
    settings::{Choice as _, use_preferences},
};

/// Some lines in the terminal's colours, font and size, with its cursor.
#[component]
pub(super) fn Sample() -> impl IntoView {
    let language = use_language();
    let looks = use_preferences().looks;
    let style = move || {
        looks.with(|looks| {
            let font = match &*looks.font {
                "" => String::new(),
                font => format!("\"{font}\", "),
            };
            format!(
                "font-family: {font}var(--mono); font-size: {}px",
                looks.font_size
            )
        })
    };
    view! {
        <div
            class="sample"
            role="img"
            aria-label=move || language.get().words().sample
            data-testid="sample"
            style=style
        >
            <span class="sample__user">"ada@web-0"</span>
            ":"
            <span class="sample__folder">"/app"</span>
            "$ grep -n ledger app.log\n"
            <span class="sample__number">"14"</span>
            ":"
            <span class="sample__good">"info"</span>
            "  0O 1lI| → 中文  "
            <span class="sample__bad">"error"</span>
            " 42\n"
            <span class="sample__user">"ada@web-0"</span>
            ":"
            <span class="sample__folder">"/app"</span>
            "$ "
            <span
                class="sample__cursor"
                data-cursor=move || looks.with(|looks| looks.cursor.name())
                data-blinks=move || looks.with(|looks| looks.cursor_blinks).to_string()
            >
                " "
            </span>
        </div>
    }
    .into_any()
}
