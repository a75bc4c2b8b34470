//! What the cluster remembers of each exec, for tests to ask about.

use serde::Deserialize;
use tokio::sync::watch;

/// The oldest records are forgotten beyond this many, so that a demo can run for weeks.
const RECORDS: usize = 4096;
/// The oldest sizes of one exec are forgotten beyond this many.
const SIZES: usize = 1024;

/// The WebSocket subprotocol of an exec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `v4.channel.k8s.io`: no way to close stdin alone.
    V4,
    /// `v5.channel.k8s.io`: adds channel 255, which closes another channel.
    V5,
}

impl Protocol {
    /// The name in `Sec-WebSocket-Protocol`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V4 => "v4.channel.k8s.io",
            Self::V5 => "v5.channel.k8s.io",
        }
    }
}

/// A terminal size in character cells, as channel 4 carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// How far an exec has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecState {
    /// Asked for; nothing answered yet.
    Requested,
    /// Answered with this HTTP status instead of an upgrade.
    Refused(u16),
    /// Upgraded, but the command could not be started (or no container to start it in).
    NotStarted,
    /// The command runs, whether or not its client is still there.
    Running,
    /// The command ended with this code; 128 + n if signal n ended it.
    Ended(i32),
}

/// One exec, from its request on.
#[derive(Clone, Debug)]
pub struct ExecRecord {
    /// Counts up from 0 over the cluster's life.
    pub id: u64,
    /// Namespace of the pod asked for.
    pub namespace: String,
    /// Pod asked for.
    pub pod: String,
    /// Container asked for, or the pod's only one; empty if none was named and there are several.
    pub container: String,
    /// Program and arguments asked for.
    pub command: Vec<String>,
    /// Whether a terminal was asked for.
    pub tty: bool,
    /// Agreed with the client; `None` if the exec was refused.
    pub protocol: Option<Protocol>,
    /// How far it has come.
    pub state: ExecState,
    /// Whether the client's connection is open.
    pub connected: bool,
    /// Sizes received, in order.
    pub sizes: Vec<Size>,
    /// Bytes received on channel 0.
    pub stdin_bytes: u64,
    /// Whether the client closed stdin (v5 only).
    pub stdin_closed: bool,
}

impl ExecRecord {
    /// The exit code, once the command has ended.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        match self.state {
            ExecState::Ended(code) => Some(code),
            _ => None,
        }
    }
}

/// All records; every change wakes those who watch.
#[derive(Debug)]
pub(crate) struct Records {
    all: watch::Sender<Vec<ExecRecord>>,
    next: std::sync::atomic::AtomicU64,
}

impl Default for Records {
    fn default() -> Self {
        Self {
            all: watch::Sender::new(Vec::new()),
            next: std::sync::atomic::AtomicU64::new(0),
        }
    }
}

impl Records {
    pub(crate) fn add(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        command: &[String],
        tty: bool,
    ) -> u64 {
        let id = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.all.send_modify(|all| {
            if all.len() == RECORDS {
                all.remove(0);
            }
            all.push(ExecRecord {
                id,
                namespace: namespace.to_owned(),
                pod: pod.to_owned(),
                container: container.to_owned(),
                command: command.to_owned(),
                tty,
                protocol: None,
                state: ExecState::Requested,
                connected: false,
                sizes: Vec::new(),
                stdin_bytes: 0,
                stdin_closed: false,
            });
        });
        id
    }

    pub(crate) fn update(&self, id: u64, change: impl FnOnce(&mut ExecRecord)) {
        self.all.send_modify(|all| {
            // newest last: the record looked for is near the end
            if let Some(record) = all.iter_mut().rev().find(|record| record.id == id) {
                change(record);
                if record.sizes.len() > SIZES {
                    record.sizes.remove(0);
                }
            }
        });
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Vec<ExecRecord>> {
        self.all.subscribe()
    }

    pub(crate) fn snapshot(&self) -> Vec<ExecRecord> {
        self.all.borrow().clone()
    }
}
