//! A session as the application sees it, and the link by which a transport serves it. Knows no transport.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use http::request::Parts;
use tokio_util::sync::CancellationToken;

use crate::{
    builder::Config,
    ended::{Closed, Ended, SendBinaryError},
    frame,
    framing::{Framing, Message},
    pace::Pace,
    queue::{self, Incoming, Rx, Shut, Tx},
    room::{Room, Share},
};

/// One client's session: an ordered stream of messages in each direction.
///
/// The handler given to [`Builder::new`](crate::Builder::new) gets it and owns it. When the handler returns, the session
/// is closed with `c[3000,"Go away!"]`, unless it was closed before; what was sent until then still reaches the client.
///
/// A raw session, whose client connected to `/websocket`, is the same to the handler. It carries text, and with a
/// [subprotocol](Self::protocol) bytes too.
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

    /// The subprotocol that was agreed on, one of [`Builder::raw_protocols`](crate::Builder::raw_protocols).
    ///
    /// `None` if the client asked for none of them, and in every session that is not raw.
    #[must_use]
    pub fn protocol(&self) -> Option<&'static str> {
        self.sender.state.framing.protocol()
    }

    /// Whether the client connected to `/websocket`, where messages have no frames.
    #[must_use]
    pub fn is_raw(&self) -> bool {
        matches!(self.sender.state.framing, Framing::Raw { .. })
    }

    /// The client's next message. See [`Receiver::recv`].
    ///
    /// # Errors
    /// Why the session is over.
    pub async fn recv(&mut self) -> Result<String, Ended> {
        self.receiver.recv().await
    }

    /// The client's next message, text or binary. See [`Receiver::recv_message`].
    ///
    /// # Errors
    /// Why the session is over.
    pub async fn recv_message(&mut self) -> Result<Message, Ended> {
        self.receiver.recv_message().await
    }

    /// Sends a message. See [`Sender::send`].
    ///
    /// # Errors
    /// [`Closed`] once the session is over or closed.
    pub async fn send(&self, message: impl AsRef<str>) -> Result<(), Closed> {
        self.sender.send(message).await
    }

    /// Sends a binary message. See [`Sender::send_binary`].
    ///
    /// # Errors
    /// [`SendBinaryError`] if the session is over or closed, or carries text only.
    pub async fn send_binary(&self, message: Bytes) -> Result<(), SendBinaryError> {
        self.sender.send_binary(message).await
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
    /// This drops the request's parts and with them some 18 KiB of memory: they keep the buffer alive that it was read into.
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
        let text = self.encode(message);
        self.put(Message::Text(text)).await
    }

    /// Sends a binary message, without a copy of it. Otherwise as [`send`](Self::send).
    ///
    /// # Errors
    /// [`SendBinaryError::TextOnly`] if the session is not raw or has no [subprotocol](Session::protocol);
    /// [`SendBinaryError::Closed`] once it is over or closed, also if that happens while waiting.
    pub async fn send_binary(&self, message: Bytes) -> Result<(), SendBinaryError> {
        if self.state.framing.protocol().is_none() {
            return Err(SendBinaryError::TextOnly);
        }
        Ok(self.put(Message::Binary(message)).await?)
    }

    /// Waits until something may be sent, and gives the right to send it at once.
    ///
    /// For those who decide only then what it is. It waits while
    /// [`Builder::max_waiting`](crate::Builder::max_waiting) bytes wait for the client already; what is sent then may be
    /// of any length. Cancel safe.
    ///
    /// # Errors
    /// [`Closed`] once the session is over or closed, also if that happens while waiting.
    pub async fn reserve(&self) -> Result<Permit<'_>, Closed> {
        let reserved = self.state.outbox.reserve().await;
        reserved.map(Permit).map_err(|Shut| Closed)
    }

    fn encode(&self, message: impl AsRef<str>) -> String {
        match self.state.framing {
            Framing::SockJs => {
                let mut frame = String::new();
                frame::encode_messages(&mut frame, [message]);
                frame
            }
            Framing::Raw { .. } => message.as_ref().to_owned(),
        }
    }

    async fn put(&self, message: Message) -> Result<(), Closed> {
        let outbox = &self.state.outbox;
        outbox.put(message).await.map_err(|Shut| Closed)
    }

    /// Closes the session: the client gets what was sent before, then `c[code,"reason"]`.
    ///
    /// The client of a raw session gets a WebSocket close frame with them instead: the code if such a frame may have it
    /// (1000, 3000–4999 and some more, RFC 6455, section 7.4), else 1000; the reason cut to the 123 bytes that it holds.
    ///
    /// Does not wait. From here on sending fails and the [`Receiver`] ends. Only the first call counts. A client that is
    /// slow to take the rest is cut off after [`Builder::close_timeout`](crate::Builder::close_timeout).
    pub fn close(&self, code: u16, reason: impl Into<String>) {
        self.state.close(code, reason.into());
    }

    /// [Closes](Self::close) the session behind some more messages, which are encoded as for [`Permit::send`] and do not
    /// wait for room.
    pub fn close_after(
        &self,
        last: impl IntoIterator<Item = Message>,
        code: u16,
        reason: impl Into<String>,
    ) {
        self.state.outbox.close_with(last);
        self.close(code, reason);
    }

    /// From now on, no more is on its way to the client than it takes: 128 KiB, or twice what it takes in one round trip, up
    /// to 4 MiB. The rest waits in the session, where [`send`](Self::send) waits for it.
    ///
    /// For clients that draw slower than the network is, and would draw for seconds what sockets and proxies hold. How much
    /// the client has taken is known by pings, one for every 32 KiB, which every WebSocket client answers in their turn;
    /// one that does not is sent as much as its socket takes. Over plain HTTP there are none, and no such bound.
    pub fn pace(&self) {
        self.state.pace.begin();
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

/// The right to send something at once, which [`Sender::reserve`] gives. Dropping it sends nothing.
#[derive(Debug)]
pub struct Permit<'a>(queue::Permit<'a, Message>);

