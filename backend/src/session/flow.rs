//! How output flows: what waits for the client, how much may be under way to it, and what a Ctrl-C leaves out.

pub(super) mod flood;
pub(super) mod output_buffer;
pub(super) mod screen;
pub(super) mod window;
