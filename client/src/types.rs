//! What a client says of itself, and to those who drive it.

use bytes::Bytes;
use podshell_shared::terminal::{ClientMessage, Exit, Notice};
use serde::{Deserialize, Serialize};

use crate::transport::Transport;

/// How far a client is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The first connection is on its way.
    Opening,
    /// Bound; the server has not confirmed it.
    Starting,
    /// The shell runs.
    Connected,
    /// The connection was lost, and the shell waits.
    Reconnecting,
    /// The page is hidden away by the browser, and may come back.
    Away,
    /// It ended; nothing follows.
    Ended(End),
}

/// How a session ended for its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The server said why.
    Exit(Exit),
    /// The server closed it with no more than a code and a reason.
    Closed {
        /// The code, as SockJS has it.
        code: u16,
        /// Why, in English.
        reason: String,
        /// Whether the shell ran.
        bound: bool,
    },
    /// It never opened.
    NotOpened,
    /// It broke before the shell ran.
    NotStarted,
    /// It broke, and could not be mended in time.
    ConnectionLost,
    /// Nothing came in answer to the bind.
    Silent,
    /// The server said something that this page doesn't understand.
    ProtocolError(String),
    /// The server does not know the user any more.
    SignedOut,
    /// The user left.
    ClosedByUser,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Close the connection.
    Disconnect,
    /// Open a connection.
    Connect(Transport),
    /// Send this over the connection.
    Send(ClientMessage),
    /// Tell the server, by a request that outlives the page, that the page with this session's key goes away.
    Leave(String),
}

/// What was heard has this for the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScreenUpdate {
    /// Terminal bytes, which end at the offset `end`.
    Output {
        /// The bytes.
        data: Bytes,
        /// The offset behind the last whole character.
        end: u64,
    },
    /// The session goes on behind the last whole character: of one that had begun all comes again.
    Resumed,
    /// The server dropped output, so many bytes up to `end`, after a Ctrl-C.
    Skipped {
        /// How many.
        bytes: u64,
        /// Where output goes on.
        end: u64,
    },
    /// So many bytes up to `end` are gone for good.
    Missing {
        /// How many.
        bytes: u64,
        /// Where output goes on.
        end: u64,
    },
    /// A remark for the user.
    Notice(Notice),
}

/// All that is needed to go on with a session from another page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumePoint {
    /// The session's resume key.
    pub key: String,
    /// Output up to here is on the screen.
    pub drawn: u64,
    /// Input up to here has arrived; the rest may not have.
    pub received: u64,
    /// That rest.
    pub unreceived: Vec<u8>,
}

/// How much has gone each way since the session began, over all of its connections, in bytes of the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Output that has come.
    pub output: u64,
    /// Input that has been sent.
    pub input: u64,
}

/// What is known of the server and the way to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServerInfo {
    /// Whether it takes any `WebSocket` at all.
    pub websocket: bool,
    /// How long the answer took, in ms.
    pub round_trip: f64,
}
