//! What the server and the page say to each other: the terminal protocol and the API's types.
//!
//! Pure by design: no I/O, no clock, no platform; it builds for wasm32 and natively.
//!
//! * [`terminal`]: the messages of a terminal connection;
//! * [`text`]: their JSON encoding, the one that Kubernetes Dashboard made known;
//! * [`binary`]: their encoding as bytes, which leaves terminal bytes as they are;
//! * [`close`]: what the code says with which a connection ends;
//! * [`multiplex`]: how the terminals of a page share a connection where each can't have its own;
//! * [`names`]: what can be the name of something in Kubernetes;
//! * [`target`]: where a terminal is asked for, and the addresses that say so;
//! * [`log`]: what of a container's log is asked for;
//! * [`log_lines`]: what a client makes of one, over answers that break off;
//! * [`utf8`]: cutting a byte stream into text only where a character ends;
//! * [`api`]: what the HTTP API answers;
//! * [`known_pods`]: what a client knows of the pods, by answer laid over answer.
//!
//! `docs/protocol.md` describes both encodings with examples, which this crate's tests check.

pub mod api;
pub mod binary;
pub mod close;
pub mod known_pods;
pub mod log;
pub mod log_lines;
pub mod multiplex;
pub mod names;
pub mod target;
pub mod terminal;
pub mod text;
pub mod utf8;
