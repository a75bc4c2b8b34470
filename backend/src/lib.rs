//! Podshell's server: serves the page, and bridges its terminals to a Kubernetes cluster's exec API.
//!
//! Data passes through the rooms in this order: [`config`] is read, `front_door` lets a connection in,
//! `router` leads a request through `auth` to a handler in `api` or a connection in `wire`, which runs a [`session`]
//! between its client and a shell from [`cluster`].

mod api;
mod app;
mod audit;
mod auth;
mod burst;
mod choice;
mod clock;
pub mod cluster;
pub mod config;
mod container_logs;
mod descriptors;
mod error;
mod front_door;
mod metrics;
mod minting;
mod openid;
mod page;
mod random;
mod readiness;
mod request_watch;
mod router;
mod secret;
mod secret_file;
mod server;
pub mod session;
mod session_watch;
mod start_error;
mod switches;
mod wire;

pub use descriptors::TooFewDescriptors;
pub use front_door::TlsError;
pub use secret_file::SecretFileError;
pub use server::{Bound, Drained, Links, Server};
pub use start_error::StartError;
