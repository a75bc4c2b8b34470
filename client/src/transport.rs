//! The ways to reach the server, from the best to the last, and the address of each.

use podshell_shared::{multiplex, terminal::PROTOCOL};

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

    /// Its address under an `http:` or `https:` base; over plain HTTP that of a multiplex, below which its requests have
    /// theirs. `random` gives numbers from 0 up to below 1 that nobody can guess: who knows a session's name can speak in it.
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
                format!("{folder}{}/{}", multiplex::PATH, session())
            }
        }
    }
}

/// How long a session's name is, in characters: 128 bits that nobody guesses.
const SESSION_NAME: usize = 25;
const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

#[cfg(test)]
mod tests {
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
            "https://example.org/tools/shell/api/multiplex/000/aaaaaaaaaaaaaaaaaaaaaaaaa"
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
}
