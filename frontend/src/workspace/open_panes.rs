//! The panes that are open, shown or not: a shell goes on while its user looks at the list.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use podshell_shared::target::TargetRequest;
use wasm_bindgen::JsCast as _;
use web_sys::{KeyboardEvent, PageTransitionEvent};

use crate::{
    browser::listener::Listener,
    routing::{pane_target::PaneTarget, route::Route},
    session::{
        saved_session::{self, SavedName},
        status::Status,
        view::TerminalView,
    },
    settings::{Preferences, use_preferences},
    workspace::{
        any_pane::AnyPane,
        layout::{Axis, Layout},
        pane::PaneId,
        saved_layout::{self, SavedLayout},
    },
    xterm::prompt::Running,
};

/// How long after the keys that load the page anew it may take until the browser does so, in ms.
const RELOAD_WITHIN: u32 = 1000;
/// What a browser keeps for a tab: some MB for all of its pages, each character of two bytes.
const ROOM: usize = 2 << 20;
/// So many frames of a tab share it, as far as one of them can know.
const FRAMES: usize = 4;
/// For how long a pane that was closed can be had back, in ms: what runs in it ends after that.
const UNDO_WITHIN: u32 = 5000;

/// All that is open, as a context.
#[derive(Clone, Copy)]
pub(crate) struct Workspace {
    open: RwSignal<Open, LocalStorage>,
    closed: RwSignal<Option<Rc<Closed>>, LocalStorage>,
    /// Frames of another page keep what they leave by what they show.
    is_frame: bool,
    preferences: Preferences,
    /// What a pane shows of itself lives longer than the page that shows it.
    owner: StoredValue<Owner>,
}

/// What is open: each pane of the layout is there, and no other.
#[derive(Default)]
struct Open {
    layout: Layout<PaneId>,
    panes: Vec<OpenPane>,
    /// The number of the next pane.
    next: u32,
}

/// A pane, and what owns its signals.
#[derive(Clone)]
struct OpenPane {
    id: PaneId,
    pane: AnyPane,
    owner: Owner,
}

/// Panes that can be had back for a while, and how all were arranged with them.
struct Closed {
    panes: Vec<OpenPane>,
    layout: Layout<PaneId>,
    /// What ends them; nothing while somebody is at the way back.
    over: RefCell<Option<Timeout>>,
}

/// Makes room for panes, and goes on with those that a page before this one left in its tab. A frame shows one terminal, and
/// others of its tab are other frames'.
pub(crate) fn provide_workspace(here: &Route) {
    let workspace = Workspace {
        open: RwSignal::new_local(Open::default()),
        closed: RwSignal::new_local(None),
        is_frame: matches!(here, Route::Embedded(_)),
        preferences: use_preferences(),
        owner: StoredValue::new(Owner::current().unwrap_or_default()),
    };
    provide_context(workspace);
    workspace.leave_behind();
    if !workspace.is_frame {
        let SavedLayout { layout, targets } = saved_layout::take();
        let panes = targets
            .iter()
            .map(|(id, target)| workspace.make(*id, target));
        let panes = panes.collect();
        saved_session::forget_panes();
        let next = targets.keys().last().map_or(0, |last| last.0 + 1);
        workspace.open.set(Open {
            layout,
            panes,
            next,
        });
    }
    workspace.warn_before_unload();
}

/// All that is open.
pub(crate) fn use_workspace() -> Workspace {
    expect_context()
}

impl Open {
    /// Those that a page in the place of this one goes on with: what has ended would begin anew.
    fn living(&self) -> SavedLayout {
        let mut layout = self.layout.clone();
        let mut targets = BTreeMap::new();
        for open in &self.panes {
            if open.pane.is_past() {
                layout.close(&open.id);
            } else {
                targets.insert(open.id, open.pane.target());
            }
        }
        SavedLayout { layout, targets }
    }

    fn get(&self, id: PaneId) -> Option<&OpenPane> {
        self.panes.iter().find(|open| open.id == id)
    }

