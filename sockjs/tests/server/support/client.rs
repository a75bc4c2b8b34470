//! WebSocket clients.

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use super::{Server, http::Request, soon};

/// Where raw sessions are.
pub(crate) const RAW: &str = "/app/websocket";

/// The headers that ask for a WebSocket.
pub(crate) const UPGRADE: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "x3JJHMbDL1EzLkh9GBhXDw=="),
];

impl Server {
    /// Connects a WebSocket.
    pub(crate) async fn websocket(&self, path: &str) -> WebSocketStream<TcpStream> {
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let url = format!("ws://{}{path}", self.address);
        soon(client_async(url, tcp)).await.unwrap().0
    }

    /// Connects to a session without reading its first frame.
    pub(crate) async fn connect_to(&self, session: &str) -> Client {
        let path = format!("/app/{session}/websocket");
        let socket = self.websocket(&path).await;
        Client { socket }
    }

    /// Opens a session.
    pub(crate) async fn open_session(&self) -> Client {
        let mut client = self.connect_to("000/session").await;
        assert_eq!(client.text().await, "o");
        client
    }

    /// Connects a WebSocket with more headers than it needs, whatever the server makes of them. Tells the subprotocol that
    /// it agreed on.
    pub(crate) async fn connect_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (Option<String>, Client) {
        let headers = [&UPGRADE, headers].concat();
        let answer = self.open(Request::new("GET", path).headers(&headers)).await;
        let protocol = answer.header("sec-websocket-protocol").map(str::to_owned);
        let socket = answer.into_websocket().await;
        (protocol, Client { socket })
    }

    /// Opens a raw session, with a subprotocol if one is named.
    pub(crate) async fn open_raw(&self, protocol: Option<&str>) -> Client {
        let header = protocol.map(|protocol| ("Sec-WebSocket-Protocol", protocol));
        let (agreed, client) = self.connect_with(RAW, header.as_slice()).await;
        assert_eq!(agreed.as_deref(), protocol);
        client
    }
}

/// The client's end of a websocket session.
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
}

impl Client {
    pub(crate) async fn send(&mut self, text: impl Into<String>) {
        soon(self.socket.send(Message::text(text.into())))
            .await
            .unwrap();
    }

    /// The next text; pings are answered on the way.
    pub(crate) async fn text(&mut self) -> String {
        loop {
            match self.message().await {
                Message::Text(text) => return text.as_str().to_owned(),
                Message::Ping(_) => {}
                other => panic!("a text expected, got {other:?}"),
            }
        }
    }

    pub(crate) async fn message(&mut self) -> Message {
        soon(self.socket.next())
            .await
            .expect("a message before the end")
            .unwrap()
    }

    /// The code of the server's close frame, which must be the last thing to come.
    pub(crate) async fn close_code(&mut self) -> u16 {
        self.close_frame().await.0
    }

    /// Code and reason of the server's close frame, which must be the last thing to come.
    pub(crate) async fn close_frame(&mut self) -> (u16, String) {
        let Message::Close(Some(frame)) = self.message().await else {
            panic!("a close frame expected")
        };
        assert!(soon(self.socket.next()).await.is_none());
        (frame.code.into(), frame.reason.as_str().to_owned())
    }

    /// Waits for the connection to end, which must come next and without a close frame.
    pub(crate) async fn cut(&mut self) {
        match soon(self.socket.next()).await {
            None | Some(Err(_)) => {}
            Some(Ok(message)) => panic!("the end expected, got {message:?}"),
        }
    }
}
