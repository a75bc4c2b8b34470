//! The shells of this page, above the list of pods: how they fare, and the way back to each.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;

use podshell_shared::target::{Mode, TargetRequest};

use crate::{
    i18n::use_language,
    session::{
        status_text::{state_name, state_text},
        view::TerminalView,
    },
    workspace::{open_panes::use_workspace, pane::PaneId},
};

/// How long an answer is waited for to whether a program is to be ended, in ms.
const ASK_FOR: u32 = 5000;

/// The user's own shells; nothing where there are none.
#[component]
pub(crate) fn OpenTerminals() -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let workspace = use_workspace();
    // What has ended is among the tabs, to be read.
    let some = move || !workspace.running().is_empty();
    view! {
        <Show when=some>
            <section class="own-shells" aria-labelledby="own-shells" data-testid="own-shells">
                <h2 id="own-shells" class="own-shells__title">{move || words().your_shells}</h2>
                <span class="own-shells__note">{move || words().your_shells_note}</span>
                <ul class="own-shells__list">
                    <For
                        each=move || workspace.running()
                        key=|(id, _, _)| *id
                        let((id, target, view))
                    >
                        <OpenTerminal id target view />
                    </For>
                </ul>
            </section>
        </Show>
    }
    .into_any()
}

/// One of them.
#[component]
fn OpenTerminal(id: PaneId, target: TargetRequest, view: TerminalView) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let workspace = use_workspace();
    let href = target.page();
    let mode = StoredValue::new(target.mode.clone());
    let state = move || view.status.with(state_name);
    let text = move || {
        let text = |mode: &Mode| {
            view.status
                .with(|status| state_text(status, mode, language.get()))
        };
        mode.with_value(text)
    };
    // A program that runs is ended by the second click.
    let asking = StoredValue::new_local(None::<Timeout>);
    let asks = RwSignal::new(false);
    let end = move |_| {
        if workspace.is_busy(id) && !asks.get_untracked() {
            asks.set(true);
            let over = Timeout::new(ASK_FOR, move || asks.set(false));
            asking.set_value(Some(over));
        } else {
            workspace.close(&[id]);
        }
    };
    let name = format!("{}/{}/{}", target.namespace, target.pod, target.container);
    let (return_name, end_name) = (name.clone(), name.clone());
    view! {
        <li class="own-shell" data-testid="own-shell" data-shell=name>
            <span class="own-shell__name"><strong>{target.pod.clone()}</strong> " " {target.container.clone()}</span>
            <span class="own-shell__program">{move || view.title.get()}</span>
            {(target.mode == Mode::Attach).then(|| view! {
                <span class="badge">{move || words().attached}</span>
            })}
            <span class="session-state" data-state=state>{text}</span>
            <span class="spacer"></span>
            <a
                href=href
                // Of two that show the same, it is this one.
                on:click=move |_| {
                    workspace.focus(id);
                }
                class="button"
                data-testid="return"
                aria-label=move || format!("{}: {return_name}", words().return_to)
            >
                {move || words().return_to}
            </a>
            <button
                data-testid="end"
                class:button--danger=asks
                title=move || words().end_title
                aria-label=move || {
                    let word = if asks.get() { words().end_busy } else { words().end };
                    format!("{word}: {end_name}")
                }
                on:click=end
            >
                {move || if asks.get() { words().end_busy } else { words().end }}
            </button>
        </li>
    }
}
