//! A container's log on the page: it is read, its lines are kept and cleaned, and put on a terminal.

pub(crate) mod controller;
mod drawn;
mod kept_lines;
mod keys;
mod line;
mod local_time;
mod reader;
mod reading;
pub(crate) mod view;
