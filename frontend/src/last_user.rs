//! Who used the page last in this browser: what it has kept is theirs.

use podshell_shared::api::Me;

use crate::browser::storage;

/// Where their name is kept.
const KEPT: &str = "podshell.user";

/// Whether it is the same one, or the first.
pub(crate) fn is(me: &Me) -> bool {
    storage::kept(KEPT).is_none_or(|kept| Some(kept) == me.user)
}

/// Whether there was one who has a name.
pub(crate) fn is_kept() -> bool {
    storage::kept(KEPT).is_some()
}

/// From here on it is this one.
pub(crate) fn remember(me: &Me) {
    if let Some(user) = &me.user {
        storage::keep(KEPT, user);
    }
}
