//! A terminal with all that belongs to it wherever it is shown: notices, how it fares, what to do at its end, questions.

use std::rc::Rc;

use leptos::{ev::MouseEvent, html, prelude::*};
use podshell_shared::target::Mode;
use web_sys::EventTarget;

use crate::{
    account::use_account,
    i18n::use_language,
    pages::{
        shown_pane::ShownPane,
        terminal::{
            ended::{EndedPanel, Ways},
            search_box::SearchBox,
            start::Start,
        },
    },
    session::status::Status,
    ui::{dialogue::DialogueBox, notice::NoticeBar},
    workspace::{pane::Pane as _, terminal_pane::TerminalPane},
};

/// The stage of a pane: it fills what room there is.
#[component]
pub(crate) fn Stage(
    /// What is shown.
    pane: Rc<TerminalPane>,
    /// What the user can do when it has ended.
    ways: Ways,
    /// Whether it is the one that has the keyboard while none of the page's own controls has it.
    #[prop(into)]
    has_keyboard: Signal<bool>,
    /// Gives up what has not started yet, where that can be done.
    #[prop(optional)]
    cancel: Option<Callback<()>>,
) -> impl IntoView {
    let language = use_language();
    let account = use_account();
    let (view, target) = (pane.view, pane.target.clone());
    let (container, is_attached) = (target.container.clone(), target.mode == Mode::Attach);
    let shown = ShownPane::new(&pane);
    let host = NodeRef::<html::Div>::new();
    let name =
        move |pane: &TerminalPane| format!("{} {}", language.get().words().terminal, pane.name());
    shown.call(name);
    // Who comes from the sign-in page wants what they had, or were about to have.
    let is_signed_out = view.status.with_untracked(Status::is_signed_out);
    if is_signed_out && !untrack(|| account.is_out()) {
        pane.controller.begin_again();
    }
    shown.stand_in(host, has_keyboard);
    // A notice that was here has gone with the page.
    Effect::new(move |_| {
        if host.get().is_some() {
            pane.terminal().cover(0.0);
        }
    });
    // What lies beside the text is no part of xterm.js.
    let beside = move |event: MouseEvent| {
        let terminal = host.get_untracked().map(EventTarget::from);
        let ground = terminal_ground(host);
        if [event.current_target(), terminal, ground].contains(&event.target()) {
            // Or the browser would take the keyboard away again.
            event.prevent_default();
            shown.focus();
        }
    };
    let covers = move |height: f64| shown.with(|pane| pane.controller.terminal().cover(height));
    let begin_again = move || shown.with(|pane| pane.controller.begin_again());
    let take_back = move || shown.with(|pane| pane.controller.take_back());
    let covered = move || view.status.with(Status::is_ended) && !view.drawn.get();
    let is_another_s = move || !account.may_see(view);
    Effect::new(move |_| {
        let is_hidden = is_another_s();
        shown.with(|pane| pane.terminal().hide(is_hidden));
    });
    view! {
        <div class="stage" class:stage--covered=covered class:stage--unknown=is_another_s on:mousedown=beside>
            <div class="stage__ground">
                <NoticeBar notices=view.notices is_seen=view.is_seen.into() covers leave=move || shown.focus() />
                <Show when=move || !is_another_s()>
                    <SearchBox view shown />
                </Show>
                <div class="terminal-host" data-testid="terminal" node_ref=host></div>
                <Start view container is_attached cancel focus=move || shown.focus() />
            </div>
            <EndedPanel view target ways begin_again take_back />
        </div>
        <DialogueBox dialogues=view.dialogues />
    }
    .into_any()
}

/// What lies under the terminal.
fn terminal_ground(host: NodeRef<html::Div>) -> Option<EventTarget> {
    let ground = host.get_untracked()?.parent_element()?;
    Some(ground.into())
}
