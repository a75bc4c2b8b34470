//! How panes are arranged: tabs, and in each a tree of splits, as plain data.
//!
//! It knows nothing of what the panes are, and nothing of the browser.

mod tree;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use self::tree::Node;
pub(crate) use self::tree::{Area, Axis, Direction, Divider, Place, WHOLE};

/// Panes and where each stands; `P` says which pane it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layout<P> {
    tabs: Vec<Tab<P>>,
    /// Which of them is shown, if there are any.
    shown: usize,
    /// The panes that have had the keyboard, the last one last.
    #[serde(default = "Vec::new")]
    used: Vec<P>,
}

/// Panes that are shown together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tab<P> {
    root: Node<P>,
    /// The pane that has the keyboard while the tab is shown.
    focused: P,
    /// Whether that one is shown alone.
    #[serde(default)]
    is_zoomed: bool,
    /// What the user calls it.
    #[serde(default)]
    name: Option<String>,
}

impl<P> Default for Layout<P> {
    fn default() -> Self {
        Self {
            tabs: Vec::new(),
            shown: 0,
            used: Vec::new(),
        }
    }
}

impl<P: Clone + PartialEq> Layout<P> {
    /// The tabs, in their order.
    pub(crate) fn tabs(&self) -> &[Tab<P>] {
        &self.tabs
    }

    /// The tab that is shown.
    pub(crate) fn shown(&self) -> Option<&Tab<P>> {
        self.tabs.get(self.shown)
    }

    /// All panes, in reading order.
    pub(crate) fn panes(&self) -> Vec<P> {
        self.tabs.iter().flat_map(|tab| tab.panes()).collect()
    }

    /// The pane that has the keyboard.
    pub(crate) fn focused(&self) -> Option<&P> {
        self.shown().map(|tab| &tab.focused)
    }

    /// All panes, those first that had the keyboard last.
    pub(crate) fn by_use(&self) -> Vec<P> {
        let mut panes = self.panes();
        panes.sort_by_key(|pane| std::cmp::Reverse(self.last_use(pane)));
        panes
    }

    fn last_use(&self, pane: &P) -> Option<usize> {
        self.used.iter().position(|used| used == pane)
    }

    /// Remembers that a pane has the keyboard now.
    fn note_use(&mut self) {
        if let Some(pane) = self.focused().cloned() {
            self.used.retain(|used| *used != pane);
            self.used.push(pane);
        }
    }

    /// The tab that a pane is in.
    pub(crate) fn tab_of(&self, pane: &P) -> Option<&Tab<P>> {
        self.tabs.get(self.place_of(pane)?)
    }

    fn place_of(&self, pane: &P) -> Option<usize> {
        self.tabs.iter().position(|tab| tab.root.contains(pane))
    }

    fn tab_mut(&mut self, pane: &P) -> Option<&mut Tab<P>> {
        let at = self.place_of(pane)?;
        self.tabs.get_mut(at)
    }

    /// Puts a new pane into a tab of its own, the last one, and gives it the keyboard. Gives false if it has a place.
    pub(crate) fn open(&mut self, pane: P) -> bool {
        if self.place_of(&pane).is_some() {
            return false;
        }
        self.shown = self.tabs.len();
        self.tabs.push(Tab {
            root: Node::Pane(pane.clone()),
            focused: pane,
            is_zoomed: false,
            name: None,
        });
        self.note_use();
        true
    }

    /// Puts a new pane beside another and gives it the keyboard; the two share what the other had. Gives false if the other
    /// has no place, the new one has, or there is no room.
    pub(crate) fn split(&mut self, beside: &P, axis: Axis, pane: &P) -> bool {
        if self.place_of(pane).is_some() {
            return false;
        }
        let Some(tab) = self.tab_mut(beside) else {
            return false;
        };
        let done = tab.root.split(beside, axis, pane);
        if done {
            tab.is_zoomed = false;
            self.focus(pane);
        }
        done
    }

    /// Puts a new pane into the place of another, which is there no more. Gives false if that has none, or the new one has.
    pub(crate) fn replace(&mut self, old: &P, new: &P) -> bool {
        if self.place_of(new).is_some() {
            return false;
        }
        let Some(tab) = self.tab_mut(old) else {
            return false;
        };
        tab.root.replace(old, new);
        if tab.focused == *old {
            tab.focused = new.clone();
        }
        for used in self.used.iter_mut().filter(|used| *used == old) {
            *used = new.clone();
        }
        true
    }

