//! A connection, whatever the transport.

use podshell_client::transport::Transport;
use podshell_shared::terminal::ClientMessage;
use wasm_bindgen::JsValue;

use crate::net::{
    connection_event::ConnectionEvent, credential, multiplex::Channel, sign_in_mark,
    web_socket::WebSocketConnection,
};

/// Whether a connection by this transport shows by itself who opens it, before there is an id: cookies go along with any
/// socket, a key with some.
pub(crate) fn shows_who_opens_it(transport: Transport) -> bool {
    if credential::key().is_some() {
        transport.can_show_key()
    } else {
        transport.is_web_socket() && sign_in_mark::is_signed_in()
    }
}

/// What carries a connection. Dropped, it ends that and calls nobody any more.
pub(crate) enum Connection {
    Web(WebSocketConnection),
    Http(Channel),
}

impl Connection {
    /// Begins to open a connection under the document's base. `query` shows the server that it may be opened; without one,
    /// the page's key does, where [`can_show_key`](Transport::can_show_key).
    ///
    /// # Errors
    ///
    /// What the browser says of an address that it won't connect to.
    pub(crate) fn open(
        transport: Transport,
        base: &str,
        query: Option<&str>,
        tell: impl Fn(ConnectionEvent) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        if transport.is_web_socket() {
            WebSocketConnection::open(transport, base, query, tell).map(Self::Web)
        } else {
            Channel::open(transport, base, query.unwrap_or_default(), tell).map(Self::Http)
        }
    }

    /// Sends a message. On one that is closing it goes nowhere; [`ConnectionEvent::Closed`] tells.
    pub(crate) fn send(&self, message: &ClientMessage) {
        match self {
            Self::Web(connection) => connection.send(message),
            Self::Http(channel) => channel.send(message),
        }
    }
}
