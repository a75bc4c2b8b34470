//! What carries a connection, whatever the transport, and which transport to begin with.

use js_sys::Uint8Array;
use podshell_client::{codec::ServerEvent, transport::Transport};
use podshell_shared::terminal::ClientMessage;
use wasm_bindgen::JsValue;

use crate::{
    browser::storage,
    net::{sockjs_http::HttpSocket, web_socket::OpenWebSocket},
};

/// What a socket tells.
pub(crate) enum News {
    /// Something was heard.
    ServerEvent(ServerEvent),
    /// Terminal output in the browser's own memory, to be handed on as it is.
    Output(Uint8Array),
    /// The socket is gone.
    Closed,
}

/// What carries a connection. Dropped, it ends that and calls nobody any more.
pub(crate) enum Socket {
    Web(OpenWebSocket),
    Http(HttpSocket),
}

impl Socket {
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
        tell: impl Fn(News) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        if transport.is_web_socket() {
            OpenWebSocket::open(transport, base, query, tell).map(Self::Web)
        } else {
            HttpSocket::open(transport, base, query.unwrap_or_default(), tell).map(Self::Http)
        }
    }

    /// Sends a message. On a socket that is closing it goes nowhere; [`News::Closed`] tells.
    pub(crate) fn send(&self, message: &ClientMessage) {
        match self {
            Self::Web(socket) => socket.send(message),
            Self::Http(socket) => socket.send(message),
        }
    }
}

/// Where the transport that works here is kept, with the time.
const KEY: &str = "podshell.transport";
/// For so long it is taken to work, in ms: the network may be another one by then.
const GOOD_FOR: f64 = 3_600_000.0;

/// The transport to begin with: the one that worked last, else the best.
pub(crate) fn first_transport() -> Transport {
    let [best, ..] = Transport::ALL;
    let kept = storage::local().and_then(|storage| storage.get_item(KEY).ok().flatten());
    let recent = kept.and_then(|kept| {
        let (name, at) = kept.split_once('@')?;
        let age = js_sys::Date::now() - at.parse::<f64>().ok()?;
        let transport = Transport::from_name(name)?;
        (0.0..GOOD_FOR).contains(&age).then_some(transport)
    });
    recent.unwrap_or(best)
}

/// Remembers the transport that works here.
pub(crate) fn remember_transport(transport: Transport) {
    if let Some(storage) = storage::local() {
        let kept = format!("{}@{}", transport.name(), js_sys::Date::now());
        // a browser that keeps nothing tries anew next time
        storage.set_item(KEY, &kept).ok();
    }
}
