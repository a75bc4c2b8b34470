//! The life of terminal sessions, free of any transport and of Kubernetes.
//!
//! Data comes in through [`ClientReader`] and [`ShellReader`] and leaves through [`ClientWriter`]
//! and [`ShellWriter`]; [`run`] ties the four together. `wire` and `cluster` implement them.

mod flow;
mod registry;
mod ticket;

use std::{fmt, future::Future, str::FromStr};

use bytes::Bytes;
use podshell_shared::terminal::{ClientMessage, Exit, ServerMessage, Size};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

pub(crate) use self::flow::{failed, gone, shutting_down};
pub use self::{
    flow::{WINDOW, run},
    registry::{Full, Guard, Sessions},
    ticket::{Refused, Tickets},
};

/// Who calls. A minted id is good for the caller alone that minted it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Caller(pub String);

/// Where a shell is to be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Namespace.
    pub namespace: String,
    /// Pod.
    pub pod: String,
    /// Container of that pod.
    pub container: String,
    /// The shell that the user wants; [`None`] for the best that the container has.
    pub shell: Option<Shell>,
    /// Whether the container runs on Windows.
    pub windows: bool,
}

/// The shells that Dashboard's clients can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shell {
    /// GNU Bash.
    Bash,
    /// Whatever the image has as `sh`.
    Sh,
    /// Windows PowerShell.
    Powershell,
    /// The Windows command prompt.
    Cmd,
}

impl Shell {
    /// The name of the program.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Sh => "sh",
            Self::Powershell => "powershell",
            Self::Cmd => "cmd",
        }
    }
}

/// The error for a shell that is none of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("There is no shell {0:?}; choose bash, sh, powershell or cmd.")]
pub struct UnknownShell(pub String);

impl FromStr for Shell {
    type Err = UnknownShell;

    fn from_str(name: &str) -> Result<Self, UnknownShell> {
        [Self::Bash, Self::Sh, Self::Powershell, Self::Cmd]
            .into_iter()
            .find(|shell| shell.name() == name)
            .ok_or_else(|| UnknownShell(name.to_owned()))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.namespace, self.pod, self.container)
    }
}

/// What comes from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A message.
    Message(ClientMessage),
    /// The client broke the protocol; the words tell it how.
    Broken(String),
    /// The client is gone.
    Gone,
}

/// The client is gone: what was to be said to it is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// The direction from the client.
pub trait ClientReader: Send {
    /// Waits for what the client says next. Cancel-safe.
    fn next(&mut self) -> impl Future<Output = Received> + Send;
}

/// The direction to the client; several tasks may speak, each message goes out whole.
pub trait ClientWriter: Sync {
    /// Says something, as soon as the client's connection takes it.
    fn send(&self, message: ServerMessage) -> impl Future<Output = Result<(), Gone>> + Send;
}

/// What comes from the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShellEvent {
    /// Terminal output.
    Output(Bytes),
    /// The end; nothing follows.
    Ended(Ended),
}

/// How an exec ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The process ended with this code.
    Exited(i32),
    /// The cluster says that it could not be run.
    Failed(String),
    /// The connection ended without a word about the process.
    Lost(String),
}

/// The direction from the shell.
pub trait ShellReader: Send {
    /// Waits for what comes next. Cancel-safe.
    fn next(&mut self) -> impl Future<Output = ShellEvent> + Send;
}

/// The direction to the shell. Errors are only said: the reader sees the end and its reason.
pub trait ShellWriter: Send {
    /// Writes input, waiting while the process does not read.
    fn stdin(&mut self, data: &[u8]) -> impl Future<Output = Result<(), String>> + Send;
    /// Sets the terminal's size.
    fn resize(&mut self, size: Size) -> impl Future<Output = Result<(), String>> + Send;
    /// Shows everyone on the way that the connection is in use.
    fn keep_alive(&mut self) -> impl Future<Output = Result<(), String>> + Send;
    /// Ends the connection in bounded time.
    fn close(&mut self) -> impl Future<Output = ()> + Send;
}

/// A shell that was started.
#[derive(Debug)]
pub struct OpenShell<R, W> {
    /// From the shell.
    pub reader: R,
    /// To the shell.
    pub writer: W,
    /// What came from it while it was waited for.
    pub first: Option<ShellEvent>,
}

/// Something that opens shells.
pub trait Shells: Sync {
    /// From a shell.
    type Reader: ShellReader;
    /// To a shell.
    type Writer: ShellWriter;

    /// Opens a shell; `size` is the client's, as soon as it is known, and may change meanwhile.
    ///
    /// # Errors
    ///
    /// The session's end, if none could be opened.
    fn open(
        &self,
        target: &Target,
        size: watch::Receiver<Size>,
    ) -> impl Future<Output = Result<OpenShell<Self::Reader, Self::Writer>, Exit>> + Send;

    /// What the end of an exec means for the user.
    fn explain(&self, target: &Target, ended: Ended) -> impl Future<Output = Exit> + Send;
}
