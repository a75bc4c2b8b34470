//! A log with all that belongs to it: how it is wanted, its lines, the way to the newest, and what to do at its end.

use leptos::{ev::MouseEvent, html, prelude::*};

use crate::{
    account::{Why, use_account},
    i18n::use_language,
    log::view::LogView,
    pages::{log::toolbar::Toolbar, shown_pane::ShownPane},
    session::{status::Status, view::TerminalView},
    ui::{dialogue::DialogueBox, error_panel::ErrorPanel, icon::Icon, notice::NoticeBar},
    workspace::{log_pane::LogPane, pane::Pane as _},
};

/// The stage of a log: it fills what room there is.
#[component]
pub(crate) fn LogStage(
    /// What is shown, and what is shown of it.
    shown: ShownPane<LogPane>,
    view: TerminalView,
    log: LogView,
    /// Whether it is the one that has the keyboard while none of the page's own controls has it.
    #[prop(into)]
    has_keyboard: Signal<bool>,
) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let account = use_account();
    let host = NodeRef::<html::Div>::new();
    shown.call(LogPane::name);
    // Who comes from the sign-in page wants what they had.
    if view.status.with_untracked(Status::is_signed_out) && !untrack(|| account.is_out()) {
        shown.with(|pane| pane.controller.begin_again());
    }
    shown.stand_in(host, has_keyboard);
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
                        <a href="./" class="button">{move || words().back}</a>
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
