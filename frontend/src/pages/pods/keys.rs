//! What keys do in the list of pods.
//!
//! They are letters, so they are for who is in the list alone (WCAG 2.1.4): not in its field, nor anywhere else.

use leptos::{ev::KeyboardEvent, prelude::*};
use podshell_shared::{
    api::Pod,
    log::LogRequest,
    target::{Mode, TargetRequest},
};
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement};

use crate::{
    browser::frames::Frames,
    pages::pods::{
        entry::is_enterable,
        lines::{Key, Lines},
        pod_summary,
        store::PodStore,
    },
    workspace::{layout::Axis, open_panes::Workspace},
};

/// What has the list's keys.
const LIST: &str = "[data-region='list']";

/// Something to do with the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// Chooses the row that is so many further.
    Choose(isize),
    /// A shell in the container that is meant.
    Open,
    /// The same beside the terminal that had the keyboard last.
    Split(Axis),
    Attach,
    /// The log of the container that is meant.
    Log,
    /// A debug container beside the container that is meant.
    Debug,
    /// The pod's containers are shown under it; who sees them goes to the first.
    Unfold,
    /// From a container to its pod, and they are shown no more.
    Fold,
    /// The keyboard goes to the list, where letters are commands.
    List,
    /// The keyboard goes to the field.
    Search,
    /// The running shell with this number.
    Return(usize),
}

/// What a key is for: in the field those alone that type nothing.
fn action(key: &str, in_field: bool) -> Option<Action> {
    match key {
        "ArrowDown" => return Some(Action::Choose(1)),
        "ArrowUp" => return Some(Action::Choose(-1)),
        "PageDown" => return Some(Action::Choose(15)),
        "PageUp" => return Some(Action::Choose(-15)),
        "Enter" => return Some(Action::Open),
        "Tab" if in_field => return Some(Action::List),
        _ if in_field => return None,
        "Home" => return Some(Action::Choose(isize::MIN / 2)),
        "End" => return Some(Action::Choose(isize::MAX / 2)),
        _ => {}
    }
    match key {
        "j" => Some(Action::Choose(1)),
        "k" => Some(Action::Choose(-1)),
        "s" => Some(Action::Open),
        "v" => Some(Action::Split(Axis::Horizontal)),
        "h" => Some(Action::Split(Axis::Vertical)),
        "a" => Some(Action::Attach),
        "l" => Some(Action::Log),
        "d" => Some(Action::Debug),
        "ArrowRight" => Some(Action::Unfold),
        "ArrowLeft" => Some(Action::Fold),
        "/" => Some(Action::Search),
        _ => {
            let digit = key.parse().ok().filter(|digit| (1..=9).contains(digit));
            digit.map(Action::Return)
        }
    }
}

/// What is done with the list.
#[derive(Clone, Copy)]
pub(super) struct ListKeys {
    store: PodStore,
    workspace: Workspace,
    /// Where the wanted pods are among all.
    wanted: Memo<Vec<usize>>,
    /// How their lines lie.
    lines: Memo<Lines>,
    /// Gives the keyboard, which the list has, to a row as soon as one is drawn.
    to_row: Frames,
}

impl ListKeys {
    pub(super) fn new(
        store: PodStore,
        workspace: Workspace,
        wanted: Memo<Vec<usize>>,
        lines: Memo<Lines>,
    ) -> Self {
        let is_any = move || wanted.try_with_untracked(|wanted| !wanted.is_empty());
        Self {
            store,
            workspace,
            wanted,
            lines,
            // Who has gone elsewhere meanwhile stays there.
            to_row: Frames::new(move || {
                is_any() == Some(true) && is_list_there() && list_has_keyboard() && !focus_row()
            }),
        }
    }

