//! The life of terminal sessions, free of any transport and of Kubernetes.
//!
//! Data comes in through [`ClientReader`] and [`ProcessReader`] and leaves through [`ClientWriter`]
//! and [`ProcessWriter`], which `wire` and `cluster` implement. A [`Session`] is owned by one task at a
//! time: that of its client's connection, or while it has none, one of the registry's.

mod event_loop;
mod exit;
mod flow;
mod frame;
mod registry;
mod state;
mod ticket;

use std::{convert::Infallible, fmt, future::Future, str::FromStr};

use podshell_shared::terminal::{ClientMessage, Exit, ServerMessage, Size};
use serde::{Deserialize, Serialize};
use tokio::{sync::watch, time::Instant};

pub(crate) use self::exit::{failed, gone, no_session, shutting_down};
pub use self::{
    event_loop::Session,
    frame::Output,
    registry::{Limits, Sessions},
    ticket::{KeysError, Refused, Scope, TicketKeys, Tickets},
};

/// Who calls. A minted id is good for the caller alone that minted it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Caller(pub String);

/// Where a shell is to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Namespace.
    pub namespace: String,
    /// Pod.
    pub pod: String,
    /// Container of that pod.
    pub container: String,
    /// The shell that the user wants; [`None`] for the best that the container has.
    pub shell: Option<Shell>,
    /// What the terminal is connected to.
    pub mode: Mode,
    /// Whether the container runs on Windows.
    pub windows: bool,
    /// The container's image, by its digest where the cluster tells it: containers of one image have
    /// the same shells.
    pub image: String,
}

/// What a terminal is connected to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A shell of its own, which ends with the session.
    #[default]
    Exec,
    /// The container's main process, which the end of the session does not touch.
    Attach,
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
pub enum ClientEvent {
    /// A message.
    Message(ClientMessage),
    /// The client broke the protocol; the words tell it how.
    ProtocolError(String),
    /// The client is gone.
    Gone,
}

/// The client is gone: what was to be said to it is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// The direction from the client.
pub trait ClientReader: Send {
    /// Waits for what the client says next. Cancel-safe.
    fn read_message(&mut self) -> impl Future<Output = ClientEvent> + Send;
}

/// What goes to the client.
#[derive(Debug, PartialEq, Eq)]
pub enum ToClient {
    /// A message that is no output.
    Message(ServerMessage),
    /// Terminal output, and the offset behind it.
    Output(Output, u64),
}

/// The right to send one message at once, without waiting. Dropping it sends nothing.
pub trait Permit<T>: Send {
    /// Sends it.
    fn send(self, message: T);
}

/// For what can never be written to.
impl<T> Permit<T> for Infallible {
    fn send(self, _: T) {
        match self {}
    }
}

/// The direction to the client.
pub trait ClientWriter: Send {
    /// The right to send something.
    type Permit<'a>: Permit<ToClient>
    where
        Self: 'a;

    /// Waits until the connection takes more. Cancel-safe.
    fn reserve(&mut self) -> impl Future<Output = Result<Self::Permit<'_>, Gone>> + Send;
}

/// What comes from the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessEvent {
    /// Terminal output.
    Output(Output),
    /// A sign that the other side still listens.
    Alive,
    /// The end; nothing follows.
    Ended(ProcessEnd),
}

/// How an exec ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessEnd {
    /// The process ended with this code.
    Exited(i32),
    /// The cluster says that it could not be run.
    Failed(String),
    /// The connection ended without a word about the process.
    Lost(String),
}

/// The direction from the shell.
pub trait ProcessReader: Send {
    /// Waits for what comes next. Cancel-safe.
    fn read_event(&mut self) -> impl Future<Output = ProcessEvent> + Send;
}

/// What goes to the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToProcess {
    /// Input, which arrives in one piece.
    Stdin(bytes::Bytes),
    /// The terminal's size.
    Resize(Size),
    /// Nothing for the shell: shows everyone on the way that the connection is in use, and asks the
    /// other side for a sign of life.
    Ping,
}

/// The direction to the shell. It does not say when it fails: the reader sees the end and its reason.
pub trait ProcessWriter: Send {
    /// The right to send something.
    type Permit<'a>: Permit<ToProcess>
    where
        Self: 'a;

    /// Waits until all that was sent before is written; for ever if that is not possible any more. Cancel-safe.
    fn reserve(&mut self) -> impl Future<Output = Self::Permit<'_>> + Send;

    /// Whether something that was sent still is to be written, which [`reserve`](Self::reserve) does.
    fn is_writing(&self) -> bool;

    /// Sends something, and waits until it is written.
    fn write(&mut self, message: ToProcess) -> impl Future<Output = ()> + Send {
        async {
            self.reserve().await.send(message);
            drop(self.reserve().await);
        }
    }
}

/// A shell that was started.
#[derive(Debug)]
pub struct RunningProcess<S: TerminalBackend> {
    /// From the shell.
    pub reader: S::Reader,
    /// To the shell.
    pub writer: S::Writer,
    /// What is known of the process, to end it.
    pub handle: S::Handle,
}

/// What a termination left behind, or may have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Remains {
    /// So many processes did not end, although they were killed.
    #[error("{0} of its processes did not end in time")]
    Processes(u32),
    /// Nobody can tell, and why.
    #[error("its processes may still run: {0}")]
    Unknown(String),
}

/// Something that opens shells.
pub trait TerminalBackend: fmt::Debug + Send + Sync + 'static {
    /// From a shell.
    type Reader: ProcessReader + fmt::Debug;
    /// To a shell.
    type Writer: ProcessWriter + fmt::Debug;
    /// What is known of a shell's process.
    type Handle: Send + fmt::Debug;

    /// Opens a shell; `size` is the client's, as soon as it is known, and may change meanwhile.
    ///
    /// # Errors
    ///
    /// The session's end, if none could be opened.
    fn open(
        &self,
        target: &Target,
        size: watch::Receiver<Size>,
    ) -> impl Future<Output = Result<RunningProcess<Self>, Exit>> + Send
    where
        Self: Sized;

    /// What the end of an exec means for the user.
    fn explain(&self, target: &Target, ended: ProcessEnd) -> impl Future<Output = Exit> + Send;

    /// Ends a shell that still runs, or may still run, with what runs in its terminal: what closing a
    /// terminal window does. Done by `until`, come what may.
    ///
    /// # Errors
    ///
    /// What may still run.
    fn terminate(
        &self,
        target: &Target,
        shell: RunningProcess<Self>,
        until: Instant,
    ) -> impl Future<Output = Result<(), Remains>> + Send
    where
        Self: Sized;
}
