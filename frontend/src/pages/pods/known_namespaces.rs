//! The namespaces that somebody has named in this browser, the latest first.

use crate::browser::storage::KeptList;

/// Them.
pub(crate) const KNOWN_NAMESPACES: KeptList = KeptList {
    name: "podshell.namespaces",
    most: 12,
};
