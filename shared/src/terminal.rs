//! The messages of a terminal connection, whatever their encoding.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The name of Podshell's own protocol: the WebSocket subprotocol of the binary encoding, and what a
/// bind in the text encoding asks for.
pub const PROTOCOL: &str = "podshell.v1";
/// What stands before a key of the API in the name of a WebSocket subprotocol: offered beside [`PROTOCOL`], and never
/// agreed on. Browsers can send no other header with a WebSocket.
pub const KEY_PROTOCOL: &str = "podshell.key.";
/// How much output may at least be on its way to the screen, in bytes.
///
/// The server lets more be where the client draws more in two round trips; beyond that nothing is sent until the client
/// acknowledges some.
pub const OUTPUT_WINDOW: u64 = 128 << 10;
/// How much input a client may have sent that the server has not taken, in bytes.
pub const INPUT_WINDOW: u64 = 128 << 10;
/// At the latest after so many bytes each side tells the other how far it is.
pub const TELL_EVERY: u64 = 16 << 10;

/// How long a server lets a session wait at the most for a client that was lost, in seconds. So long a client tries to come
/// back: only the server knows how long it does.
pub const MAX_GRACE: u64 = 24 * 3600;

/// A terminal's size in character cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Columns.
    pub cols: u16,
}

impl Size {
    /// Whether a terminal can have this size. Browsers report 0×0 for a terminal that isn't
    /// shown; such a size is to be ignored.
    pub fn is_usable(self) -> bool {
        self.rows > 0 && self.cols > 0
    }
}

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientMessage {
    /// The first message of a connection: ties it to the terminal of a minted id.
    Bind {
        /// The id that the mint route gave, at most [`MAX_ID`] bytes.
        id: String,
        /// Whether the client understands more than Dashboard's messages
        /// ([`Bound`](ServerMessage::Bound), [`Exit`](ServerMessage::Exit) and the like),
        /// and acknowledges what it has drawn.
        extended: bool,
    },
    /// Instead of a bind: goes on with a session whose connection was lost, or takes it over.
    Resume {
        /// The key that [`Bound`](ServerMessage::Bound) gave, at most [`MAX_ID`] bytes.
        key: String,
        /// Offset of the first output byte that the client does not have.
        offset: u64,
    },
    /// Typed or pasted input, byte for byte. A client that was told so by its bind sends no more than
    /// [`INPUT_WINDOW`] beyond what was [`Taken`](ServerMessage::Taken).
    Stdin {
        /// Bytes for the terminal.
        data: Bytes,
    },
    /// Ctrl-C typed while output waits: one byte of input, 0x03, after which the server drops output
    /// until it pauses.
    Interrupt,
    /// The terminal has this size now.
    Resize(Size),
    /// All output up to this offset is on the screen.
    /// Offsets count terminal bytes since the session began.
    Ack {
        /// Offset of the first byte that is not yet on the screen.
        offset: u64,
    },
    /// The page goes away, and may come back at once if it is only loaded anew: the session waits for
    /// [`Resume`](Self::Resume) a few seconds, not as long as after a connection that was lost.
    Leave,
    /// The user wants the session to end.
    Close,
    /// Asks for a [`Pong`](ServerMessage::Pong) with the same token.
    Ping {
        /// Anything that the client wants back, at most [`MAX_PING`] bytes.
        token: String,
    },
}

/// The longest token of a ping, in bytes.
pub const MAX_PING: usize = 64;
/// The longest id of a [`Bind`](ClientMessage::Bind) and key of a [`Resume`](ClientMessage::Resume), in bytes: several
/// times what any has.
pub const MAX_ID: usize = 4 << 10;

