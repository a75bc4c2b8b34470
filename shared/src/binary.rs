//! The messages as bytes, for the raw WebSocket with the subprotocol [`PROTOCOL`].
//!
//! Each WebSocket message is one byte that names the kind, then its content. Numbers are big-endian.
//! Input and output have the numbers of stdin and stdout in Kubernetes' own channel protocol, so that a
//! frame of output can be handed on as it came.
//!
//! [`PROTOCOL`]: crate::terminal::PROTOCOL

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use serde::Serialize;
use thiserror::Error;

use crate::terminal::{ClientMessage, MAX_ID, MAX_PING, ServerMessage, Size};

/// Client: input.
pub const STDIN: u8 = 0;
/// Server: output.
pub const STDOUT: u8 = 1;
/// Client: rows and columns, 16 bits each.
pub const RESIZE: u8 = 4;
/// Client: the minted id. The server's answer: offset and input offset, 64 bits each, and the key.
pub const BIND: u8 = 5;
/// Client: offset, and the key.
pub const RESUME: u8 = 6;
/// Client: the offset of the output on the screen. Server: the offset of the input taken.
pub const ACK: u8 = 7;
/// Client: nothing. Server: the offsets between which output was dropped.
pub const INTERRUPT: u8 = 8;
/// Client: a token. Server: the same.
pub const PING: u8 = 9;
/// Client: nothing.
pub const LEAVE: u8 = 10;
/// Client: nothing. Server: how the session ended, as JSON.
pub const END: u8 = 11;
/// Server: a remark as a sentence.
pub const TOAST: u8 = 12;
/// Server: a remark, as JSON.
pub const NOTICE: u8 = 13;

