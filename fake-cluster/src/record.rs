//! What the cluster remembers of each exec, for tests to ask about.

use serde::Deserialize;
use tokio::sync::watch;

/// Beyond this many records the oldest of what is over are forgotten, so that a demo can run for weeks: a command may be a
/// script of some KiB.
const RECORDS: usize = 2 << 10;
/// How many are forgotten at once.
const FORGOTTEN: usize = 512;
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

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A command in the container.
    Exec,
    /// The container's main process.
    Attach,
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
    /// The command runs, whether or not its client is still there; or an attach goes on.
    Running,
    /// The command, or the main process attached to, ended with this code; 128 + n if signal n ended it.
    Ended(i32),
    /// The client has left, and that was all: an attach, or an exec in a container without processes.
    Left,
}

/// One exec or attach, from its request on.
#[derive(Clone, Debug)]
pub struct ExecRecord {
    /// Counts up from 0 over the cluster's life.
    pub id: u64,
    /// Who asked for it, as the cluster sees them.
    pub user: String,
    /// What the client wants it to be called in the audit log: its header `Audit-ID`.
    pub audit_id: Option<String>,
    /// What was asked for.
    pub mode: Mode,
    /// Namespace of the pod asked for.
    pub namespace: String,
    /// Pod asked for.
    pub pod: String,
    /// Container asked for, or the pod's only one; empty if none was named and there are several.
    pub container: String,
    /// Program and arguments asked for; none of an attach.
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
    /// Whether nothing will change any more.
    fn is_over(&self) -> bool {
        !self.connected && !matches!(self.state, ExecState::Requested | ExecState::Running)
    }

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
pub(crate) struct Records(watch::Sender<Vec<ExecRecord>>);

impl Default for Records {
    fn default() -> Self {
        Self(watch::Sender::new(Vec::new()))
    }
}

impl Records {
    #[allow(clippy::too_many_arguments, reason = "each is a field of the record")]
    pub(crate) fn add(
        &self,
        user: &str,
        audit_id: Option<&str>,
        mode: Mode,
        namespace: &str,
        pod: &str,
        container: &str,
        command: &[String],
        tty: bool,
    ) -> u64 {
        let mut id = 0;
        self.0.send_modify(|all| {
            id = all.last().map_or(0, |last| last.id + 1);
            if all.len() >= RECORDS && all.len().is_multiple_of(FORGOTTEN) {
                forget(all);
            }
            all.push(ExecRecord {
                id,
                user: user.to_owned(),
                audit_id: audit_id.map(str::to_owned),
                mode,
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
        self.0.send_modify(|all| {
            if let Ok(index) = all.binary_search_by_key(&id, |record| record.id) {
                let record = &mut all[index];
                change(record);
                if record.sizes.len() > SIZES {
                    record.sizes.remove(0);
                }
            }
        });
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Vec<ExecRecord>> {
        self.0.subscribe()
    }

    pub(crate) fn snapshot(&self) -> Vec<ExecRecord> {
        self.0.borrow().clone()
    }
}

/// Forgets the oldest of those that are over.
fn forget(all: &mut Vec<ExecRecord>) {
    let mut left = FORGOTTEN;
    all.retain(|record| {
        let forgotten = left > 0 && record.is_over();
        left -= usize::from(forgotten);
        !forgotten
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_is_forgotten_and_what_runs_is_not() {
        let records = Records::default();
        let add = |state| {
            let id = records.add(
                "ann",
                None,
                Mode::Exec,
                "default",
                "web-0",
                "app",
                &[],
                false,
            );
            records.update(id, |record| record.state = state);
            id
        };
        let first = add(ExecState::Running);
        let mut last = first;
        for _ in 0..10 * RECORDS {
            last = add(ExecState::Ended(0));
        }
        let all = records.snapshot();
        assert!(all.len() <= RECORDS, "{} records", all.len());
        assert_eq!(all.first().map(|record| record.id), Some(first));
        assert_eq!(all.last().map(|record| record.id), Some(last));
        records.update(first, |record| record.stdin_bytes = 7);
        assert_eq!(records.snapshot()[0].stdin_bytes, 7);
        for _ in 0..2 * RECORDS {
            add(ExecState::Running);
        }
        let runs = |record: &&ExecRecord| record.state == ExecState::Running;
        let running = records.snapshot().iter().filter(runs).count();
        assert_eq!(running, 2 * RECORDS + 1);
    }
}
