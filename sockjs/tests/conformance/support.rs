//! The test services on a port of their own, and an HTTP client that sees each chunk.

use std::{
    future::Future,
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use axum::Router;
use axum_sockjs::{Builder, Ended, Session};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_tungstenite::{WebSocketStream, client_async};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use crate::services;

/// Longer than anything here takes, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(30);

/// Awaits what must happen.
pub(crate) async fn soon<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(PATIENCE, what)
        .await
        .expect("did not happen in time")
}

/// A session's URL that no other has, below a service.
pub(crate) fn fresh(service: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{service}/000/session-{count}")
}

/// A server at `/app` that echoes and tells how its sessions ended.
pub(crate) async fn telling(
    configure: impl FnOnce(Builder) -> Builder,
) -> (Server, mpsc::UnboundedReceiver<Ended>) {
    let (tell, told) = mpsc::unbounded_channel();
    let builder = Builder::new(move |mut session: Session| {
        let tell = tell.clone();
        async move {
            let ended = loop {
                match session.recv().await {
                    Ok(message) => drop(session.send(message).await),
                    Err(ended) => break ended,
                }
            };
            tell.send(ended).unwrap();
        }
    });
    (Server::start_app(configure(builder)).await, told)
}

/// The services.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) sessions: TaskTracker,
    pub(crate) shutdown: CancellationToken,
    /// Stops listening when dropped.
    _stop: DropGuard,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(|builder| builder).await
    }

    pub(crate) async fn start_with(configure: impl Fn(Builder) -> Builder) -> Self {
        let (shutdown, sessions) = (CancellationToken::new(), TaskTracker::new());
        let app = services::router(&shutdown, &sessions, configure);
        Self {
            sessions,
            shutdown,
            ..Self::serve(app).await
        }
    }

    /// Serves one server at `/app`.
    pub(crate) async fn start_app(builder: Builder) -> Self {
        let (shutdown, sessions) = (CancellationToken::new(), TaskTracker::new());
        let builder = builder.shutdown(shutdown.clone()).track(sessions.clone());
        let app = Router::new().nest_service("/app", builder.into_router());
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

    /// Begins a request and reads the answer's head.
    pub(crate) async fn open(&self, request: Request<'_>) -> Answer {
        let mut head = format!(
            "{} {} HTTP/{}\r\nHost: {}\r\n",
            request.method, request.path, request.version, self.address
        );
        for (name, value) in request.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = request.body {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut tcp = TcpStream::connect(self.address).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        tcp.write_all(head.as_bytes()).await.unwrap();
        // as it is answered early, all of it may not be wanted
        let _ = tcp.write_all(request.body.unwrap_or_default()).await;
        soon(Answer::read(tcp)).await
    }

    /// Makes a request and reads all of the answer.
    pub(crate) async fn ask(&self, request: Request<'_>) -> Answer {
        let mut answer = self.open(request).await;
        while let Some(chunk) = answer.chunk().await {
            answer.body.push_str(&chunk);
        }
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Request::new("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.ask(Request::new("POST", path).body(body)).await
    }

    /// What a polling client gets next.
    pub(crate) async fn poll(&self, session: &str) -> String {
        let answer = self.post(&format!("{session}/xhr"), "").await;
        assert_eq!(answer.status, 200);
        answer.body
    }

    /// Sends what must be taken.
    pub(crate) async fn send(&self, session: &str, payload: &str) {
        let answer = self.post(&format!("{session}/xhr_send"), payload).await;
        assert_eq!((answer.status, &*answer.body), (204, ""));
    }

    /// Begins a streaming response; its prelude comes first.
    pub(crate) async fn stream(&self, session: &str, transport: &str) -> Answer {
        let method = if transport == "xhr_streaming" {
            "POST"
        } else {
            "GET"
        };
        let path = format!("{session}/{transport}");
        let answer = self.open(Request::new(method, &path)).await;
        assert_eq!(answer.status, 200);
        answer
    }

    /// Connects a WebSocket.
    pub(crate) async fn websocket(&self, path: &str) -> WebSocketStream<TcpStream> {
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let url = format!("ws://{}{path}", self.address);
        soon(client_async(url, tcp)).await.unwrap().0
    }

    /// Waits until no session is left.
    pub(crate) async fn no_session_left(&self) {
        self.sessions.close();
        soon(self.sessions.wait()).await;
    }
}

/// A request to make.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    method: &'a str,
    path: &'a str,
    version: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: Option<&'a [u8]>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            method,
            path,
            version: "1.1",
            headers: &[],
            body: (method == "POST").then_some(&[]),
        }
    }

    pub(crate) fn headers(self, headers: &'a [(&'a str, &'a str)]) -> Self {
        Self { headers, ..self }
    }

    pub(crate) fn body(self, body: &'a str) -> Self {
        let body = Some(body.as_bytes());
        Self { body, ..self }
    }

    pub(crate) fn version(self, version: &'a str) -> Self {
        Self { version, ..self }
    }
}

