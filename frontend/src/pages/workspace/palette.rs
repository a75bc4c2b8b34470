//! The palette: goes to a running shell, a pod, a command, in a few keystrokes.

use leptos::{ev::KeyboardEvent, html, prelude::*};
use podshell_shared::{
    log::LogRequest,
    target::{Mode, TargetRequest},
};

use crate::{
    browser::dom,
    i18n::{Language, Words, use_language},
    pages::{
        pods::{marked::marked, pod_summary, store::PodStore},
        settings::dialogue::SETTINGS,
        workspace::{
            commands::{Command, Commands},
            palette_options::{Action, Group, Offer, choose},
            tab::{Mark, MarkSign},
            tab_name::tab_name,
        },
    },
    routing::{list_address::ListAddress, navigation::use_navigate, pane_target::PaneTarget},
    session::recent_shells,
    workspace::{
        layout::{Axis, Layout},
        pane::PaneId,
    },
};

/// It, while it is open.
#[component]
pub(super) fn Palette(commands: Commands) -> impl IntoView {
    move || {
        commands
            .palette
            .get()
            .then(|| view! { <OpenPalette commands /> })
    }
}

/// Where what was chosen is to be opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Tab,
    Split(Axis),
}

#[component]
fn OpenPalette(commands: Commands) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let store: PodStore = expect_context();
    let go = use_navigate();
    // Who comes by an address has no list yet.
    store.follow();
    let typed = RwSignal::new(String::new());
    let typed_words = Memo::new(move |_| typed.with(|typed| pod_summary::words(typed)));
    // There may be thousands of pods: they are gone through for each key, but not written anew.
    let all = Memo::new(move |_| all_offers(commands, store, language.get()));
    let offers = Memo::new(move |_| all.with(|all| choose(all, &typed_words.get())));
    // What is chosen, wherever it comes to stand; the first at first.
    let chosen = RwSignal::new(None::<Action>);
    let here = Memo::new(move |_| {
        let chosen = chosen.get();
        let is_it = |offer: &Offer| Some(&offer.action) == chosen.as_ref();
        offers
            .with(|offers| offers.iter().position(is_it))
            .unwrap_or_default()
    });
    Effect::new(move |_| {
        let option = document().get_element_by_id(&option_id(here.get()));
        if let Some(option) = option {
            dom::scroll_to(&option);
        }
    });
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            dialog
                .show_modal()
                .expect("it is on the page, and was not open before");
        }
    });
    // The browser gives the focus back before anything is done.
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
        commands.palette.set(false);
    };
    let choose_at = move |at: usize, place: Place| {
        let Some(offer) = offers.with_untracked(|offers| offers.get(at).cloned()) else {
            return;
        };
        close();
        act(commands, &offer.action, place, go);
    };
    let key = move |event: KeyboardEvent| {
        let count = offers.with_untracked(Vec::len);
        let step = |by: isize| {
            if count > 0 {
                let next = here.get_untracked() as isize + by;
                let next = next.rem_euclid(count as isize) as usize;
                let action = offers.with_untracked(|offers| Some(offers.get(next)?.action.clone()));
                chosen.set(action);
            }
        };
        if event.is_composing() {
            return;
        }
        match &*event.key() {
            "ArrowDown" => step(1),
            "ArrowUp" => step(-1),
            "Enter" => {
                let place = if event.ctrl_key() || event.meta_key() {
                    Place::Split(Axis::Horizontal)
                } else if event.shift_key() {
                    Place::Split(Axis::Vertical)
                } else {
                    Place::Tab
                };
                choose_at(here.get_untracked(), place);
            }
            _ => return,
        }
        event.prevent_default();
    };
    let rows = move || {
        let mut last = None;
        let offers = offers.get();
        let rows = offers.into_iter().enumerate().map(|(at, offer)| {
            let heading = (last != Some(offer.group)).then(|| {
                view! { <li class="palette__group" role="presentation">{group_name(offer.group, words())}</li> }
            });
            last = Some(offer.group);
            let words = typed_words.get();
            let sign = match &offer.action {
                Action::Go(id) => {
                    let pane = commands.workspace.pane(*id);
                    let view = pane.map(|pane| pane.view());
                    let mark = Signal::derive(move || view.map(Mark::of));
                    view! { <MarkSign mark /> }.into_any()
                }
                Action::Open(PaneTarget::Terminal(_)) => {
                    view! { <span class="palette__sign" aria-hidden="true">"❯"</span> }.into_any()
                }
                Action::Open(PaneTarget::Log(_))
                | Action::Do(_)
                | Action::UndoClose
                | Action::Settings
                | Action::Setting(_)
                | Action::List
                | Action::Find(_) => {
                    view! { <span class="palette__sign" aria-hidden="true"></span> }.into_any()
                }
            };
            let keys = Some(offer.keys).filter(|keys| !keys.is_empty());
            view! {
                {heading}
                <li
                    id=option_id(at)
                    class="palette__option"
                    role="option"
                    aria-selected=move || (here.get() == at).to_string()
                    on:click=move |_| choose_at(at, Place::Tab)
                >
                    {sign}
                    <span>{marked(&offer.title, &words)}</span>
                    <span class="palette__detail">{marked(&offer.detail, &words)}</span>
                    <span class="spacer"></span>
                    {keys.map(|keys| view! { <kbd>{keys}</kbd> })}
                </li>
            }
        });
        rows.collect_view()
    };
    let nothing = move || {
        offers
            .with(Vec::is_empty)
            .then(|| view! { <p class="palette__none">{words().nothing_found}</p> })
    };
    view! {
        <dialog
            class="palette"
            data-testid="palette"
            aria-label=move || words().go_to
            node_ref=dialog
            on:close=move |_| commands.palette.set(false)
            // What lies around it closes it.
            on:click=move |event| {
                let on_ground = event.target() == event.current_target();
                if on_ground {
                    close();
                }
            }
        >
            <div class="palette__box">
                <input
                    class="palette__field"
                    type="text"
                    role="combobox"
                    aria-expanded="true"
                    aria-controls="palette-options"
                    aria-activedescendant=move || offers.with(|offers| !offers.is_empty()).then(|| option_id(here.get()))
                    aria-label=move || words().go_to_hint
                    placeholder=move || words().go_to_hint
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    autofocus
                    on:input:target=move |event| {
                        typed.set(event.target().value());
                        chosen.set(None);
                    }
                    on:keydown=key
                />
                <ul class="palette__options" id="palette-options" role="listbox" aria-label=move || words().go_to>
                    {rows}
                </ul>
                {nothing}
                <p class="palette__keys" aria-hidden="true">
                    <span><kbd>"Enter"</kbd> {move || words().go_there}</span>
                    <span><kbd>"Ctrl Enter"</kbd> {move || words().split_right}</span>
                    <span><kbd>"Shift Enter"</kbd> {move || words().split_down}</span>
                    <span><kbd>"Esc"</kbd> {move || words().close}</span>
                </p>
            </div>
        </dialog>
    }
    .into_any()
}

