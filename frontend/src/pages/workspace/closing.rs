//! Closing panes: asked about first where a program runs that would end.

use leptos::prelude::*;

use crate::{
    i18n::Language,
    ui::dialogue::{Choice, Dialogue, Dialogues},
    workspace::{open_panes::Workspace, pane::PaneId},
};

/// Closes panes, at once or if the user says so, and does what follows.
pub(super) fn close(
    workspace: Workspace,
    dialogues: Dialogues,
    ids: &[PaneId],
    language: Language,
    then: impl Fn() + 'static,
) {
    let ids = ids.to_vec();
    let busy = ids.iter().filter(|id| workspace.is_busy(**id));
    let busy = busy.filter_map(|id| workspace.pane(*id));
    let named = busy.map(|pane| {
        let program = pane.view().title.get_untracked();
        program.map_or_else(
            || pane.name(),
            |program| format!("{}: {program}", pane.name()),
        )
    });
    let named: Vec<_> = named.collect();
    let close = move || {
        workspace.close(&ids);
        then();
    };
    if named.is_empty() {
        close();
        return;
    }
    let words = language.words();
    dialogues.ask(Dialogue {
        title: language.close_title(named.len()),
        body: Box::new(move || {
            let names = named.iter().map(|name| view! { <li>{name.clone()}</li> });
            view! {
                <ul class="dialogue__list">{names.collect_view()}</ul>
                <p class="dialogue__hint">{words.close_hint}</p>
            }
            .into_any()
        }),
        choices: vec![
            Choice::new(words.end_and_close, close),
            Choice::cancel(words.keep_open),
        ],
    });
}