    /// Takes a pane away; its place goes to those beside it, and its keyboard to the pane that had it before, in the same tab if
    /// there are others. Gives false if it has none.
    pub(crate) fn close(&mut self, pane: &P) -> bool {
        let Some(at) = self.place_of(pane) else {
            return false;
        };
        self.used.retain(|used| used != pane);
        let Some(left) = self.tabs[at].root.clone().without(pane) else {
            let was_shown = self.shown == at;
            self.tabs.remove(at);
            let last = self.used.last().filter(|_| was_shown);
            if let Some(last) = last.and_then(|last| self.place_of(last)) {
                self.shown = last;
            } else if at < self.shown || self.shown == self.tabs.len() {
                self.shown = self.shown.saturating_sub(1);
            }
            self.note_use();
            return true;
        };
        let place = self.tabs[at].panes().iter().position(|other| other == pane);
        let others = left.places().into_iter().map(|place| place.pane);
        let others: Vec<_> = others.collect();
        let before = self.used.iter().rev().find(|used| others.contains(used));
        let beside = &others[place.unwrap_or_default().min(others.len() - 1)];
        let next = before.unwrap_or(beside).clone();
        let tab = &mut self.tabs[at];
        tab.root = left;
        if tab.focused == *pane {
            tab.focused = next;
        }
        tab.is_zoomed &= others.len() > 1;
        self.note_use();
        true
    }

    /// Gives a pane the keyboard, and shows its tab. Gives false if that changes nothing.
    pub(crate) fn focus(&mut self, pane: &P) -> bool {
        let Some(at) = self.place_of(pane) else {
            return false;
        };
        if self.shown == at && self.tabs[at].focused == *pane {
            return false;
        }
        self.shown = at;
        self.tabs[at].focused = pane.clone();
        self.note_use();
        true
    }

    /// Shows the tab that is so many further than the shown one, and behind the last the first. Gives false if there is no
    /// other.
    pub(crate) fn turn(&mut self, distance: isize) -> bool {
        let count = self.tabs.len() as isize;
        if count < 2 {
            return false;
        }
        self.shown = (self.shown as isize + distance).rem_euclid(count) as usize;
        self.note_use();
        true
    }

    /// Gives the keyboard to the pane that stands in a direction from the one that has it. Gives false if none does.
    pub(crate) fn focus_toward(&mut self, direction: Direction) -> bool {
        let next = self.shown().and_then(|tab| {
            let places = tab.root.places();
            tree::neighbour(&places, &tab.focused, direction).cloned()
        });
        next.is_some_and(|next| self.focus(&next))
    }

    /// Gives the keyboard to the pane that is so many further in the shown tab, and behind the last to the first.
    pub(crate) fn focus_at_distance(&mut self, distance: isize) -> bool {
        let next = self.shown().and_then(|tab| {
            let panes = tab.panes();
            let at = panes.iter().position(|pane| *pane == tab.focused)?;
            let next = (at as isize + distance).rem_euclid(panes.len() as isize);
            Some(panes[next as usize].clone())
        });
        next.is_some_and(|next| self.focus(&next))
    }

    /// Moves the tab of a pane to the place of another's. Gives false if that changes nothing.
    pub(crate) fn move_tab(&mut self, pane: &P, to: &P) -> bool {
        let (Some(from), Some(to)) = (self.place_of(pane), self.place_of(to)) else {
            return false;
        };
        if from == to {
            return false;
        }
        let shown = self.focused().cloned();
        let tab = self.tabs.remove(from);
        self.tabs.insert(to, tab);
        if let Some(shown) = shown.and_then(|shown| self.place_of(&shown)) {
            self.shown = shown;
        }
        true
    }

    /// Shows the pane that has the keyboard alone, or those beside it again. Gives false if there are none.
    pub(crate) fn zoom(&mut self) -> bool {
        let tab = self.tabs.get_mut(self.shown);
        let tab = tab.filter(|tab| tab.panes().len() > 1);
        tab.is_some_and(|tab| {
            tab.is_zoomed = !tab.is_zoomed;
            true
        })
    }

