//! The panes that are open, shown or not: a shell goes on while its user looks at the list.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::KeyboardEvent;

use podshell_shared::target::TargetRequest;

use crate::{
    browser::listener::Listener,
    routing::route::Route,
    session::{saved_session, status::Status, view::TerminalView},
    settings::{Preferences, use_preferences},
    workspace::{layout::Layout, pane::Pane, terminal_pane::TerminalPane},
};

/// How long after the keys that load the page anew it may take until the browser does so, in ms.
const RELOAD_WITHIN: u32 = 1000;

/// All that is open, as a context.
#[derive(Clone, Copy)]
pub(crate) struct Workspace {
    open: RwSignal<Open, LocalStorage>,
    preferences: Preferences,
    /// What a pane shows of itself lives longer than the page that shows it.
    owner: StoredValue<Owner>,
}

/// What is open: each pane of the layout is there, and no other.
#[derive(Default)]
struct Open {
    layout: Layout<TargetRequest>,
    panes: Vec<OpenPane>,
}

/// A pane, and what owns its signals.
#[derive(Clone)]
struct OpenPane {
    pane: Rc<TerminalPane>,
    owner: Owner,
}

/// Makes room for panes, and goes on with those that a page before this one left in its tab, but for the one at
/// `here`, which the user sees: it goes on by itself. A frame shows one terminal, and others of its tab are other frames'.
pub(crate) fn provide_workspace(here: &Route) {
    let workspace = Workspace {
        open: RwSignal::new_local(Open::default()),
        preferences: use_preferences(),
        owner: StoredValue::new(Owner::current().unwrap_or_default()),
    };
    provide_context(workspace);
    let is_frame = matches!(here, Route::Embedded(_));
    for target in saved_session::saved_targets() {
        if !is_frame && *here != Route::Terminal(target.clone()) {
            workspace.open(&target);
        }
    }
    workspace.warn_before_unload();
}

/// All that is open.
pub(crate) fn use_workspace() -> Workspace {
    expect_context()
}

impl Open {
    fn find(&self, target: &TargetRequest) -> Option<&OpenPane> {
        let mut panes = self.panes.iter();
        panes.find(|open| open.pane.target == *target)
    }
}

impl Workspace {
    /// The panes that are there, in the order in which they are arranged.
    pub(crate) fn list(self) -> Vec<(TargetRequest, TerminalView)> {
        self.open.with(|open| {
            let targets = open.layout.panes().into_iter();
            let shown =
                |target: &TargetRequest| Some((target.clone(), open.find(target)?.pane.view));
            targets.filter_map(shown).collect()
        })
    }

    /// Whether there is a pane for this container.
    pub(crate) fn has(self, target: &TargetRequest) -> bool {
        self.open.with(|open| open.layout.contains(target))
    }

    /// Whether a program runs in the terminal of this container that would end with it.
    pub(crate) fn is_busy(self, target: &TargetRequest) -> bool {
        let open = self.find(target);
        open.is_some_and(|open| open.pane.controller.is_busy())
    }

    /// The terminal of a container: the one that there is, or a new one.
    pub(crate) fn open(self, target: &TargetRequest) -> Rc<TerminalPane> {
        let open = self.find(target).unwrap_or_else(|| self.open_new(target));
        self.open
            .maybe_update(|open| open.layout.open(target.clone()));
        open.pane
    }

    fn open_new(self, target: &TargetRequest) -> OpenPane {
        let owner = self.owner.with_value(Owner::child);
        let pane = owner.with(|| TerminalPane::open(target, self.preferences));
        let new = OpenPane { pane, owner };
        // It has no place yet, so there is nothing to be told.
        self.open
            .update_untracked(|open| open.panes.push(new.clone()));
        new
    }

    /// The user looks elsewhere. What has ended need not stay.
    pub(crate) fn leave(self, target: &TargetRequest) {
        let has_ended = |open: OpenPane| open.pane.view.status.with_untracked(Status::is_final);
        if self.find(target).is_some_and(has_ended) {
            self.close(target);
        }
    }

    /// Closes all of them.
    pub(crate) fn close_all(self) {
        for (target, _) in untrack(|| self.list()) {
            self.close(&target);
        }
    }

    /// Closes a pane, and ends what runs in it.
    pub(crate) fn close(self, target: &TargetRequest) {
        let mut closed = Vec::new();
        self.open.maybe_update(|open| {
            let is_it = |open: &mut OpenPane| open.pane.target == *target;
            closed = open.panes.extract_if(.., is_it).collect();
            open.layout.close(target)
        });
        for OpenPane { pane, owner } in closed {
            // Those who show it look at it until they have heard of this.
            Timeout::new(0, move || {
                pane.close();
                drop(pane);
                owner.cleanup();
            })
            .forget();
        }
    }

    fn find(self, target: &TargetRequest) -> Option<OpenPane> {
        self.open.with_untracked(|open| open.find(target).cloned())
    }

    /// Has the browser ask before it takes away a page in whose terminals something runs. A page that is loaded anew
    /// goes on with them; browsers tell that of its keys alone.
    fn warn_before_unload(self) {
        let reloads = StoredValue::new_local(None::<Timeout>);
        let keys = Listener::new(&window(), "keydown", move |event| {
            let event: &KeyboardEvent = event.unchecked_ref();
            let is_reload = match &*event.key() {
                "F5" => true,
                "r" | "R" => event.ctrl_key() || event.meta_key(),
                _ => false,
            };
            if is_reload && !event.default_prevented() {
                let over = Timeout::new(RELOAD_WITHIN, move || reloads.set_value(None));
                reloads.set_value(Some(over));
            }
        });
        let leaving = Listener::new(&window(), "beforeunload", move |event| {
            let is_busy = |open: &OpenPane| open.pane.controller.is_busy();
            let any_is_busy = |open: &Open| open.panes.iter().any(is_busy);
            if reloads.with_value(Option::is_none) && self.open.with_untracked(any_is_busy) {
                event.prevent_default();
            }
        });
        // As long as the page.
        StoredValue::new_local([keys, leaving]);
    }
}
