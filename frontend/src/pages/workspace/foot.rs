//! The line at the foot: how the pane that has the keyboard fares, and what was closed just now.

use leptos::prelude::*;

use crate::{
    i18n::use_language,
    pages::{
        log::status::LogStatus,
        shown_pane::ShownPane,
        terminal::{composer::Composer, connection_details, status_bar::StatusBar},
        workspace::{commands::Commands, pane_view::full_name},
    },
    routing::navigation::use_navigate,
    workspace::{any_pane::AnyPane, pane::PaneId},
    xterm::screen_keys::ComposerInput,
};

/// The line, and on a phone what one types with.
#[component]
pub(super) fn Foot(commands: Commands) -> impl IntoView {
    let shown = Memo::new(move |_| commands.here());
    view! {
        <Undo commands />
        {move || shown.get().map(|id| view! { <FootOf id commands /> })}
    }
    .into_any()
}

/// That of a pane.
#[component]
fn FootOf(id: PaneId, commands: Commands) -> impl IntoView {
    let language = use_language();
    let Some(pane) = commands.workspace.pane(id) else {
        return ().into_any();
    };
    let target = pane.target();
    let name = Signal::derive(move || full_name(&target, language.get()));
    let pane = match pane {
        AnyPane::Terminal(pane) => pane,
        AnyPane::Log(pane) => {
            return view! { <LogStatus view=pane.view log=pane.log name /> }.into_any();
        }
    };
    let view = pane.view;
    let mode = pane.target.mode.clone();
    let pane = ShownPane::new(&pane);
    let send = move |sent: ComposerInput<'_>| pane.with(|pane| pane.controller.send(sent));
    let details = Callback::new(move |()| {
        pane.with(|pane| {
            connection_details::open(id, pane, name.get_untracked(), language.get_untracked());
        });
    });
    view! {
        <StatusBar view mode name details />
        <Composer modifiers=view.modifiers send />
    }
    .into_any()
}

/// The way back to what was closed just now: what runs in it still does.
#[component]
fn Undo(commands: Commands) -> impl IntoView {
    let language = use_language();
    let workspace = commands.workspace;
    let go = use_navigate();
    let (is_pointed_at, is_focused) = (RwSignal::new(false), RwSignal::new(false));
    // The palette has a way back, too.
    let is_held =
        Memo::new(move |_| commands.palette.get() || is_pointed_at.get() || is_focused.get());
    Effect::new(move |before: Option<bool>| {
        let is_held = is_held.get();
        if before.is_some_and(|before| before != is_held) {
            workspace.hold_closed(is_held);
        }
        is_held
    });
    let names = Memo::new(move |_| workspace.closed().join(", "));
    Effect::new(move |_| {
        // Who was at the last one is not at this.
        names.track();
        is_pointed_at.set(false);
        is_focused.set(false);
    });
    // A screen reader hears of what comes into an element that it knows.
    view! {
        <div role="status" class="undo-place">
            {move || Some(names.get()).filter(|names| !names.is_empty()).map(|name| view! {
                <p
                    class="undo"
                    data-testid="undo"
                    data-region="undo"
                    on:pointerenter=move |_| is_pointed_at.set(true)
                    on:pointerleave=move |_| is_pointed_at.set(false)
                    on:focusin=move |_| is_focused.set(true)
                    on:focusout=move |_| is_focused.set(false)
                >
                    <span>{move || language.get().closed(&name)}</span>
                    <button on:click=move |_| commands.undo_close(go)>
                        {move || language.get().words().undo}
                    </button>
                </p>
            })}
        </div>
    }
}