    /// The pane that shows this: the one with the keyboard, or the first, of those that have not ended if there is one.
    fn find(&self, target: &PaneTarget) -> Option<&OpenPane> {
        let focused = self.layout.focused().and_then(|id| self.get(*id));
        let all = focused.into_iter().chain(&self.panes);
        let is_it = |open: &&OpenPane| open.pane.target().is_same(target);
        let mut showing = all.filter(is_it).peekable();
        let first = showing.peek().copied();
        showing.find(|open| !open.pane.has_ended()).or(first)
    }
}

/// What is there.
impl Workspace {
    /// The panes that are there, in the order in which they are arranged.
    pub(crate) fn list(self) -> Vec<(PaneId, AnyPane)> {
        self.open.with(|open| {
            let pane = |id| Some((id, open.get(id)?.pane.clone()));
            open.layout.panes().into_iter().filter_map(pane).collect()
        })
    }

    /// The terminals among them.
    pub(crate) fn terminals(self) -> Vec<(PaneId, TargetRequest, TerminalView)> {
        let shown = |(id, pane): (PaneId, AnyPane)| {
            let terminal = pane.session()?;
            Some((id, terminal.target.clone(), terminal.view))
        };
        self.list().into_iter().filter_map(shown).collect()
    }

    /// The terminals whose sessions have not ended for good.
    pub(crate) fn running(self) -> Vec<(PaneId, TargetRequest, TerminalView)> {
        let mut shells = self.terminals();
        shells.retain(|(_, _, view)| !view.status.with(Status::is_final));
        shells
    }

    /// Looks at how they are arranged.
    pub(crate) fn layout<T>(self, look: impl FnOnce(&Layout<PaneId>) -> T) -> T {
        self.open.with(|open| look(&open.layout))
    }

    /// The pane that has the keyboard while the workspace is shown.
    pub(crate) fn focused(self) -> Option<PaneId> {
        self.layout(|layout| layout.focused().copied())
    }

    /// What the user calls the tab that a pane is in.
    pub(crate) fn name_of_tab(self, id: PaneId) -> Option<String> {
        self.layout(|layout| Some(layout.tab_of(&id)?.name()?.to_owned()))
    }

    /// Whether a pane has its tab for itself.
    pub(crate) fn is_alone(self, id: PaneId) -> bool {
        self.layout(|layout| layout.tab_of(&id).is_none_or(|tab| tab.panes().len() == 1))
    }

    /// A pane, if it is there; tracks nothing.
    pub(crate) fn pane(self, id: PaneId) -> Option<AnyPane> {
        let pane = |open: &Open| open.get(id).map(|open| open.pane.clone());
        self.open.with_untracked(pane)
    }

    /// Whether a shell runs for this container.
    pub(crate) fn has(self, target: &TargetRequest) -> bool {
        let shells = self.running();
        shells.iter().any(|(_, shell, _)| shell == target)
    }

    /// The program that runs in a terminal and would end with it.
    pub(crate) fn program_in(self, id: PaneId) -> Option<Running> {
        self.pane(id)?.running()
    }

    /// The names of what was closed just now, and can be had back.
    pub(crate) fn closed(self) -> Vec<String> {
        self.closed.with(|closed| {
            let panes = closed.iter().flat_map(|closed| &closed.panes);
            panes.map(|open| open.pane.name()).collect()
        })
    }
}

/// What is done to it.
impl Workspace {
    /// Gives the keyboard to the pane that shows this: to the one that there is, or a new one in a tab of its own.
    pub(crate) fn show(self, target: &PaneTarget) -> AnyPane {
        let there = self.open.with_untracked(|open| open.find(target).cloned());
        match there {
            Some(OpenPane { id, pane, .. }) => {
                self.focus(id);
                if let (PaneTarget::Log(asked), AnyPane::Log(log)) = (target, &pane) {
                    log.controller.ask_for(&asked.options);
                }
                pane
            }
            None => self.open_tab(target),
        }
    }

