//! What the log says of sessions: when each begins, is lost, goes on and ends, and how much went through it. Never what.

use bytes::Bytes;
use podshell_shared::terminal::{Exit, Size};
use tokio::time::{Duration, Instant};
use tracing::info;

use crate::session::{Identity, Observer, SessionId, SessionObserver, Target};

/// Writes to the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionLog;

impl Observer for SessionLog {
    fn begin(
        &self,
        id: SessionId,
        _: &Identity,
        target: &Target,
    ) -> Result<Option<Box<dyn SessionObserver>>, Exit> {
        let target = target.to_string();
        info!(%id, %target, "session begins");
        Ok(Some(Box::new(Entry {
            id,
            target,
            since: Instant::now(),
            output: 0,
            input: 0,
        })))
    }
}

/// One session in the log.
#[derive(Debug)]
struct Entry {
    id: SessionId,
    target: String,
    since: Instant,
    /// How many bytes came and went.
    output: u64,
    input: u64,
}

impl SessionObserver for Entry {
    fn output(&mut self, data: &Bytes) {
        self.output += data.len() as u64;
    }

    fn input(&mut self, data: &Bytes) {
        self.input += data.len() as u64;
    }

    fn resized(&mut self, _: Size) {}

    fn detached(&mut self, time: Duration) {
        info!(id = %self.id, target = %self.target, ?time, "session waits for its client");
    }

    fn resumed(&mut self, _: &Identity, offset: u64) {
        info!(id = %self.id, target = %self.target, offset, "session goes on");
    }

    fn ended(&mut self, exit: &Exit) {
        info!(
            id = %self.id,
            target = %self.target,
            reason = ?exit.reason,
            code = exit.code,
            output = self.output,
            input = self.input,
            seconds = self.since.elapsed().as_secs(),
            "session ended"
        );
    }

    fn failed(&mut self, exit: &Exit) {
        info!(id = %self.id, target = %self.target, reason = ?exit.reason, "session ended before it began");
    }
}
