//! xterm.js and all that is tied to it: its bindings, and what it lacks or does otherwise than a shell expects.

mod bindings;
mod cover;
mod decoder;
mod draw_queue;
pub(crate) mod keys;
pub(crate) mod links;
pub(crate) mod options;
pub(crate) mod paste;
pub(crate) mod program_clipboard;
pub(crate) mod prompt;
mod renderer;
pub(crate) mod screen_keys;
pub(crate) mod screen_reader;
pub(crate) mod screen_snapshot;
pub(crate) mod search;
mod sync_output;
pub(crate) mod terminal;
mod terminal_core;
pub(crate) mod terminal_event;
mod text;
mod theme;
mod touch;
mod widths;
