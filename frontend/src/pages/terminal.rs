//! A terminal that fills the window, and what stands around it.

pub(crate) mod composer;
mod debug_container;
mod ended;
pub(crate) mod page;
pub(crate) mod status_bar;
