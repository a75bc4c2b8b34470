//! A terminal with all that belongs to it wherever it is shown: notices, how it fares, what to do at its end, questions.

use std::rc::{Rc, Weak};

use leptos::{ev::MouseEvent, html, prelude::*};
use web_sys::EventTarget;

use crate::{
    account::use_account,
    i18n::use_language,
    pages::terminal::{
        ended::{EndedPanel, Ways},
        search_box::SearchBox,
    },
    session::{status::Status, view::set_if_changed},
    ui::{dialogue::DialogueBox, notice::NoticeBar},
    workspace::{pane::Pane, terminal_pane::TerminalPane},
    xterm::screen_reader::Labels,
};

/// The pane of the workspace that a page shows. Held weakly: it may be closed meanwhile.
#[derive(Clone, Copy)]
pub(crate) struct ShownPane(StoredValue<Weak<TerminalPane>, LocalStorage>);

impl ShownPane {
    /// Shows a pane for as long as the current owner lives.
    pub(crate) fn new(pane: &Rc<TerminalPane>) -> Self {
        Self(StoredValue::new_local(Rc::downgrade(pane)))
    }

    /// Gives the keyboard to its terminal.
    pub(crate) fn focus(self) {
        self.with(Pane::focus);
    }

    /// It, if it is there.
    pub(crate) fn upgrade(self) -> Option<Rc<TerminalPane>> {
        self.0.try_with_value(Weak::upgrade).flatten()
    }

    /// Does something with it, if it is there: the page may be another by now.
    pub(crate) fn with(self, act: impl FnOnce(&TerminalPane)) {
        if let Some(pane) = self.upgrade() {
            act(&pane);
        }
    }
}

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
) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let account = use_account();
    let (view, target) = (pane.view, pane.target.clone());
    let shown = ShownPane::new(&pane);
    let host = NodeRef::<html::Div>::new();
    let named = Rc::clone(&pane);
    Effect::new(move |_| {
        let words = words();
        named.controller.terminal().set_labels(Labels {
            name: format!("{} {}", words.terminal, named.name()),
            way_out: format!("Shift+Esc {}", words.way_out),
            too_much: words.too_much_output,
        });
    });
    // Who comes from the sign-in page wants what they had, or were about to have.
    let is_signed_out = view.status.with_untracked(Status::is_signed_out);
    if is_signed_out && !untrack(|| account.is_out()) {
        pane.controller.begin_again();
    }
    Effect::new(move |_| {
        let Some(host) = host.get() else { return };
        host.append_child(&pane.element).expect("it is an element");
        // A notice that was here has gone with the page.
        pane.controller.terminal().cover(0.0);
    });
    Effect::new(move |_| {
        // Once it is on the page.
        let is_there = host.get().is_some();
        let has_keyboard = has_keyboard.get() && is_there;
        set_if_changed(view.has_keyboard, has_keyboard);
        if has_keyboard {
            // Where there is room for one pane, the browser has none of it before all else has followed.
            queue_microtask(move || {
                if view.has_keyboard.try_get_untracked() == Some(true) {
                    shown.focus();
                }
            });
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
    view! {
        <div class="stage" class:stage--covered=covered on:mousedown=beside>
            <div class="stage__ground">
                <NoticeBar notices=view.notices is_seen=view.is_seen.into() covers leave=move || shown.focus() />
                <SearchBox view shown />
                <div class="terminal-host" data-testid="terminal" node_ref=host></div>
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
