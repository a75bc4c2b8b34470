//! Who did what: one line of JSON for each event, on standard output. docs/audit.md describes them.
//!
//! Nobody waits for a line to be written: a thread of its own does it. Where it is behind by so much that lines would have to
//! be kept in memory without bound, or nobody reads them, an event is lost; then the log says so, and with
//! `--audit-required` no session begins.

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread,
    time::SystemTime,
};

use podshell_shared::{
    api::{DebugProfile, ErrorCode},
    terminal::{EndReason, Exit},
};
use serde::Serialize;

use crate::session::{Identity, SessionId, Target, User};

/// How many lines may wait to be written.
const WAITING: usize = 4096;
/// The version of the form that events have: a field that means something else, or is gone, makes another.
const VERSION: u32 = 1;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Event {
    /// Somebody has signed in.
    SignIn,
    /// Somebody wanted to, and was refused.
    SignInRefused,
    /// Somebody has signed out.
    SignOut,
    /// A request was refused.
    Refused,
    /// An id for a terminal was given.
    Mint,
    /// A session begins.
    SessionBegin,
    /// Its shell has started.
    SessionStart,
    /// It has lost its client, and waits for it.
    SessionDetach,
    /// A client goes on with it.
    SessionResume,
    /// Another client has taken it over.
    SessionTakeover,
    /// It is over.
    SessionEnd,
    /// What ran in its terminal may still run.
    SessionLeftBehind,
    /// A debug container was added to a pod.
    DebugContainer,
    /// Somebody begins to read a container's log.
    LogBegin,
    /// They have read it, or as much of it as they got.
    LogEnd,
}

/// An event. What does not apply is missing.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry<'e> {
    version: u32,
    time: String,
    event: Event,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'e str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    groups: &'e [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<crate::session::Mode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<DebugProfile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<ErrorCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<EndReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
}

impl<'e> Entry<'e> {
    /// Something that happens now.
    pub(crate) fn new(event: Event) -> Self {
        Self {
            version: VERSION,
            time: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
            event,
            session: None,
            user: None,
            groups: &[],
            issuer: None,
            address: None,
            namespace: None,
            pod: None,
            container: None,
            mode: None,
            profile: None,
            code: None,
            reason: None,
            exit_code: None,
            output_bytes: None,
            input_bytes: None,
            seconds: None,
        }
    }

    /// Who did it, and from where.
    #[must_use]
    pub(crate) fn by(mut self, identity: &'e Identity) -> Self {
        if let Some(User {
            name,
            groups,
            issuer,
        }) = &identity.user
        {
            self.user = Some(name);
            self.groups = groups;
            self.issuer = issuer.as_deref();
        }
        self.from(identity.address)
    }

    /// Where it came from.
    #[must_use]
    pub(crate) fn from(mut self, address: Option<IpAddr>) -> Self {
        self.address = address;
        self
    }

    /// Where it happened.
    #[must_use]
    pub(crate) fn at(mut self, target: &'e Target) -> Self {
        self.mode = Some(target.mode);
        self.in_container(&target.namespace, &target.pod, &target.container)
    }

    /// Where it happened.
    #[must_use]
    pub(crate) fn in_container(
        mut self,
        namespace: &'e str,
        pod: &'e str,
        container: &'e str,
    ) -> Self {
        self.namespace = Some(namespace);
        self.pod = Some(pod);
        self.container = Some(container);
        self
    }

    /// What a debug container may do.
    #[must_use]
    pub(crate) fn with_profile(mut self, profile: DebugProfile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// In which session.
    #[must_use]
    pub(crate) fn of(mut self, session: SessionId) -> Self {
        self.session = Some(session.to_string());
        self
    }

    /// Why it was refused.
    #[must_use]
    pub(crate) fn refused(mut self, code: ErrorCode) -> Self {
        self.code = Some(code);
        self
    }

    /// How it ended.
    #[must_use]
    pub(crate) fn ended(mut self, exit: &Exit) -> Self {
        self.reason = Some(exit.reason);
        self.exit_code = exit.code;
        self
    }

    /// How much went through it, and how long it took.
    #[must_use]
    pub(crate) fn carried(mut self, output: u64, input: u64, seconds: f64) -> Self {
        self.output_bytes = Some(output);
        self.input_bytes = Some(input);
        self.seconds = Some(seconds);
        self
    }

    /// How the reading of a log ended, how much of it was sent, and how long that took.
    #[must_use]
    pub(crate) fn sent(mut self, reason: EndReason, bytes: u64, seconds: f64) -> Self {
        self.reason = Some(reason);
        self.output_bytes = Some(bytes);
        self.seconds = Some(seconds);
        self
    }
}

/// An event could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost;

/// Where events go. Clones go there, too.
#[derive(Clone, Debug)]
pub(crate) struct Audit(Option<Writer>);

#[derive(Clone, Debug)]
struct Writer {
    lines: SyncSender<String>,
    is_broken: Arc<AtomicBool>,
    /// Whether no session may begin whose event can't be written.
    is_required: bool,
}

impl Audit {
    /// Nothing is written down.
    pub(crate) fn off() -> Self {
        Self(None)
    }

    /// Events go there; no session begins whose event can't be written if that `is_required`.
    ///
    /// # Errors
    ///
    /// If there is no thread to be had for it.
    pub(crate) fn start(
        mut out: impl io::Write + Send + 'static,
        is_required: bool,
    ) -> io::Result<Self> {
        let (lines, waiting) = sync_channel::<String>(WAITING);
        let is_broken = Arc::new(AtomicBool::new(false));
        let broken = Arc::clone(&is_broken);
        thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || {
                for line in waiting {
                    let written = out.write_all(line.as_bytes()).and_then(|()| out.flush());
                    let was_broken = broken.swap(written.is_err(), Ordering::Relaxed);
                    if let Err(error) = written
                        && !was_broken
                    {
                        tracing::error!(%error, "audit events can't be written");
                    }
                }
            })?;
        Ok(Self(Some(Writer {
            lines,
            is_broken,
            is_required,
        })))
    }

    /// Writes an event down, without waiting.
    pub(crate) fn write(&self, entry: &Entry<'_>) -> Result<(), Lost> {
        let Some(writer) = &self.0 else {
            return Ok(());
        };
        let mut line = serde_json::to_string(entry).map_err(|_| Lost)?;
        line.push('\n');
        let is_lost = writer.lines.try_send(line).is_err();
        if is_lost {
            tracing::error!(event = ?entry.event, "an audit event was lost: they come faster than they are read");
        }
        if is_lost || writer.is_broken.load(Ordering::Relaxed) {
            Err(Lost)
        } else {
            Ok(())
        }
    }

    /// Writes down what no session may begin without, if there is such a rule.
    pub(crate) fn must_write(&self, entry: &Entry<'_>) -> Result<(), Lost> {
        let written = self.write(entry);
        let is_required = self.0.as_ref().is_some_and(|writer| writer.is_required);
        if is_required { written } else { Ok(()) }
    }

    /// Writes an event down, and goes on if that fails.
    pub(crate) fn note(&self, entry: &Entry<'_>) {
        // The log has said that it is lost.
        let _ = self.write(entry);
    }
}
