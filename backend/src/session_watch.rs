//! What is told of sessions: to the log, to the audit events, and to the metrics. When each begins, is lost, goes on and ends,
//! and how much went through it. Never what.

use std::sync::Arc;

use bytes::Bytes;
use podshell_shared::terminal::{EndReason, Exit, Size};
use tokio::time::{Duration, Instant};
use tracing::info;

use crate::{
    audit::{Audit, Entry, Event, Lost},
    metrics::{Metrics, StateLabel},
    session::{Identity, Observer, SessionId, SessionObserver, Target, failed},
};

/// Watches all sessions.
#[derive(Clone, Debug)]
pub(crate) struct SessionWatch {
    pub(crate) audit: Audit,
    pub(crate) metrics: Arc<Metrics>,
}

impl Observer for SessionWatch {
    fn begin(
        &self,
        id: SessionId,
        identity: &Identity,
        target: &Target,
    ) -> Result<Option<Box<dyn SessionObserver>>, Exit> {
        let begin = Entry::new(Event::SessionBegin)
            .of(id)
            .by(identity)
            .at(target);
        self.audit.must_write(&begin).map_err(|Lost| {
            failed(
                EndReason::NoAudit,
                "Podshell can't write down who does what, and must not open a shell without it.",
            )
        })?;
        info!(%id, %target, "session begins");
        self.metrics
            .sessions
            .get_or_create(&StateLabel::ATTACHED)
            .inc();
        Ok(Some(Box::new(Watched {
            watch: self.clone(),
            id,
            identity: identity.clone(),
            target: target.clone(),
            since: Instant::now(),
            state: StateLabel::ATTACHED,
            output: 0,
            input: 0,
        })))
    }
}

/// One session.
#[derive(Debug)]
struct Watched {
    watch: SessionWatch,
    id: SessionId,
    identity: Identity,
    target: Target,
    since: Instant,
    state: StateLabel,
    /// How many bytes came and went.
    output: u64,
    input: u64,
}

impl Watched {
    fn entry(&self, event: Event) -> Entry<'_> {
        Entry::new(event)
            .of(self.id)
            .by(&self.identity)
            .at(&self.target)
    }

    fn note(&self, event: Event) {
        self.watch.audit.note(&self.entry(event));
    }

    fn is_in(&mut self, state: StateLabel) {
        let sessions = &self.watch.metrics.sessions;
        sessions.get_or_create(&self.state).dec();
        sessions.get_or_create(&state).inc();
        self.state = state;
    }

    fn over(&self, exit: &Exit) {
        self.watch.metrics.session_ended(exit.reason);
        let seconds = self.since.elapsed().as_secs_f64();
        let entry = self.entry(Event::SessionEnd).ended(exit);
        let entry = entry.carried(self.output, self.input, seconds);
        self.watch.audit.note(&entry);
    }
}

impl SessionObserver for Watched {
    fn output(&mut self, data: &Bytes) {
        self.output += data.len() as u64;
        self.watch.metrics.output.inc_by(data.len() as u64);
    }

    fn drawn(&mut self, lag: Duration) {
        self.watch.metrics.drawn(lag);
    }

    fn input(&mut self, data: &Bytes) {
        self.input += data.len() as u64;
        self.watch.metrics.input.inc_by(data.len() as u64);
    }

    fn resized(&mut self, _: Size) {}

    fn started(&mut self) {
        self.watch.metrics.shell_started(self.since.elapsed());
        self.note(Event::SessionStart);
    }

    fn detached(&mut self, time: Duration) {
        info!(id = %self.id, target = %self.target, ?time, "session waits for its client");
        self.is_in(StateLabel::DETACHED);
        self.note(Event::SessionDetach);
    }

    fn resumed(&mut self, identity: &Identity, offset: u64) {
        info!(id = %self.id, target = %self.target, offset, "session goes on");
        self.is_in(StateLabel::ATTACHED);
        self.watch.metrics.resumes.inc();
        // From where may be another place.
        self.identity = identity.clone();
        self.note(Event::SessionResume);
    }

    fn taken_over(&mut self) {
        self.note(Event::SessionTakeover);
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
        self.over(exit);
    }

    fn failed(&mut self, exit: &Exit) {
        info!(id = %self.id, target = %self.target, reason = ?exit.reason, "session ended before it began");
        self.over(exit);
    }

    fn left_behind(&mut self) {
        self.watch.metrics.clean_ups_failed.inc();
        self.note(Event::SessionLeftBehind);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let sessions = &self.watch.metrics.sessions;
        sessions.get_or_create(&self.state).dec();
    }
}
