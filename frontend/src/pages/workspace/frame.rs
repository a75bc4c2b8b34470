//! All of the page but sign-in and frames of other pages: bar, list or terminals, foot.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::KeyboardEvent;

use crate::{
    account::use_account,
    browser::{dom, listener::Listener, viewport},
    pages::{
        pods::page::PodsPage,
        workspace::{
            area::Area,
            bar::TopBar,
            chords,
            commands::{Command, Commands},
            foot::Foot,
            palette::Palette,
        },
    },
    routing::{
        navigation::{use_navigate, use_redirect, use_route},
        route::Route,
    },
    session::{status::Status, view::Activity},
    ui::dialogue::{DialogueBox, Dialogues},
    workspace::{any_pane::AnyPane, pane::PaneId},
    xterm::keys::Key,
};

/// The page.
#[component]
pub(crate) fn Frame() -> impl IntoView {
    let dialogues = Dialogues::new();
    provide_context(dialogues);
    let commands = Commands::new(dialogues);
    follow_address(commands);
    name_the_window(commands);
    tell_refusals(commands);
    listen_to_chords(commands);
    StoredValue::new_local(viewport::follow());
    let is_list = Memo::new(move |_| !commands.is_workspace_shown());
    view! {
        <div class="frame">
            <TopBar commands />
            <Show when=move || is_list.get()>
                <PodsPage go_to_keys=Signal::derive(move || commands.keys(Command::GoTo)) />
            </Show>
            <Area commands />
            <Foot commands />
            <Palette commands />
            <DialogueBox dialogues />
        </div>
    }
    .into_any()
}

/// The address is that of the pane that has the keyboard, and the other way round: who goes to an address has its terminal.
fn follow_address(commands: Commands) {
    let workspace = commands.workspace;
    let route = use_route();
    let go = use_navigate();
    let redirect = use_redirect();
    Effect::new(move |_| {
        if let Route::Pane(target) = route.get() {
            untrack(|| {
                // Of two that show the same, the one that has the keyboard keeps it.
                workspace.show(&target);
            });
        }
    });
    let focused = Memo::new(move |_| workspace.focused());
    Effect::new(move |before: Option<Option<PaneId>>| {
        let id = focused.get();
        let Route::Pane(here) = route.get_untracked() else {
            return id;
        };
        // Whoever has closed the last one has gone elsewhere; what was taken away from who has signed out stays asked for.
        let Some(pane) = id.and_then(|id| workspace.pane(id)) else {
            return id;
        };
        if !pane.target().is_same(&here) {
            let is_closed = before
                .flatten()
                .is_some_and(|before| workspace.pane(before).is_none());
            let page = pane.target().page();
            // Nobody goes back to what was closed.
            if is_closed {
                redirect(&page);
            } else {
                go(&page);
            }
        }
        id
    });
}

/// The window is called what the pane is called that has the keyboard, or its tab by the user. A bell is seen there by who is in
/// another window.
fn name_the_window(commands: Commands) {
    let workspace = commands.workspace;
    let is_visible = dom::follow_visibility();
    let rings = Memo::new(move |_| {
        let rings = |(_, pane): &(PaneId, AnyPane)| pane.view().activity.get() == Activity::Bell;
        !is_visible.get() && workspace.list().iter().any(rings)
    });
    Effect::new(move |_| {
        let id = commands.here();
        if let Some(pane) = id.and_then(|id| workspace.pane(id)) {
            let name = id.and_then(|id| workspace.name_of_tab(id));
            let name = name.unwrap_or_else(|| pane.title());
            let bell = if rings.get() { "🔔 " } else { "" };
            document().set_title(&format!("{bell}{name} – Podshell"));
        }
    });
}

/// A terminal that is refused because nobody is signed in leads to the sign-in page.
fn tell_refusals(commands: Commands) {
    let account = use_account();
    let workspace = commands.workspace;
    Effect::new(move |before: Option<Option<PaneId>>| {
        let id = commands.here();
        let pane = id.and_then(|id| workspace.pane(id));
        if let Some(pane) = pane
            && let Status::Failed(failure) = pane.view().status.get()
        {
            // What had failed before is what the user came back to look at.
            let is_new = before.flatten() == id;
            if is_new || !untrack(|| account.is_out()) {
                account.refused(&failure);
            }
        }
        id
    });
}

/// Chords work wherever the keyboard is, before a terminal hears of them.
fn listen_to_chords(commands: Commands) {
    let go = use_navigate();
    let is_mac = dom::is_mac();
    let bindings = commands.bindings;
    let keys = Listener::capturing(&window(), "keydown", move |event| {
        let event: &KeyboardEvent = event.unchecked_ref();
        let (name, code) = (event.key(), event.code());
        let key = Key::of(event, &name, &code);
        // A dialogue is answered first.
        let is_asked = document()
            .query_selector("dialog[open]")
            .ok()
            .flatten()
            .is_some();
        let on = event
            .target()
            .and_then(|on| on.dyn_into::<web_sys::Element>().ok());
        let is = |what: &str| {
            let on = on.as_ref();
            on.is_some_and(|on| on.closest(what).ok().flatten().is_some())
        };
        let is_terminal = is(".xterm");
        let is_field = !is_terminal && is("input, textarea, select");
        // In a field a character is typed; the Mac's own Ctrl K is for who is in one.
        let outside = || {
            let command = chords::command_outside(&key, is(".page") && !is_field)?;
            let is_elsewhere = is_terminal || is_field && is_mac;
            (!is_elsewhere).then_some(command)
        };
        let chord = bindings.with_untracked(|bindings| bindings.command(&key));
        let command = chord
            .filter(|command| {
                !is_field || bindings.with_untracked(|own| own.is_for_fields(&key, *command))
            })
            .or_else(outside);
        let given = || bindings.with_untracked(|bindings| bindings.given(&key));
        let is_done = !is_asked
            && match command {
                Some(command) => commands.run(command, go),
                None => is_terminal && given().is_some_and(|control| commands.type_in(control)),
            };
        if is_done {
            event.prevent_default();
            event.stop_propagation();
        }
    });
    StoredValue::new_local(keys);
}
