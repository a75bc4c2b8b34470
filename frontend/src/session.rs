//! One terminal's session: it drives a client of the protocol, and ties it to a terminal and to what is shown of it.

pub(crate) mod controller;
mod driver;
mod events;
pub(crate) mod loss;
pub(crate) mod questions;
pub(crate) mod recent_shells;
pub(crate) mod saved_session;
pub(crate) mod status;
pub(crate) mod status_text;
mod title;
pub(crate) mod view;
