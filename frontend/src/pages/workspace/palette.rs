//! The palette: goes to a running shell, a pod, a command, in a few keystrokes.

use leptos::{ev::KeyboardEvent, html, prelude::*};

use crate::{
    browser::{clock, dom},
    i18n::{Words, use_language},
    pages::{
        pods::store::PodStore,
        workspace::{
            commands::Commands,
            palette_offers::all_offers,
            palette_options::{Action, Group, Offer, choose},
            tab::{Mark, MarkSign},
        },
    },
    routing::{navigation::use_navigate, pane_target::PaneTarget},
    ui::searched_words::{self, marked},
    workspace::layout::Axis,
};

/// What has been shown for so long, in ms, somebody may be about to choose: it keeps its place.
const SEEN: f64 = 300.0;

/// What is offered for some words.
#[derive(Clone, PartialEq)]
struct Shown {
    words: Vec<String>,
    offers: Vec<Offer>,
    /// Since when it has had its order, by `clock`.
    since: f64,
}

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
    let typed_words = Memo::new(move |_| typed.with(|typed| searched_words::words(typed)));
    // There may be thousands of pods: they are gone through for each key, but not written anew.
    let all = Memo::new(move |_| all_offers(commands, store, language.get()));
    let for_words = Memo::new(move |before: Option<&Shown>| {
        let (words, now) = (typed_words.get(), clock::now());
        let seen = before.filter(|shown| shown.words == words && now - shown.since >= SEEN);
        let keeping = seen.map_or(&[][..], |shown| &shown.offers);
        let offers = all.with(|all| choose(all, &words, keeping));
        let since = seen.map_or(now, |shown| shown.since);
        Shown {
            words,
            offers,
            since,
        }
    });
    let offers = Memo::new(move |_| for_words.with(|shown| shown.offers.clone()));
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
