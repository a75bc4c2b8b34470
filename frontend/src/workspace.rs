//! The user's open terminals, shown or not.

pub(crate) mod open_terminals;
pub(crate) mod terminals;
