//! A command to be run elsewhere, with a button that copies it.

use leptos::prelude::*;

use crate::ui::copy_button::CopyButton;

/// The command. `id` is that of its button.
#[component]
pub(crate) fn Command(#[prop(into)] text: String, id: &'static str) -> impl IntoView {
    // Browsers break lines at hyphens, where a flag is no flag any more.
    let parts = text.split_inclusive(' ').map(str::to_owned);
    let parts = parts.map(|part| view! { <span class="command__part">{part}</span> });
    view! {
        <div class="command">
            <code class="command__text" tabindex="0">{parts.collect_view()}</code>
            <CopyButton text=move || text.clone() class="command__copy" id />
        </div>
    }
    .into_any()
}
