//! The life of one exec after its upgrade: one task that owns the process to its end, and the connection while it lasts.

use std::{io, path::Path, sync::Arc, time::Duration};

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::{
    process::Child,
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    Granted,
    frame::{FrameReader, FrameWriter},
    spawn::{Program, Started, exit_code},
};
use crate::{
    cluster::Shared,
    record::ExecState,
    sandbox::{Sandbox, not_in_path, search_host},
    status::ExecEnd,
};

/// A client that has been answered 101 must have its connection by then.
const UPGRADE: Duration = Duration::from_secs(5);

/// One exec.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) shared: Arc<Shared>,
    pub(super) granted: Granted,
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>, granted: Granted) -> Self {
        Self { shared, granted }
    }

    /// Waits for the connection, runs the command, and ends when the process has, whatever becomes of the connection.
    pub(super) async fn run(self, upgrade: OnUpgrade) {
        let id = self.granted.id;
        let Ok(Ok(upgraded)) = timeout(UPGRADE, upgrade).await else {
            self.set_state(ExecState::NotStarted);
            return;
        };
        let (reader, writer) = tokio::io::split(TokioIo::new(upgraded));
        let (mut reader, mut writer) = (FrameReader::new(reader), FrameWriter::new(writer));
        let protocol = self.granted.protocol;
        self.shared.records.update(id, |record| {
            record.protocol = Some(protocol);
            record.connected = true;
        });
        let stop = self.shared.stop.clone();
        match self.start() {
            Ok(started) => {
                self.set_state(ExecState::Running);
                let (ended, exit) = watch::channel(None);
                let talk = self.talk(reader, writer, started.output, started.input, exit);
                tokio::join!(self.reap(started.child, ended), async {
                    // the process is kept for as long as it lives, the connection only for as long as the cluster does
                    stop.run_until_cancelled(talk).await;
                    self.disconnected();
                });
            }
            Err(end) => {
                self.set_state(match end {
                    ExecEnd::Exited { code, .. } => ExecState::Ended(code),
                    _ => ExecState::NotStarted,
                });
                let farewell = async {
                    self.greet(&mut writer).await?;
                    sleep(self.granted.plan.delay_output).await;
                    self.farewell(&mut reader, &mut writer, &end).await
                };
                stop.run_until_cancelled(farewell).await;
                self.disconnected();
            }
        }
    }

    fn set_state(&self, state: ExecState) {
        self.shared
            .records
            .update(self.granted.id, |record| record.state = state);
    }

    pub(super) fn disconnected(&self) {
        self.shared
            .records
            .update(self.granted.id, |record| record.connected = false);
    }

    /// Starts the process, or says why there is none.
    fn start(&self) -> Result<Started, ExecEnd> {
        let granted = &self.granted;
        if let Some(end) = &granted.end {
            return Err(end.clone());
        }
        let container = &granted.options.container;
        let dir = self.shared.dir(&granted.namespace, &granted.pod, container);
        let spawn = || {
            // the pod may have been deleted since the request; what is started from here on is killed with it
            if !self.is_still_there() {
                return Err(not_started("container is not running"));
            }
            self.spawn(&dir)
        };
        let pid = |started: &Started| started.child.id();
        let started = self.shared.processes.start(granted.id, &dir, spawn, pid);
        started.unwrap_or_else(|| Err(not_started("the cluster is being shut down")))
    }

    fn spawn(&self, dir: &Path) -> Result<Started, ExecEnd> {
        let granted = &self.granted;
        let options = &granted.options;
        let failed = |error: io::Error| not_started(&error.to_string());
        let programs = granted.container.programs();
        let sandbox = Sandbox::prepare(dir, programs).map_err(failed)?;
        let (file, command) = match granted.container.replacement() {
            _ if granted.plan.no_shell => (Err(not_in_path(&options.command[0])), &[][..]),
            Some(command) => {
                let file = search_host(&command[0]);
                (file.ok_or_else(|| not_in_path(&command[0])), command)
            }
            None => {
                let command = options.command.as_slice();
                (sandbox.find(programs, &command[0]), command)
            }
        };
        let missing = |what: String| {
            not_started(&format!(
                "failed to start exec \"{:064x}\": OCI runtime exec failed: exec failed: \
                 unable to start container process: {what}: unknown",
                granted.id
            ))
        };
        let program = Program {
            file: file.map_err(missing)?,
            command: command.to_vec(),
            sandbox,
            hostname: granted.pod.clone(),
        };
        let started = if options.tty {
            program.start_on_terminal()
        } else {
            program.start_on_pipes(options.stdin, options.stdout, options.stderr)
        };
        started.map_err(failed)
    }

    fn is_still_there(&self) -> bool {
        let granted = &self.granted;
        let stored = self.shared.store.get(&granted.namespace, &granted.pod);
        stored.is_some_and(|stored| stored.accepts_exec(&granted.options.container))
    }

    /// Waits for the process.
    async fn reap(&self, mut child: Child, ended: watch::Sender<Option<i32>>) {
        let code = child.wait().await.map_or(255, exit_code);
        self.shared.processes.reaped(self.granted.id);
        self.set_state(ExecState::Ended(code));
        ended.send_replace(Some(code));
    }
}

/// What a kubelet makes of the container runtime's failure to exec.
fn not_started(why: &str) -> ExecEnd {
    ExecEnd::NotStarted(format!("failed to exec in container: {why}"))
}
