//! The life of terminal sessions, free of any transport and of Kubernetes.
//!
//! Data comes in through [`ClientReader`] and [`ProcessReader`] and leaves through [`ClientWriter`]
//! and [`ProcessWriter`], which `wire` and `cluster` implement. A [`Session`] is owned by one task at a
//! time: that of its client's connection, or while it has none, one of the registry's.

mod event_loop;
mod exit;
mod flow;
mod frame;
mod identity;
mod observer;
mod ports;
mod registry;
mod state;
mod target;
mod ticket;

pub(crate) use self::exit::{failed, gone, no_session, shutting_down, signed_out};
pub use self::{
    event_loop::Session,
    frame::Output,
    identity::{Caller, Identity, SessionId, User},
    observer::{Observer, SessionObserver},
    ports::{
        ClientEvent, ClientReader, ClientWriter, Gone, Permit, ProcessEnd, ProcessEvent,
        ProcessReader, ProcessWriter, Remains, RunningProcess, TerminalBackend, ToClient,
        ToProcess,
    },
    registry::{Limits, Sessions},
    target::{Mode, Shell, Target, TargetRequest, UnknownShell},
    ticket::{KeysError, Refused, Scope, TicketKeys, Tickets},
};
