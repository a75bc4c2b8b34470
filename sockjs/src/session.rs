//! A session as the application sees it, and the link by which a transport serves it. Knows no transport.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use http::request::Parts;
use tokio_util::sync::CancellationToken;

use crate::{
    frame,
    queue::{self, Rx, Shut, Tx},
};

/// One client's session: an ordered stream of messages in each direction.
///
/// The handler given to [`Builder::new`](crate::Builder::new) gets it and owns it. When the handler returns, the session
/// is closed with `c[3000,"Go away!"]`, unless it was closed before; what was sent until then still reaches the client.
pub struct Session {
    parts: Parts,
    sender: Sender,
    receiver: Receiver,
}

impl Session {
    /// The request that opened the session: its headers, its URI (as routed: without the prefix of a nested router), and
    /// the extensions that middleware put in, which is the way to pass on who the caller is.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The client's next message. See [`Receiver::recv`].
    ///
    /// # Errors
    /// Why the session is over.
    pub async fn recv(&mut self) -> Result<String, Ended> {
        self.receiver.recv().await
    }

    /// Sends a message. See [`Sender::send`].
    ///
    /// # Errors
    /// [`Closed`] once the session is over or closed.
    pub async fn send(&self, message: impl AsRef<str>) -> Result<(), Closed> {
        self.sender.send(message).await
    }

    /// Closes the session. See [`Sender::close`].
    pub fn close(&self, code: u16, reason: impl Into<String>) {
        self.sender.close(code, reason);
    }

    /// Another handle to send with.
    #[must_use]
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// The two directions apart, for use in different tasks: neither ever waits for the other.
    ///
    /// This drops the request's parts and with them some 10 KiB of memory: they keep the buffer alive that it was read into.
    ///
    /// A handler that hands them to tasks of its own has to await those tasks: the session closes when it returns.
    #[must_use]
    pub fn split(self) -> (Sender, Receiver) {
        (self.sender, self.receiver)
    }
}

impl fmt::Debug for Session {
    /// Leaves out the request, whose headers may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("closed", &self.sender.is_closed())
            .finish_non_exhaustive()
    }
}

/// The direction to the client. Clones send into the same session, from any task.
#[derive(Debug, Clone)]
pub struct Sender {
    outbox: Tx,
    state: Arc<State>,
}

impl Sender {
    /// Sends a message, in order with all others of this session.
    ///
    /// Waits while [`Builder::max_waiting`](crate::Builder::max_waiting) bytes wait for the client already. To return means
    /// that the message is queued, not that the client has it. Cancel safe: a cancelled call has sent nothing.
    ///
    /// # Errors
    /// [`Closed`] once the session is over or closed, also if that happens while waiting.
    pub async fn send(&self, message: impl AsRef<str>) -> Result<(), Closed> {
        let mut frame = String::new();
        frame::encode_messages(&mut frame, [message]);
        self.send_encoded(frame).await
    }

    /// Sends one frame that [`frame::encode_messages`] made, as it is: for those who encode straight from their own
    /// data, or one text for many sessions. Otherwise as [`send`](Self::send).
    ///
    /// # Errors
    /// [`Closed`] once the session is over or closed, also if that happens while waiting.
    pub async fn send_encoded(&self, frame: String) -> Result<(), Closed> {
        debug_assert!(
            frame.starts_with("a[") && frame.ends_with(']'),
            "not an a[…] frame"
        );
        self.outbox.put(frame).await.map_err(|Shut| Closed)
    }

    /// Closes the session: the client gets what was sent before, then `c[code,"reason"]`.
    ///
    /// Does not wait. From here on sending fails and the [`Receiver`] ends. Only the first call counts. A client that is
    /// slow to take the rest is cut off after [`Builder::close_timeout`](crate::Builder::close_timeout).
    pub fn close(&self, code: u16, reason: impl Into<String>) {
        self.state.close(code, reason.into());
        self.outbox.close();
    }

    /// Waits until the session is over or closed, by whichever side.
    pub async fn closed(&self) {
        self.state.over.cancelled().await;
    }

    /// Whether the session is over or closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state.over.is_cancelled()
    }
}

/// The direction from the client.
///
/// Dropping it does not end the session; further messages of the client are then thrown away.
#[derive(Debug)]
pub struct Receiver {
    inbox: Rx,
    state: Arc<State>,
}