fn option_id(at: usize) -> String {
    format!("palette-option-{at}")
}

fn group_name(group: Group, words: &Words) -> &'static str {
    match group {
        Group::Running => words.your_shells,
        Group::Recent => words.recent,
        Group::Pods => words.open_shell,
        Group::Logs => words.log.name,
        Group::Commands => words.commands,
    }
}

/// Does what was chosen.
fn act(commands: Commands, action: &Action, place: Place, go: impl Fn(&str) + Copy + 'static) {
    let workspace = commands.workspace;
    let beside = untrack(|| commands.here());
    match action {
        Action::Go(id) => commands.go_to(*id, go),
        Action::Open(target) => {
            let is_split = match (place, beside) {
                (Place::Split(axis), Some(beside)) => workspace.split(beside, axis, target),
                _ => false,
            };
            if !is_split {
                workspace.open_tab(target);
            }
            go(&target.page());
        }
        Action::Do(command) => {
            commands.run(*command, go);
        }
        Action::UndoClose => commands.undo_close(go),
        Action::Settings => commands.open_settings(None),
        Action::Setting(id) => commands.open_settings(Some(id)),
        Action::List => go("./"),
        Action::Find(href) => go(href),
    }
}

/// All that could be offered.
fn all_offers(commands: Commands, store: PodStore, language: Language) -> Vec<Offer> {
    let words = language.words();
    let workspace = commands.workspace;
    let mut offers = Vec::new();
    let panes = workspace.list();
    // Who opens it is in one already: the last one is where they go.
    let here = commands.here();
    let mut by_use = workspace.layout(Layout::by_use);
    by_use.sort_by_key(|id| Some(*id) == here);
    let known = |id: &PaneId| panes.iter().find(|(known, _)| known == id);
    for (id, pane) in by_use.iter().filter_map(known) {
        let target = pane.target();
        let (first, rest) = tab_name(&target, words);
        let own = format!("{first} {rest}").trim_end().to_owned();
        // What the user calls a tab wins; of its panes, each is told from the others.
        let title = match workspace.name_of_tab(*id) {
            Some(name) if workspace.is_alone(*id) => name,
            Some(name) => format!("{name}: {own}"),
            None => own,
        };
        let program = pane.view().title.get().unwrap_or_default();
        let [namespace, pod, container] = target.names();
        offers.push(Offer {
            group: Group::Running,
            title,
            detail: format!("{namespace} / {pod} / {container} {program}")
                .trim_end()
                .to_owned(),
            keys: "",
            action: Action::Go(*id),
        });
    }
    let open = |group: Group, target: TargetRequest| Offer {
        group,
        title: target.pod.clone(),
        detail: format!("{} / {}", target.namespace, target.container),
        keys: "",
        action: Action::Open(target.into()),
    };
    let log = |namespace: &str, pod: &str, container: &str| {
        let of = LogRequest::new(namespace, pod, container);
        Offer {
            group: Group::Logs,
            title: language.log_of(pod),
            detail: format!("{namespace} / {container}"),
            keys: "",
            action: Action::Open(of.into()),
        }
    };
    let is_running = |target: &TargetRequest| {
        let target = PaneTarget::from(target.clone());
        panes.iter().any(|(_, pane)| pane.target() == target)
    };
    let recent = recent_shells::all().into_iter();
    offers.extend(
        recent
            .filter(|target| !is_running(target))
            .map(|target| open(Group::Recent, target)),
    );
    let refused = store.rights.without_shells();
    let shown = store.namespace.get();
    let in_list = |search: &str| {
        let address = ListAddress {
            namespace: shown.clone(),
            search: search.to_owned(),
        };
        address.href()
    };
    // They come last: Enter leads to what may say why.
    let mut closed = Vec::new();
    store.pods.with(|known| {
        for entry in known.pods() {
            let pod = entry.as_ref();
            let mut logs = pod_summary::with_log(pod);
            if !pod_summary::is_enterable(pod) {
                let why = pod_summary::why_not(pod, language);
                let action = match logs.first() {
                    Some(container) => Action::Open(
                        LogRequest::new(&pod.namespace, &pod.name, container.name.clone()).into(),
                    ),
                    None => Action::Find(in_list(&pod.name)),
                };
                let said = [&*pod.namespace, &*pod.status, &*why];
                let said: Vec<_> = said.into_iter().filter(|said| !said.is_empty()).collect();
                closed.push(Offer {
                    group: Group::Pods,
                    title: pod.name.clone(),
                    detail: said.join(" – "),
                    keys: "",
                    action,
                });
            }
            for container in pod_summary::running(pod) {
                let target = TargetRequest {
                    namespace: pod.namespace.clone(),
                    pod: pod.name.clone(),
                    container: container.name,
                    mode: Mode::Exec(None),
                };
                let mut offer = open(Group::Pods, target);
                if refused.contains(&pod.namespace) {
                    let why = language.may_not_enter(&pod.namespace);
                    offer.detail = format!("{} – {why}", offer.detail);
                }
                offers.push(offer);
            }
            for container in logs.drain(..) {
                offers.push(log(&pod.namespace, &pod.name, &container.name));
            }
        }
    });
    offers.extend(closed);
    let command = |title: &str, keys: &'static str, action: Action| Offer {
        group: Group::Commands,
        title: title.to_owned(),
        detail: String::new(),
        keys,
        action,
    };
    let run = |does: Command| command(does.name(words), does.keys(), Action::Do(does));
    let closed = workspace.closed().join(", ");
    if !closed.is_empty() {
        let undo = command(words.undo_close, "", Action::UndoClose);
        offers.push(Offer {
            detail: closed,
            ..undo
        });
    }
    if here.is_some() {
        offers.extend(
            [
                Command::Split(Axis::Horizontal),
                Command::Split(Axis::Vertical),
                Command::Duplicate,
                Command::Search,
                Command::Log,
                Command::SaveText,
                Command::Zoom,
                Command::Equal,
                Command::Close,
            ]
            .map(run),
        );
        offers.push(command(words.pods, "", Action::List));
    }
    offers.push(command(words.settings, "", Action::Settings));
    offers.push(run(Command::Help));
    offers.extend(SETTINGS.iter().map(|(id, name)| Offer {
        detail: words.settings.to_owned(),
        ..command(name(words), "", Action::Setting(id))
    }));
    offers
}
