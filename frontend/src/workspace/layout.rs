//! How panes are arranged: a tree of splits and tabs, as plain data.
//!
//! It knows nothing of what the panes are, and nothing of the browser.

#![cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "the page shows one pane yet, so nobody splits, moves or keeps a layout"
    )
)]

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// What the shares of a split's parts add up to.
pub(crate) const WHOLE: u32 = 1_000_000;
/// No divider makes a part smaller than this.
pub(crate) const SMALLEST: u32 = WHOLE / 20;

/// Panes and where each stands; `P` says which pane it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layout<P> {
    root: Option<Node<P>>,
    /// The pane that has the keyboard; there is one if there is any.
    focused: Option<P>,
}

/// A place of the workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Node<P> {
    /// Places beside each other.
    Split(Split<P>),
    /// Panes in one place, of which one is shown.
    Tabs(Tabs<P>),
}

/// Places beside each other, two or more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Split<P> {
    axis: Axis,
    parts: Vec<Part<P>>,
}

/// In which direction the parts of a split follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Axis {
    /// From left to right.
    Horizontal,
    /// From top to bottom.
    Vertical,
}

/// One of the places of a split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part<P> {
    /// How much of the split it takes, of [`WHOLE`].
    share: u32,
    node: Node<P>,
}

/// Panes in one place, one or more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tabs<P> {
    panes: Vec<P>,
    /// Which of them is shown.
    shown: usize,
}

impl<P> Default for Layout<P> {
    fn default() -> Self {
        Self {
            root: None,
            focused: None,
        }
    }
}

impl<P: Clone + PartialEq> Layout<P> {
    /// All panes, in reading order.
    pub(crate) fn panes(&self) -> Vec<&P> {
        let mut panes = Vec::new();
        if let Some(root) = &self.root {
            root.for_each_tabs(&mut |tabs| panes.extend(&tabs.panes));
        }
        panes
    }

    /// The panes that are shown, in reading order.
    pub(crate) fn shown(&self) -> Vec<&P> {
        let mut panes = Vec::new();
        if let Some(root) = &self.root {
            root.for_each_tabs(&mut |tabs| panes.extend(tabs.panes.get(tabs.shown)));
        }
        panes
    }

    /// Whether this pane has a place.
    pub(crate) fn contains(&self, pane: &P) -> bool {
        self.root.as_ref().is_some_and(|root| root.contains(pane))
    }

    /// The pane that has the keyboard.
    pub(crate) fn focused(&self) -> Option<&P> {
        self.focused.as_ref()
    }

    /// Puts a new pane into the place that has the keyboard, behind the tabs that are there, and gives it the keyboard. One
    /// that has a place already gets the keyboard alone. Gives false if it has that, too: nothing has changed.
    pub(crate) fn open(&mut self, pane: P) -> bool {
        if self.focused.as_ref() == Some(&pane) {
            return false;
        }
        if self.focus(&pane) {
            return true;
        }
        let focused = self.focused.replace(pane.clone());
        let root = self.root.as_mut();
        match focused.and_then(|focused| root?.tabs_of(&focused)) {
            Some(tabs) => {
                tabs.panes.push(pane);
                tabs.shown = tabs.panes.len() - 1;
            }
            None => self.root = Some(Node::one(pane)),
        }
        true
    }

    /// Puts a new pane beside another and gives it the keyboard; the two share what the other had. Gives false if the other
    /// has no place, the new one has, or there is no room.
    pub(crate) fn split(&mut self, beside: &P, axis: Axis, pane: P) -> bool {
        if self.contains(&pane) {
            return false;
        }
        let root = self.root.as_mut();
        let done = root.is_some_and(|root| root.split(beside, axis, &pane));
        if done {
            self.focused = Some(pane);
        }
        done
    }

