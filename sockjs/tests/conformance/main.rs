//! The rules of SockJS 0.3.3, class by class as its specification has them, over real sockets. The Hixie-76 draft of
//! the websocket transport alone is left out: no browser speaks it any more.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../examples/test_server/services.rs"]
mod services;

mod closing;
mod cookies;
mod encoding;
mod guard;
mod http_versions;
mod jsonp;
mod limits;
mod liveness;
mod polling;
mod sending;
mod streaming;
mod support;
mod urls;
mod websocket;
