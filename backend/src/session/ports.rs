//! The session's ends: what it asks of a connection to a client, and of what runs processes in containers.

use std::{convert::Infallible, fmt, future::Future};

use podshell_shared::terminal::{ClientMessage, Exit, ServerMessage, Size};
use tokio::{sync::watch, time::Instant};

use super::{Output, SessionId, Target};

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

/// Something that opens shells, with the rights of somebody. Clones have the same rights.
pub trait TerminalBackend: Clone + fmt::Debug + Send + Sync + 'static {
    /// From a shell.
    type Reader: ProcessReader + fmt::Debug;
    /// To a shell.
    type Writer: ProcessWriter + fmt::Debug;
    /// What is known of a shell's process.
    type Handle: Send + fmt::Debug;

    /// Opens a shell for session `id`; `size` is the client's, as soon as it is known, and may change meanwhile.
    ///
    /// # Errors
    ///
    /// The session's end, if none could be opened.
    fn open(
        &self,
        id: SessionId,
        target: &Target,
        size: watch::Receiver<Size>,
    ) -> impl Future<Output = Result<RunningProcess<Self>, Exit>> + Send
    where
        Self: Sized;

    /// Waits until the right to have a shell there is gone, and tells what that means for the session.
    fn revoked(&self, target: &Target) -> impl Future<Output = Exit> + Send + 'static;

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
