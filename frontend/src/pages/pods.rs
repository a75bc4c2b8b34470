//! The list of pods, each container a way to a shell.

pub(crate) mod known_namespaces;
mod namespace_field;
pub(crate) mod page;
mod pod_summary;
mod row;
pub(crate) mod store;
mod table;
mod visible_rows;
