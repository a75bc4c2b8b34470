//! A SockJS server on a port of its own, and clients for it.

use std::{
    future::Future,
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use axum::Router;
use axum_sockjs::{Builder, Ended, Receiver, Sender, Session};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, protocol::Role},
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

/// Longer than anything here takes, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where raw sessions are.
pub(crate) const RAW: &str = "/prefix/websocket";

/// The headers that ask for a WebSocket.
pub(crate) const UPGRADE: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "x3JJHMbDL1EzLkh9GBhXDw=="),
];

/// Awaits what must happen.
pub(crate) async fn soon<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(PATIENCE, what)
        .await
        .expect("did not happen in time")
}

/// A server whose SockJS routes are below `/prefix`.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    /// The sessions' tasks.
    pub(crate) sessions: TaskTracker,
    pub(crate) shutdown: CancellationToken,
    /// Stops listening and serving HTTP when dropped.
    _stop: DropGuard,
}

impl TestServer {
    pub(crate) async fn start(builder: Builder) -> Self {
        Self::start_with(builder, |router| router).await
    }

    /// Starts a server with `layer` around the SockJS router.
    pub(crate) async fn start_with(builder: Builder, layer: impl FnOnce(Router) -> Router) -> Self {
        let (sessions, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let sockjs = builder
            .shutdown(shutdown.clone())
            .track(sessions.clone())
            .into_router();
        let app = Router::new().nest_service("/prefix", layer(sockjs));
        Self {
            sessions,
            shutdown,
            ..Self::serve(app).await
        }
    }

    /// Serves a whole application.
    pub(crate) async fn serve(app: Router) -> Self {
        let stop = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(
            axum::serve(listener, app)
                .with_graceful_shutdown(stop.clone().cancelled_owned())
                .into_future(),
        );
        Self {
            address,
            sessions: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            _stop: stop.drop_guard(),
        }
    }

    /// Connects to a session without reading its first frame.
    pub(crate) async fn connect_to(&self, session: &str) -> Client {
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let url = format!("ws://{}/prefix/{session}/websocket", self.address);
        let (socket, _) = soon(client_async(url, tcp)).await.unwrap();
        Client { socket }
    }

    /// Opens a session.
    pub(crate) async fn open(&self) -> Client {
        let mut client = self.connect_to("000/session").await;
        assert_eq!(client.text().await, "o");
        client
    }

    /// Connects a WebSocket with more headers than it needs, whatever the server makes of them.
    pub(crate) async fn connect_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (HttpResponse, Client) {
        let headers = [&UPGRADE, headers].concat();
        let mut tcp = self.send_request("GET", path, &headers).await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon(tcp.read_u8()).await.unwrap());
        }
        let response = HttpResponse::parse(str::from_utf8(&head).unwrap());
        assert_eq!(response.status, 101);
        let socket = WebSocketStream::from_raw_socket(tcp, Role::Client, None).await;
        (response, Client { socket })
    }

    /// Opens a raw session, with a subprotocol if one is named.
    pub(crate) async fn open_raw(&self, protocol: Option<&str>) -> Client {
        let header = protocol.map(|protocol| ("Sec-WebSocket-Protocol", protocol));
        let (response, client) = self.connect_with(RAW, header.as_slice()).await;
        assert_eq!(response.header("sec-websocket-protocol"), protocol);
        client
    }

    /// Makes one HTTP request and reads the whole response.
    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> HttpResponse {
        let mut tcp = self.send_request(method, path, headers).await;
        tcp.shutdown().await.unwrap();
        let mut response = String::new();
        soon(tcp.read_to_string(&mut response)).await.unwrap();
        HttpResponse::parse(&response)
    }

    async fn send_request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> TcpStream {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        if !headers.iter().any(|(name, _)| *name == "Connection") {
            request.push_str("Connection: close\r\n");
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        let mut tcp = TcpStream::connect(self.address).await.unwrap();
        tcp.write_all(request.as_bytes()).await.unwrap();
        tcp
    }

    /// Waits until no session's task is left.
    pub(crate) async fn all_sessions_over(&self) {
        self.sessions.close();
        soon(self.sessions.wait()).await;
    }
}

pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl HttpResponse {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("an HTTP response");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        headers
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
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

/// A handler that sends every message back, and where it tells why its sessions ended.
pub(crate) fn echo() -> (Builder, mpsc::UnboundedReceiver<Ended>) {
    let (tell, told) = mpsc::unbounded_channel();
    let builder = Builder::new(move |mut session: Session| {
        let tell = tell.clone();
        async move {
            let ended = loop {
                match session.recv().await {
                    // Fails only if the session is over, which the next `recv` tells.
                    Ok(message) => drop(session.send(message).await),
                    Err(ended) => break ended,
                }
            };
            assert_eq!(session.recv().await, Err(ended), "the end stays the end");
            assert!(
                session.send("late").await.is_err(),
                "nobody is there to get it"
            );
            tell.send(ended).unwrap();
        }
    });
    (builder, told)
}

/// A handler that hands its session to the test, and stays until the session is over.
pub(crate) fn hand_over() -> (Builder, mpsc::UnboundedReceiver<(Sender, Receiver)>) {
    let (give, take) = mpsc::unbounded_channel();
    let builder = Builder::new(move |session: Session| {
        let give = give.clone();
        async move {
            let sender = session.sender();
            give.send(session.split()).unwrap();
            sender.closed().await;
        }
    });
    (builder, take)
}

/// Waits until a count grows no more.
pub(crate) async fn stalled(count: &AtomicUsize) {
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    let mut before = usize::MAX;
    loop {
        ticks.tick().await;
        let now = count.load(Ordering::Relaxed);
        if now == before && now > 0 {
            return;
        }
        before = now;
    }
}
