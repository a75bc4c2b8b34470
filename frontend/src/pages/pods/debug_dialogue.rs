//! Asks for a debug container beside one of the list, which may be well and have a shell of its own.

use leptos::{html, prelude::*};
use podshell_shared::target::TargetRequest;

use crate::{
    i18n::{Language, use_language},
    pages::terminal::debug_container::DebugOffer,
    routing::navigation::use_navigate,
    ui::dialogue::{Choice, Dialogue, Dialogues, use_dialogues},
    workspace::open_panes::{Workspace, use_workspace},
};

/// What is needed to ask.
#[derive(Clone, Copy)]
pub(super) struct Debug<G> {
    dialogues: Dialogues,
    language: Signal<Language>,
    workspace: Workspace,
    go: G,
}

/// To ask with.
pub(super) fn use_debug() -> Debug<impl Fn(&str) + Copy + Send + Sync + 'static> {
    Debug {
        dialogues: use_dialogues(),
        language: use_language(),
        workspace: use_workspace(),
        go: use_navigate(),
    }
}

impl<G: Fn(&str) + Copy + Send + Sync + 'static> Debug<G> {
    /// Asks for one beside a container, and opens a shell in it.
    pub(super) fn beside(self, target: &TargetRequest) {
        let Self {
            dialogues,
            language,
            workspace,
            go,
        } = self;
        let words = language.get_untracked().words();
        let go_on = move |added: TargetRequest| {
            dialogues.give_up();
            workspace.open_tab(&added.clone().into());
            go(&added.page());
        };
        let beside = target.clone();
        dialogues.ask(Dialogue {
            title: language.get_untracked().debug_beside(&target.container),
            body: Box::new(move || view! { <Offer target=beside.clone() go_on /> }.into_any()),
            choices: vec![Choice::cancel(words.close)],
        });
    }
}

#[component]
fn Offer(
    target: TargetRequest,
    go_on: impl Fn(TargetRequest) + Send + Sync + 'static,
) -> impl IntoView {
    // It is the dialogue's: the row that was asked from may be another by the time the container runs.
    let go_on = Callback::new(go_on);
    let words = use_language().get_untracked().words();
    let button = NodeRef::<html::Button>::new();
    // The dialogue gives the keyboard to its own as it opens.
    request_animation_frame(move || {
        if let Some(button) = button.try_get_untracked().flatten() {
            button.focus().ok();
        }
    });
    view! {
        <p>{words.debug_explained}</p>
        <DebugOffer target button is_first=true go_on />
    }
}
