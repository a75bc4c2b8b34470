//! The pages, a folder each.

pub(crate) mod log;
pub(crate) mod not_found;
pub(crate) mod pods;
pub(crate) mod settings;
mod shown_pane;
pub(crate) mod sign_in;
pub(crate) mod terminal;
pub(crate) mod workspace;
