//! The terminals of this page, shown or not: a shell goes on while its user looks at the list.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlElement, KeyboardEvent};

use crate::{
    browser::listener::Listener,
    routing::{route::Route, target::Target},
    session::{controller::TerminalController, saved_session, status::Status, view::TerminalView},
    settings::{Preferences, use_preferences},
};

/// How long after the keys that load the page anew it may take until the browser does so, in ms.
const RELOAD_WITHIN: u32 = 1000;

/// All terminals of the page, as a context.
#[derive(Clone, Copy)]
pub(crate) struct Terminals {
    all: RwSignal<Vec<TerminalPane>, LocalStorage>,
    preferences: Preferences,
    /// What a terminal shows of itself lives longer than the page that shows it.
    owner: StoredValue<Owner>,
}

/// A terminal, and what is shown of it.
#[derive(Clone)]
pub(crate) struct TerminalPane {
    pub(crate) target: Target,
    pub(crate) view: TerminalView,
    pub(crate) controller: Rc<TerminalController>,
    /// What it is in, wherever that is.
    pub(crate) host: HtmlElement,
    owner: Owner,
}

/// Makes room for terminals, and goes on with those that a page before this one left in its tab, but for the one at
/// `here`, which the user sees: it goes on by itself.
pub(crate) fn provide_terminals(here: &Route) {
    let terminals = Terminals {
        all: RwSignal::new_local(Vec::new()),
        preferences: use_preferences(),
        owner: StoredValue::new(Owner::current().unwrap_or_default()),
    };
    provide_context(terminals);
    for target in saved_session::saved_targets() {
        if *here != Route::Terminal(target.clone()) {
            terminals.open(&target);
        }
    }
    terminals.warn_before_unload();
}

/// The terminals of this page.
pub(crate) fn use_terminals() -> Terminals {
    expect_context()
}

impl Terminals {
    /// The terminals that are there, in the order in which they were opened.
    pub(crate) fn list(self) -> Vec<(Target, TerminalView)> {
        self.all.with(|all| {
            all.iter()
                .map(|one| (one.target.clone(), one.view))
                .collect()
        })
    }

    /// Whether there is a terminal of this container.
    pub(crate) fn has(self, target: &Target) -> bool {
        self.all
            .with(|all| all.iter().any(|one| one.target == *target))
    }

    /// Whether a program runs in the terminal of this container that would end with it.
    pub(crate) fn is_busy(self, target: &Target) -> bool {
        self.any(|one| one.target == *target && one.controller.is_busy())
    }

    fn any(self, is_it: impl Fn(&TerminalPane) -> bool) -> bool {
        self.all.with_untracked(|all| all.iter().any(is_it))
    }

    /// The terminal of a container: the one that there is, or a new one.
    pub(crate) fn open(self, target: &Target) -> TerminalPane {
        let find = |all: &Vec<TerminalPane>| all.iter().find(|one| one.target == *target).cloned();
        if let Some(pane) = self.all.with_untracked(find) {
            return pane;
        }
        let owner = self.owner.with_value(Owner::child);
        let view = owner.with(TerminalView::new);
        let host: HtmlElement = document()
            .create_element("div")
            .expect("the name is one of an element")
            .unchecked_into();
        host.set_class_name("screen");
        let pane = TerminalPane {
            target: target.clone(),
            view,
            controller: TerminalController::open(target.clone(), &host, view, self.preferences),
            host,
            owner,
        };
        self.all.update(|all| all.push(pane.clone()));
        pane
    }

    /// The user looks elsewhere. What is over need not stay.
    pub(crate) fn leave(self, target: &Target) {
        let is_ended = |one: &TerminalPane| {
            one.target == *target && one.view.status.with_untracked(Status::is_final)
        };
        if self.any(is_ended) {
            self.end(target);
        }
    }

    /// Ends a terminal, and what runs in it.
    pub(crate) fn end(self, target: &Target) {
        let mut ended = Vec::new();
        self.all
            .update(|all| ended = all.extract_if(.., |one| one.target == *target).collect());
        for pane in ended {
            // those who show it look at it until they have heard of this
            Timeout::new(0, move || {
                pane.host.remove();
                drop(pane.controller);
                pane.owner.cleanup();
            })
            .forget();
        }
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
            let is_busy = |one: &TerminalPane| one.controller.is_busy();
            if reloads.with_value(Option::is_none) && self.any(is_busy) {
                event.prevent_default();
            }
        });
        // as long as the page
        StoredValue::new_local([keys, leaving]);
    }
}
