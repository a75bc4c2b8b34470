//! The encoding that messages have in each transport, and what comes from the server, whatever the encoding.

use podshell_shared::{
    binary,
    close::{Carrier, Outcome},
    terminal::{ClientMessage, ServerMessage},
    text::{self, TextError},
};
use sockjs::frame::Frame;

use crate::transport::Transport;

/// A client's message in a transport's encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encoded {
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// What is event from the server, whatever the encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// Messages may be sent.
    Opened,
    /// The server lives.
    Heartbeat,
    /// It says something.
    Message(ServerMessage),
    /// It ended the connection, by SockJS' codes and those of [`Carrier::SockJs`].
    Closed {
        /// The code.
        code: u16,
        /// Why, in English.
        reason: String,
    },
    /// It says what this page doesn't understand.
    ProtocolError(String),
}

impl Transport {
    /// A message as this transport has it.
    pub fn encode(self, message: &ClientMessage) -> Encoded {
        match self {
            Self::WebSocketBinary => Encoded::Bytes(binary::encode_client(message)),
            Self::WebSocketText => {
                let mut batch = String::new();
                sockjs::frame::encode_batch(&mut batch, [text::encode_client(message)]);
                Encoded::Text(batch)
            }
            // Put together with what else waits, of all terminals.
            Self::XhrStreaming | Self::EventSource | Self::XhrPolling => {
                Encoded::Text(text::encode_client(message))
            }
        }
    }
}

/// What a text says, in the order in which it is to be event.
pub fn decode_text(frame: &str) -> Vec<ServerEvent> {
    let event = match Frame::decode(frame) {
        Ok(Frame::Open) => ServerEvent::Opened,
        Ok(Frame::Heartbeat) => ServerEvent::Heartbeat,
        Ok(Frame::Close { code, reason }) => ServerEvent::Closed { code, reason },
        Err(error) => ServerEvent::ProtocolError(error.to_string()),
        Ok(Frame::Messages(messages)) => {
            let messages = messages.iter();
            return messages.map(|text| decode_message(text)).collect();
        }
    };
    vec![event]
}

/// What a text of a channel says: a message, or SockJS' close frame.
pub fn decode_on_channel(text: &str) -> ServerEvent {
    if !text.starts_with('c') {
        return decode_message(text);
    }
    match Frame::decode(text) {
        Ok(Frame::Close { code, reason }) => ServerEvent::Closed { code, reason },
        other => ServerEvent::ProtocolError(format!("no close frame: {other:?}")),
    }
}

fn decode_message(text: &str) -> ServerEvent {
    match text::decode_server(text) {
        Ok(message) => ServerEvent::Message(message),
        // A newer server may say more than this page knows.
        Err(TextError::UnknownOp(_)) => ServerEvent::Heartbeat,
        Err(error) => ServerEvent::ProtocolError(error.to_string()),
    }
}

/// What a binary message says that is not output, which is not to be copied here.
pub fn decode_binary(message: Vec<u8>) -> ServerEvent {
    match binary::decode_server(message.into()) {
        Ok(message) => ServerEvent::Message(message),
        Err(binary::BinaryError::UnknownKind(_)) => ServerEvent::Heartbeat,
        Err(error) => ServerEvent::ProtocolError(error.to_string()),
    }
}

/// What the close code of a plain WebSocket says of the session, as SockJS says it; [`None`] if nothing.
pub fn decode_close(code: u16, reason: String) -> Option<ServerEvent> {
    let outcome = Outcome::from_code(code, Carrier::WebSocket)?;
    let code = outcome.code(Carrier::SockJs);
    Some(ServerEvent::Closed { code, reason })
}

#[cfg(test)]
mod tests {
    use podshell_shared::text::encode_server;

    use super::*;

    #[test]
    fn each_has_its_encoding() {
        let message = ClientMessage::Ack { offset: 7 };
        assert_eq!(
            Transport::WebSocketBinary.encode(&message),
            Encoded::Bytes(vec![7, 0, 0, 0, 0, 0, 0, 0, 7])
        );
        let Encoded::Text(text) = Transport::WebSocketText.encode(&message) else {
            panic!("text is text");
        };
        let messages: Vec<String> = serde_json::from_str(&text).unwrap();
        assert_eq!(text::decode_client(&messages[0]).unwrap(), message);
    }

    #[test]
    fn messages_come_in_order_and_unknown_ones_are_no_harm() {
        let stdout = |data: &'static str| ServerMessage::Stdout {
            data: data.into(),
            end: Some(1),
        };
        let encode = |message| encode_server(&message, true).unwrap();
        let texts = [
            r#"{"Op":"later"}"#.to_owned(),
            encode(stdout("a")),
            encode(stdout("b")),
        ];
        let mut frame = String::new();
        sockjs::frame::encode_messages(&mut frame, texts);
        assert_eq!(
            decode_text(&frame),
            [
                ServerEvent::Heartbeat,
                ServerEvent::Message(stdout("a")),
                ServerEvent::Message(stdout("b")),
            ]
        );
        assert_eq!(decode_text("o"), [ServerEvent::Opened]);
        assert_eq!(decode_text("h"), [ServerEvent::Heartbeat]);
        assert_eq!(decode_binary(vec![200, 1]), ServerEvent::Heartbeat);
    }

    #[test]
    fn garbage_is_told_from_messages() {
        for garbage in ["", "x", "a[1]", r#"a["no message"]"#] {
            let event = decode_text(garbage);
            assert!(
                matches!(&event[..], [ServerEvent::ProtocolError(_)]),
                "{garbage}"
            );
        }
        for garbage in [&[][..], &[binary::BIND], &[binary::END, b'{']] {
            let event = decode_binary(garbage.to_vec());
            assert!(
                matches!(event, ServerEvent::ProtocolError(_)),
                "{garbage:?}"
            );
        }
    }

    #[test]
    fn on_a_channel_a_message_is_itself_and_the_end_a_close_frame() {
        let pong = ServerMessage::Pong { token: "1".into() };
        let text = encode_server(&pong, true).unwrap();
        assert_eq!(decode_on_channel(&text), ServerEvent::Message(pong));
        let (code, reason) = (2, "why".to_owned());
        let closed = ServerEvent::Closed { code, reason };
        assert_eq!(decode_on_channel(r#"c[2,"why"]"#), closed);
        for garbage in ["", "o", "c", "c[2]", "a[]"] {
            let event = decode_on_channel(garbage);
            assert!(matches!(event, ServerEvent::ProtocolError(_)), "{garbage}");
        }
    }

    #[test]
    fn both_ways_to_close_say_the_same() {
        let closed = |code| ServerEvent::Closed {
            code,
            reason: "why".to_owned(),
        };
        assert_eq!(decode_text(r#"c[2,"why"]"#), [closed(2)]);
        assert_eq!(decode_close(4002, "why".to_owned()), Some(closed(2)));
        assert_eq!(decode_close(4001, "why".to_owned()), Some(closed(1)));
        for code in [1000, 1006, 1009, 4000, 4003] {
            assert_eq!(decode_close(code, "why".to_owned()), None);
        }
    }
}