    /// Takes a pane away; its place goes to those beside it. Gives false if it has none.
    pub(crate) fn close(&mut self, pane: &P) -> bool {
        let place = self.shown().iter().position(|shown| *shown == pane);
        let Some(tabs) = self.root.as_mut().and_then(|root| root.tabs_of(pane)) else {
            return false;
        };
        let neighbour = tabs.panes.iter().find(|other| *other != pane).cloned();
        self.root = self.root.take().and_then(|root| root.without(pane));
        if self.focused.as_ref() == Some(pane) {
            let in_its_place = neighbour.and_then(|neighbour| {
                let tabs = self.root.as_mut()?.tabs_of(&neighbour)?;
                tabs.panes.get(tabs.shown).cloned()
            });
            self.focused = in_its_place.or_else(|| {
                let shown = self.shown();
                let last = shown.len().checked_sub(1)?;
                Some(shown[place.unwrap_or_default().min(last)].clone())
            });
        }
        true
    }

    /// Gives a pane the keyboard, and shows it. Gives false if it has no place.
    pub(crate) fn focus(&mut self, pane: &P) -> bool {
        let Some(tabs) = self.root.as_mut().and_then(|root| root.tabs_of(pane)) else {
            return false;
        };
        let at = tabs.panes.iter().position(|other| other == pane);
        tabs.shown = at.unwrap_or_default();
        self.focused = Some(pane.clone());
        true
    }

    /// Gives the keyboard to the next pane in reading order, tabs among them, and from the last to the first.
    pub(crate) fn focus_next(&mut self) {
        self.focus_at_distance(1);
    }

    /// The other way round.
    pub(crate) fn focus_previous(&mut self) {
        self.focus_at_distance(-1);
    }

    fn focus_at_distance(&mut self, distance: isize) {
        let panes = self.panes();
        let at = panes
            .iter()
            .position(|pane| Some(*pane) == self.focused.as_ref());
        if let Some(at) = at {
            let next = (at as isize + distance).rem_euclid(panes.len() as isize);
            let next = panes[next as usize].clone();
            self.focus(&next);
        }
    }

    /// Moves the divider behind a part of a split, by so much of [`WHOLE`], as far as there is room. `path` leads from the root
    /// to the split: which part of each split to go into. Gives false if there is no such divider.
    pub(crate) fn move_divider(&mut self, path: &[usize], part: usize, by: i32) -> bool {
        let mut node = self.root.as_mut();
        for &at in path {
            node = match node {
                Some(Node::Split(split)) => split.parts.get_mut(at).map(|part| &mut part.node),
                _ => None,
            };
        }
        let Some(Node::Split(split)) = node else {
            return false;
        };
        let Some([before, behind]) = split.parts.get_mut(part..=part.saturating_add(1)) else {
            return false;
        };
        let both = before.share + behind.share;
        // What is small already gets no smaller.
        let least = SMALLEST.min(before.share).min(behind.share);
        let moved = before.share.saturating_add_signed(by);
        before.share = moved.clamp(least, both - least);
        behind.share = both - before.share;
        true
    }