    /// A key goes down in the list or its field; `go` leads to an address.
    pub(super) fn key(
        self,
        event: &KeyboardEvent,
        go: impl Fn(&str),
        debug: impl Fn(&TargetRequest),
    ) {
        let is_chord = event.ctrl_key() || event.meta_key() || event.alt_key();
        let on = event.target().and_then(|on| on.dyn_into::<Element>().ok());
        let is_in = |what: &str| {
            let found = on.as_ref().and_then(|on| on.closest(what).ok().flatten());
            found.is_some()
        };
        let in_field = is_in("[data-testid='filter']");
        // What has a use for keys of its own keeps them.
        let is_others = !in_field && is_in("input, select, textarea");
        if is_others || event.is_composing() {
            return;
        }
        let key = event.key();
        // As in the palette.
        let splits = match (
            &*key,
            event.ctrl_key() || event.meta_key(),
            event.shift_key(),
        ) {
            ("Enter", true, false) => Some(Axis::Horizontal),
            ("Enter", false, true) => Some(Axis::Vertical),
            _ => None,
        };
        if let Some(axis) = splits.filter(|_| !event.alt_key() && !is_in("a, button")) {
            if self.act(Action::Split(axis), go, debug) {
                event.prevent_default();
            }
            return;
        }
        if is_chord {
            return;
        }
        let on_control = is_in("a, button");
        let Some(action) = action(&key, in_field) else {
            return;
        };
        if action == Action::List && event.shift_key() {
            return;
        }
        if on_control && key == "Enter" {
            return;
        }
        if self.act(action, go, debug) {
            event.prevent_default();
        }
    }

    fn act(self, action: Action, go: impl Fn(&str), debug: impl Fn(&TargetRequest)) -> bool {
        match action {
            Action::Choose(distance) => self.choose(distance),
            // What can't be entered may say why.
            Action::Open => {
                self.with_target(Mode::Exec(None), |target| go(&target.page()))
                    || self.with_log(|log| go(&log.page()))
            }
            Action::Attach => self.with_target(Mode::Attach, |target| go(&target.page())),
            Action::Log => self.with_log(|log| go(&log.page())),
            Action::Split(axis) => self.with_target(Mode::Exec(None), |target| {
                let beside = untrack(|| self.workspace.focused());
                let shown = target.clone().into();
                let is_split =
                    beside.is_some_and(|beside| self.workspace.split(beside, axis, &shown));
                if !is_split {
                    self.workspace.open_tab(&shown);
                }
                go(&target.page());
            }),
            Action::Debug => self.with_debuggable(debug),
            Action::Unfold => self.unfold(),
            Action::Fold => self.fold(),
            Action::List => self.enter_list(),
            Action::Search => focus("[data-testid='filter']"),
            Action::Return(number) => {
                let shells = untrack(|| self.workspace.running());
                let Some((id, target, _)) = shells.get(number - 1) else {
                    return false;
                };
                self.workspace.focus(*id);
                go(&target.page());
                true
            }
        }
    }

    /// Gives the keyboard to a row, or to the list until what was searched for is drawn: keys are quicker than frames.
    fn enter_list(self) -> bool {
        let is_any = self.wanted.with_untracked(|wanted| !wanted.is_empty());
        if is_any && !focus_row() {
            focus(LIST);
            self.to_row.ask();
        }
        is_any
    }

    /// Chooses the row that is so many further than the chosen one, or the first.
    fn choose(self, distance: isize) -> bool {
        let next = self.wanted.with_untracked(|wanted| {
            let selected = self.store.selected.get_untracked();
            let lines = self.lines.get_untracked();
            let here = selected.and_then(|key| self.store.line_of(&key, wanted, lines));
            let last = lines.count().checked_sub(1)?;
            let next = here.map_or(0, |here| here.saturating_add_signed(distance).min(last));
            self.store.key_at(next, wanted, lines)
        });
        if next.is_some() {
            self.store.choose(next);
        }
        true
    }

    /// Does something with the chosen pod's container that is meant, if one runs.
    fn with_target(self, mode: Mode, act: impl FnOnce(&TargetRequest)) -> bool {
        let target = self.of_chosen(|pod, named| {
            let mut running = pod_summary::running(pod).into_iter();
            let container = running.find(|one| is_meant(named, &one.name))?;
            Some(pod_summary::target(pod, &container.name, mode))
        });
        target.as_ref().map(act).is_some()
    }

    /// Does something with the log of the chosen pod's container that is meant, if it can have one.
    fn with_log(self, act: impl FnOnce(&LogRequest)) -> bool {
        let log = self.of_chosen(|pod, named| {
            let mut with_log = pod_summary::with_log(pod).into_iter();
            let container = with_log.find(|one| is_meant(named, &one.name))?;
            Some(LogRequest::new(&pod.namespace, &pod.name, container.name))
        });
        log.as_ref().map(act).is_some()
    }

