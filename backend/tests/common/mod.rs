//! A Podshell server over a fake cluster, and clients to speak to it as a browser would.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

pub mod delay;
pub mod log;
pub mod page;
pub mod process;

use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use clap::Parser as _;
use fake_cluster::{Builder, Container, FakeCluster, Pod};
use http::{Method, Request, StatusCode, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use podshell::{Drained, Server, cluster::Cluster, config::Config, session::Sessions};
pub use podshell_client_driver::connection as client;
use podshell_shared::{
    api::Minted,
    terminal::{ClientMessage, Exit, ServerMessage, Size},
    text::{decode_server, encode_client},
};
use sockjs::frame::Frame;
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};
use tokio_tungstenite::tungstenite::{
    Error, Message, client::IntoClientRequest as _, http::HeaderValue,
};

use client::{Connection, Encoding};

/// As much of a WebSocket as is read at once, in bytes.
const READ_BUFFER: usize = 128 << 10;
/// Longer than anything here takes, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for something that must happen.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, future).await {
        Ok(done) => done,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Waits until a condition holds that nothing announces.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    soon(what, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// The pod that most tests use: `default/web-0` with one container of each kind.
pub fn web() -> Builder {
    FakeCluster::builder().pod(
        Pod::new("default", "web-0")
            .container(Container::new("app"))
            .container(Container::new("plain").without_bash())
            .container(Container::new("bare").without_shell())
            .container(Container::new("bash-only").only(&["bash"])),
    )
}

/// The audit events of a server.
#[derive(Clone, Default)]
pub struct Events {
    text: Arc<Mutex<Vec<u8>>>,
    /// Whether none can be written.
    pub is_broken: Arc<AtomicBool>,
    failures: Arc<AtomicU64>,
}

impl Events {
    /// All of them so far.
    pub fn all(&self) -> Vec<serde_json::Value> {
        let text = self.text.lock().unwrap();
        let lines = text.split_inclusive(|byte| *byte == b'\n');
        lines
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    /// How many could not be written.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Those of a kind.
    pub fn of(&self, kind: &str) -> Vec<serde_json::Value> {
        let mut all = self.all();
        all.retain(|event| event["event"] == kind);
        all
    }

    /// Waits for so many of a kind: they are written by a thread of their own. Gives all that there are.
    pub async fn see_all(&self, kind: &str, count: usize) -> Vec<serde_json::Value> {
        until(kind, || self.of(kind).len() >= count).await;
        self.of(kind)
    }

    /// Waits for one of a kind.
    pub async fn see(&self, kind: &str) -> serde_json::Value {
        self.see_all(kind, 1).await.remove(0)
    }
}

impl std::io::Write for Events {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.is_broken.load(Ordering::Relaxed) {
            self.failures.fetch_add(1, Ordering::Relaxed);
            return Err(std::io::ErrorKind::BrokenPipe.into());
        }
        self.text.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A server of its own for each test.
pub struct TestServer {
    pub cluster: FakeCluster,
    pub events: Events,
    /// Where its metrics are, if they are served.
    pub metrics: Option<String>,
    /// How far the server's clock is ahead, in seconds.
    pub ahead: Arc<AtomicU64>,
    pub sessions: Sessions<Cluster>,
    pub host: String,
    /// What scripts send as a bearer token.
    pub token: String,
    /// What was printed for browsers.
    pub link: String,
    base: String,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<Drained>,
    _kubeconfig: tempfile::NamedTempFile,
}

impl TestServer {
    pub async fn start(cluster: Builder) -> Self {
        Self::start_with(cluster, &[]).await
    }

    pub async fn start_with(cluster: Builder, flags: &[&str]) -> Self {
        let cluster = cluster.start().await.unwrap();
        let kubeconfig = kubeconfig(&cluster);
        let path = kubeconfig.path().to_str().unwrap().to_owned();
        let own = ["podshell", "--listen", "127.0.0.1:0", "--kubeconfig", &path];
        let config = Config::try_parse_from(own.iter().chain(flags)).unwrap();
        let base = config.base_path.prefix().to_owned();
        let ahead = Arc::new(AtomicU64::new(0));
        let offset = Arc::clone(&ahead);
        let clock = move || SystemTime::now() + Duration::from_secs(offset.load(Ordering::Relaxed));
        let events = Events::default();
        let server = Server::new(config).with_clock(clock);
        let server = server.with_events(events.clone()).bind().await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let url = server.url();
        let (_, host) = url.split_once("://").unwrap();
        let host = host.split('/').next().unwrap().to_owned();
        Self {
            cluster,
            events,
            metrics: server.metrics_address().map(|address| address.to_string()),
            ahead,
            sessions: server.sessions(),
            host,
            token: server
                .token()
                .map_or_else(String::new, |token| token.reveal().to_owned()),
            link: server
                .links()
                .map_or_else(String::new, |links| links.current()),
            base,
            stop: Some(stop),
            running: tokio::spawn(async move {
                let stopped = async {
                    let _ = stopped.await;
                };
                server.run(stopped).await.unwrap()
            }),
            _kubeconfig: kubeconfig,
        }
    }

    /// A request with the bearer token: status and body.
    pub async fn get(&self, path: &str) -> (StatusCode, String) {
        let answered = self.send(self.request(path)).await;
        (answered.status, answered.body)
    }

    /// A request to be sent, with the bearer token.
    pub fn request(&self, path: &str) -> Request<Empty<&'static [u8]>> {
        let mut request = self.anonymous(path);
        let bearer = format!("Bearer {}", self.token).parse().unwrap();
        request.headers_mut().insert(AUTHORIZATION, bearer);
        request
    }

    /// A request to be sent, without any key.
    pub fn anonymous(&self, path: &str) -> Request<Empty<&'static [u8]>> {
        Request::builder()
            .method(Method::GET)
            .uri(format!("http://{}{}{path}", self.host, self.base))
            .body(Empty::new())
            .unwrap()
    }

    pub async fn send(&self, request: Request<Empty<&'static [u8]>>) -> Answer {
        self.send_any(request.map(|_| String::new())).await
    }

    /// Sends a request with a body.
    pub async fn send_any(&self, request: Request<String>) -> Answer {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let response = soon("an answer", client.request(request)).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = soon("a body", body.collect()).await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// Sends a request whose answer is no text; gives its headers and body.
    pub async fn send_for_bytes(
        &self,
        request: Request<Empty<&'static [u8]>>,
    ) -> (http::HeaderMap, Vec<u8>) {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let response = soon("an answer", client.request(request)).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = soon("a body", body.collect()).await.unwrap().to_bytes();
        (parts.headers, body.to_vec())
    }

    /// An id for a shell in a container of `default/web-0`.
    pub async fn mint(&self, container: &str) -> String {
        let path = format!("/api/v1/pod/default/web-0/shell/{container}");
        self.mint_at(&path).await
    }

    /// An id from a path that mints.
    pub async fn mint_at(&self, path: &str) -> String {
        let (status, body) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_str::<Minted>(&body).unwrap().id
    }

    /// A connection that is open but not bound.
    pub async fn connect(&self) -> Terminal {
        let mut request = self.upgrade("");
        let bearer = HeaderValue::from_str(&format!("Bearer {}", self.token)).unwrap();
        request.headers_mut().insert(AUTHORIZATION.as_str(), bearer);
        self.connect_by(request).await
    }

    /// Asks for a connection, with this query and no key.
    pub fn upgrade(&self, query: &str) -> Upgrade {
        let url = format!(
            "ws://{}{}/api/sockjs/000/abcdefgh/websocket{query}",
            self.host, self.base
        );
        url.into_client_request().unwrap()
    }

    /// What an upgrade is answered that is refused.
    pub async fn refused_upgrade(&self, request: Upgrade) -> StatusCode {
        let address = self.address();
        let opening = Connection::open_by(request, &address, Encoding::Text, READ_BUFFER);
        match soon("an answer", opening).await {
            Err(client::ClientError::Socket(Error::Http(response))) => response.status(),
            other => panic!("{:?}", other.err()),
        }
    }

    /// A connection that is open but not bound.
    pub async fn connect_by(&self, request: Upgrade) -> Terminal {
        let address = self.address();
        let opening = Connection::open_by(request, &address, Encoding::Text, READ_BUFFER);
        Terminal {
            connection: soon("the upgrade", opening).await.unwrap(),
            screen: String::new(),
            exit: None,
            close: None,
            others: Vec::new(),
            acknowledges: true,
        }
    }

    /// A terminal in a container of `default/web-0`, with all of Podshell's messages.
    pub async fn open(&self, container: &str) -> Terminal {
        self.open_with(&self.mint(container).await).await
    }

    /// A terminal for a minted id, with all of Podshell's messages.
    pub async fn open_with(&self, id: &str) -> Terminal {
        let mut terminal = self.connect().await;
        terminal.bind(id, true).await;
        terminal.resize(24, 80).await;
        terminal
    }

    /// Where it is, for clients that connect by themselves.
    pub fn address(&self) -> client::Address {
        client::Address {
            host: self.host.clone(),
            token: self.token.clone(),
        }
    }

    /// Waits until so many processes of the cluster are this command with its arguments.
    /// To count all processes would not do: a shell that starts has others for a moment.
    pub async fn runs(&self, count: usize, command: &str) {
        let running = || self.cluster.processes().into_iter();
        let is_it = |process: &String| process.ends_with(command);
        until(command, || running().filter(is_it).count() == count).await;
    }

    /// Waits until no process runs in the cluster any more.
    pub async fn no_process_left(&self) {
        until("all processes' end", || self.cluster.live_processes() == 0).await;
    }

    /// Tells the server to stop.
    pub fn begin_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Stops the server and shows that nothing stayed behind.
    pub async fn stop(self) {
        self.stop_leaving(0).await;
    }

    /// Stops the server, which knows of so many sessions that may have left something behind.
    pub async fn stop_leaving(self, left: usize) {
        assert_eq!(self.end().await, left);
    }

    /// Waits for all sessions' end, and stops the server; tells how many may have left something behind.
    pub async fn end(mut self) -> usize {
        until("the sessions' end", || self.sessions.living() == 0).await;
        self.begin_stop();
        let drained = soon("the server's end", self.running).await.unwrap();
        // They hold the client of the cluster, which has a task.
        drop(self.sessions);
        self.cluster.shutdown().await;
        let tasks = tokio::runtime::Handle::current().metrics();
        until("the end of the last task", || tasks.num_alive_tasks() == 0).await;
        drained.left
    }

    /// Tells the server to stop while sessions live.
    pub async fn shut_down(self) -> FakeCluster {
        let (cluster, drained) = self.drain().await;
        assert_eq!(drained.left, 0);
        cluster
    }

    /// The same, whatever stays behind.
    pub async fn drain(mut self) -> (FakeCluster, Drained) {
        self.begin_stop();
        let drained = soon("the server's end", self.running).await.unwrap();
        assert_eq!(self.sessions.living(), 0);
        (self.cluster, drained)
    }
}

/// A request for a connection.
pub type Upgrade = Request<()>;

/// What an HTTP request was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub body: String,
}

/// A file with the cluster's token, which nobody else may read.
pub fn kubeconfig(cluster: &FakeCluster) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), cluster.kubeconfig()).unwrap();
    file
}

