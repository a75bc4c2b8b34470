//! How the panes of a page were arranged, for the page that is loaded in its place.
//!
//! As with what was in them, it is there only between the two.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    browser::storage,
    routing::pane_target::PaneTarget,
    workspace::{layout::Layout, pane::PaneId},
};

/// Where it lies.
const NAME: &str = "podshell.layout";

/// An arrangement, and what each of its panes is.
#[derive(Debug, Default)]
pub(super) struct SavedLayout {
    pub(super) layout: Layout<PaneId>,
    pub(super) targets: BTreeMap<PaneId, PaneTarget>,
}

/// It as text: the layout in its own form, panes by the address that each has alone.
#[derive(Serialize, Deserialize)]
struct Written {
    layout: String,
    panes: BTreeMap<PaneId, String>,
}

/// Leaves it behind.
pub(super) fn save(saved: &SavedLayout) {
    let page = |(id, target): (&PaneId, &PaneTarget)| (*id, target.page());
    let written = Written {
        layout: saved.layout.to_text(),
        panes: saved.targets.iter().map(page).collect(),
    };
    let text = serde_json::to_string(&written).expect("strings and numbers are always JSON");
    if let Some(storage) = storage::tab() {
        // Without room for it the next page begins with what its address names.
        storage.set_item(NAME, &text).ok();
    }
}

/// Takes what was left behind, if anything. Each pane of the layout has a target then.
pub(super) fn take() -> SavedLayout {
    let text = storage::take(storage::tab(), NAME);
    text.and_then(|text| read(&text)).unwrap_or_default()
}

/// Another version of the page may have written it.
fn read(text: &str) -> Option<SavedLayout> {
    let written: Written = serde_json::from_str(text).ok()?;
    let mut layout = Layout::from_text(&written.layout)?;
    let mut targets = BTreeMap::new();
    for id in layout.panes() {
        if let Some(target) = PaneTarget::from_address(written.panes.get(&id)?) {
            targets.insert(id, target);
        } else {
            layout.close(&id);
        }
    }
    Some(SavedLayout { layout, targets })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::layout::Axis;

    #[test]
    fn what_was_left_is_read_and_nothing_else() {
        let mut layout = Layout::default();
        layout.open(PaneId(3));
        layout.split(&PaneId(3), Axis::Vertical, &PaneId(7));
        let written = |pages: &[(u32, &str)]| {
            let panes = pages.iter();
            let panes = panes.map(|(id, page)| (PaneId(*id), (*page).to_owned()));
            let layout = layout.to_text();
            let panes = panes.collect();
            serde_json::to_string(&Written { layout, panes }).unwrap()
        };
        let text = written(&[
            (3, "shell/shop/web-0/app"),
            (7, "log/shop/db-0/pg?previous=1"),
        ]);
        let saved = read(&text).unwrap();
        assert_eq!(saved.layout, layout);
        let pods = saved.targets.values().map(|target| target.names()[1]);
        assert_eq!(pods.collect::<Vec<_>>(), ["web-0", "db-0"]);
        // A pane that is nothing has no place.
        let saved = read(&written(&[(3, "elsewhere"), (7, "shell/shop/db-0/pg")])).unwrap();
        assert_eq!(saved.layout.panes(), [PaneId(7)]);
        assert_eq!(saved.targets.len(), 1);
        let missing = written(&[(3, "shell/shop/web-0/app")]);
        for odd in ["", "{}", "null", &missing] {
            assert!(read(odd).is_none(), "{odd}");
        }
    }
}
