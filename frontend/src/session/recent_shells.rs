//! The containers in which somebody has had shells in this browser, the latest first.

use podshell_shared::target::TargetRequest;

use crate::browser::storage;

/// Where they are kept, an address on each line.
const KEPT: &str = "podshell.recent";
/// How many are kept.
const MOST: usize = 8;

/// Them.
pub(crate) fn all() -> Vec<TargetRequest> {
    let kept = storage::local().and_then(|storage| storage.get_item(KEPT).ok().flatten());
    let target = |line: &str| {
        let (path, query) = line.split_once('?').unwrap_or((line, ""));
        TargetRequest::from_page(path, query)
    };
    kept.unwrap_or_default()
        .lines()
        .filter_map(target)
        .collect()
}

/// Somebody has a shell there.
pub(crate) fn remember(target: &TargetRequest) {
    let text = with_first(target, all()).join("\n");
    if let Some(storage) = storage::local() {
        // A browser that keeps nothing has no recent ones.
        storage.set_item(KEPT, &text).ok();
    }
}

/// Forgets those of somebody else.
pub(crate) fn forget() {
    if let Some(storage) = storage::local() {
        storage.remove_item(KEPT).ok();
    }
}

fn with_first(first: &TargetRequest, mut others: Vec<TargetRequest>) -> Vec<String> {
    others.retain(|other| other != first);
    others.insert(0, first.clone());
    others.truncate(MOST);
    others.iter().map(TargetRequest::page).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_comes_first_and_each_is_there_once() {
        let target = |pod: usize| {
            TargetRequest::from_page(&format!("shell/shop/web-{pod}/app"), "?shell=sh").unwrap()
        };
        let known = vec![target(1), target(2)];
        let expected = [target(2).page(), target(1).page()];
        assert_eq!(with_first(&target(2), known), expected);
        let many = (0..20).map(target).collect();
        let known = with_first(&target(30), many);
        assert_eq!((known.len(), &known[0]), (MOST, &target(30).page()));
    }
}
