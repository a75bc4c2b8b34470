//! The pages, a folder each.

pub(crate) mod pods;
pub(crate) mod sign_in;
pub(crate) mod terminal;
