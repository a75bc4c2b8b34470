//! Whether the dashboard can be one: its panels have ids of their own, ask something, and lie beside each other.

use std::{collections::BTreeSet, fs};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::places::Places;

/// How many columns Grafana has.
const COLUMNS: u64 = 24;

/// Checks the dashboard.
pub(super) fn check(places: &Places) -> Result<()> {
    let path = places.repository.join("deploy/grafana/podshell.json");
    let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let dashboard: Value =
        serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", path.display()))?;
    faults(&dashboard).with_context(|| format!("in {}", path.display()))
}

fn faults(dashboard: &Value) -> Result<()> {
    let panels = dashboard["panels"]
        .as_array()
        .context("there are no panels")?;
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels {
        let title = panel["title"].as_str().context("a panel has no title")?;
        let id = panel["id"].as_u64();
        if !ids.insert(id.with_context(|| format!("{title:?} has no id"))?) {
            bail!("{title:?} has the id of another panel");
        }
        let side = |name: &str| panel["gridPos"][name].as_u64().unwrap_or_default();
        let (left, top, width, height) = (side("x"), side("y"), side("w"), side("h"));
        if width == 0 || height == 0 || left + width > COLUMNS {
            bail!("{title:?} has no room");
        }
        let cells = (left..left + width).flat_map(|x| (top..top + height).map(move |y| (x, y)));
        for cell in cells {
            if !taken.insert(cell) {
                bail!("{title:?} lies over another panel");
            }
        }
        let targets = panel["targets"].as_array().map_or(&[][..], Vec::as_slice);
        let asks = |target: &Value| target["expr"].as_str().is_some_and(|expr| !expr.is_empty());
        if panel["type"] != "row" && (targets.is_empty() || !targets.iter().all(asks)) {
            bail!("{title:?} asks nothing");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn panels_have_room_and_a_question() {
        let panel = |id: u64, x: u64, expr: &str| {
            json!({
                "id": id, "title": "a", "type": "stat",
                "gridPos": {"x": x, "y": 0, "w": 12, "h": 4}, "targets": [{"expr": expr}],
            })
        };
        let fault = |panels: Value| {
            let found = faults(&json!({"panels": panels}));
            found.err().map(|error| error.to_string())
        };
        assert_eq!(fault(json!([panel(1, 0, "up"), panel(2, 12, "up")])), None);
        for (panels, word) in [
            (json!([panel(1, 0, "up"), panel(1, 12, "up")]), "id"),
            (json!([panel(1, 0, "up"), panel(2, 11, "up")]), "over"),
            (json!([panel(1, 13, "up")]), "room"),
            (json!([panel(1, 0, "")]), "nothing"),
        ] {
            assert!(
                fault(panels).is_some_and(|error| error.contains(word)),
                "{word}"
            );
        }
    }
}
