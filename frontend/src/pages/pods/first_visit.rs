//! What this page is, for who comes to it for the first time.

use leptos::prelude::*;

use crate::{
    browser::storage, i18n::use_language, session::recent_shells::RECENT_SHELLS, ui::icon::Icon,
    workspace::open_panes::use_workspace,
};

/// Where it is kept that somebody knows.
const KEPT: &str = "podshell.knows-the-page";

/// One sentence above the list: gone for good once it was dismissed or a shell was opened.
#[component]
pub(super) fn FirstVisit(
    /// The keys that lead anywhere.
    go_to_keys: Signal<String>,
    /// Gives the keyboard back to the list.
    leave: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let workspace = use_workspace();
    let has_opened = !RECENT_SHELLS.all().is_empty() || !untrack(|| workspace.list()).is_empty();
    let is_new = RwSignal::new(storage::kept(KEPT).is_none() && !has_opened);
    let know = move || storage::keep(KEPT, "yes");
    if has_opened {
        know();
    }
    let dismiss = move |_| {
        know();
        is_new.set(false);
        leave();
    };
    view! {
        <Show when=move || is_new.get()>
            <div class="banner first-visit" role="note" data-testid="first-visit">
                <p class="first-visit__by-keys">
                    {move || words().first_visit[0]} <kbd>"Enter"</kbd>
                    {move || words().first_visit[1]} <kbd>{go_to_keys}</kbd>
                    {move || words().first_visit[2]}
                </p>
                <p class="first-visit__by-touch">{move || words().first_visit_by_touch}</p>
                <button
                    class="icon-button"
                    aria-label=move || words().dismiss
                    on:click=dismiss
                >
                    {Icon::Close.draw()}
                </button>
            </div>
        </Show>
    }
    .into_any()
}
