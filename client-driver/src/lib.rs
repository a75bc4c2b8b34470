//! Drives `podshell-client` natively, as the page does in a browser, so that the page's own state machine and codecs meet the
//! server in tests, in the soak and in the benchmarks.
//!
//! * [`Driver`]: makes the connections that the client asks for, sends what it says, and keeps its time;
//! * `web_socket` and `sockjs_http`: a connection by each transport;
//! * [`connection`]: a connection for those who do what no client does.

pub mod connection;
mod driver;
mod sockjs_http;
mod transport_event;
mod web_socket;

pub use driver::Driver;