    /// The pane that shows this, if there is one; tracks nothing.
    pub(crate) fn find(self, target: &PaneTarget) -> Option<PaneId> {
        self.open.with_untracked(|open| Some(open.find(target)?.id))
    }

    /// Opens a pane in a tab of its own.
    pub(crate) fn open_tab(self, target: &PaneTarget) -> AnyPane {
        let new = self.open_new(target);
        self.arrange(|layout| layout.open(new.id));
        new.pane
    }

    /// Opens a pane beside another. Gives false if there is no room.
    pub(crate) fn split(self, beside: PaneId, axis: Axis, target: &PaneTarget) -> bool {
        let new = self.open_new(target);
        let is_done = self.arrange(|layout| layout.split(&beside, axis, &new.id));
        if !is_done {
            self.open
                .update_untracked(|open| open.panes.retain(|open| open.id != new.id));
            end(new);
        }
        is_done
    }

    /// Gives a pane the keyboard.
    pub(crate) fn focus(self, id: PaneId) -> bool {
        self.arrange(|layout| layout.focus(&id))
    }

    /// Changes how they are arranged; `change` says whether it did. Neither opens panes nor closes them.
    pub(crate) fn arrange(self, change: impl FnOnce(&mut Layout<PaneId>) -> bool) -> bool {
        let mut is_changed = false;
        self.open.maybe_update(|open| {
            is_changed = change(&mut open.layout);
            is_changed
        });
        is_changed
    }

    /// Closes panes. What runs in them ends a while later, if they are not had back by then.
    pub(crate) fn close(self, ids: &[PaneId]) {
        let layout = self.open.with_untracked(|open| open.layout.clone());
        let taken = ids.iter().filter_map(|id| self.take_out(*id));
        let (over, panes): (Vec<_>, Vec<_>) = taken.partition(|open| open.pane.has_ended());
        over.into_iter().for_each(end);
        self.end_closed();
        if panes.is_empty() {
            return;
        }
        let over = RefCell::new(Some(self.end_closed_later()));
        self.closed.set(Some(Rc::new(Closed {
            panes,
            layout,
            over,
        })));
    }

    /// What was closed waits while somebody is at the way back to it, and has its time anew when they are gone.
    pub(crate) fn hold_closed(self, is_held: bool) {
        let closed = self.closed.with_untracked(Clone::clone);
        if let Some(closed) = closed {
            let over = (!is_held).then(|| self.end_closed_later());
            closed.over.replace(over);
        }
    }

    fn end_closed_later(self) -> Timeout {
        Timeout::new(UNDO_WITHIN, move || self.end_closed())
    }

    /// Has the panes back that were closed last, where they were if nothing has been opened or closed since.
    pub(crate) fn undo_close(self) {
        let Some(closed) = self.closed.try_update(Option::take).flatten() else {
            return;
        };
        let Closed { panes, layout, .. } = &*closed;
        self.open.update(|open| {
            // What had ended is not had back.
            let mut before = layout.clone();
            let is_known =
                |id: &PaneId| open.get(*id).is_some() || panes.iter().any(|pane| pane.id == *id);
            for id in layout.panes().iter().filter(|id| !is_known(id)) {
                before.close(id);
            }
            let mut without = before.clone();
            for pane in panes {
                without.close(&pane.id);
            }
            if without.panes() == open.layout.panes() {
                open.layout = before;
            } else {
                for pane in panes {
                    open.layout.open(pane.id);
                }
            }
            open.panes.extend(panes.iter().cloned());
            if let Some(first) = panes.first() {
                open.layout.focus(&first.id);
            }
        });
    }

    /// Closes all of them, at once.
    pub(crate) fn close_all(self) {
        self.end_closed();
        for id in self.open.with_untracked(|open| open.layout.panes()) {
            if let Some(open) = self.take_out(id) {
                end(open);
            }
        }
    }

