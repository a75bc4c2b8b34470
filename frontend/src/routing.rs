//! The page's addresses, what they lead to, and links between them.

pub(crate) mod navigation;
mod percent_encoding;
pub(crate) mod route;
pub(crate) mod target;
