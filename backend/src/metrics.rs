//! What is counted, for Prometheus (`OpenMetrics` text).

use std::fmt;

use podshell_shared::{api::ErrorCode, terminal::EndReason};
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::Registry,
};
use serde::Serialize;
use tokio::time::Duration;

use crate::cluster::{CallOutcome, CallReport, CallWatcher};

/// All that is counted.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) sessions: Family<StateLabel, Gauge>,
    sessions_ended: Family<ReasonLabel, Counter>,
    prompt: Histogram,
    lag: Histogram,
    pub(crate) output: Counter,
    pub(crate) input: Counter,
    pub(crate) resumes: Counter,
    pub(crate) logs: Gauge,
    logs_ended: Family<ReasonLabel, Counter>,
    pub(crate) log_bytes: Counter,
    refusals: Family<CodeLabel, Counter>,
    sign_ins: Family<OutcomeLabel, Counter>,
    pub(crate) clean_ups_failed: Counter,
    calls: Family<CallLabels, Counter>,
    call_time: Histogram,
    tasks: Gauge,
    connections: Gauge,
}

/// Whether a session has a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct StateLabel {
    state: &'static str,
}

impl StateLabel {
    pub(crate) const ATTACHED: Self = Self { state: "attached" };
    pub(crate) const DETACHED: Self = Self { state: "detached" };
}

/// A value's name as it stands in JSON: those of our enums are what clients see, too.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Name<T>(T);

impl<T: Serialize + fmt::Debug> EncodeLabelValue for Name<T> {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        let name = serde_json::to_value(&self.0).ok();
        let name = name.as_ref().and_then(|name| name.as_str());
        name.unwrap_or_default().encode(encoder)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: Name<EndReason>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: Name<ErrorCode>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    verb: &'static str,
    outcome: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let times = |shortest| Histogram::new(exponential_buckets(shortest, 2.0, 12));
        let mut metrics = Self {
            registry: Registry::with_prefix("podshell"),
            sessions: Family::default(),
            sessions_ended: Family::default(),
            prompt: times(0.01),
            lag: times(0.002),
            output: Counter::default(),
            input: Counter::default(),
            resumes: Counter::default(),
            logs: Gauge::default(),
            logs_ended: Family::default(),
            log_bytes: Counter::default(),
            refusals: Family::default(),
            sign_ins: Family::default(),
            clean_ups_failed: Counter::default(),
            calls: Family::default(),
            call_time: times(0.002),
            tasks: Gauge::default(),
            connections: Gauge::default(),
        };
        metrics.register();
        // So that there is a 0 where there was none yet.
        for state in [StateLabel::ATTACHED, StateLabel::DETACHED] {
            metrics.sessions.get_or_create(&state).set(0);
        }
        for outcome in ["ok", "refused"] {
            let none = metrics.sign_ins.get_or_create(&OutcomeLabel { outcome });
            none.inc_by(0);
        }
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program", build);
        registry.register(
            "sessions",
            "Sessions, by whether they have a client",
            self.sessions.clone(),
        );
        registry.register(
            "sessions_ended",
            "Sessions that have ended, by the reason",
            self.sessions_ended.clone(),
        );
        registry.register(
            "prompt_seconds",
            "Time from a bind until its shell had started",
            self.prompt.clone(),
        );
        registry.register(
            "output_lag_seconds",
            "Time from sending output until its terminal had drawn it, as acknowledged, which over plain HTTP waits for up to 0.1 s",
            self.lag.clone(),
        );
        registry.register(
            "output_bytes",
            "Bytes that processes have written to terminals",
            self.output.clone(),
        );
        registry.register(
            "input_bytes",
            "Bytes that terminals have sent to processes",
            self.input.clone(),
        );
        registry.register(
            "resumes",
            "Sessions that a client has gone on with",
            self.resumes.clone(),
        );
        registry.register("logs", "Logs that are read", self.logs.clone());
        registry.register(
            "logs_ended",
            "Logs that are read no more, by the reason",
            self.logs_ended.clone(),
        );
        registry.register(
            "log_bytes",
            "Bytes of logs that were sent",
            self.log_bytes.clone(),
        );
        registry.register(
            "refusals",
            "Requests that were refused, by the error's code",
            self.refusals.clone(),
        );
        registry.register(
            "sign_ins",
            "Sign-ins, by what came of them: ok, or an error's code",
            self.sign_ins.clone(),
        );
        registry.register(
            "clean_ups_failed",
            "Sessions whose processes may still run in their containers",
            self.clean_ups_failed.clone(),
        );
        registry.register(
            "cluster_calls",
            "Calls to the API server: ok, refused by it, or failed",
            self.calls.clone(),
        );
        registry.register(
            "cluster_call_seconds",
            "Time that the API server took to begin its answer",
            self.call_time.clone(),
        );
        registry.register("tasks", "Tasks of the runtime", self.tasks.clone());
        registry.register(
            "connections",
            "Connections of clients, those of terminals included",
            self.connections.clone(),
        );
    }

    pub(crate) fn session_ended(&self, reason: EndReason) {
        let reason = Name(reason);
        self.sessions_ended
            .get_or_create(&ReasonLabel { reason })
            .inc();
    }

    pub(crate) fn log_ended(&self, reason: EndReason) {
        let reason = Name(reason);
        self.logs_ended.get_or_create(&ReasonLabel { reason }).inc();
    }

    pub(crate) fn shell_started(&self, time: Duration) {
        self.prompt.observe(time.as_secs_f64());
    }

    pub(crate) fn drawn(&self, lag: Duration) {
        self.lag.observe(lag.as_secs_f64());
    }

    pub(crate) fn refused(&self, code: ErrorCode) {
        let code = Name(code);
        self.refusals.get_or_create(&CodeLabel { code }).inc();
    }

    /// Somebody has signed in, or was refused.
    pub(crate) fn sign_in(&self, is_good: bool) {
        let outcome = if is_good { "ok" } else { "refused" };
        self.sign_ins.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// All of it as text, with how many connections there are now.
    pub(crate) fn text(&self, connections: usize) -> String {
        let tasks = tokio::runtime::Handle::current().metrics();
        let number = |number| i64::try_from(number).unwrap_or(i64::MAX);
        self.tasks.set(number(tasks.num_alive_tasks()));
        self.connections.set(number(connections));
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a string takes all that is written to it");
        text
    }
}

impl CallWatcher for Metrics {
    fn called(&self, report: CallReport) {
        let outcome = match report.outcome {
            CallOutcome::Good => "ok",
            CallOutcome::Refused => "refused",
            CallOutcome::Failed => "failed",
        };
        let labels = CallLabels {
            verb: report.verb,
            outcome,
        };
        self.calls.get_or_create(&labels).inc();
        self.call_time.observe(report.time.as_secs_f64());
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
