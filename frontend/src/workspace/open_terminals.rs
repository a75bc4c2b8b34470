//! The shells of this page, above the list of pods: how they fare, and the way back to each.

use gloo_timers::callback::{Interval, Timeout};
use leptos::prelude::*;

use podshell_shared::target::{Mode, TargetRequest};

use crate::{
    browser::clock,
    i18n::use_language,
    session::{
        status::Status,
        status_text::{state_name, state_text},
        view::{Activity, TerminalView},
    },
    ui::{age::age, searched_words::all_occur},
    workspace::{open_panes::use_workspace, pane::PaneId},
};

/// How long an answer is waited for to whether a program is to be ended, in ms.
const ASK_FOR: u32 = 5000;

/// From here on it is told for how long nothing has come from a shell, in ms.
const QUIET: f64 = 120_000.0;
/// How often that is looked at, in ms.
const TICK: u32 = 10_000;

/// The user's own shells; nothing where there are none.
#[component]
pub(crate) fn OpenTerminals(
    /// Words that are searched for, in lower case: those alone are shown in which each occurs.
    #[prop(optional, into)]
    searched: Signal<Vec<String>>,
) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let workspace = use_workspace();
    // What has ended is among the tabs, to be read.
    let shown = Memo::new(move |_| {
        searched.with(|words| {
            let shells = workspace.running().into_iter().enumerate();
            let is_wanted = |target: &TargetRequest, view: TerminalView| {
                let program = view.title.get().unwrap_or_default();
                let names = [&target.namespace, &target.pod, &target.container, &program];
                let text = names.map(|name| name.to_lowercase()).join("\n");
                all_occur(words, &text)
            };
            let shells = shells.filter(|(_, (_, target, view))| is_wanted(target, *view));
            shells
                .map(|(at, (id, _, _))| (id, at + 1))
                .collect::<Vec<_>>()
        })
    });
    let number = move |id: PaneId| {
        let of = move |shown: &Vec<(PaneId, usize)>| {
            shown
                .iter()
                .find(|(known, _)| *known == id)
                .map(|(_, number)| *number)
        };
        Signal::derive(move || shown.with(of))
    };
    let each = move || {
        let shells = workspace.running();
        let is_shown = |id: PaneId| shown.with(|shown| shown.iter().any(|(known, _)| *known == id));
        shells
            .into_iter()
            .filter(|(id, _, _)| is_shown(*id))
            .collect::<Vec<_>>()
    };
    let (now, tell_time) = signal(clock::now());
    StoredValue::new_local(Interval::new(TICK, move || tell_time.set(clock::now())));
    let some = move || shown.with(|shown| !shown.is_empty());
    view! {
        <Show when=some>
            <section class="own-shells" aria-labelledby="own-shells" data-testid="own-shells">
                <h2 id="own-shells" class="own-shells__title">{move || words().your_shells}</h2>
                <span class="own-shells__note">{move || words().your_shells_note}</span>
                <ul class="own-shells__list">
                    <For
                        each=each
                        key=|(id, _, _)| *id
                        let((id, target, view))
                    >
                        <OpenTerminal id target view number=number(id) now />
                    </For>
                </ul>
            </section>
        </Show>
    }
    .into_any()
}

/// One of them.
#[component]
fn OpenTerminal(
    id: PaneId,
    target: TargetRequest,
    view: TerminalView,
    /// The key that leads to it, as a number.
    number: Signal<Option<usize>>,
    /// The time, on the page's clock, in ms.
    now: ReadSignal<f64>,
) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let workspace = use_workspace();
    let href = target.page();
    let mode = StoredValue::new(target.mode.clone());
    let state = move || view.status.with(state_name);
    // In ms.
    let quiet = move || {
        let printed_at = workspace.pane(id).and_then(|pane| pane.printed_at());
        printed_at.map_or(0.0, |at| now.get() - at)
    };
    let text = move || {
        let text = |mode: &Mode| {
            view.status
                .with(|status| state_text(status, mode, language.get()))
        };
        // What has happened while nobody looked is more than that it is there.
        match (
            view.status.with(|status| *status == Status::Connected),
            view.activity.get(),
        ) {
            (true, Activity::Output) => words().mark_output.to_owned(),
            (true, Activity::Bell) => words().mark_bell.to_owned(),
            (true, Activity::Quiet) if quiet() >= QUIET => {
                // In whole minutes: seconds are no matter.
                let minutes = (quiet() / 60_000.0) as u64;
                language.get().quiet_for(&age(minutes * 60))
            }
            _ => mode.with_value(text),
        }
    };
    let activity = move || match view.activity.get() {
        Activity::Quiet => None,
        Activity::Output => Some("output"),
        Activity::Bell => Some("bell"),
    };
    let key = move || number.get().filter(|number| *number <= 9);
    // A program that runs is ended by the second click.
    let asking = StoredValue::new_local(None::<Timeout>);
    let asks = RwSignal::new(false);
    let end = move |_| {
        if workspace.program_in(id).is_some() && !asks.get_untracked() {
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
            <span class="session-state" data-state=state data-activity=activity>{text}</span>
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
                {move || key().map(|key| view! { <kbd aria-hidden="true">{key}</kbd> })}
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
