//! The way to the server: connections for terminals, and calls to its HTTP API.

pub(crate) mod api;
pub(crate) mod body;
pub(crate) mod connection;
pub(crate) mod connection_event;
pub(crate) mod credential;
mod multiplex;
pub(crate) mod preferred_transport;
pub(crate) mod server_info;
pub(crate) mod server_time;
pub(crate) mod sign_in_mark;
pub(crate) mod streams;
mod web_socket;
