//! A terminal that fills the window, and what stands around it.

mod composer;
mod debug_container;
pub(crate) mod default_container;
pub(crate) mod embedded;
mod ended;
pub(crate) mod page;
mod stage;
mod status_bar;
