//! The panes of all tabs, each where it is while its tab is shown, and the dividers between them.
//!
//! All stay in the document, shown or not: a terminal that is put elsewhere would lose the keyboard.

use leptos::prelude::*;

use crate::{
    i18n::use_language,
    pages::workspace::{commands::Commands, divider::DividerView, pane_view::PaneView},
    workspace::{
        layout::{Divider, Place},
        pane::PaneId,
    },
};

/// The panes.
#[component]
pub(super) fn Area(commands: Commands) -> impl IntoView {
    let language = use_language();
    let workspace = commands.workspace;
    let ids = Memo::new(move |_| workspace.layout(|layout| layout.panes()));
    let places = Memo::new(move |_| {
        workspace.layout(|layout| layout.shown().map(|tab| tab.places()).unwrap_or_default())
    });
    let dividers = Memo::new(move |_| {
        workspace.layout(|layout| layout.shown().map(|tab| tab.dividers()).unwrap_or_default())
    });
    let place = move |id: PaneId| {
        Memo::new(move |_| {
            let is_it = |place: &&Place<PaneId>| place.pane == id;
            places.with(|places| places.iter().find(is_it).map(|place| place.area))
        })
    };
    let divider = move |path: Vec<usize>| {
        let is_it = move |divider: &&Divider| divider.path == path;
        Signal::derive(move || dividers.with(|dividers| dividers.iter().find(&is_it).cloned()))
    };
    let paths = move || {
        let path = |divider: &Divider| (divider.path.clone(), divider.axis);
        dividers.with(|dividers| dividers.iter().map(path).collect::<Vec<_>>())
    };
    view! {
        <main
            class="work"
            class:work--away=move || !commands.is_workspace_shown()
            aria-label=move || language.get().words().terminals
        >
            <h1 class="visually-hidden">{move || language.get().words().terminals}</h1>
            <For each=move || ids.get() key=|id| *id let(id)>
                <PaneView id place=place(id) commands />
            </For>
            <For each=paths key=|key| format!("{key:?}") let((path, axis))>
                <DividerView divider=divider(path) axis commands />
            </For>
        </main>
    }
    .into_any()
}
