//! Who used the page last in this browser: what it has kept is theirs.

use podshell_shared::api::Me;

use crate::browser::storage;

/// Where their name is kept.
const KEPT: &str = "podshell.user";

/// Whether it is the same one, or the first.
pub(crate) fn is(me: &Me) -> bool {
    let kept = storage::local().and_then(|storage| storage.get_item(KEPT).ok().flatten());
    kept.is_none_or(|kept| Some(kept) == me.user)
}

/// From here on it is this one.
pub(crate) fn remember(me: &Me) {
    if let (Some(storage), Some(user)) = (storage::local(), &me.user) {
        // A browser that keeps nothing keeps nothing of theirs either.
        storage.set_item(KEPT, user).ok();
    }
}