    /// Opens a terminal in the place of one that has ended, if it is there.
    pub(crate) fn show_in_place_of(self, ended: &PaneTarget, target: &PaneTarget) {
        let ended = self.open.with_untracked(|open| {
            // Who asks for it is in it.
            let here = open.get(*open.layout.focused()?)?;
            let is_it = here.pane.target().is_same(ended) && here.pane.has_ended();
            is_it.then_some(here.id)
        });
        let is_there = self.open.with_untracked(|open| open.find(target).is_some());
        let Some(ended) = ended.filter(|_| !is_there) else {
            self.show(target);
            return;
        };
        let new = self.open_new(target);
        self.arrange(|layout| layout.replace(&ended, &new.id));
        if let Some(open) = self.take_out(ended) {
            end(open);
        }
    }

    fn end_closed(self) {
        let closed = self.closed.with_untracked(Clone::clone);
        if let Some(closed) = closed {
            self.closed.set(None);
            closed.panes.iter().cloned().for_each(end);
        }
    }

    fn take_out(self, id: PaneId) -> Option<OpenPane> {
        let mut taken = None;
        self.open.maybe_update(|open| {
            taken = open.panes.extract_if(.., |open| open.id == id).next();
            open.layout.close(&id) || taken.is_some()
        });
        taken
    }

    fn open_new(self, target: &PaneTarget) -> OpenPane {
        let id = PaneId(self.open.with_untracked(|open| open.next));
        let new = self.make(id, target);
        // It has no place yet, so there is nothing to be told.
        self.open.update_untracked(|open| {
            open.next += 1;
            open.panes.push(new.clone());
        });
        new
    }

    fn make(self, id: PaneId, target: &PaneTarget) -> OpenPane {
        let owner = self.owner.with_value(Owner::child);
        let name = |target: &TargetRequest| {
            if self.is_frame {
                SavedName::of_frame(target)
            } else {
                SavedName::of_pane(id.0)
            }
        };
        let pane = owner.with(|| AnyPane::open(target, name, self.preferences));
        OpenPane { id, pane, owner }
    }
}

/// What is done when the browser takes the page away.
impl Workspace {
    /// Leaves all of it for the page that is loaded in the place of this one.
    fn leave_behind(self) {
        let hidden = Listener::new(&window(), "pagehide", move |_| {
            // Nobody can have it back any more.
            self.end_closed();
            self.open.with_untracked(|open| {
                // As they are before they are left: one that had not begun has ended then.
                let living = open.living();
                let room = ROOM / open.panes.len().max(if self.is_frame { FRAMES } else { 1 });
                // A browser gives a page little time to go: the server is told first.
                let left: Vec<_> = open.panes.iter().map(|open| open.pane.leave()).collect();
                for save in left.into_iter().flatten() {
                    save(room);
                }
                if !self.is_frame {
                    saved_layout::save(&living);
                }
            });
        });
        let shown = Listener::new(&window(), "pageshow", |event| {
            let event: &PageTransitionEvent = event.unchecked_ref();
            if event.persisted() {
                drop(saved_layout::take());
            }
        });
        // As long as the page.
        StoredValue::new_local([hidden, shown]);
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
            let is_busy = |open: &OpenPane| open.pane.running().is_some();
            let any_is_busy = |open: &Open| open.panes.iter().any(is_busy);
            let is_closed_busy = |closed: &Option<Rc<Closed>>| {
                let mut panes = closed.iter().flat_map(|closed| &closed.panes);
                panes.any(is_busy)
            };
            let is_asked =
                self.open.with_untracked(any_is_busy) || self.closed.with_untracked(is_closed_busy);
            if reloads.with_value(Option::is_none) && is_asked {
                event.prevent_default();
            }
        });
        // As long as the page.
        StoredValue::new_local([keys, leaving]);
    }
}

/// Ends a pane that has no place any more.
fn end(open: OpenPane) {
    let OpenPane { pane, owner, .. } = open;
    // Those who show it look at it until they have heard of this.
    Timeout::new(0, move || {
        pane.close();
        drop(pane);
        owner.cleanup();
    })
    .forget();
}
