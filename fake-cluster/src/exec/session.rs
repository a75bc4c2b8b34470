//! The life of one exec or attach after its upgrade: one task that owns the connection while it lasts, and the process of an
//! exec to its end.

use std::{io, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
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
    streams::{Attached, Input, Output},
};
use crate::{
    cluster::Shared,
    load,
    record::{ExecState, Mode},
    sandbox::{Sandbox, not_in_path, search_host},
    spawn::{Program, STDOUT, Started, exit_code},
    status::ExecEnd,
};

/// A client that has been answered 101 must have its connection by then.
const UPGRADE: Duration = Duration::from_secs(5);

/// One exec or attach.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) shared: Arc<Shared>,
    pub(super) granted: Granted,
}

/// What the client speaks to.
#[derive(Debug)]
pub(super) struct Streams {
    pub(super) output: Output,
    pub(super) input: Input,
    /// The exit code, once there is one.
    pub(super) exit: watch::Receiver<Option<i32>>,
}

/// The process of an exec.
#[derive(Debug)]
struct Process {
    child: Child,
    key: u64,
    ended: watch::Sender<Option<i32>>,
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>, granted: Granted) -> Self {
        Self { shared, granted }
    }

    /// Waits for the connection, starts what was asked for, and ends when both connection and process have.
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
            Ok((mut streams, process)) => {
                self.set_state(ExecState::Running);
                let exit = streams.exit.clone();
                let lasts = process.is_some();
                let connection = async {
                    let talk = self.talk(reader, writer, &mut streams);
                    stop.run_until_cancelled(talk).await;
                    self.disconnected();
                    streams.input.close();
                    if lasts {
                        // A terminal stays open, unread, until the process ends.
                        let _ = streams.exit.wait_for(Option::is_some).await;
                    }
                };
                if let Some(process) = process {
                    tokio::join!(self.reap(process), connection);
                } else {
                    connection.await;
                    let code = *exit.borrow();
                    self.set_state(code.map_or(ExecState::Left, ExecState::Ended));
                }
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

    pub(super) fn set_state(&self, state: ExecState) {
        self.shared
            .records
            .update(self.granted.id, |record| record.state = state);
    }

    pub(super) fn disconnected(&self) {
        self.shared
            .records
            .update(self.granted.id, |record| record.connected = false);
    }

    /// Starts what the client is to speak to, or says why there is nothing.
    fn start(&self) -> Result<(Streams, Option<Process>), ExecEnd> {
        let granted = &self.granted;
        if let Some(end) = &granted.end {
            return Err(end.clone());
        }
        match (granted.mode, granted.container.processless()) {
            (Mode::Attach, _) => Ok((self.attach()?, None)),
            (Mode::Exec, Some(kind)) if !granted.plan.no_shell => Ok((self.pretend(kind)?, None)),
            (Mode::Exec, _) => {
                let (streams, process) = self.start_process()?;
                Ok((streams, Some(process)))
            }
        }
    }

    fn attach(&self) -> Result<Streams, ExecEnd> {
        let Granted {
            id,
            place,
            options,
            container,
            ..
        } = &self.granted;
        let mains = &self.shared.mains;
        let (main, chunks) = mains
            .attach(&self.shared, place, container, *id)
            .map_err(|why| ExecEnd::NotStarted(format!("error attaching to container: {why}")))?;
        let output = Output::Main(Attached {
            chunks: Some(chunks),
            rest: (STDOUT, Bytes::new()),
            stdout: options.stdout,
            stderr: options.stderr,
        });
        let exit = main.exit();
        let client = *id;
        Ok(Streams {
            output,
            input: Input::Main { main, client },
            exit,
        })
    }

    fn pretend(&self, kind: &load::Kind) -> Result<Streams, ExecEnd> {
        let place = &self.granted.place;
        let killed = self.shared.processes.pretend(&place.dir(&self.shared));
        // After that, so that one who stops the container either sees this exec or is seen by it.
        if !place.is_running(&self.shared) {
            return Err(not_started("container is not running"));
        }
        let (input, output, exit) = load::begin(kind, killed);
        Ok(Streams {
            output: Output::Load(output),
            input: Input::Load(input),
            exit,
        })
    }

    fn start_process(&self) -> Result<(Streams, Process), ExecEnd> {
        let place = &self.granted.place;
        let dir = place.dir(&self.shared);
        let spawn = || {
            // The pod may have been deleted since the request; what is started from here on is killed with it.
            if !place.is_running(&self.shared) {
                return Err(not_started("container is not running"));
            }
            self.spawn(&dir)
        };
        let pid = |started: &Started| started.child.id();
        let started = self.shared.processes.start(&dir, spawn, pid);
        let (key, started) =
            started.unwrap_or_else(|| Err(not_started("the cluster is being shut down")))?;
        let (ended, exit) = watch::channel(None);
        let streams = Streams {
            output: Output::Process(started.output),
            input: Input::Process(started.input),
            exit,
        };
        let child = started.child;
        Ok((streams, Process { child, key, ended }))
    }

    fn spawn(&self, dir: &Path) -> Result<Started, ExecEnd> {
        let granted = &self.granted;
        let options = &granted.options;
        let failed = |error: io::Error| not_started(&error.to_string());
        let programs = granted.container.programs();
        let mut sandbox = Sandbox::prepare(dir, programs).map_err(failed)?;
        if let Some(path) = granted.container.own_path() {
            path.clone_into(&mut sandbox.path);
        }
        if let Some(why) = &granted.plan.fails {
            return Err(not_started(why));
        }
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
            hostname: granted.place.pod.clone(),
        };
        let started = if options.tty {
            program.start_on_terminal()
        } else {
            program.start_on_pipes(options.stdin, options.stdout, options.stderr)
        };
        started.map_err(failed)
    }

    /// Waits for the process.
    async fn reap(&self, mut process: Process) {
        let code = process.child.wait().await.map_or(255, exit_code);
        self.shared.processes.reaped(process.key);
        self.set_state(ExecState::Ended(code));
        process.ended.send_replace(Some(code));
    }
}

/// What a kubelet makes of the container runtime's failure to exec.
fn not_started(why: &str) -> ExecEnd {
    ExecEnd::NotStarted(format!(
        "error executing command in container: failed to exec in container: {why}"
    ))
}
