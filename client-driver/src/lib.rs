//! Drives `podshell-client` natively, as the page does in a browser, so that the page's own state machine and codecs meet the
//! server in tests, in the soak and in the benchmarks.
//!
//! * [`Driver`]: makes the connections that the client asks for, sends what it says, and keeps its time;
//! * `web_socket` and `multiplex`: a connection by each transport; [`Multiplexes`] are what the terminals of a page share
//!   over plain HTTP;
//! * [`connection`]: a connection for those who do what no client does.

pub mod connection;
mod driver;
mod multiplex;
mod transport_event;
mod web_socket;

pub use driver::Driver;
pub use multiplex::Multiplexes;
