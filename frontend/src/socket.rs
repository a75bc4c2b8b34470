//! The WebSocket under a SockJS connection.

use js_sys::Math;
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, WebSocket};

/// A WebSocket that closes when dropped and then calls nobody any more.
pub(crate) struct Socket {
    socket: WebSocket,
    _on_text: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut()>,
}

impl Socket {
    /// Opens a SockJS session under the document's base.
    pub(crate) fn open(
        base: &str,
        mut on_text: impl FnMut(String) + 'static,
        on_close: impl FnMut() + 'static,
    ) -> Result<Self, JsValue> {
        let random = |below: f64| Math::floor(Math::random() * below);
        let session: String = (0..8)
            .map(|_| char::from(ALPHABET[random(ALPHABET.len() as f64) as usize]))
            .collect();
        let socket = WebSocket::new(&address(base, random(1000.0) as u16, &session))?;
        let on_text = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            // SockJS has text frames only
            on_text(event.data().as_string().unwrap_or_default());
        });
        let on_close = Closure::<dyn FnMut()>::new(on_close);
        socket.set_onmessage(Some(on_text.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Self {
            socket,
            _on_text: on_text,
            _on_close: on_close,
        })
    }

    /// How many bytes wait in the browser.
    pub(crate) fn buffered(&self) -> u32 {
        self.socket.buffered_amount()
    }

    /// Sends a frame. On a socket that is closing it goes nowhere; `on_close` tells.
    pub(crate) fn send(&self, frame: &str) {
        self.socket.send_with_str(frame).ok();
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        self.socket.close().ok();
    }
}

const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// The address of a SockJS session's WebSocket under an `http:` or `https:` base.
fn address(base: &str, server: u16, session: &str) -> String {
    let base = base.split(['?', '#']).next().unwrap_or_default();
    // http → ws, https → wss
    let base = base.strip_prefix("http").unwrap_or(base);
    let folder = base.rfind('/').map_or(base, |slash| &base[..=slash]);
    format!("ws{folder}ws/api/sockjs/{server:03}/{session}/websocket")
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn the_address_lies_under_the_base() {
        assert_eq!(
            address("http://127.0.0.1:7780/", 7, "abcdefgh"),
            "ws://127.0.0.1:7780/ws/api/sockjs/007/abcdefgh/websocket"
        );
        assert_eq!(
            address("https://example.org/tools/shell/?x#y", 999, "a"),
            "wss://example.org/tools/shell/ws/api/sockjs/999/a/websocket"
        );
    }
}
