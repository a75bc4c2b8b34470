//! A WebSocket under a transport: what the browser tells of it, put into the page's terms.

use js_sys::{Array, ArrayBuffer, Uint8Array};
use podshell_client::{
    codec::{self, Encoded, ServerEvent},
    transport::Transport,
};
use podshell_shared::{
    binary,
    terminal::{ClientMessage, KEY_PROTOCOL},
};
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

use crate::{
    browser::random,
    net::{connection_event::ConnectionEvent, credential},
};

/// A WebSocket that closes when dropped and then calls nobody any more.
pub(crate) struct WebSocketConnection {
    socket: WebSocket,
    transport: Transport,
    _on_open: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl WebSocketConnection {
    /// Begins to open a connection under the document's base. Without a `query` to show that it may be opened, the page's key
    /// is shown as a subprotocol, if there is one: cookies go along by themselves.
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
        let address = transport.address(base, random::number);
        let address = query.map_or(address.clone(), |query| format!("{address}?{query}"));
        // Where a token was handed over, an id does not tell by whose rights a shell is opened.
        let is_to_be_shown = query.is_none() || credential::is_handed_over();
        let shown = credential::key().filter(|_| is_to_be_shown && transport.can_show_key());
        let shown = shown.map(|key| format!("{KEY_PROTOCOL}{key}"));
        let offered: Array = transport
            .subprotocol()
            .into_iter()
            .chain(shown.as_deref())
            .map(JsValue::from)
            .collect();
        let socket = WebSocket::new_with_str_sequence(&address, &offered)?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let on_open = {
            let (socket, tell) = (socket.clone(), tell.clone());
            Closure::<dyn FnMut()>::new(move || {
                // SockJS says itself when it is open.
                let Some(subprotocol) = transport.subprotocol() else {
                    return;
                };
                tell(if socket.protocol() == subprotocol {
                    ConnectionEvent::ServerEvent(ServerEvent::Opened)
                } else {
                    ConnectionEvent::Closed
                });
            })
        };
        let on_message = {
            let tell = tell.clone();
            Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| read(&event.data(), &tell))
        };
        let on_close = Closure::<dyn FnMut(_)>::new(move |event: CloseEvent| {
            if let Some(heard) = codec::decode_close(event.code(), event.reason()) {
                tell(ConnectionEvent::ServerEvent(heard));
            }
            tell(ConnectionEvent::Closed);
        });
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Self {
            socket,
            transport,
            _on_open: on_open,
            _on_message: on_message,
            _on_close: on_close,
        })
    }

    /// Sends a message. On one that is closing it goes nowhere; [`ConnectionEvent::Closed`] tells.
    pub(crate) fn send(&self, message: &ClientMessage) {
        match self.transport.encode(message) {
            Encoded::Text(text) => self.socket.send_with_str(&text),
            Encoded::Bytes(bytes) => self.socket.send_with_u8_array(&bytes),
        }
        .ok();
    }
}

impl Drop for WebSocketConnection {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        self.socket.close().ok();
    }
}

fn read(data: &JsValue, tell: &impl Fn(ConnectionEvent)) {
    if let Some(text) = data.as_string() {
        for heard in codec::decode_text(&text) {
            tell(ConnectionEvent::ServerEvent(heard));
        }
    } else if let Some(buffer) = data.dyn_ref::<ArrayBuffer>() {
        let bytes = Uint8Array::new(buffer);
        // Output stays where it is: this is the hot path.
        if bytes.length() > 0 && bytes.get_index(0) == binary::STDOUT {
            tell(ConnectionEvent::Output(bytes.subarray(1, bytes.length())));
        } else {
            tell(ConnectionEvent::ServerEvent(codec::decode_binary(
                bytes.to_vec(),
            )));
        }
    }
}