/// A terminal of a client that speaks text, as Dashboard's does, and says whatever it is told to.
pub struct Terminal {
    connection: Connection,
    /// All output so far.
    pub screen: String,
    /// The exit message, once it came.
    pub exit: Option<Exit>,
    /// The close frame, once it came.
    pub close: Option<(u16, String)>,
    /// All messages but output and exit.
    pub others: Vec<ServerMessage>,
    /// Whether output is acknowledged as it comes.
    pub acknowledges: bool,
}

impl Terminal {
    pub async fn bind(&mut self, id: &str, extended: bool) {
        let id = id.to_owned();
        self.say(&ClientMessage::Bind { id, extended }).await;
    }

    pub async fn resume(&mut self, key: &str, offset: u64) {
        let key = key.to_owned();
        self.say(&ClientMessage::Resume { key, offset }).await;
    }

    /// The key to resume the session with.
    pub fn key(&self) -> String {
        let keys = self.others.iter().filter_map(|message| match message {
            ServerMessage::Bound { key, .. } => Some(key.clone()),
            _ => None,
        });
        keys.last().expect("it is bound")
    }

    pub async fn resize(&mut self, rows: u16, cols: u16) {
        self.say(&ClientMessage::Resize(Size { rows, cols })).await;
    }

    pub async fn type_text(&mut self, text: &str) {
        let data = text.to_owned().into();
        self.say(&ClientMessage::Stdin { data }).await;
    }

