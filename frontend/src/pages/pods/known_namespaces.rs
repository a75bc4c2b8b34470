//! The namespaces that somebody has named in this browser, the latest first.

use crate::browser::storage;

/// Where they are kept, a line each.
const KEPT: &str = "podshell.namespaces";
/// How many are kept.
const MOST: usize = 12;

/// Those that were named before.
pub(crate) fn all() -> Vec<String> {
    let kept = storage::local().and_then(|storage| storage.get_item(KEPT).ok().flatten());
    let kept = kept.unwrap_or_default();
    kept.lines().map(str::to_owned).collect()
}

/// Somebody has looked at this one.
pub(crate) fn remember(namespace: &str) {
    let known = all();
    if known.first().is_some_and(|first| first == namespace) {
        return;
    }
    let text = with_first(namespace, known).join("\n");
    if let Some(storage) = storage::local() {
        // A browser that keeps nothing asks again next time.
        storage.set_item(KEPT, &text).ok();
    }
}

/// Forgets what somebody else has named.
pub(crate) fn forget() {
    if let Some(storage) = storage::local() {
        storage.remove_item(KEPT).ok();
    }
}

fn with_first(first: &str, mut others: Vec<String>) -> Vec<String> {
    others.retain(|other| other != first);
    others.insert(0, first.to_owned());
    others.truncate(MOST);
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_comes_first_and_each_is_there_once() {
        let known = ["shop", "jobs"].map(str::to_owned);
        assert_eq!(with_first("jobs", known.to_vec()), ["jobs", "shop"]);
        let many = (0..MOST).map(|number| number.to_string()).collect();
        let known = with_first("new", many);
        assert_eq!((known.len(), &*known[0]), (MOST, "new"));
    }
}
