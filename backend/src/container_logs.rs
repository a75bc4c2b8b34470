//! The logs that are read: how many there may be, and what is told of each to the log, to the audit events and to the metrics.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::http::StatusCode;
use podshell_shared::{api::ErrorCode, terminal::EndReason};
use tokio::time::Instant;

use crate::{
    audit::{Audit, Entry, Event, Lost},
    error::Failure,
    metrics::Metrics,
    session::{Caller, Identity},
};

/// How many logs may be read at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogLimits {
    /// In all.
    pub(crate) all: usize,
    /// By one caller.
    pub(crate) per_caller: usize,
}

/// The logs that are read. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Logs(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: LogLimits,
    audit: Audit,
    metrics: Arc<Metrics>,
    /// How many each caller reads.
    callers: Mutex<HashMap<Caller, usize>>,
}

/// Room for a log; free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    logs: Logs,
    caller: Caller,
}

/// A log that is read, until this is dropped.
#[derive(Debug)]
pub(crate) struct Reading {
    place: Place,
    identity: Identity,
    namespace: String,
    pod: String,
    container: String,
    since: Instant,
    bytes: u64,
    end: EndReason,
}

impl Logs {
    /// None is read yet.
    pub(crate) fn new(limits: LogLimits, audit: Audit, metrics: Arc<Metrics>) -> Self {
        Self(Arc::new(Inner {
            limits,
            audit,
            metrics,
            callers: Mutex::default(),
        }))
    }

    /// Room for one more of this caller.
    pub(crate) fn enter(&self, caller: &Caller) -> Result<Place, Failure> {
        let LogLimits { all, per_caller } = self.0.limits;
        let mut callers = self.callers();
        let full = |code, message: &str| {
            let failure = Failure::new(StatusCode::TOO_MANY_REQUESTS, code, message);
            Err(failure.hint("Close one, or try again later."))
        };
        if callers.values().sum::<usize>() >= all {
            return full(
                ErrorCode::TooManyLogs,
                "As many logs are read here at once as this server allows.",
            );
        }
        if callers.get(caller).is_some_and(|own| *own >= per_caller) {
            return full(
                ErrorCode::TooManyOwnLogs,
                "You read as many logs at once as this server allows one person.",
            );
        }
        *callers.entry(caller.clone()).or_default() += 1;
        Ok(Place {
            logs: self.clone(),
            caller: caller.clone(),
        })
    }

    fn callers(&self) -> MutexGuard<'_, HashMap<Caller, usize>> {
        let callers = self.0.callers.lock();
        callers.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// A log is there to be read in it.
    ///
    /// # Errors
    ///
    /// If that must be written down, and can't be.
    pub(crate) fn begin(
        self,
        identity: &Identity,
        namespace: String,
        pod: String,
        container: String,
    ) -> Result<Reading, Failure> {
        let entry = Entry::new(Event::LogBegin).by(identity);
        let entry = entry.in_container(&namespace, &pod, &container);
        self.logs.0.audit.must_write(&entry).map_err(|Lost| {
            Failure::new(
                StatusCode::SERVICE_UNAVAILABLE,
                ErrorCode::NoAudit,
                "Podshell can't write down who does what, and must not show a log without it.",
            )
            .hint("Whoever runs this Podshell has to see to it that its standard output is read.")
        })?;
        self.logs.0.metrics.logs.inc();
        Ok(Reading {
            place: self,
            identity: identity.clone(),
            namespace,
            pod,
            container,
            since: Instant::now(),
            bytes: 0,
            // Unless something else is told.
            end: EndReason::Closed,
        })
    }
}

impl Reading {
    /// So many bytes more are sent.
    pub(crate) fn carried(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.place.logs.0.metrics.log_bytes.inc_by(bytes as u64);
    }

    /// It is over, and not because its reader went away.
    pub(crate) fn ended(&mut self, end: EndReason) {
        self.end = end;
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let Inner { audit, metrics, .. } = &*self.place.logs.0;
        metrics.logs.dec();
        metrics.log_ended(self.end);
        let entry = Entry::new(Event::LogEnd).by(&self.identity);
        let entry = entry.in_container(&self.namespace, &self.pod, &self.container);
        audit.note(&entry.sent(self.end, self.bytes, self.since.elapsed().as_secs_f64()));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut callers = self.logs.callers();
        if let Some(own) = callers.get_mut(&self.caller) {
            *own -= 1;
            if *own == 0 {
                callers.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_so_many_and_for_more_when_one_goes() {
        let limits = LogLimits {
            all: 3,
            per_caller: 2,
        };
        let logs = Logs::new(limits, Audit::off(), Arc::new(Metrics::new()));
        let enter = |name: &str| logs.enter(&Caller(name.to_owned()));
        let (first, second) = (enter("ann").unwrap(), enter("ann").unwrap());
        assert!(enter("ann").is_err());
        let other = enter("bob").unwrap();
        assert!(enter("cid").is_err());
        drop(first);
        let third = enter("ann").unwrap();
        assert!(enter("bob").is_err());
        drop((second, third, other));
        assert!(logs.callers().is_empty());
    }
}