    pub async fn say(&mut self, message: &ClientMessage) {
        self.say_text(&encode_client(message)).await;
    }

    /// A message as it is.
    pub async fn say_text(&mut self, text: &str) {
        self.say_frame(serde_json::to_string(&[text]).unwrap())
            .await;
    }

    /// A SockJS frame as it is.
    pub async fn say_frame(&mut self, frame: String) {
        soon("a write", self.connection.say_frame(frame))
            .await
            .unwrap();
    }

    /// The next frame; [`None`] at the end of the connection.
    pub async fn frame(&mut self) -> Option<Frame> {
        match soon("a frame", self.connection.frame()).await {
            Ok(Some(Message::Text(text))) => Some(Frame::decode(&text).unwrap()),
            Ok(Some(other)) => panic!("{other:?} is no text"),
            Ok(None) | Err(_) => None,
        }
    }

    /// Takes in one frame; false at the end of the connection.
    pub async fn step(&mut self) -> bool {
        match self.frame().await {
            Some(Frame::Messages(texts)) => {
                for text in texts {
                    match decode_server(&text).unwrap() {
                        ServerMessage::Stdout { data, end } => {
                            self.screen.push_str(str::from_utf8(&data).unwrap());
                            if let Some(offset) = end.filter(|_| self.acknowledges) {
                                self.say(&ClientMessage::Ack { offset }).await;
                            }
                        }
                        ServerMessage::Exit(exit) => self.exit = Some(exit),
                        other => self.others.push(other),
                    }
                }
                true
            }
            Some(Frame::Close { code, reason }) => {
                self.close = Some((code, reason));
                true
            }
            Some(Frame::Open | Frame::Heartbeat) => true,
            None => false,
        }
    }

    /// Waits until the output holds `text`.
    pub async fn see(&mut self, text: &str) {
        self.see_any(&[text]).await;
    }

    /// Waits for the shell's prompt, root's or another's.
    pub async fn see_prompt(&mut self) {
        self.see_any(&["$ ", "# "]).await;
    }

    async fn see_any(&mut self, texts: &[&str]) {
        let what = format!("{texts:?} on the screen");
        soon(&what, async {
            while !texts.iter().any(|text| self.screen.contains(text)) {
                assert!(self.step().await, "ended before {what}: {:?}", self.screen);
            }
        })
        .await;
    }

    /// Waits for the end and gives the close frame.
    pub async fn end(&mut self) -> (u16, String) {
        while self.step().await {}
        self.close.clone().expect("a close frame")
    }
}
