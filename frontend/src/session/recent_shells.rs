//! The containers in which somebody has had shells in this browser, the latest first, by their addresses.

use podshell_shared::target::TargetRequest;

use crate::browser::storage::KeptList;

/// Them.
pub(crate) const RECENT_SHELLS: KeptList = KeptList {
    name: "podshell.recent",
    most: 8,
};

/// Those that can be read.
pub(crate) fn all() -> Vec<TargetRequest> {
    let kept = RECENT_SHELLS.all();
    let targets = kept
        .iter()
        .filter_map(|page| TargetRequest::from_address(page));
    targets.collect()
}
