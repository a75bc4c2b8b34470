//! Where there is room for one tab: how many there are, what has happened in the others, and the way to them.

use leptos::prelude::*;

use crate::{
    i18n::use_language,
    pages::workspace::{
        commands::Commands,
        tab::{Mark, MarkSign, TabSummary},
    },
};

/// The number of tabs. Nothing where all of them are seen, or none is there.
#[component]
pub(super) fn TabCount(tabs: Memo<Vec<TabSummary>>, commands: Commands) -> impl IntoView {
    let language = use_language();
    let count = move || tabs.with(Vec::len);
    let are_hidden = Memo::new(move |_| count() > usize::from(commands.is_workspace_shown()));
    let news = Memo::new(move |_| {
        let is_seen = |tab: &TabSummary| tab.is_shown && commands.is_workspace_shown();
        let hidden = tabs.with(|tabs| {
            let hidden = tabs.iter().filter(|tab| !is_seen(tab));
            hidden.flat_map(|tab| tab.panes.clone()).collect::<Vec<_>>()
        });
        let panes = hidden
            .into_iter()
            .filter_map(|id| commands.workspace.pane(id));
        let greatest = panes.map(|pane| Mark::of(pane.view())).max();
        greatest.filter(|mark| *mark > Mark::Connected)
    });
    let name = move || {
        let language = language.get();
        let name = format!("{}: {}", language.words().your_shells, count());
        match news.get() {
            Some(news) => format!("{name}, {}", news.text(language)),
            None => name,
        }
    };
    view! {
        <Show when=move || are_hidden.get()>
            <button
                class="top-bar__count"
                data-testid="tab-count"
                title=name
                aria-label=name
                on:mousedown=move |event| event.prevent_default()
                on:click=move |_| commands.palette.set(true)
            >
                {move || news.get().map(|_| view! { <MarkSign mark=news.into() /> })}
                {count}
            </button>
        </Show>
    }
    .into_any()
}
