//! How messages travel in a WebSocket: in SockJS frames, or raw, each as it is. All that differs between the two is here.

use bytes::Bytes;
use tokio_tungstenite::tungstenite::{
    Message as WsMessage,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use crate::frame::{self, Batch};

/// The longest reason that a WebSocket close frame holds, in bytes (RFC 6455, section 5.5).
const MAX_REASON: usize = 123;

/// A message of a client or for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text: all that SockJS knows.
    Text(String),
    /// Bytes: only in a raw session with a [subprotocol](crate::Session::protocol).
    ///
    /// Those of a client are not copied: they keep the buffer alive that they were read into, which is for whoever stores
    /// them to know. Short ones that wait behind others in the session are.
    Binary(Bytes),
}

impl Message {
    /// The same, with not much more memory than its content needs.
    pub(crate) fn apart(self) -> Self {
        match self {
            Self::Binary(bytes) if bytes.len() < COPIED => {
                Self::Binary(Bytes::copy_from_slice(&bytes))
            }
            other => other,
        }
    }

    /// The bytes of its content.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// Shorter messages take less memory as copies than with the buffer that they were read into, which holds some KiB.
const COPIED: usize = 4 * 1024;

/// How a session's messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// In SockJS frames, which are text and say when a session opens and closes.
    SockJs,
    /// One WebSocket message for each, binary only with a subprotocol that both sides know.
    Raw { protocol: Option<&'static str> },
}

impl Framing {
    /// The subprotocol that was agreed on.
    pub(crate) fn protocol(self) -> Option<&'static str> {
        match self {
            Self::SockJs => None,
            Self::Raw { protocol } => protocol,
        }
    }

    /// How long a WebSocket message or a request's body may be whose messages may have so many bytes: in a frame they are
    /// JSON, in which two characters may stand for one.
    pub(crate) fn longest(self, message: usize) -> usize {
        match self {
            Self::SockJs => message.saturating_mul(2),
            Self::Raw { .. } => message,
        }
    }

    /// What the client gets first.
    pub(crate) fn opening(self) -> Option<WsMessage> {
        match self {
            Self::SockJs => Some(WsMessage::text("o")),
            Self::Raw { .. } => None,
        }
    }

    /// What the client gets now and then beside a ping.
    pub(crate) fn heartbeat(self) -> Option<WsMessage> {
        match self {
            Self::SockJs => Some(WsMessage::text("h")),
            Self::Raw { .. } => None,
        }
    }

    /// The messages that the client sent in a text or binary one; `None` if such is not allowed here.
    pub(crate) fn unpack(self, data: WsMessage) -> Option<impl Iterator<Item = Message> + use<>> {
        let (batch, single) = match (self, data) {
            (Self::SockJs, WsMessage::Text(text)) => (Batch::read(text).ok()?, None),
            (Self::Raw { .. }, WsMessage::Text(text)) => (
                Batch::empty(),
                Some(Message::Text(text.as_str().to_owned())),
            ),
            (Self::Raw { protocol: Some(_) }, WsMessage::Binary(bytes)) => {
                (Batch::empty(), Some(Message::Binary(bytes)))
            }
            _ => return None,
        };
        Some(batch.map(Message::Text).chain(single))
    }

    /// What tells the client that the session is closed: a SockJS frame if there are such, and how to close the WebSocket.
    pub(crate) fn farewell(self, code: u16, reason: &str) -> (Option<WsMessage>, CloseFrame) {
        match self {
            Self::SockJs => {
                let mut text = String::new();
                frame::encode_close(&mut text, code, reason);
                (Some(WsMessage::text(text)), close(CloseCode::Normal, ""))
            }
            Self::Raw { .. } => {
                let code = Some(CloseCode::from(code)).filter(|code| code.is_allowed());
                (None, close(code.unwrap_or(CloseCode::Normal), cut(reason)))
            }
        }
    }
}

/// A message that the session has encoded, as the WebSocket's. The content is not copied.
pub(crate) fn pack(message: Message) -> WsMessage {
    match message {
        Message::Text(text) => WsMessage::text(text),
        Message::Binary(bytes) => WsMessage::Binary(bytes),
    }
}

/// A WebSocket close frame; `reason` is at most [`MAX_REASON`] long.
pub(crate) fn close(code: CloseCode, reason: &str) -> CloseFrame {
    CloseFrame {
        code,
        reason: reason.into(),
    }
}

/// The beginning of `reason` that a close frame holds.
fn cut(reason: &str) -> &str {
    let mut end = reason.len().min(MAX_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    &reason[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: Framing = Framing::Raw { protocol: None };
    const BINARY: Framing = Framing::Raw {
        protocol: Some("p"),
    };

    #[test]
    fn bytes_are_handed_on_without_a_copy() {
        let bytes = Bytes::from(vec![1; 1000]);
        let WsMessage::Binary(packed) = pack(Message::Binary(bytes.clone())) else {
            panic!("binary stays binary")
        };
        assert_eq!(packed.as_ptr(), bytes.as_ptr());
        let unpacked = BINARY.unpack(WsMessage::Binary(bytes.clone())).unwrap();
        let [Message::Binary(unpacked)] = &unpacked.collect::<Vec<_>>()[..] else {
            panic!("one binary message expected")
        };
        assert_eq!(unpacked.as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn binary_needs_a_subprotocol() {
        for framing in [Framing::SockJs, RAW] {
            assert!(
                framing.unpack(WsMessage::Binary(Bytes::new())).is_none(),
                "{framing:?}"
            );
        }
    }

    #[test]
    fn a_raw_close_has_a_code_that_may_be_sent() {
        for (asked, sent) in [
            (1000, 1000),
            (1001, 1001),
            (1011, 1011),
            // Only for those who got no close frame.
            (1005, 1000),
            (1006, 1000),
            (0, 1000),
            (1, 1000),
            (999, 1000),
            (2999, 1000),
            (3000, 3000),
            (4999, 4999),
            (5000, 1000),
            (u16::MAX, 1000),
        ] {
            assert_eq!(u16::from(RAW.farewell(asked, "").1.code), sent, "{asked}");
        }
    }

    #[test]
    fn a_raw_close_cuts_its_reason_between_characters() {
        for (reason, length) in [
            ("x".repeat(123), 123),
            ("x".repeat(124), 123),
            ("字".repeat(50), 123),
            (format!("x{}", "字".repeat(50)), 121),
        ] {
            let (_, close) = BINARY.farewell(1000, &reason);
            assert_eq!(close.reason.len(), length);
            assert!(reason.starts_with(close.reason.as_str()));
        }
    }
}
