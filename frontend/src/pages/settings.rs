//! Settings.

pub(crate) mod dialogue;
mod sample;