    /// Calls the tab of a pane something; nothing of its own if the name is empty.
    pub(crate) fn rename(&mut self, pane: &P, name: &str) -> bool {
        let name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        let tab = self.tab_mut(pane).filter(|tab| tab.name != name);
        tab.is_some_and(|tab| {
            tab.name = name;
            true
        })
    }

    /// Moves a divider of the shown tab by so much of [`WHOLE`], as far as there is room. Gives false if there is none.
    pub(crate) fn move_divider(&mut self, path: &[usize], by: i32) -> bool {
        let tab = self.tabs.get_mut(self.shown);
        tab.is_some_and(|tab| tab.root.move_divider(path, Some(by)))
    }

    /// Moves the divider that is next to the pane that has the keyboard, by a twentieth of its split. Gives false if there is
    /// none.
    pub(crate) fn push_divider(&mut self, direction: Direction) -> bool {
        const STEP: i32 = (WHOLE / 20) as i32;
        let (axis, by) = match direction {
            Direction::Left => (Axis::Horizontal, -STEP),
            Direction::Right => (Axis::Horizontal, STEP),
            Direction::Up => (Axis::Vertical, -STEP),
            Direction::Down => (Axis::Vertical, STEP),
        };
        let tab = self.shown().filter(|tab| !tab.is_zoomed);
        let path = tab.and_then(|tab| tab.root.divider_beside(&tab.focused, axis));
        path.is_some_and(|path| self.move_divider(&path, by))
    }

    /// Gives both sides of a divider of the shown tab the same. Gives false if there is no such divider.
    pub(crate) fn center_divider(&mut self, path: &[usize]) -> bool {
        let tab = self.tabs.get_mut(self.shown);
        tab.is_some_and(|tab| tab.root.move_divider(path, None))
    }

    /// Gives all panes of the shown tab the same room, as far as its splits allow.
    pub(crate) fn make_equal(&mut self) -> bool {
        let tab = self.tabs.get_mut(self.shown);
        tab.is_some_and(|tab| {
            tab.root.make_equal();
            true
        })
    }

    /// Whether it is as all layouts are.
    fn is_sound(&self) -> bool {
        let panes = self.panes();
        let unique = (1..panes.len()).all(|at| !panes[..at].contains(&panes[at]));
        let used_once = (1..self.used.len()).all(|at| !self.used[..at].contains(&self.used[at]));
        unique
            && used_once
            && self.used.iter().all(|used| panes.contains(used))
            && self.shown < self.tabs.len().max(1)
            && self.tabs.iter().all(|tab| {
                let has_others = tab.panes().len() > 1;
                tab.root.contains(&tab.focused)
                    && tab.root.is_sound(None)
                    && (has_others || !tab.is_zoomed)
            })
    }
}

impl<P: Clone + PartialEq + Serialize + DeserializeOwned> Layout<P> {
    /// Writes it down.
    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers are always JSON")
    }

    /// Reads what [`to_text`](Self::to_text) wrote; [`None`] for anything else.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let layout: Self = serde_json::from_str(text).ok()?;
        layout.is_sound().then_some(layout)
    }
}

impl<P: Clone + PartialEq> Tab<P> {
    /// Its panes, in reading order.
    pub(crate) fn panes(&self) -> Vec<P> {
        let places = self.root.places().into_iter();
        places.map(|place| place.pane).collect()
    }

    /// Where each of its panes is shown; a zoomed one alone.
    pub(crate) fn places(&self) -> Vec<Place<P>> {
        if self.is_zoomed {
            vec![Place::whole(self.focused.clone())]
        } else {
            self.root.places()
        }
    }

    /// What stands between its panes.
    pub(crate) fn dividers(&self) -> Vec<Divider> {
        if self.is_zoomed {
            Vec::new()
        } else {
            self.root.dividers()
        }
    }

    /// The pane that has the keyboard while the tab is shown.
    pub(crate) fn focused(&self) -> &P {
        &self.focused
    }

    pub(crate) fn is_zoomed(&self) -> bool {
        self.is_zoomed
    }

    /// What the user calls it.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

#[cfg(test)]
mod tests;