    /// Whether it is as all layouts are.
    fn is_sound(&self) -> bool {
        let panes = self.panes();
        let unique = (1..panes.len()).all(|at| !panes[..at].contains(&panes[at]));
        let focus = match &self.focused {
            Some(focused) => self.shown().contains(&focused),
            None => panes.is_empty(),
        };
        unique && focus && self.root.as_ref().is_none_or(|root| root.is_sound(None))
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

impl<P: Clone + PartialEq> Node<P> {
    fn one(pane: P) -> Self {
        Self::Tabs(Tabs {
            panes: vec![pane],
            shown: 0,
        })
    }

    fn for_each_tabs<'a>(&'a self, look: &mut impl FnMut(&'a Tabs<P>)) {
        match self {
            Self::Tabs(tabs) => look(tabs),
            Self::Split(split) => {
                for part in &split.parts {
                    part.node.for_each_tabs(look);
                }
            }
        }
    }

    fn contains(&self, pane: &P) -> bool {
        match self {
            Self::Tabs(tabs) => tabs.panes.contains(pane),
            Self::Split(split) => split.parts.iter().any(|part| part.node.contains(pane)),
        }
    }

    fn tabs_of(&mut self, pane: &P) -> Option<&mut Tabs<P>> {
        match self {
            Self::Tabs(tabs) => tabs.panes.contains(pane).then_some(tabs),
            Self::Split(split) => {
                let mut parts = split.parts.iter_mut();
                parts.find_map(|part| part.node.tabs_of(pane))
            }
        }
    }

    fn split(&mut self, beside: &P, axis: Axis, pane: &P) -> bool {
        match self {
            Self::Tabs(tabs) if tabs.panes.contains(beside) => {
                let old = Part {
                    share: WHOLE / 2,
                    node: Self::Tabs(tabs.clone()),
                };
                let new = Part {
                    share: WHOLE / 2,
                    node: Self::one(pane.clone()),
                };
                let parts = vec![old, new];
                *self = Self::Split(Split { axis, parts });
                true
            }
            Self::Tabs(_) => false,
            Self::Split(split) => {
                let mut parts = split.parts.iter();
                let Some(at) = parts.position(|part| part.node.contains(beside)) else {
                    return false;
                };
                let part = &mut split.parts[at];
                if split.axis != axis || matches!(part.node, Self::Split(_)) {
                    return part.node.split(beside, axis, pane);
                }
                if part.share < 2 * SMALLEST {
                    return false;
                }
                let share = part.share / 2;
                part.share -= share;
                let node = Self::one(pane.clone());
                split.parts.insert(at + 1, Part { share, node });
                true
            }
        }
    }

    /// What is left without a pane.
    fn without(self, pane: &P) -> Option<Self> {
        match self {
            Self::Tabs(mut tabs) => {
                if let Some(at) = tabs.panes.iter().position(|other| other == pane) {
                    tabs.panes.remove(at);
                    if at < tabs.shown || tabs.shown == tabs.panes.len() {
                        tabs.shown = tabs.shown.saturating_sub(1);
                    }
                }
                (!tabs.panes.is_empty()).then_some(Self::Tabs(tabs))
            }
            Self::Split(Split { axis, parts }) => {
                let mut left = Vec::with_capacity(parts.len());
                for Part { share, node } in parts {
                    match node.without(pane) {
                        // What is left of a split may follow the same axis as this one.
                        Some(Self::Split(inner)) if inner.axis == axis => {
                            let scaled = inner.parts.into_iter().map(|part| Part {
                                share: scale(part.share, share, WHOLE),
                                ..part
                            });
                            left.extend(scaled);
                        }
                        Some(node) => left.push(Part { share, node }),
                        None => {}
                    }
                }
                if left.len() < 2 {
                    return Some(left.pop()?.node);
                }
                fill(&mut left);
                Some(Self::Split(Split { axis, parts: left }))
            }
        }
    }

    fn is_sound(&self, around: Option<Axis>) -> bool {
        match self {
            Self::Tabs(tabs) => tabs.shown < tabs.panes.len(),
            Self::Split(Split { axis, parts }) => {
                let whole: u64 = parts.iter().map(|part| u64::from(part.share)).sum();
                parts.len() > 1
                    && around != Some(*axis)
                    && whole == u64::from(WHOLE)
                    && parts
                        .iter()
                        .all(|part| part.share > 0 && part.node.is_sound(Some(*axis)))
            }
        }
    }
}

/// Makes the shares of parts add up to [`WHOLE`], as they are to each other.
fn fill<P>(parts: &mut [Part<P>]) {
    let sum = parts.iter().map(|part| part.share).sum();
    for part in &mut *parts {
        part.share = scale(part.share, WHOLE, sum);
    }
    // Rounding is made up for where it is seen least.
    let sum: u32 = parts.iter().map(|part| part.share).sum();
    if let Some(largest) = parts.iter_mut().max_by_key(|part| part.share) {
        largest.share = largest.share + WHOLE - sum;
    }
}

/// So many parts of `to`, as `share` is of `of`; one at least.
fn scale(share: u32, to: u32, of: u32) -> u32 {
    let scaled = u64::from(share) * u64::from(to) / u64::from(of.max(1));
    u32::try_from(scaled).unwrap_or(WHOLE).max(1)
}

#[cfg(test)]
mod tests;
