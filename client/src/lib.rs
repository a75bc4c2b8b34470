//! The client's side of the terminal protocol: what the page, the tests and the benchmarks have in common.
//!
//! Pure by design: no I/O, no clock, no browser; it builds for wasm32 and natively.
//!
//! * [`Client`]: the client of one session, over as many connections as that takes. What it hears is in `receive`, how it
//!   comes by connections in `reconnect`, and what is to be done next in `actions`;
//! * its parts: `input` and `output`, which count bytes; `keepalive`, which knows whether the server lives; `backoff`, when to
//!   connect again, and `transport_fallback`, by which transport; `resize`;
//! * [`transport`]: the ways to reach the server; [`codec`]: how messages are encoded in each;
//! * [`polling`]: SockJS over plain HTTP, where no WebSocket gets through; [`multiplex`]: all terminals of a page over one
//!   such session.

mod actions;
mod backoff;
mod client;
pub mod codec;
mod input;
mod keepalive;
pub mod multiplex;
mod output;
pub mod polling;
mod receive;
mod reconnect;
mod resize;
pub mod transport;
mod transport_fallback;
mod types;

pub use client::Client;
pub use output::TAIL;
pub use types::{Action, End, Phase, ResumePoint, ScreenUpdate, ServerInfo, Traffic};
