//! The list of pods, each container a way to a shell.

mod container_row;
mod debug_dialogue;
pub(crate) mod entry;
mod first_visit;
mod keys;
pub(crate) mod known_namespaces;
mod known_rights;
mod lines;
mod namespace_field;
pub(crate) mod order;
pub(crate) mod page;
pub(crate) mod pod_summary;
mod row;
pub(crate) mod store;
mod table;
mod visible_rows;
