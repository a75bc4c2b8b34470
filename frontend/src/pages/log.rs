//! A container's log where it is shown, and what stands around it.

pub(crate) mod stage;
pub(crate) mod status;
mod toolbar;
