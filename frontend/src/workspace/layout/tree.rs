//! The panes of a tab: beside and above each other, as a tree of splits.

use serde::{Deserialize, Serialize};

/// What the shares of a split's parts add up to, and how wide and high a tab is.
pub(crate) const WHOLE: u32 = 1_000_000;
/// No divider makes a part smaller than this.
const SMALLEST: u32 = WHOLE / 20;

/// A place of a tab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Node<P> {
    Pane(P),
    Split(Split<P>),
}

/// Places beside each other, two or more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Split<P> {
    pub(super) axis: Axis,
    pub(super) parts: Vec<Part<P>>,
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
pub(super) struct Part<P> {
    /// How much of the split it takes, of [`WHOLE`].
    pub(super) share: u32,
    pub(super) node: Node<P>,
}

/// Where a user wants to go from a pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Left,
    Right,
    Up,
    Down,
}

/// Where something is in a tab; each in parts of [`WHOLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Where a pane is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place<P> {
    pub(crate) pane: P,
    pub(crate) area: Area,
}

/// What stands between two parts of a split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Divider {
    /// Which part of each split to go into, and at last behind which part of the split it stands.
    pub(crate) path: Vec<usize>,
    /// That of the split: the divider stands across it.
    pub(crate) axis: Axis,
    /// Both parts together.
    pub(crate) area: Area,
    /// How much they take of their split, of [`WHOLE`].
    pub(crate) both: u32,
    /// How much of that is before it, in percent.
    pub(crate) percent: u32,
}

impl Area {
    const ALL: Self = Self {
        left: 0,
        top: 0,
        width: WHOLE,
        height: WHOLE,
    };

    /// What a part of it takes that begins at `from`.
    fn part(self, axis: Axis, from: u32, share: u32) -> Self {
        match axis {
            Axis::Horizontal => Self {
                left: self.left + scale(from, self.width, WHOLE),
                width: scale(share, self.width, WHOLE),
                ..self
            },
            Axis::Vertical => Self {
                top: self.top + scale(from, self.height, WHOLE),
                height: scale(share, self.height, WHOLE),
                ..self
            },
        }
    }
}

impl<P> Place<P> {
    /// Shown alone.
    pub(super) fn whole(pane: P) -> Self {
        let area = Area::ALL;
        Self { pane, area }
    }
}

impl<P: Clone + PartialEq> Node<P> {
    pub(super) fn contains(&self, pane: &P) -> bool {
        match self {
            Self::Pane(one) => one == pane,
            Self::Split(split) => split.parts.iter().any(|part| part.node.contains(pane)),
        }
    }

    /// Where each pane is, in reading order.
    pub(super) fn places(&self) -> Vec<Place<P>> {
        let mut places = Vec::new();
        self.look(Area::ALL, &mut Vec::new(), &mut |seen| {
            if let Seen::Pane(pane, area) = seen {
                let pane = pane.clone();
                places.push(Place { pane, area });
            }
        });
        places
    }

    pub(super) fn dividers(&self) -> Vec<Divider> {
        let mut dividers = Vec::new();
        self.look(Area::ALL, &mut Vec::new(), &mut |seen| {
            if let Seen::Divider(divider) = seen {
                dividers.push(divider);
            }
        });
        dividers
    }

    fn look<'a>(&'a self, area: Area, path: &mut Vec<usize>, seen: &mut impl FnMut(Seen<'a, P>)) {
        let Split { axis, parts } = match self {
            Self::Pane(pane) => return seen(Seen::Pane(pane, area)),
            Self::Split(split) => split,
        };
        let mut from = 0;
        for (at, Part { share, node }) in parts.iter().enumerate() {
            path.push(at);
            node.look(area.part(*axis, from, *share), path, seen);
            if let Some(next) = parts.get(at + 1) {
                let both = share + next.share;
                seen(Seen::Divider(Divider {
                    path: path.clone(),
                    axis: *axis,
                    area: area.part(*axis, from, both),
                    both,
                    percent: scale(*share, 100, both),
                }));
            }
            path.pop();
            from += share;
        }
    }

    /// Puts a pane into the place of another.
    pub(super) fn replace(&mut self, old: &P, new: &P) {
        match self {
            Self::Pane(one) if one == old => *one = new.clone(),
            Self::Pane(_) => {}
            Self::Split(split) => {
                for part in &mut split.parts {
                    part.node.replace(old, new);
                }
            }
        }
    }

    /// The path of the divider along an axis that is next to a pane: behind it, or before it if it is the last.
    pub(super) fn divider_beside(&self, pane: &P, along: Axis) -> Option<Vec<usize>> {
        let Self::Split(Split { axis, parts }) = self else {
            return None;
        };
        let at = parts.iter().position(|part| part.node.contains(pane))?;
        if let Some(mut path) = parts[at].node.divider_beside(pane, along) {
            path.insert(0, at);
            return Some(path);
        }
        (*axis == along).then(|| vec![at.min(parts.len() - 2)])
    }

