//! The server over real sockets: what clients and handlers see of it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../examples/test_server/services.rs"]
mod services;

mod conformance;
mod http;
mod lifetime;
mod raw;
mod support;
mod websocket;
