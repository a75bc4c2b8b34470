//! A credential plugin: a program that a kubeconfig names (`exec`), which gives a token, a certificate, or both
//! (`client.authentication.k8s.io`, KEP-541).
//!
//! It is run once at a time, with a deadline, and ends with us. Its stderr is for people and goes where ours goes; its stdout is
//! secret and goes nowhere.

mod answer;
mod run;
#[cfg(all(test, unix))]
mod tests;

use std::{
    io,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, SystemTime},
};

use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use http::HeaderValue;
use kube::config::ExecConfig;
use rustls::sign::CertifiedKey;
use thiserror::Error;
use tokio::{runtime::Handle, time::Instant};
use tokio_util::task::AbortOnDropHandle;

use self::{answer::AnswerError, run::Run};
use super::certificate::CertificateError;
use crate::clock::Clock;

/// Credentials are asked for anew this long before they expire, or after nine tenths of their life if that is later.
const MARGIN: Duration = Duration::from_secs(60);
/// After a run that gave nothing, or nothing that the API server takes, the next begins no sooner: it may open a browser, or ask
/// for a touch.
const PAUSE: Duration = Duration::from_secs(10);

/// Why a plugin gave no credentials. Nothing of what it printed is said.
#[derive(Debug, Error)]
pub(in crate::cluster) enum PluginError {
    /// The kubeconfig does not say what to run.
    #[error("its user has a credential plugin (exec) without {0}")]
    Incomplete(&'static str),
    /// The kubeconfig wants another version of the protocol.
    #[error(
        "its credential plugin {command:?} is to speak {version:?}; client.authentication.k8s.io/v1 and v1beta1 are known"
    )]
    Version {
        /// What it runs.
        command: String,
        /// Of the protocol.
        version: String,
    },
    /// The program is not there.
    #[error(
        "its credential plugin {command:?} is not installed: it is not found{}{}",
        where_from(command),
        hint.as_deref().map(|hint| format!(". {}", hint.trim())).unwrap_or_default()
    )]
    NotInstalled {
        /// What it runs.
        command: String,
        /// What the kubeconfig says about installing it.
        hint: Option<String>,
    },
    /// The program can't be run.
    #[error("its credential plugin {command:?} can't be run: {source}")]
    NotRun {
        /// What it runs.
        command: String,
        /// What the system says.
        source: io::Error,
    },
    /// It must ask somebody.
    #[error(
        "its credential plugin {command:?} has to ask on a terminal (interactiveMode: Always), and there is none: start Podshell \
         on one"
    )]
    NoTerminal {
        /// What it runs.
        command: String,
    },
    /// It failed.
    #[error(
        "its credential plugin {command:?} failed ({how}); what it says about that stands before this, or in the log"
    )]
    Failed {
        /// What it runs.
        command: String,
        /// Its end.
        how: String,
    },
    /// It did not end.
    #[error("its credential plugin {command:?} gave nothing within {} s, and was ended", time.as_secs())]
    Silent {
        /// What it runs.
        command: String,
        /// How long it had.
        time: Duration,
    },
    /// What it printed are no credentials.
    #[error("its credential plugin {command:?} gave an answer that can't be used: {source}")]
    Answer {
        /// What it runs.
        command: String,
        /// What is wrong with it.
        source: AnswerError,
    },
    /// The certificate that it gave can't be used.
    #[error("its credential plugin {command:?} gave a certificate that can't be used: {source}")]
    Certificate {
        /// What it runs.
        command: String,
        /// What is wrong with it.
        source: CertificateError,
    },
    /// The run was broken off.
    #[error("its credential plugin was broken off")]
    BrokenOff,
}

fn where_from(command: &str) -> &'static str {
    if command.contains(std::path::MAIN_SEPARATOR) {
        ""
    } else {
        " in PATH"
    }
}

/// What a plugin gave.
pub(super) struct Credential {
    /// What goes with each request.
    pub(super) header: Option<HeaderValue>,
    /// What connections show.
    pub(super) certificate: Option<Arc<CertifiedKey>>,
    /// When it expires, if it said so.
    expires: Option<SystemTime>,
    /// When to ask anew; never by itself if it did not say.
    renew_at: Option<SystemTime>,
}

type Outcome = Result<Arc<Credential>, Arc<PluginError>>;
type Running = Shared<BoxFuture<'static, Outcome>>;

