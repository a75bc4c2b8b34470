//! Closing panes: asked about first where a program runs that would end.

use js_sys::Date;
use leptos::prelude::*;

use crate::{
    i18n::Language,
    ui::{
        age,
        dialogue::{Choice, Dialogue, Dialogues},
    },
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
    let busy = ids.iter().filter_map(|id| {
        let running = workspace.program_in(*id)?;
        Some((workspace.pane(*id)?, running))
    });
    let busy: Vec<_> = busy.collect();
    let title = match &*busy {
        [(_, running)] => running.program().map(|program| language.end_title(program)),
        _ => None,
    };
    let named = busy.iter().map(|(pane, running)| {
        let title = || pane.view().title.get_untracked();
        let command = running.command.clone().or_else(title);
        let seconds = running.since.map(|since| (Date::now() - since) / 1000.0);
        let age = seconds.map(|seconds| language.for_time(&age::age(seconds as u64)));
        let parts = [Some(pane.name()), command, age];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        parts.join(" · ")
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
        title: title.unwrap_or_else(|| language.close_title(named.len())),
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
