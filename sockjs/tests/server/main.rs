//! The server over real sockets: what clients and handlers see of it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod http;
mod lifetime;
mod raw;
mod support;
mod websocket;