/// How the end of a body is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    Length(usize),
    Chunked,
    UntilClosed,
}

/// An answer; dropping it drops its connection.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) version: String,
    headers: Vec<(String, String)>,
    rest: Body,
    /// What has been read of it by [`Server::ask`].
    pub(crate) body: String,
    tcp: BufReader<TcpStream>,
}

impl Answer {
    async fn read(tcp: TcpStream) -> Self {
        let mut tcp = BufReader::new(tcp);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            tcp.read_line(&mut line).await.unwrap();
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            lines.push(line.to_owned());
        }
        let mut words = lines.first().expect("an answer").split(' ');
        let version = words.next().unwrap().trim_start_matches("HTTP/").to_owned();
        let status = words.next().unwrap().parse().unwrap();
        let header = |line: &String| {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            (name.to_ascii_lowercase(), value.to_owned())
        };
        let mut answer = Self {
            status,
            version,
            headers: lines.iter().skip(1).map(header).collect(),
            rest: Body::UntilClosed,
            body: String::new(),
            tcp,
        };
        answer.rest = match answer.header("content-length") {
            _ if matches!(status, 204 | 304) => Body::Length(0),
            Some(length) => Body::Length(length.parse().unwrap()),
            None if answer.header("transfer-encoding") == Some("chunked") => Body::Chunked,
            None => Body::UntilClosed,
        };
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The next chunk of the body; all at once where there are none. `None` at the end.
    pub(crate) async fn chunk(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        match self.rest {
            Body::Length(0) => return None,
            Body::Length(length) => {
                bytes.resize(length, 0);
                soon(self.tcp.read_exact(&mut bytes)).await.unwrap();
                self.rest = Body::Length(0);
            }
            Body::Chunked => {
                let mut size = String::new();
                soon(self.tcp.read_line(&mut size)).await.unwrap();
                let size = usize::from_str_radix(size.trim_end(), 16).ok()?;
                bytes.resize(size + 2, 0);
                soon(self.tcp.read_exact(&mut bytes)).await.unwrap();
                bytes.truncate(size);
                if size == 0 {
                    self.rest = Body::Length(0);
                    return None;
                }
            }
            Body::UntilClosed => {
                soon(self.tcp.read_to_end(&mut bytes)).await.unwrap();
                self.rest = Body::Length(0);
            }
        }
        Some(String::from_utf8(bytes).unwrap())
    }

    /// The next chunk, which must be there.
    pub(crate) async fn next(&mut self) -> String {
        self.chunk().await.expect("a chunk")
    }

    /// Whether the server has closed the connection.
    pub(crate) async fn is_closed(&mut self) -> bool {
        soon(self.tcp.read_u8()).await.is_err()
    }

    /// What the rules say of every answer that must not be kept.
    pub(crate) fn assert_not_cached(&self) {
        assert_eq!(
            self.header("cache-control"),
            Some("no-store, no-cache, no-transform, must-revalidate, max-age=0")
        );
        assert_eq!(
            (self.header("expires"), self.header("last-modified")),
            (None, None)
        );
    }

    /// What the rules say of every answer that should be kept.
    pub(crate) fn assert_cached(&self) {
        let control = self.header("cache-control").unwrap();
        assert!(control.contains("public") && control.contains("max-age=31536000"));
        assert!(self.header("expires").is_some());
        assert_eq!(self.header("last-modified"), None);
    }

    /// Whether a page of this origin may read it, with cookies.
    pub(crate) fn assert_readable_from(&self, origin: &str) {
        assert_eq!(self.header("access-control-allow-origin"), Some(origin));
        assert_eq!(
            self.header("access-control-allow-credentials"),
            Some("true")
        );
    }

    pub(crate) fn assert_type(&self, kind: &str) {
        let got = self.header("content-type").unwrap().replace(' ', "");
        assert_eq!(got, kind);
    }
}
