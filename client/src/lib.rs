//! The client's side of the terminal protocol: what the page, the tests and the benchmarks have in common.
//!
//! Pure by design: no I/O, no clock, no browser; it builds for wasm32 and natively.
//!
//! * [`Connection`]: a terminal's connection as a state machine, over as many sockets as it takes;
//! * [`transport`]: the ways to reach the server, and how messages are encoded in each;
//! * [`polling`]: SockJS over plain HTTP, where no WebSocket gets through.

mod connection;
pub mod polling;
pub mod transport;

pub use connection::{Bookmark, Connection, End, Info, Phase, Shown, Step, TAIL};
