//! How sessions end, and what can't be sent any more.

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Ended {
    /// The client closed it in order.
    #[error("the client closed the session")]
    ByClient {
        /// The code of its WebSocket close frame, if it gave one. Browsers give 1001 when they leave the page.
        code: Option<u16>,
    },
    /// [`Sender::close`](crate::Sender::close) was called.
    #[error("the session was closed on this side")]
    ByServer,
    /// The token given to [`Builder::shutdown`](crate::Builder::shutdown) was cancelled.
    #[error("the server shuts down")]
    Shutdown,
    /// The connection broke, or the client left without closing it; over plain HTTP also: it did not ask for another response
    /// behind one that was complete, or what it sent could not be passed on in whole, because its request broke or because the
    /// application took nothing for two heartbeats.
    #[error("the connection to the client is lost")]
    ConnectionLost,
    /// Nothing was heard from the client for two heartbeats, though it was asked to answer: by a ping in a WebSocket; over
    /// plain HTTP by the end of its response, for which it has [`Builder::disconnect_delay`](crate::Builder::disconnect_delay)
    /// more.
    #[error("the client does not answer any more")]
    TimedOut,
    /// The client sent what is not WebSocket or not SockJS, broken JSON for example; a binary message where there should be
    /// none; or pings without end while it takes nothing.
    #[error("the client broke the protocol")]
    ProtocolViolation,
    /// The client sent more at once than [`Builder::max_message_size`](crate::Builder::max_message_size).
    #[error("the client sent a message that is too long")]
    MessageTooLong,
}

/// The session is over or closed: nothing more can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session is closed")]
pub struct Closed;

/// Why a binary message was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendBinaryError {
    /// The session is over or closed.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// No [subprotocol](crate::Session::protocol) was agreed on, without which there are no binary messages.
    #[error("the session carries text only")]
    TextOnly,
}
