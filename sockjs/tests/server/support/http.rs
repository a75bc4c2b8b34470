//! An HTTP client that sees each chunk of an answer.

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};
use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::Role};

use super::{Server, soon};

impl Server {
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
        // As it is answered early, all of it may not be wanted.
        let _ = tcp.write_all(request.body.unwrap_or_default()).await;
        soon(Answer::read(tcp, request.method)).await
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

    /// Makes a request with these headers and reads all of the answer.
    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.ask(Request::new(method, path).headers(headers)).await
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
    async fn read(tcp: TcpStream, method: &str) -> Self {
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
            _ if method == "HEAD" || matches!(status, 101 | 204 | 304) => Body::Length(0),
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

    /// The connection as a WebSocket, if the answer agreed to that.
    pub(crate) async fn into_websocket(self) -> WebSocketStream<TcpStream> {
        assert_eq!(self.status, 101);
        let read = self.tcp.buffer().to_vec();
        let tcp = self.tcp.into_inner();
        WebSocketStream::from_partially_read(tcp, read, Role::Client, None).await
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
