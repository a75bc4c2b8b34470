//! The page's addresses, what they lead to, and links between them.

pub(crate) mod list_address;
pub(crate) mod navigation;
pub(crate) mod pane_target;
pub(crate) mod route;
