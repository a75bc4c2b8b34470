//! The ways to reach the server, each with its address and its encoding of the messages.

use podshell_shared::{
    binary,
    close::{Carrier, Outcome},
    terminal::{ClientMessage, PROTOCOL, ServerMessage},
    text::{self, TextError},
};
use sockjs::frame::Frame;

/// A way to reach the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Bytes over a plain WebSocket, which has to agree on the subprotocol.
    WebSocketBinary,
    /// Text over SockJS, in a WebSocket.
    WebSocketText,
    /// Text over SockJS, in responses that go on until they are long.
    XhrStreaming,
    /// The same in the browser's own form.
    EventSource,
    /// Text over SockJS, a request for each answer.
    XhrPolling,
}

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
    /// All of them, the best first.
    pub const ALL: [Self; 5] = [
        Self::WebSocketBinary,
        Self::WebSocketText,
        Self::XhrStreaming,
        Self::EventSource,
        Self::XhrPolling,
    ];

    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::WebSocketBinary => "websocket-binary",
            Self::WebSocketText => "websocket-text",
            Self::XhrStreaming => "xhr-streaming",
            Self::EventSource => "eventsource",
            Self::XhrPolling => "xhr-polling",
        }
    }

    /// The transport of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|transport| transport.name() == name)
    }

    /// So many places behind it in the list, which has no end.
    pub fn after(self, places: usize) -> Self {
        let place = Self::ALL.iter().position(|transport| *transport == self);
        Self::ALL[(place.unwrap_or_default() + places) % Self::ALL.len()]
    }

    /// Whether it is a WebSocket; else it is plain HTTP.
    pub fn is_web_socket(self) -> bool {
        matches!(self, Self::WebSocketBinary | Self::WebSocketText)
    }

    /// Whether any bytes can be said in it; else text alone.
    pub fn is_binary(self) -> bool {
        self == Self::WebSocketBinary
    }

    /// The WebSocket subprotocol that both sides have to agree on.
    pub fn subprotocol(self) -> Option<&'static str> {
        self.is_binary().then_some(PROTOCOL)
    }

    /// Whether its socket can be opened with the page's key, before there is an id: browsers want one of the subprotocols
    /// that they offer to be agreed on.
    pub fn can_show_key(self) -> bool {
        self.subprotocol().is_some()
    }

    /// Its address under an `http:` or `https:` base; over plain HTTP the session's, below which its requests have theirs.
    /// `random` gives numbers from 0 up to below 1 that nobody can guess: who knows a session's name can speak in it.
    pub fn address(self, base: &str, random: fn() -> f64) -> String {
        let base = base.split(['?', '#']).next().unwrap_or_default();
        let folder = base.rfind('/').map_or(base, |slash| &base[..=slash]);
        // http → ws, https → wss
        let socket = folder.strip_prefix("http").unwrap_or(folder);
        let below = |end: usize| (random() * end as f64) as usize;
        let session = || {
            let server = below(1000);
            let name: String = (0..SESSION_NAME)
                .map(|_| char::from(ALPHABET[below(ALPHABET.len())]))
                .collect();
            format!("{server:03}/{name}")
        };
        match self {
            Self::WebSocketBinary => format!("ws{socket}ws/api/sockjs/websocket"),
            Self::WebSocketText => format!("ws{socket}ws/api/sockjs/{}/websocket", session()),
            Self::XhrStreaming | Self::EventSource | Self::XhrPolling => {
                format!("{folder}api/sockjs/{}", session())
            }
        }
    }

    /// A message as this transport has it.
    pub fn encode(self, message: &ClientMessage) -> Encoded {
        match self {
            Self::WebSocketBinary => Encoded::Bytes(binary::encode_client(message)),
            Self::WebSocketText => {
                let mut batch = String::new();
                sockjs::frame::encode_batch(&mut batch, [text::encode_client(message)]);
                Encoded::Text(batch)
            }
            // put together with what else waits
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
            let event = |message: String| match text::decode_server(&message) {
                Ok(message) => ServerEvent::Message(message),
                // a newer server may say more than this page knows
                Err(TextError::UnknownOp(_)) => ServerEvent::Heartbeat,
                Err(error) => ServerEvent::ProtocolError(error.to_string()),
            };
            return messages.into_iter().map(event).collect();
        }
    };
    vec![event]
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

/// How long a session's name is, in characters: 128 bits that nobody guesses.
const SESSION_NAME: usize = 25;
const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

#[cfg(test)]
mod tests {
    use podshell_shared::text::encode_server;

    use super::*;

    #[test]
    fn the_addresses_lie_under_the_base() {
        assert_eq!(
            Transport::WebSocketBinary.address("http://127.0.0.1:7780/", || 0.0),
            "ws://127.0.0.1:7780/ws/api/sockjs/websocket"
        );
        assert_eq!(
            Transport::WebSocketText.address("http://127.0.0.1:7780/", || 0.0),
            "ws://127.0.0.1:7780/ws/api/sockjs/000/aaaaaaaaaaaaaaaaaaaaaaaaa/websocket"
        );
        assert_eq!(
            Transport::WebSocketText.address("https://example.org/tools/shell/?x#y", || 0.9999),
            "wss://example.org/tools/shell/ws/api/sockjs/999/9999999999999999999999999/websocket"
        );
        assert_eq!(
            Transport::XhrPolling.address("https://example.org/tools/shell/?x#y", || 0.0),
            "https://example.org/tools/shell/api/sockjs/000/aaaaaaaaaaaaaaaaaaaaaaaaa"
        );
    }

    #[test]
    fn names_lead_back() {
        for transport in Transport::ALL {
            assert_eq!(Transport::from_name(transport.name()), Some(transport));
        }
        let [first, second, .., last] = Transport::ALL;
        assert_eq!((first.after(1), last.after(2)), (second, second));
        assert_eq!(Transport::from_name("carrier-pigeon"), None);
    }

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
