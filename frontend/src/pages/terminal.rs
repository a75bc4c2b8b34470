//! A terminal that fills the window, and what stands around it.

mod composer;
mod debug_container;
mod ended;
pub(crate) mod page;
mod status_bar;
