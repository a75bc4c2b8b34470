//! A log with all that belongs to it: how it is wanted, its lines, the way to the newest, and what to do at its end.

use std::rc::{Rc, Weak};

use leptos::{ev::MouseEvent, html, prelude::*};

use crate::{
    account::{Why, use_account},
    i18n::use_language,
    pages::log::toolbar::Toolbar,
    routing::navigation::Link,
    session::{status::Status, view::set_if_changed},
    ui::{dialogue::DialogueBox, error_panel::ErrorPanel, icon::Icon, notice::NoticeBar},
    workspace::{log_pane::LogPane, pane::Pane as _},
    xterm::screen_reader::Labels,
};

/// The pane of the workspace that a page shows. Held weakly: it may be closed meanwhile.
#[derive(Clone, Copy)]
pub(super) struct ShownLog(StoredValue<Weak<LogPane>, LocalStorage>);

impl ShownLog {
    /// Does something with it, if it is there: the page may be another by now.
    pub(super) fn with(self, act: impl FnOnce(&LogPane)) {
        if let Some(pane) = self.0.try_with_value(Weak::upgrade).flatten() {
            act(&pane);
        }
    }

    /// Gives the keyboard to its lines.
    pub(super) fn focus(self) {
        self.with(|pane| pane.focus());
    }
}

/// The stage of a log: it fills what room there is.
#[component]
pub(crate) fn LogStage(
    /// What is shown.
    pane: Rc<LogPane>,
    /// Whether it is the one that has the keyboard while none of the page's own controls has it.
    #[prop(into)]
    has_keyboard: Signal<bool>,
) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let account = use_account();
    let (view, log) = (pane.view, pane.log);
    let shown = ShownLog(StoredValue::new_local(Rc::downgrade(&pane)));
    let host = NodeRef::<html::Div>::new();
    let named = Rc::clone(&pane);
    Effect::new(move |_| {
        let words = words();
        named.terminal().set_labels(Labels {
            name: named.name(),
            way_out: format!("Shift+Esc {}", words.way_out),
            too_much: words.too_much_output,
        });
    });
    // Who comes from the sign-in page wants what they had.
    if view.status.with_untracked(Status::is_signed_out) && !untrack(|| account.is_out()) {
        pane.controller.begin_again();
    }
    Effect::new(move |_| {
        if let Some(host) = host.get() {
            host.append_child(&pane.element).expect("it is an element");
        }
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
    let begin_again = move |_| {
        if view.status.with_untracked(Status::is_signed_out) && untrack(|| account.is_out()) {
            account.ask(Why::Expired);
        } else {
            shown.with(|pane| pane.controller.begin_again());
            shown.focus();
        }
    };
    let newest = move || {
        let unseen = log.unseen.get()?;
        // Nothing to be told of on one screen.
        view.drawn.get().then_some(unseen)
    };
    let over = Memo::new(move |_| Some(view.status.get()).filter(Status::is_ended));
    let is_empty =
        move || view.status.with(|status| *status == Status::Connected) && !view.drawn.get();
    view! {
        <div class="stage log" data-testid="log">
            <Toolbar view log shown />
            <div class="stage__ground">
                <NoticeBar notices=view.notices is_seen=view.is_seen.into() covers=|_| () leave=move || shown.focus() />
                <div class="terminal-host" node_ref=host></div>
                <Show when=is_empty>
                    <p class="log__none">{move || words().log.empty}</p>
                </Show>
                {move || newest().map(|unseen| view! {
                    <button
                        class="button--primary log__newest"
                        data-testid="newest"
                        on:mousedown=move |event: MouseEvent| event.prevent_default()
                        on:click=move |_| shown.with(|pane| pane.controller.follow(true))
                    >
                        {language.get().new_lines(unseen)}
                        {Icon::Down.draw()}
                        <kbd>"End"</kbd>
                    </button>
                })}
            </div>
            {move || over.get().map(|status| match status {
                Status::Failed(failure) | Status::Lost(failure) => view! {
                    <ErrorPanel failure>
                        <button class="button--primary" data-testid="retry" on:click=begin_again>
                            {move || words().retry}
                        </button>
                        <Link href="./" attr:class="button">{move || words().back}</Link>
                    </ErrorPanel>
                }
                .into_any(),
                _ => view! {
                    <section class="ended">
                        <h2 class="ended__title">{move || words().log.ended}</h2>
                        <div class="button-row">
                            <button data-testid="read-again" on:click=begin_again>
                                {move || words().log.again}
                                <kbd>"Enter"</kbd>
                            </button>
                        </div>
                    </section>
                }
                .into_any(),
            })}
        </div>
        <DialogueBox dialogues=view.dialogues />
    }
    .into_any()
}
