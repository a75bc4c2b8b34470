//! What is said under a terminal, or in its place, when nothing more will happen by itself, and the ways on.

use leptos::{html, prelude::*};
use podshell_shared::terminal::{EndReason, Exit};

use podshell_shared::target::{Mode, TargetRequest};

use crate::{
    error::Failure,
    i18n::{Language, Words, use_language},
    pages::terminal::debug_container::DebugOffer,
    routing::navigation::Link,
    session::{status::Status, view::TerminalView},
    ui::error_panel::ErrorPanel,
};

/// How a session ended, and what to do.
#[component]
pub(crate) fn EndedPanel(
    view: TerminalView,
    target: TargetRequest,
    begin_again: impl Fn() + Copy + Send + Sync + 'static,
    take_back: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let language = use_language();
    // The seconds until the next try are no reason to build this anew.
    let over = Memo::new(move |_| Some(view.status.get()).filter(Status::is_ended));
    move || {
        let status = over.get()?;
        let button = NodeRef::<html::Button>::new();
        Effect::new(move |_| {
            // With nothing to read, there is nothing to do in the terminal.
            if let Some(button) = button.get()
                && !view.drawn.get_untracked()
            {
                button.focus().ok();
            }
        });
        let mode = StoredValue::new(target.mode.clone());
        let no_shell = matches!(&status, Status::Ended(exit) if exit.reason == EndReason::NoShell);
        let first = if no_shell {
            view! {
                <DebugOffer target=target.clone() button />
                <button data-testid="retry" on:click=move |_| begin_again()>
                    {move || language.get().words().retry}
                </button>
            }
            .into_any()
        } else {
            let mode = target.mode.clone();
            view! { <FirstChoice status=status.clone() mode button begin_again take_back /> }
                .into_any()
        };
        let ways = view! {
            {first}
            <Link href="./" attr:class="button">{move || language.get().words().back}</Link>
        };
        let shown = match status {
            Status::Ended(Exit {
                reason: EndReason::Exited,
                code,
                detail,
                ..
            }) => {
                let how =
                    move |language: Language| mode.with_value(|mode| language.exited(mode, code));
                view! {
                    <section class="ended">
                        <div>
                            <h2 class="ended__title">{move || how(language.get())}</h2>
                            {detail.map(|detail| view! { <p class="ended__detail">{detail}</p> })}
                        </div>
                        <div class="button-row">{ways}</div>
                    </section>
                }
                .into_any()
            }
            Status::Ended(exit) => {
                let failure = Failure::from_exit(exit);
                view! { <ErrorPanel failure>{ways}</ErrorPanel> }.into_any()
            }
            Status::Lost(failure) | Status::Failed(failure) => {
                view! { <ErrorPanel failure>{ways}</ErrorPanel> }.into_any()
            }
            Status::Asking
            | Status::Opening
            | Status::Starting
            | Status::Connected
            | Status::Reconnecting { .. } => ().into_any(),
        };
        Some(shown)
    }
}

/// What most would do next. A session that goes on elsewhere can be taken back, or left there for a new one.
#[component]
fn FirstChoice(
    status: Status,
    mode: Mode,
    button: NodeRef<html::Button>,
    begin_again: impl Fn() + Copy + Send + Sync + 'static,
    take_back: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let (id, text): (_, fn(&Words) -> &'static str) = match (&status, mode) {
        (Status::Failed(_), _) => ("retry", |words| words.retry),
        (_, Mode::Exec(_)) => ("new-shell", |words| words.new_shell),
        (_, Mode::Attach) => ("new-shell", |words| words.attach_again),
    };
    let enter = move || view! { <kbd>{move || words().enter}</kbd> };
    if status.is_taken_over() {
        view! {
            <button
                class="button--primary"
                data-testid="take-back"
                node_ref=button
                on:click=move |_| take_back()
            >
                {move || words().take_back}
                {enter()}
            </button>
            <button data-testid=id on:click=move |_| begin_again()>
                {move || text(words())}
            </button>
        }
        .into_any()
    } else {
        view! {
            <button
                class="button--primary"
                data-testid=id
                node_ref=button
                on:click=move |_| begin_again()
            >
                {move || text(words())}
                {enter()}
            </button>
        }
        .into_any()
    }
}