/// The part of a resume key that tells its session from others, and is no secret. Empty if that is no such key.
///
/// It stands in the query of a connection that is to [`Resume`](ClientMessage::Resume), as a minted id stands in that of
/// one that is to bind.
pub fn session_handle(key: &str) -> &str {
    key.split_once('.').map_or("", |(handle, _)| handle)
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerMessage {
    /// The connection is tied to a session.
    Bound {
        /// With this key a later connection may go on with the session.
        key: String,
        /// Offset of the next output byte. Behind what a resuming client asked for if the bytes between
        /// are gone.
        offset: u64,
        /// Offset of the next input byte: what the client sent behind it was lost and is to be sent again.
        input: u64,
    },
    /// Terminal output, byte for byte.
    Stdout {
        /// Bytes for the screen.
        data: Bytes,
        /// Offset behind these bytes; [`None`] for clients that did not ask for it.
        end: Option<u64>,
    },
    /// Output that the server dropped after an [`Interrupt`](ClientMessage::Interrupt).
    Skipped {
        /// Offset of the first byte dropped.
        from: u64,
        /// Offset of the next byte that will come.
        to: u64,
    },
    /// The server has taken all input up to this offset; input bytes count from 0 since the session began.
    Taken {
        /// Offset of the next input byte.
        offset: u64,
    },
    /// A remark for the user, not part of the terminal's content.
    Notice(Notice),
    /// The same, as clients hear it that know Dashboard's messages alone.
    Toast {
        /// One sentence.
        text: String,
    },
    /// The session is over; nothing follows.
    Exit(Exit),
    /// The answer to a [`Ping`](ClientMessage::Ping).
    Pong {
        /// The ping's token.
        token: String,
    },
}

/// A remark for the user. As text it is a sentence in English.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "kebab-case")]
pub enum Notice {
    /// The terminal is attached to the container's main process.
    MainProcess,
    /// If nothing is typed, the session ends soon. With the next input it is true no more.
    IdleSoon {
        /// How soon.
        seconds: u64,
    },
    /// The session ends soon, for it is as old as the server allows.
    LifetimeSoon {
        /// How soon.
        seconds: u64,
    },
    /// The session ends soon, for the server is being stopped.
    ShutdownSoon {
        /// How soon.
        seconds: u64,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within = |seconds: &u64| match seconds {
            1 => "1 second".to_owned(),
            seconds => format!("{seconds} seconds"),
        };
        match self {
            Self::MainProcess => {
                f.write_str("This is the container's main process. Leaving does not stop it.")
            }
            Self::IdleSoon { seconds } => {
                let within = within(seconds);
                write!(f, "If nothing is typed, this session ends in {within}.")
            }
            Self::LifetimeSoon { seconds } => {
                let within = within(seconds);
                write!(
                    f,
                    "This session ends in {within}: it is as old as allowed here."
                )
            }
            Self::ShutdownSoon { seconds } => {
                let within = within(seconds);
                write!(
                    f,
                    "This session ends in {within}: the Podshell server is being stopped."
                )
            }
        }
    }
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The kind of end, for programs.
    pub reason: EndReason,
    /// The exit code of the shell where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// What happened and what to do, for people, in English.
    pub message: String,
    /// What somebody else said of it, in their own words: the cluster, a container runtime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Exit {
    /// An end of which nothing but this is known.
    pub fn new(reason: EndReason, message: impl Into<String>) -> Self {
        Self {
            reason,
            code: None,
            message: message.into(),
            detail: None,
        }
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndReason {
    /// The shell ended by itself, or the process that the terminal was attached to; [`Exit::code`] says how, where that is known.
    Exited,
    /// The client asked for it.
    Closed,
    /// The container has no shell, or not the one asked for.
    NoShell,
    /// The container runtime could not start the shell, or attach to the process.
    NotStarted,
    /// The container ended; its pod is still there, and may start it again.
    ContainerEnded,
    /// The pod was deleted, or is over with all of its containers.
    PodGone,
    /// The cluster refused the exec: the right to it is missing.
    Forbidden,
    /// An admission policy or webhook of the cluster denied the exec.
    Denied,
    /// Something between the server and the cluster answered in the cluster's place.
    ProxyRefused,
    /// Something between the server and the cluster lets no WebSocket through.
    NoUpgrade,
    /// There is no such pod or container, or it does not run.
    NotFound,
    /// The connection to the cluster could not be made or was lost.
    ClusterLost,
    /// The id was not minted by this server, or not for this caller.
    UnknownId,
    /// The id was minted too long ago.
    ExpiredId,
    /// The id was used before.
    UsedId,
    /// No bind arrived in time.
    BindTimeout,
    /// The client broke the protocol.
    Protocol,
    /// The server is shutting down.
    Shutdown,
    /// There are as many sessions as the server allows, in all or for this user.
    Limit,
    /// Nothing was typed for as long as the server allows.
    Idle,
    /// The session is as old as the server allows.
    Lifetime,
    /// Another connection resumed the session; it goes on there.
    TakenOver,
    /// The session to resume is over, or was never here.
    NoSession,
    /// The sign-in of whoever opened the session has ended: they signed out, or it expired.
    SignedOut,
    /// The server can't write down who does what, and must not open a session without it.
    NoAudit,
}

impl EndReason {
    /// Every reason, for tests and documents.
    pub const ALL: [Self; 25] = [
        Self::Exited,
        Self::Closed,
        Self::NoShell,
        Self::NotStarted,
        Self::ContainerEnded,
        Self::PodGone,
        Self::Forbidden,
        Self::Denied,
        Self::ProxyRefused,
        Self::NoUpgrade,
        Self::NotFound,
        Self::ClusterLost,
        Self::UnknownId,
        Self::ExpiredId,
        Self::UsedId,
        Self::BindTimeout,
        Self::Protocol,
        Self::Shutdown,
        Self::Limit,
        Self::Idle,
        Self::Lifetime,
        Self::TakenOver,
        Self::NoSession,
        Self::SignedOut,
        Self::NoAudit,
    ];
}
