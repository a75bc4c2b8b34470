//! Starts a command on a terminal or on pipes, and reads and writes whichever it is.

use std::{
    future::poll_fn,
    io,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    pin::Pin,
    process::{ExitStatus, Stdio},
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use pty_process::{OwnedReadPty, OwnedWritePty};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf},
    process::{Child, ChildStderr, ChildStdin, ChildStdout},
};

use crate::{record::Size, sandbox::Sandbox};

/// Channel of the process's output and of a terminal's.
pub(crate) const STDOUT: u8 = 1;
/// Channel of the process's error output, where it has no terminal.
pub(crate) const STDERR: u8 = 2;

/// What to start.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) file: PathBuf,
    /// Program as asked for, then its arguments.
    pub(crate) command: Vec<String>,
    pub(crate) sandbox: Sandbox,
    pub(crate) hostname: String,
}

/// A running process and its ends.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) child: Child,
    pub(crate) output: Output,
    pub(crate) input: Input,
}

impl Program {
    /// What a container has whose image sets nothing: no locale, as most.
    fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("PATH", self.sandbox.path.clone()),
            ("HOME", self.sandbox.home.to_string_lossy().into_owned()),
            ("HOSTNAME", self.hostname.clone()),
        ]
    }

    /// Starts it as the leader of a session with a terminal of its own, which has no size yet.
    pub(crate) fn start_on_terminal(&self) -> io::Result<Started> {
        let (terminal, end) = pty_process::open().map_err(into_io)?;
        let child = pty_process::Command::new(&self.file)
            .arg0(&self.command[0])
            .args(&self.command[1..])
            .env_clear()
            .envs(self.environment())
            .current_dir(&self.sandbox.home)
            .spawn(end)
            .map_err(into_io)?;
        let (reader, writer) = terminal.into_split();
        let output = Output::Terminal(Some(reader));
        let input = Input::Terminal(writer);
        Ok(Started {
            child,
            output,
            input,
        })
    }

    /// Starts it as the leader of a process group, with pipes for what is wanted and nothing for the rest.
    pub(crate) fn start_on_pipes(
        &self,
        stdin: bool,
        stdout: bool,
        stderr: bool,
    ) -> io::Result<Started> {
        let pipe = |wanted| if wanted { Stdio::piped } else { Stdio::null }();
        let mut child = tokio::process::Command::new(&self.file)
            .arg0(&self.command[0])
            .args(&self.command[1..])
            .env_clear()
            .envs(self.environment())
            .current_dir(&self.sandbox.home)
            .process_group(0)
            .stdin(pipe(stdin))
            .stdout(pipe(stdout))
            .stderr(pipe(stderr))
            .spawn()?;
        let input = Input::Pipe(child.stdin.take());
        let output = Output::Pipes(child.stdout.take(), child.stderr.take());
        Ok(Started {
            child,
            output,
            input,
        })
    }
}

fn into_io(error: pty_process::Error) -> io::Error {
    match error {
        pty_process::Error::Io(error) => error,
        other => io::Error::other(other),
    }
}

/// The code a container runtime reports: 128 + n if signal n ended the process.
pub(crate) fn exit_code(status: ExitStatus) -> i32 {
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(255)
}

/// What the process writes to; each part is `None` once it has ended.
#[derive(Debug)]
pub(crate) enum Output {
    Terminal(Option<OwnedReadPty>),
    Pipes(Option<ChildStdout>, Option<ChildStderr>),
}

impl Output {
    pub(crate) fn is_open(&self) -> bool {
        match self {
            Self::Terminal(reader) => reader.is_some(),
            Self::Pipes(stdout, stderr) => stdout.is_some() || stderr.is_some(),
        }
    }

    /// Reads what there is: the channel, and `size` bytes at most, none when a part has ended. Nothing is lost if this is
    /// dropped before it is ready.
    pub(crate) async fn read(&mut self, size: usize) -> (u8, Bytes) {
        let mut buffer = BytesMut::zeroed(size);
        let (channel, count) = match self {
            Self::Terminal(Some(reader)) => {
                // A terminal whose last process has gone fails with EIO.
                let count = reader.read(&mut buffer).await.unwrap_or(0);
                if count == 0 {
                    *self = Self::Terminal(None);
                }
                (STDOUT, count)
            }
            Self::Terminal(None) => std::future::pending().await,
            Self::Pipes(stdout, stderr) => {
                poll_fn(|cx| {
                    if let Poll::Ready(count) = poll_part(stdout, cx, &mut buffer) {
                        return Poll::Ready((STDOUT, count));
                    }
                    poll_part(stderr, cx, &mut buffer).map(|count| (STDERR, count))
                })
                .await
            }
        };
        buffer.truncate(count);
        (channel, buffer.freeze())
    }
}

fn poll_part<R: AsyncRead + Unpin>(
    part: &mut Option<R>,
    cx: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<usize> {
    let Some(reader) = part else {
        return Poll::Pending;
    };
    let mut read = ReadBuf::new(buffer);
    let result = ready!(Pin::new(reader).poll_read(cx, &mut read));
    let count = result.map_or(0, |()| read.filled().len());
    if count == 0 {
        *part = None;
    }
    Poll::Ready(count)
}

/// What the process reads from.
#[derive(Debug)]
pub(crate) enum Input {
    Terminal(OwnedWritePty),
    Pipe(Option<ChildStdin>),
}

impl Input {
    /// Waits until the process (or its terminal) has taken all of `bytes`; what nobody reads any more is dropped.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        let result = match self {
            Self::Terminal(writer) => writer.write_all(bytes).await,
            Self::Pipe(Some(pipe)) => pipe.write_all(bytes).await,
            Self::Pipe(None) => Ok(()),
        };
        if result.is_err() {
            self.close();
        }
    }

    /// Ends a pipe; a terminal gets nothing.
    pub(crate) fn close(&mut self) {
        if let Self::Pipe(pipe) = self {
            *pipe = None;
        }
    }

    /// Resizes a terminal.
    pub(crate) fn resize(&self, size: Size) {
        if let Self::Terminal(writer) = self {
            // A terminal whose process has gone has nobody to tell.
            let _ = writer.resize(pty_process::Size::new(size.height, size.width));
        }
    }
}