impl Permit<'_> {
    /// Sends `message` as it is: binary, or text that is encoded as the session's framing has it (a frame that
    /// [`frame::encode_messages`] made; in a [raw](Session::is_raw) session the message itself).
    pub fn send(self, message: Message) {
        self.send_all([message]);
    }

    /// [Sends](Self::send) several messages, or none, one behind the other.
    pub fn send_all(self, messages: impl IntoIterator<Item = Message>) {
        self.0.put(messages);
    }
}

/// The direction from the client.
///
/// Dropping it does not end the session; further messages of the client are then thrown away.
#[derive(Debug)]
pub struct Receiver {
    /// `None` once a message came that the application does not take.
    inbox: Option<Rx<Incoming>>,
    /// Of the last message.
    room: Option<Room>,
    state: Arc<State>,
}

impl Receiver {
    /// The client's next message, in order; text, or the session ends: with a binary one this side takes the protocol for
    /// broken. Otherwise as [`recv_message`](Self::recv_message).
    ///
    /// # Errors
    /// Why the session is over.
    pub async fn recv(&mut self) -> Result<String, Ended> {
        match self.recv_message().await? {
            Message::Text(text) => Ok(text),
            Message::Binary(_) => {
                self.inbox = None;
                Err(self.state.end(Ended::ProtocolViolation))
            }
        }
    }

    /// The client's next message, in order, text or binary. Cancel safe.
    ///
    /// While nobody takes messages the client is slowed down: at most
    /// [`Builder::max_waiting`](crate::Builder::max_waiting) bytes are taken from it in advance.
    ///
    /// # Errors
    /// Why the session is over; after the messages that came before the end, and again at each further call.
    pub async fn recv_message(&mut self) -> Result<Message, Ended> {
        self.room = None;
        let (message, room) = self.recv_with_room().await?;
        self.room = room;
        Ok(message)
    }

    /// The client's next message as [`recv_message`](Self::recv_message) gives it, with what it takes of
    /// [`Builder::room_for_long_messages`](crate::Builder::room_for_long_messages) if it is a long one: to be kept for as long
    /// as the message is. The other methods keep it until they are called again.
    ///
    /// # Errors
    /// Why the session is over.
    pub async fn recv_with_room(&mut self) -> Result<(Message, Option<Room>), Ended> {
        if let Some(inbox) = &mut self.inbox
            && let Some(Incoming { message, room }) = inbox.take().await
        {
            return Ok((message, room));
        }
        // A transport that went without a word was dropped: the runtime shuts down, or the handler panicked.
        let ended = self.state.ended.get().copied();
        Err(ended.unwrap_or(Ended::ConnectionLost))
    }
}

