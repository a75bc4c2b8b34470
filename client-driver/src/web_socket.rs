//! A connection in a WebSocket, in binary or as text over SockJS.

use std::collections::VecDeque;

use bytes::{Buf as _, Bytes};
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderValue, header::SEC_WEBSOCKET_PROTOCOL};
use podshell_client::{
    codec::{self, Encoded, ServerEvent},
    transport::Transport,
};
use podshell_shared::{
    binary,
    terminal::{ClientMessage, KEY_PROTOCOL},
};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Message, client::IntoClientRequest as _},
};

use crate::{
    connection::{Address, ClientError, connect},
    transport_event::TransportEvent,
};

/// A connection in a WebSocket.
#[derive(Debug)]
pub(crate) struct WebSocketConnection {
    socket: WebSocketStream<TcpStream>,
    transport: Transport,
    /// What came in one frame with something else, or at the end.
    events: VecDeque<TransportEvent>,
}

impl WebSocketConnection {
    /// Opens a connection. Without a `query` to show that it may be opened, the key is shown as a subprotocol. `read_buffer`
    /// is in bytes.
    pub(crate) async fn open(
        transport: Transport,
        url: &str,
        query: Option<&str>,
        address: &Address,
        read_buffer: usize,
    ) -> Result<Self, ClientError> {
        let url = query.map_or_else(|| url.to_owned(), |query| format!("{url}?{query}"));
        let mut request = url.into_client_request()?;
        let key = query.is_none().then_some(&address.token);
        let key = key.map(|key| format!("{KEY_PROTOCOL}{key}"));
        let offered: Vec<&str> = transport
            .subprotocol()
            .into_iter()
            .chain(key.as_deref())
            .collect();
        if !offered.is_empty() {
            let offered = HeaderValue::try_from(offered.join(", "))
                .map_err(http::Error::from)
                .map_err(tungstenite::Error::from)?;
            request
                .headers_mut()
                .insert(SEC_WEBSOCKET_PROTOCOL, offered);
        }
        let socket = connect(request, address, read_buffer).await?;
        // SockJS says itself when it is open; what is no subprotocol of the offer the handshake has refused.
        let opened = transport
            .subprotocol()
            .map(|_| TransportEvent::Server(ServerEvent::Opened));
        Ok(Self {
            socket,
            transport,
            events: opened.into_iter().collect(),
        })
    }

    /// Sends a message.
    pub(crate) async fn send(&mut self, message: &ClientMessage) -> Result<(), ClientError> {
        let message = match self.transport.encode(message) {
            Encoded::Text(text) => Message::text(text),
            Encoded::Bytes(bytes) => Message::binary(bytes),
        };
        Ok(self.socket.send(message).await?)
    }

    /// Waits for what it tells next. Cancel-safe.
    pub(crate) async fn next_event(&mut self) -> TransportEvent {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            match self.socket.next().await {
                Some(Ok(Message::Binary(bytes))) => return read_binary(bytes),
                Some(Ok(Message::Text(text))) => {
                    let events = codec::decode_text(&text);
                    self.events
                        .extend(events.into_iter().map(TransportEvent::Server));
                }
                // It is read on, so that pings and the closing handshake are answered.
                Some(Ok(Message::Close(frame))) => {
                    let closed = frame.and_then(|frame| {
                        codec::decode_close(frame.code.into(), frame.reason.as_str().to_owned())
                    });
                    self.events.extend(closed.map(TransportEvent::Server));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return TransportEvent::Closed,
            }
        }
    }
}

/// Output stays where it is, as it does on the page.
fn read_binary(mut bytes: Bytes) -> TransportEvent {
    if bytes.first() == Some(&binary::STDOUT) {
        bytes.advance(1);
        TransportEvent::Output(bytes)
    } else {
        TransportEvent::Server(codec::decode_binary(bytes.to_vec()))
    }
}
