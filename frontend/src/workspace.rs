//! The user's open terminals, shown or not.

pub(crate) mod running;
pub(crate) mod terminals;
