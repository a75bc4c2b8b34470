//! A terminal that fills the window, and what stands around it.

pub(crate) mod composer;
pub(crate) mod connection_details;
pub(crate) mod debug_container;
pub(crate) mod default_container;
pub(crate) mod embedded;
pub(crate) mod ended;
mod search_box;
pub(crate) mod stage;
mod start;
pub(crate) mod status_bar;
