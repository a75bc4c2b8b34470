//! Podshell's server: serves the page, and bridges its terminals to a Kubernetes cluster's exec API.
//!
//! Data passes through the rooms in this order: [`config`] is read, `front_door` lets a connection in,
//! `router` leads a request through `auth` to a handler in `api` or a connection in `wire`, which runs a [`session`]
//! between its client and a shell from [`cluster`].

mod api;
mod app;
mod auth;
mod burst;
mod choice;
mod clock;
pub mod cluster;
pub mod config;
mod descriptors;
mod error;
mod front_door;
mod minting;
mod page;
mod random;
mod readiness;
mod router;
mod secret;
mod secret_file;
mod server;
pub mod session;
mod session_log;
mod start_error;
mod wire;

pub use descriptors::TooFewDescriptors;
pub use secret_file::SecretFileError;
pub use server::{Bound, Drained, Links, Server};
pub use start_error::StartError;
