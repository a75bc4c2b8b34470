//! A SockJS server for axum, and the SockJS frame codec on its own.
#![cfg_attr(feature = "server", doc = "", doc = include_str!("../README.md"))]

pub mod frame;

#[cfg(feature = "server")]
mod address;
#[cfg(feature = "server")]
mod builder;
#[cfg(feature = "server")]
mod cors;
#[cfg(feature = "server")]
mod ended;
#[cfg(feature = "server")]
mod endpoints;
#[cfg(feature = "server")]
mod format;
#[cfg(feature = "server")]
mod framing;
#[cfg(feature = "server")]
mod guard;
#[cfg(feature = "server")]
mod iframe;
#[cfg(feature = "server")]
mod intake;
#[cfg(feature = "server")]
mod liveness;
#[cfg(feature = "server")]
mod pace;
#[cfg(feature = "server")]
mod progress;
#[cfg(feature = "server")]
mod queue;
#[cfg(feature = "server")]
mod receiving;
#[cfg(feature = "server")]
mod registry;
#[cfg(feature = "server")]
mod room;
#[cfg(feature = "server")]
mod sending;
#[cfg(feature = "server")]
mod session;
#[cfg(feature = "server")]
mod transports;
#[cfg(feature = "server")]
mod websocket;

#[cfg(feature = "server")]
pub use self::{
    builder::Builder,
    ended::{Closed, Ended, SendBinaryError},
    framing::Message,
    guard::Guard,
    room::Room,
    session::{Permit, Receiver, Sender, Session},
};
