//! Settings.

pub(crate) mod dialogue;
