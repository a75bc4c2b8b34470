//! What the browser keeps: for as long as a tab is open, or for good.

use leptos::prelude::window;
use web_sys::Storage;

/// What is kept for as long as the tab is open; [`None`] in a browser that keeps nothing.
pub(crate) fn tab() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

/// What is kept for good; [`None`] in a browser that keeps nothing.
pub(crate) fn local() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// What is kept for good by a name.
pub(crate) fn kept(name: &str) -> Option<String> {
    local()?.get_item(name).ok().flatten()
}

/// Keeps a text for good. A browser that keeps nothing begins anew next time.
pub(crate) fn keep(name: &str, text: &str) {
    if let Some(storage) = local() {
        storage.set_item(name, text).ok();
    }
}

/// A list that is kept for good: a line each, the latest first, and no more than so many.
pub(crate) struct KeptList {
    pub(crate) name: &'static str,
    pub(crate) most: usize,
}

impl KeptList {
    /// What is in it.
    pub(crate) fn all(&self) -> Vec<String> {
        let kept = kept(self.name).unwrap_or_default();
        kept.lines().map(str::to_owned).collect()
    }

    /// Puts a line first, wherever it was.
    pub(crate) fn remember(&self, line: &str) {
        let known = self.all();
        if known.first().is_none_or(|first| first != line) {
            keep(self.name, &self.with_first(line, known).join("\n"));
        }
    }

    /// Keeps none of it any more.
    pub(crate) fn forget(&self) {
        if let Some(storage) = local() {
            storage.remove_item(self.name).ok();
        }
    }

    fn with_first(&self, first: &str, mut others: Vec<String>) -> Vec<String> {
        others.retain(|other| other != first);
        others.insert(0, first.to_owned());
        others.truncate(self.most);
        others
    }
}

/// What is kept by a name, and is kept no more from here on.
pub(crate) fn take(storage: Option<Storage>, name: &str) -> Option<String> {
    let storage = storage?;
    let text = storage.get_item(name).ok().flatten()?;
    storage.remove_item(name).ok()?;
    Some(text)
}

/// Keeps nothing any more whose name begins so.
pub(crate) fn forget(storage: Option<Storage>, prefix: &str) {
    let Some(storage) = storage else { return };
    let count = storage.length().unwrap_or_default();
    let names = (0..count).filter_map(|at| storage.key(at).ok()?);
    // Each that is removed is counted no more.
    let names: Vec<_> = names.filter(|name| name.starts_with(prefix)).collect();
    for name in names {
        // A browser that keeps it keeps it.
        storage.remove_item(&name).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::KeptList;

    #[test]
    fn the_latest_comes_first_and_each_is_there_once() {
        let list = KeptList { name: "", most: 8 };
        let known = ["shop", "jobs"].map(str::to_owned);
        assert_eq!(list.with_first("jobs", known.to_vec()), ["jobs", "shop"]);
        let many = (0..list.most).map(|number| number.to_string()).collect();
        let known = list.with_first("new", many);
        assert_eq!((known.len(), &*known[0]), (list.most, "new"));
    }
}