/// A plugin with what it gave last.
pub(super) struct Plugin {
    run: Run,
    clock: Clock,
    state: Mutex<State>,
    /// Where it ran first. A run ends with that, and not with a thread of whoever asks later.
    runtime: OnceLock<Handle>,
}

#[derive(Default)]
struct State {
    given: Option<Arc<Credential>>,
    running: Option<Running>,
    /// The last run that gave nothing, and when it ended.
    failed: Option<(Arc<PluginError>, Instant)>,
    /// When it was last run because of a refusal.
    renewed: Option<Instant>,
    /// Whether it ran before: the terminal is the first run's alone.
    has_run: bool,
}

impl Plugin {
    /// The plugin of a kubeconfig. It is not run before it is needed.
    ///
    /// # Errors
    ///
    /// If the kubeconfig does not say how.
    pub(super) fn new(exec: ExecConfig, clock: Clock) -> Result<Self, Arc<PluginError>> {
        Ok(Self {
            run: Run::new(exec)?,
            clock,
            state: Mutex::default(),
            runtime: OnceLock::new(),
        })
    }

    /// The credentials that are good now: those of the last run, or of one that begins now.
    ///
    /// # Errors
    ///
    /// If the run gave none.
    pub(super) async fn credential(&self) -> Outcome {
        let running = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(given) = state.given.as_ref().filter(|given| self.is_good(given)) {
                return Ok(Arc::clone(given));
            }
            if let Some((error, ended)) = &state.failed
                && ended.elapsed() < PAUSE
            {
                return self.last(&state).ok_or_else(|| Arc::clone(error));
            }
            let is_first = !state.has_run;
            state.has_run = true;
            let run = || self.start(is_first);
            state.running.get_or_insert_with(run).clone()
        };
        let outcome = running.clone().await;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state
            .running
            .as_ref()
            .is_some_and(|its| its.ptr_eq(&running))
        {
            state.running = None;
            match &outcome {
                Ok(given) => (state.given, state.failed) = (Some(Arc::clone(given)), None),
                Err(error) => state.failed = Some((Arc::clone(error), Instant::now())),
            }
        }
        outcome.or_else(|error| self.last(&state).ok_or(error))
    }

    /// What it gave last, if that has not expired: good enough where it gives nothing new.
    fn last(&self, state: &State) -> Option<Arc<Credential>> {
        let given = state.given.as_ref()?;
        let is_good = given
            .expires
            .is_none_or(|expires| self.clock.now() < expires);
        is_good.then(|| Arc::clone(given))
    }

    /// Runs it anew, as the API server no longer takes what it gave. Says whether there is something else to try: not so soon
    /// after the last time.
    ///
    /// # Errors
    ///
    /// If the run gave none.
    pub(super) async fn renew(&self) -> Result<bool, Arc<PluginError>> {
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.running.is_none() {
                if state.renewed.is_some_and(|last| last.elapsed() < PAUSE) {
                    return Ok(false);
                }
                state.renewed = Some(Instant::now());
                state.given = None;
            }
        }
        self.credential().await.map(|_| true)
    }

    fn is_good(&self, given: &Credential) -> bool {
        given
            .renew_at
            .is_none_or(|renew_at| self.clock.now() < renew_at)
    }

    /// Begins a run, which goes on when whoever waits for it no longer does.
    fn start(&self, is_first: bool) -> Running {
        let (run, now) = (self.run.clone(), self.clock.now());
        let runtime = self.runtime.get_or_init(Handle::current);
        let task = runtime.spawn(async move {
            let status = run.run(is_first).await?;
            run.understand(status, now)
        });
        let task = AbortOnDropHandle::new(task);
        task.map(|ended| match ended {
            Ok(outcome) => outcome.map(Arc::new).map_err(Arc::new),
            Err(_) => Err(Arc::new(PluginError::BrokenOff)),
        })
        .boxed()
        .shared()
    }
}

/// When credentials that expire then are to be asked for anew: some plugins give what is about to expire, or has expired.
fn renew_at(now: SystemTime, expires: SystemTime) -> SystemTime {
    let life = expires.duration_since(now).unwrap_or_default();
    (expires - MARGIN.min(life / 10)).max(now + PAUSE)
}
