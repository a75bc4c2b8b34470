//! The binary as a user starts it, and what it says.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use pty_process::Pty;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// Longer than anything here takes, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that has said where to sign in, or has ended.
pub struct Podshell {
    child: Child,
    stdout: BufReader<ChildStdout>,
    printed: String,
    serves: bool,
}

impl Podshell {
    /// Starts it with these flags and variables alone, for a user whose home is `home`, and waits until it serves or ends.
    pub async fn start(home: &Path, flags: &[&OsStr], variables: &[(&str, OsString)]) -> Self {
        let mut started = Self::spawn(home, flags, variables);
        started.started().await;
        started
    }

    /// Starts it so, and waits for nothing.
    pub fn spawn(home: &Path, flags: &[&OsStr], variables: &[(&str, OsString)]) -> Self {
        let mut command = command(home, flags, variables);
        Self::of(command.stdin(Stdio::null()).spawn().unwrap())
    }

    /// Starts it so on a terminal, which is the first one of the pair.
    pub fn spawn_on_terminal(home: &Path, variables: &[(&str, OsString)]) -> (Pty, Self) {
        let (terminal, end) = pty_process::open().unwrap();
        let command = pty_process::Command::from(command(home, &[], variables));
        // Of what it is given, the terminal is what is left: stdin.
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        (terminal, Self::of(command.spawn(end).unwrap()))
    }

    fn of(mut child: Child) -> Self {
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            stdout,
            printed: String::new(),
            serves: false,
        }
    }

    /// Waits until it serves or ends.
    pub async fn started(&mut self) {
        let read = timeout(PATIENCE, self.read_start()).await;
        read.expect("it serves or ends").unwrap();
    }

    async fn read_start(&mut self) -> io::Result<()> {
        while !self.serves {
            let before = self.printed.len();
            if self.stdout.read_line(&mut self.printed).await? == 0 {
                break;
            }
            self.serves = self.printed[before..].starts_with("Open ");
        }
        Ok(())
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        let (_, link) = self.printed.rsplit_once("Open http://").expect("it serves");
        link.split('/').next().unwrap().to_owned()
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Stops it if it serves, and waits for its end.
    pub async fn end(mut self) -> Outcome {
        if self.serves {
            let id = Pid::from_raw(self.id().try_into().unwrap()).unwrap();
            kill_process(id, Signal::TERM).unwrap();
        }
        let mut stderr = String::new();
        let mut its = self.child.stderr.take().unwrap();
        let ended = async {
            self.stdout.read_to_string(&mut self.printed).await?;
            its.read_to_string(&mut stderr).await?;
            self.child.wait().await
        };
        let status = timeout(PATIENCE, ended).await.expect("it ends").unwrap();
        Outcome {
            served: self.serves,
            status,
            stdout: self.printed,
            stderr,
        }
    }
}

/// How it went.
#[derive(Debug)]
pub struct Outcome {
    /// Whether it served before it was stopped.
    pub served: bool,
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

fn command(home: &Path, flags: &[&OsStr], variables: &[(&str, OsString)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podshell"));
    command
        .args(["--listen", "127.0.0.1:0"])
        .args(flags)
        .env_clear()
        .env("HOME", home)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .current_dir(home)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}