    /// Does something beside the container that is meant, if it runs or may run again.
    fn with_debuggable(self, act: impl FnOnce(&TargetRequest)) -> bool {
        let target = self.of_chosen(|pod, named| {
            let rights = untrack(|| self.store.rights.of(&pod.namespace));
            if !rights.allow_debugging() {
                return None;
            }
            let mut containers = pod_summary::all_containers(pod).into_iter();
            let container = containers
                .find(|one| is_meant(named, &one.name) && pod_summary::is_debuggable(pod, one))?;
            Some(pod_summary::target(pod, &container.name, Mode::Exec(None)))
        });
        target.as_ref().map(act).is_some()
    }

    fn unfold(self) -> bool {
        let Some(key) = self.store.selected.get_untracked() else {
            return false;
        };
        let Key { pod, container } = Key::read(&key);
        match (self.store.is_unfolded(pod), container) {
            (false, _) => {
                keep_keyboard();
                self.store.fold(pod);
            }
            (true, None) => {
                self.choose(1);
            }
            (true, Some(_)) => {}
        }
        true
    }

    fn fold(self) -> bool {
        let Some(key) = self.store.selected.get_untracked() else {
            return false;
        };
        let pod = Key::read(&key).pod;
        let is_open = self.store.is_unfolded(pod);
        if is_open {
            keep_keyboard();
            self.store.fold(pod);
        }
        is_open
    }

    /// Asks something of the chosen pod, or of a container of it that is chosen. Who has chosen none, but searches, means the
    /// first that can be entered.
    fn of_chosen<T>(self, ask: impl FnOnce(&Pod, Option<&str>) -> Option<T>) -> Option<T> {
        let selected = self.store.selected.get_untracked();
        let chosen = selected.as_deref().map(Key::read);
        let refused = untrack(|| self.store.rights.without_shells());
        self.wanted.with_untracked(|wanted| {
            self.store.pods.with_untracked(|known| {
                let mut pods = wanted.iter().filter_map(|at| known.pods().get(*at));
                let entry = pods.find(|entry| match chosen {
                    Some(key) => entry.is(key.pod),
                    None => is_enterable((*entry).as_ref(), &refused),
                })?;
                ask(entry.as_ref(), chosen.and_then(|key| key.container))
            })
        })
    }
}

/// Whether a container is the one that was named, if one was.
fn is_meant(named: Option<&str>, name: &str) -> bool {
    named.is_none_or(|named| named == name)
}

/// The list has the keyboard if a container's row does, which is about to go.
fn keep_keyboard() {
    let on = document().active_element();
    let is_in_row = on.is_some_and(|on| matches!(on.closest(".container-row"), Ok(Some(_))));
    if is_in_row {
        focus(LIST);
    }
}

/// Whether there is a table that rows may come into.
fn is_list_there() -> bool {
    matches!(document().query_selector(".pod-list"), Ok(Some(_)))
}

/// Whether the keyboard is the list's own, and no row's.
fn list_has_keyboard() -> bool {
    let on = document().active_element();
    on.is_some_and(|on| on.matches(LIST) == Ok(true))
}

/// Gives the keyboard to the chosen row, or to the first; not if none is drawn.
fn focus_row() -> bool {
    focus(".pod-row--selected :is(a, button)") || focus(".pod-row :is(a, button)")
}

/// Gives the keyboard to what a selector finds first.
fn focus(selector: &str) -> bool {
    let found = document().query_selector(selector).ok().flatten();
    let found = found.and_then(|found| found.dyn_into::<HtmlElement>().ok());
    found.is_some_and(|found| {
        // What is not shown takes it without a word, and has it not.
        found.focus().ok();
        document().active_element().as_deref() == Some(&*found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_typed_in_the_field_and_do_something_beside_it() {
        for key in [
            "j",
            "k",
            "s",
            "v",
            "h",
            "a",
            "l",
            "/",
            "1",
            "9",
            "d",
            "ArrowRight",
            "ArrowLeft",
            "Home",
        ] {
            assert!(action(key, false).is_some(), "{key}");
            assert_eq!(action(key, true), None, "{key}");
        }
        assert_eq!(action("Tab", true), Some(Action::List));
        for key in ["ArrowDown", "ArrowUp", "Enter", "PageDown"] {
            assert_eq!(action(key, true), action(key, false), "{key}");
            assert!(action(key, true).is_some(), "{key}");
        }
        for key in ["0", "10", "x", "Tab", "Escape", "?", " "] {
            assert_eq!(action(key, false), None, "{key}");
        }
    }
}