impl Receiver {
    /// The client's next message, in order. Cancel safe.
    ///
    /// While nobody takes messages the client is slowed down: at most
    /// [`Builder::max_waiting`](crate::Builder::max_waiting) bytes are taken from it in advance.
    ///
    /// # Errors
    /// Why the session is over; after the messages that came before the end, and again at each further call.
    pub async fn recv(&mut self) -> Result<String, Ended> {
        match self.inbox.take().await {
            Some(message) => Ok(message),
            // A transport that went without a word was dropped: the runtime shuts down, or the handler panicked.
            None => Err(self
                .state
                .ended
                .get()
                .copied()
                .unwrap_or(Ended::ConnectionLost)),
        }
    }
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Ended {
    /// The client closed it in order.
    #[error("the client closed the session")]
    ByClient,
    /// [`Sender::close`] was called.
    #[error("the session was closed on this side")]
    ByServer,
    /// The token given to [`Builder::shutdown`](crate::Builder::shutdown) was cancelled.
    #[error("the server shuts down")]
    Shutdown,
    /// The connection broke, or the client left without closing it.
    #[error("the connection to the client is lost")]
    ConnectionLost,
    /// Nothing was heard from the client for two heartbeats, though it was asked to answer.
    #[error("the client does not answer any more")]
    TimedOut,
    /// The client sent what is not SockJS, broken JSON for example.
    #[error("the client sent what is not SockJS")]
    ProtocolViolation,
    /// The client sent more at once than [`Builder::max_message_size`](crate::Builder::max_message_size).
    #[error("the client sent a message that is too long")]
    MessageTooLong,
}

/// The session is over or closed: nothing more can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session is closed")]
pub struct Closed;

/// What both sides of a session know of its end.
#[derive(Debug, Default)]
struct State {
    /// The close frame to send, from whoever closed first on this side.
    close: OnceLock<(u16, String)>,
    ended: OnceLock<Ended>,
    /// Cancelled by the first close, and by the transport's end.
    over: CancellationToken,
}

impl State {
    fn close(&self, code: u16, reason: String) {
        if !self.over.is_cancelled() && self.close.set((code, reason)).is_ok() {
            self.over.cancel();
        }
    }
}

/// A transport's side of a session. Dropping it ends the session.
#[derive(Debug)]
pub(crate) struct Link {
    /// Encoded frames for the client.
    pub(crate) outbox: Rx,
    /// The client's messages; `None` once the session has ended.
    inbox: Option<Tx>,
    state: Arc<State>,
}

impl Link {
    /// Makes a session and the link that serves it; `max_waiting` bytes may wait in each direction.
    pub(crate) fn new(parts: Parts, max_waiting: usize) -> (Session, Self) {
        let state = Arc::new(State::default());
        let (inbox_tx, inbox_rx) = queue::bounded(max_waiting);
        let (outbox_tx, outbox_rx) = queue::bounded(max_waiting);
        let session = Session {
            parts,
            sender: Sender {
                outbox: outbox_tx,
                state: Arc::clone(&state),
            },
            receiver: Receiver {
                inbox: inbox_rx,
                state: Arc::clone(&state),
            },
        };
        (
            session,
            Self {
                outbox: outbox_rx,
                inbox: Some(inbox_tx),
                state,
            },
        )
    }

    /// The way to the [`Receiver`].
    pub(crate) fn inbox(&self) -> Option<Tx> {
        self.inbox.clone()
    }

    /// Cancelled when the application closes the session.
    pub(crate) fn over(&self) -> CancellationToken {
        self.state.over.clone()
    }

    /// The close frame to send, encoded. `default` if the application did not close the session.
    pub(crate) fn close_frame(&self, default: (u16, &str)) -> String {
        let (code, reason) = self
            .state
            .close
            .get()
            .map_or(default, |(code, reason)| (*code, reason.as_str()));
        let mut frame = String::new();
        frame::encode_close(&mut frame, code, reason);
        frame
    }

    /// Ends the session for the application: receiving tells why, sending fails.
    pub(crate) fn end(&mut self, why: Ended) {
        // Only the first reason counts.
        let _ = self.state.ended.set(why);
        self.inbox = None;
        self.outbox.close();
        self.state.over.cancel();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.state.over.cancel();
    }
}
