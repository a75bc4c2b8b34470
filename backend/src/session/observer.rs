//! The one tap for whoever watches sessions: the log, and later audit, recordings and metrics.
//!
//! The event loop calls it. Where nobody watches a session, that costs a branch for each message.

use std::fmt;

use bytes::Bytes;
use podshell_shared::terminal::{Exit, Size};
use tokio::time::Duration;

use super::{Identity, SessionId, Target};

/// Whoever watches sessions.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// A session begins: what watches it, if anything does.
    ///
    /// # Errors
    ///
    /// How the session ends if it must not go on unwatched.
    fn begin(
        &self,
        id: SessionId,
        identity: &Identity,
        target: &Target,
    ) -> Result<Option<Box<dyn SessionObserver>>, Exit>;
}

/// Whoever watches one session. It is dropped with the session, also if that never had a process.
///
/// No call may wait: all of them are made in the path of the terminal's bytes.
pub trait SessionObserver: fmt::Debug + Send {
    /// Output, as it came from the process. A clone of it shares its memory.
    fn output(&mut self, data: &Bytes);

    /// The client has drawn a piece of output so long after that went out: the distance both ways, and what waits before its
    /// screen. One piece is measured at a time.
    fn drawn(&mut self, _lag: Duration) {}

    /// Input, as it goes to the process. A clone of it shares its memory.
    fn input(&mut self, data: &Bytes);

    /// The terminal's size, as it goes to the process.
    fn resized(&mut self, size: Size);

    /// The shell has started.
    fn started(&mut self) {}

    /// The client is lost; for so long one may come back.
    fn detached(&mut self, time: Duration);

    /// A client goes on with the session, and has all output before the offset. It takes it from another client if that
    /// still had it.
    fn resumed(&mut self, identity: &Identity, offset: u64);

    /// Another client has taken the session from its own.
    fn taken_over(&mut self) {}

    /// The session is over.
    fn ended(&mut self, exit: &Exit);

    /// It was over before there was a process.
    fn failed(&mut self, exit: &Exit);

    /// What ran in its terminal may still run.
    fn left_behind(&mut self) {}
}
