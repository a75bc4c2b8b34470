//! What the user has open, shown or not: panes, and how they are arranged.

pub(crate) mod any_pane;
pub(crate) mod layout;
pub(crate) mod log_pane;
pub(crate) mod open_panes;
pub(crate) mod open_terminals;
pub(crate) mod pane;
mod saved_layout;
pub(crate) mod terminal_pane;
