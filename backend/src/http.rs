//! The HTTP API's handlers.

mod failure;
pub(crate) mod health;
pub(crate) mod mint;
pub(crate) mod pods;
pub(crate) mod ui;

pub(crate) use failure::Failure;