    pub(super) fn split(&mut self, beside: &P, axis: Axis, pane: &P) -> bool {
        match self {
            Self::Pane(one) if one == beside => {
                let part = |node| Part {
                    share: WHOLE / 2,
                    node,
                };
                let parts = vec![part(self.clone()), part(Self::Pane(pane.clone()))];
                *self = Self::Split(Split { axis, parts });
                true
            }
            Self::Pane(_) => false,
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
                let node = Self::Pane(pane.clone());
                split.parts.insert(at + 1, Part { share, node });
                true
            }
        }
    }

    /// What is left without a pane.
    pub(super) fn without(self, pane: &P) -> Option<Self> {
        let Split { axis, parts } = match self {
            Self::Pane(one) => return (one != *pane).then_some(Self::Pane(one)),
            Self::Split(split) => split,
        };
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
            return left.pop().map(|part| part.node);
        }
        fill(&mut left);
        Some(Self::Split(Split { axis, parts: left }))
    }

    /// Moves the divider at the end of a path, or puts it into the middle.
    pub(super) fn move_divider(&mut self, path: &[usize], by: Option<i32>) -> bool {
        let Some((part, path)) = path.split_last() else {
            return false;
        };
        let mut node = self;
        for &at in path {
            let Self::Split(split) = node else {
                return false;
            };
            let Some(part) = split.parts.get_mut(at) else {
                return false;
            };
            node = &mut part.node;
        }
        let Self::Split(split) = node else {
            return false;
        };
        let Some([before, behind]) = split.parts.get_mut(*part..=part.saturating_add(1)) else {
            return false;
        };
        let both = before.share + behind.share;
        // What is small already gets no smaller.
        let least = SMALLEST.min(before.share).min(behind.share);
        let moved = match by {
            Some(by) => before.share.saturating_add_signed(by),
            None => both / 2,
        };
        before.share = moved.clamp(least, both - least);
        behind.share = both - before.share;
        true
    }

    /// Gives each part as much as there are panes side by side in it.
    pub(super) fn make_equal(&mut self) {
        let Self::Split(split) = self else { return };
        let axis = split.axis;
        for part in &mut split.parts {
            part.node.make_equal();
            part.share = part.node.count_along(axis);
        }
        fill(&mut split.parts);
    }

    /// How many panes follow each other along an axis, where they are the most.
    fn count_along(&self, axis: Axis) -> u32 {
        let Self::Split(split) = self else { return 1 };
        let counts = split.parts.iter().map(|part| part.node.count_along(axis));
        if split.axis == axis {
            counts.sum()
        } else {
            counts.max().unwrap_or(1)
        }
    }

    /// Whether it is as all are, within a split along `axis`.
    pub(super) fn is_sound(&self, within: Option<Axis>) -> bool {
        let Self::Split(Split { axis, parts }) = self else {
            return true;
        };
        let sum: u64 = parts.iter().map(|part| u64::from(part.share)).sum();
        parts.len() > 1
            && Some(*axis) != within
            && sum == u64::from(WHOLE)
            && parts
                .iter()
                .all(|part| part.share > 0 && part.node.is_sound(Some(*axis)))
    }
}

/// What is met on the way through a tree.
enum Seen<'a, P> {
    Pane(&'a P, Area),
    Divider(Divider),
}

/// The pane that stands next to another in a direction: of those that touch it, the one that shares most of the border, and of
/// such the first.
pub(super) fn neighbour<'a, P: PartialEq>(
    places: &'a [Place<P>],
    pane: &P,
    direction: Direction,
) -> Option<&'a P> {
    let here = places.iter().find(|place| place.pane == *pane)?.area;
    let shared = |other: &Area| -> i64 {
        let ends = |area: &Area| match direction {
            Direction::Left | Direction::Right => (area.top, area.top + area.height),
            Direction::Up | Direction::Down => (area.left, area.left + area.width),
        };
        let ((from, to), (start, end)) = (ends(&here), ends(other));
        i64::from(to.min(end)) - i64::from(from.max(start))
    };
    let touches = |other: &Area| {
        let [one, two] = match direction {
            Direction::Left => [other.left + other.width, here.left],
            Direction::Right => [here.left + here.width, other.left],
            Direction::Up => [other.top + other.height, here.top],
            Direction::Down => [here.top + here.height, other.top],
        };
        // Rounding takes a little from each part.
        one.abs_diff(two) < SMALLEST / 10
    };
    let beside = places
        .iter()
        .filter(|place| place.pane != *pane && touches(&place.area) && shared(&place.area) > 0);
    // The last of equal ones is the greatest, so they are looked at from the last.
    let nearest = beside.rev().max_by_key(|place| shared(&place.area));
    nearest.map(|place| &place.pane)
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

/// So many parts of `to`, as `share` is of `of`.
fn scale(share: u32, to: u32, of: u32) -> u32 {
    let scaled = u64::from(share) * u64::from(to) / u64::from(of.max(1));
    u32::try_from(scaled)
        .unwrap_or(WHOLE)
        .max(u32::from(share > 0))
}