/// Why bytes are no message.
#[derive(Debug, Error)]
pub enum BinaryError {
    /// Not even a kind.
    #[error("the message is empty")]
    Empty,
    /// A kind that this side does not know.
    #[error("unknown kind of message {0}")]
    UnknownKind(u8),
    /// More or fewer bytes than the kind has.
    #[error("a message of kind {kind} can't have {length} bytes")]
    Length {
        /// The first byte.
        kind: u8,
        /// How many bytes came behind it.
        length: usize,
    },
    /// Text that is not UTF-8.
    #[error("a message of kind {kind} holds text that is not UTF-8")]
    NotText {
        /// The first byte.
        kind: u8,
    },
    /// JSON that can't be read.
    #[error("a message's JSON can't be read: {0}")]
    Json(#[from] serde_json::Error),
}

/// A client's message as bytes.
pub fn encode_client(message: &ClientMessage) -> Vec<u8> {
    let of = |kind: u8, content: &[u8]| [&[kind], content].concat();
    match message {
        // The encoding is what asks for Podshell's own messages.
        ClientMessage::Bind { id, extended: _ } => of(BIND, id.as_bytes()),
        ClientMessage::Resume { key, offset } => {
            [&[RESUME], &offset.to_be_bytes()[..], key.as_bytes()].concat()
        }
        ClientMessage::Stdin { data } => of(STDIN, data),
        ClientMessage::Interrupt => vec![INTERRUPT],
        ClientMessage::Resize(Size { rows, cols }) => {
            [&[RESIZE], &rows.to_be_bytes()[..], &cols.to_be_bytes()].concat()
        }
        ClientMessage::Ack { offset } => of(ACK, &offset.to_be_bytes()),
        ClientMessage::Leave => vec![LEAVE],
        ClientMessage::Close => vec![END],
        ClientMessage::Ping { token } => of(PING, token.as_bytes()),
    }
}

/// Reads a client's message; input is not copied.
///
/// # Errors
///
/// [`BinaryError`] for what is no message of a client.
pub fn decode_client(message: Bytes) -> Result<ClientMessage, BinaryError> {
    let mut content = Content::new(message)?;
    let message = match content.kind {
        STDIN => ClientMessage::Stdin {
            data: content.rest(),
        },
        RESIZE => ClientMessage::Resize(Size {
            rows: content.number(Bytes::try_get_u16)?,
            cols: content.number(Bytes::try_get_u16)?,
        }),
        BIND => ClientMessage::Bind {
            id: content.text_of(MAX_ID)?,
            extended: true,
        },
        RESUME => ClientMessage::Resume {
            offset: content.number(Bytes::try_get_u64)?,
            key: content.text_of(MAX_ID)?,
        },
        ACK => ClientMessage::Ack {
            offset: content.number(Bytes::try_get_u64)?,
        },
        INTERRUPT => ClientMessage::Interrupt,
        PING => ClientMessage::Ping {
            token: content.text_of(MAX_PING)?,
        },
        LEAVE => ClientMessage::Leave,
        END => ClientMessage::Close,
        kind => return Err(BinaryError::UnknownKind(kind)),
    };
    content.end()?;
    Ok(message)
}

/// A server's message as bytes.
pub fn encode_server(message: &ServerMessage) -> Bytes {
    let mut bytes = BytesMut::new();
    match message {
        ServerMessage::Stdout { data, end: _ } => {
            bytes.reserve(1 + data.len());
            bytes.put_u8(STDOUT);
            bytes.put_slice(data);
        }
        ServerMessage::Bound { key, offset, input } => {
            bytes.put_u8(BIND);
            bytes.put_u64(*offset);
            bytes.put_u64(*input);
            bytes.put_slice(key.as_bytes());
        }
        ServerMessage::Skipped { from, to } => {
            bytes.put_u8(INTERRUPT);
            bytes.put_u64(*from);
            bytes.put_u64(*to);
        }
        ServerMessage::Taken { offset } => {
            bytes.put_u8(ACK);
            bytes.put_u64(*offset);
        }
        ServerMessage::Toast { text } => {
            bytes.put_u8(TOAST);
            bytes.put_slice(text.as_bytes());
        }
        ServerMessage::Notice(notice) => put_json(&mut bytes, NOTICE, notice),
        ServerMessage::Exit(exit) => put_json(&mut bytes, END, exit),
        ServerMessage::Pong { token } => {
            bytes.put_u8(PING);
            bytes.put_slice(token.as_bytes());
        }
    }
    bytes.freeze()
}

fn put_json(bytes: &mut BytesMut, kind: u8, value: &impl Serialize) {
    bytes.put_u8(kind);
    let json = serde_json::to_vec(value).expect("strings and numbers are always JSON");
    bytes.put_slice(&json);
}

/// Reads a server's message; output is not copied. Its end is not said: the client counts.
///
/// # Errors
///
/// [`BinaryError`] for what is no message of a server.
pub fn decode_server(message: Bytes) -> Result<ServerMessage, BinaryError> {
    let mut content = Content::new(message)?;
    let message = match content.kind {
        STDOUT => {
            let (data, end) = (content.rest(), None);
            ServerMessage::Stdout { data, end }
        }
        BIND => ServerMessage::Bound {
            offset: content.number(Bytes::try_get_u64)?,
            input: content.number(Bytes::try_get_u64)?,
            key: content.text()?,
        },
        INTERRUPT => ServerMessage::Skipped {
            from: content.number(Bytes::try_get_u64)?,
            to: content.number(Bytes::try_get_u64)?,
        },
        ACK => ServerMessage::Taken {
            offset: content.number(Bytes::try_get_u64)?,
        },
        TOAST => ServerMessage::Toast {
            text: content.text()?,
        },
        NOTICE => ServerMessage::Notice(serde_json::from_slice(&content.rest())?),
        END => ServerMessage::Exit(serde_json::from_slice(&content.rest())?),
        PING => ServerMessage::Pong {
            token: content.text()?,
        },
        kind => return Err(BinaryError::UnknownKind(kind)),
    };
    content.end()?;
    Ok(message)
}

/// What stands behind the kind.
struct Content {
    kind: u8,
    length: usize,
    bytes: Bytes,
}

impl Content {
    fn new(mut bytes: Bytes) -> Result<Self, BinaryError> {
        let kind = bytes.try_get_u8().map_err(|_| BinaryError::Empty)?;
        let length = bytes.len();
        Ok(Self {
            kind,
            length,
            bytes,
        })
    }

    fn number<T, E>(
        &mut self,
        get: impl FnOnce(&mut Bytes) -> Result<T, E>,
    ) -> Result<T, BinaryError> {
        get(&mut self.bytes).map_err(|_| self.wrong_length())
    }

    fn text(&mut self) -> Result<String, BinaryError> {
        let kind = self.kind;
        String::from_utf8(self.rest().into()).map_err(|_| BinaryError::NotText { kind })
    }

    /// Text of at most so many bytes.
    fn text_of(&mut self, most: usize) -> Result<String, BinaryError> {
        if self.bytes.len() > most {
            return Err(self.wrong_length());
        }
        self.text()
    }

    fn rest(&mut self) -> Bytes {
        std::mem::take(&mut self.bytes)
    }

    fn end(self) -> Result<(), BinaryError> {
        if self.bytes.is_empty() {
            Ok(())
        } else {
            Err(self.wrong_length())
        }
    }

    fn wrong_length(&self) -> BinaryError {
        BinaryError::Length {
            kind: self.kind,
            length: self.length,
        }
    }
}
