//! What is said under a terminal, or in its place, when nothing more will happen by itself, and the ways on.

use leptos::{html, prelude::*};
use podshell_shared::terminal::{EndReason, Exit};

use podshell_shared::target::{Mode, TargetRequest};

use crate::{
    account::{Why, use_account},
    error::{Failure, Kind},
    i18n::{Language, Words, use_language},
    pages::{pods::store::PodStore, terminal::debug_container::DebugOffer},
    routing::{
        navigation::{use_navigate, use_route},
        pane_target::PaneTarget,
    },
    session::{status::Status, view::TerminalView},
    ui::{copy_button::CopyButton, error_panel::ErrorPanel},
    workspace::open_panes::use_workspace,
};

/// Where a terminal is shown, which says what else there is to go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ways {
    /// On a page of its own: there is the list.
    OfPage,
    /// In a frame of another page, which signs in whom it shows it to.
    OfFrame,
}

/// How a session ended, and what to do.
#[component]
pub(crate) fn EndedPanel(
    view: TerminalView,
    target: TargetRequest,
    ways: Ways,
    begin_again: impl Fn() + Copy + Send + Sync + 'static,
    take_back: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let language = use_language();
    let account = use_account();
    let store: PodStore = expect_context();
    let (navigate, route, workspace) = (use_navigate(), use_route(), use_workspace());
    let beside = target.clone();
    let go_on = Callback::new(move |added: TargetRequest| {
        workspace.show_in_place_of(&beside.clone().into(), &added.clone().into());
        navigate(&route.get_untracked().beside(&added));
    });
    // The seconds until the next try are no reason to build this anew.
    let over = Memo::new(move |_| Some(view.status.get()).filter(Status::is_ended));
    move || {
        let status = over.get()?;
        let button = NodeRef::<html::Button>::new();
        Effect::new(move |_| {
            // With nothing to read, there is nothing to do in the terminal.
            if let Some(button) = button.get()
                && !view.drawn.get_untracked()
                && view.has_keyboard.get_untracked()
            {
                button.focus().ok();
            }
        });
        let mode = StoredValue::new(target.mode.clone());
        let first = match debug_offer(&status, &target.mode) {
            Some(true) => view! {
                <DebugOffer target=target.clone() button is_first=true go_on />
                <button data-testid="retry" on:click=move |_| begin_again()>
                    {move || language.get().words().retry}
                </button>
            }
            .into_any(),
            offered => {
                let mode = target.mode.clone();
                let offer = offered.map(|_| {
                    let button = NodeRef::new();
                    view! { <DebugOffer target=target.clone() button is_first=false go_on /> }
                });
                view! {
                    <FirstChoice status=status.clone() mode ways button begin_again take_back />
                    {offer}
                }
                .into_any()
            }
        };
        let words = move || language.get().words();
        // Where a shell can't tell why the container is as it is, its log may; and who may not have one may have the other.
        let refused = refusal(&status);
        let is_refused = refused.is_some();
        let is_told_by_log = debug_offer(&status, &target.mode).is_some() || is_refused;
        let log = (is_told_by_log && ways == Ways::OfPage).then(|| {
            let href = PaneTarget::from(target.clone()).log().page();
            let namespace = target.namespace.clone();
            // Who was refused is not sent to the next refusal.
            let may_read = move || !is_refused || store.rights.of(&namespace).log;
            view! {
                <Show when=may_read>
                    <a href=href.clone() class="button" data-testid="open-log">
                        {move || words().log.name}
                    </a>
                </Show>
            }
        });
        let for_admins = refused.filter(|_| ways == Ways::OfPage).map(|failure| {
            let page = target.page();
            let said = move || {
                let detail = failure.detail.clone().unwrap_or_default();
                let said = [
                    account.cluster_name(),
                    page.clone(),
                    failure.message.clone(),
                    detail,
                ];
                let said = said.into_iter().filter(|said| !said.is_empty());
                said.collect::<Vec<_>>().join("\n")
            };
            view! {
                <CopyButton
                    text=said
                    class=""
                    id="copy-for-admins"
                    name=|words| words.copy_for_admins
                />
            }
        });
        let elsewhere = match ways {
            Ways::OfPage => view! {
                <a href="./" class="button">{move || words().back}</a>
            }
            .into_any(),
            // A page of its own can do what a frame can't: sign in.
            Ways::OfFrame => view! {
                <a class="button" href=target.page() target="_blank" rel="noopener">
                    {move || words().open_alone}
                </a>
            }
            .into_any(),
        };
        let is_frame = ways == Ways::OfFrame;
        let ways = view! {
            {first}
            {log}
            {for_admins}
            {elsewhere}
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
                let failure = if is_frame && failure.is_signed_out() {
                    Failure::plain(Kind::NotHandedOver)
                } else {
                    failure
                };
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

/// What the cluster said as it refused, if it did.
fn refusal(status: &Status) -> Option<Failure> {
    match status {
        Status::Failed(failure) if failure.kind == Kind::Forbidden => Some(failure.clone()),
        _ => None,
    }
}

/// Whether a debug container may help, and whether that is what most would do next; [`None`] if it would not.
fn debug_offer(status: &Status, mode: &Mode) -> Option<bool> {
    match (status, mode) {
        (Status::Ended(exit), Mode::Exec(_)) => match exit.reason {
            EndReason::NoShell => Some(true),
            EndReason::NotStarted | EndReason::ContainerEnded => Some(false),
            _ => None,
        },
        // It may never run: one that crashes at each start.
        (Status::Failed(failure), Mode::Exec(_)) if failure.kind == Kind::NotRunning => Some(false),
        _ => None,
    }
}

/// What most would do next. A session that goes on elsewhere can be taken back, or left there for a new one.
#[component]
fn FirstChoice(
    status: Status,
    mode: Mode,
    ways: Ways,
    button: NodeRef<html::Button>,
    begin_again: impl Fn() + Copy + Send + Sync + 'static,
    take_back: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let account = use_account();
    let signs_in = ways == Ways::OfPage && status.is_signed_out() && account.is_known();
    let begin_again = move || {
        // Whoever has signed in again in another tab, or out in another browser, has a shell at once.
        if signs_in && untrack(|| account.is_out()) {
            account.ask(Why::Expired);
        } else {
            begin_again();
        }
    };
    let (id, text): (_, fn(&Words) -> &'static str) = match (&status, mode) {
        _ if signs_in => ("sign-in-again", |words| words.sign_in_again),
        (Status::Failed(_), _) => ("retry", |words| words.retry),
        (_, Mode::Exec(_)) => ("new-shell", |words| words.new_shell),
        (_, Mode::Attach) => ("new-shell", |words| words.attach_again),
    };
    let enter = || view! { <kbd>"Enter"</kbd> };
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