/// What both sides of a session know of it.
#[derive(Debug)]
struct State {
    framing: Framing,
    outbox: Tx,
    pace: Arc<Pace>,
    /// How to close it, from whoever closed first on this side.
    close: OnceLock<(u16, String)>,
    ended: OnceLock<Ended>,
    /// Cancelled by the first close, and by the transport's end.
    over: CancellationToken,
}

impl State {
    fn close(&self, code: u16, reason: String) {
        if !self.over.is_cancelled() && self.close.set((code, reason)).is_ok() {
            self.shut();
        }
    }

    /// Ends the session. Only the first reason counts, which is returned.
    fn end(&self, why: Ended) -> Ended {
        let why = *self.ended.get_or_init(|| why);
        self.shut();
        why
    }

    fn shut(&self) {
        self.outbox.close();
        self.over.cancel();
    }
}

/// A transport's side of a session. Dropping it ends the session.
#[derive(Debug)]
pub(crate) struct Link {
    /// The client's messages; `None` once the session has ended.
    inbox: Option<Tx<Incoming>>,
    /// Of the room for long ones.
    share: Share,
    state: Arc<State>,
}

impl Link {
    /// Makes a session and the link that serves it, with what is for the client, as the session's framing has it.
    pub(crate) fn new(parts: Parts, framing: Framing, config: &Config) -> (Session, Self, Rx) {
        let (inbox_tx, inbox_rx) = queue::bounded(config.max_waiting);
        let (outbox_tx, outbox_rx) = queue::bounded(config.max_waiting);
        let state = Arc::new(State {
            framing,
            outbox: outbox_tx,
            pace: Arc::default(),
            close: OnceLock::new(),
            ended: OnceLock::new(),
            over: CancellationToken::new(),
        });
        let session = Session {
            parts,
            sender: Sender {
                state: Arc::clone(&state),
            },
            receiver: Receiver {
                inbox: Some(inbox_rx),
                room: None,
                state: Arc::clone(&state),
            },
        };
        let link = Self {
            inbox: Some(inbox_tx),
            share: config.rooms.share(framing.longest(config.max_message_size)),
            state,
        };
        (session, link, outbox_rx)
    }

    /// The way to the [`Receiver`].
    pub(crate) fn inbox(&self) -> Option<Tx<Incoming>> {
        self.inbox.clone()
    }

    /// The session's share of the room for long messages.
    pub(crate) fn share(&self) -> Share {
        self.share.clone()
    }

    /// How much of what is sent the client has not taken.
    pub(crate) fn pace(&self) -> Arc<Pace> {
        Arc::clone(&self.state.pace)
    }

    /// Cancelled when the application closes the session.
    pub(crate) fn over(&self) -> CancellationToken {
        self.state.over.clone()
    }

    pub(crate) fn framing(&self) -> Framing {
        self.state.framing
    }

    /// How the application closed the session, if it did.
    pub(crate) fn closed_with(&self) -> Option<(u16, &str)> {
        let (code, reason) = self.state.close.get()?;
        Some((*code, reason))
    }

    /// Why the session has ended, if it has.
    pub(crate) fn ended(&self) -> Option<Ended> {
        self.state.ended.get().copied()
    }

    /// [Ends](Self::end) the session, and closes it if the application has not.
    pub(crate) fn end_with(&mut self, why: Ended, code: u16, reason: &str) {
        // Before it is over, for then the application may ask.
        self.state.ended.get_or_init(|| why);
        self.state.close(code, reason.to_owned());
        self.end(why);
    }

    /// Ends the session for the application: receiving tells why, sending fails. Returns why, for the application may have
    /// found a reason before.
    pub(crate) fn end(&mut self, why: Ended) -> Ended {
        let why = self.state.end(why);
        // Only now: who finds no more messages looks for the reason.
        self.inbox = None;
        why
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.state.over.cancel();
    }
}
