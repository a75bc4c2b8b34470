//! The accept loop over loopback and over a listener that fails.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request},
    response::{IntoResponse as _, Response},
    routing::get,
};
use futures_util::stream;
use http::{
    StatusCode,
    header::{CONNECTION, UPGRADE},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    sync::Notify,
    task::JoinHandle,
    time::timeout,
};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use super::*;

const PATIENCE: Duration = Duration::from_secs(30);
const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let done = timeout(PATIENCE, future).await;
    done.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// A server on loopback.
struct Served {
    address: SocketAddr,
    shutdown: CancellationToken,
    running: JoinHandle<()>,
}

impl Served {
    async fn new(connections: usize, routes: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let limits = Limits {
            places: Places::new(connections),
            silence: PATIENCE,
        };
        let running = tokio::spawn(serve(listener, routes, limits, None, shutdown.clone()));
        Self {
            address,
            shutdown,
            running,
        }
    }

    async fn ask(&self, request: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        stream
    }
}

/// What comes until `end` does.
async fn read_until(stream: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let mut text = Vec::new();
    soon(end, async {
        while !text.ends_with(end.as_bytes()) {
            text.push(stream.read_u8().await.unwrap());
        }
    })
    .await;
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn handlers_know_their_peer() {
    let peer = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { format!("<{peer}>") };
    let served = Served::new(4, Router::new().route("/", get(peer))).await;
    let mut stream = served.ask(ASK).await;
    let own = stream.local_addr().unwrap();
    let answer = read_until(&mut stream, ">").await;
    assert!(answer.ends_with(&format!("<{own}>")), "{answer}");
}

/// Takes the connection for itself and sends back what comes, until the peer closes it.
async fn echo(mut request: Request) -> Response {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut io = TokioIo::new(upgrade.await.unwrap());
        let mut byte = [0];
        while io.read(&mut byte).await.is_ok_and(|read| read > 0) {
            io.write_all(&byte).await.unwrap();
        }
    });
    let headers = [(CONNECTION, "upgrade"), (UPGRADE, "echo")];
    (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
}

#[tokio::test]
async fn an_upgraded_connection_keeps_its_place() {
    let routes = Router::new()
        .route("/", get(async || "here."))
        .route("/echo", get(echo));
    let served = Served::new(1, routes).await;
    let upgrade = b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
    let mut upgraded = served.ask(upgrade).await;
    read_until(&mut upgraded, "\r\n\r\n").await;
    let mut second = served.ask(ASK).await;
    // While that one has to wait.
    for _ in 0..100 {
        upgraded.write_all(b"?").await.unwrap();
        read_until(&mut upgraded, "?").await;
        assert_eq!(
            second.try_read(&mut [0]).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
    }
    drop(upgraded);
    read_until(&mut second, "here.").await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_makes_room() {
    let log = Log::default();
    let _logs = log.keep();
    let (listener, clients) = Scripted::new();
    let answer = Arc::new(Notify::new());
    let handler = {
        let answer = Arc::clone(&answer);
        async move || {
            let rest = async move {
                answer.notified().await;
                Ok::<_, io::Error>("late.")
            };
            Body::from_stream(stream::once(rest))
        }
    };
    let routes = Router::new()
        .route("/late", get(handler))
        .route("/", get(async || "here."));
    let limits = Limits {
        places: Places::new(3),
        silence: PATIENCE,
    };
    let _running = tokio::spawn(serve(
        listener,
        routes,
        limits,
        None,
        CancellationToken::new(),
    ));
    let mut busy = clients.connect();
    busy.write_all(b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let begun = Instant::now();
    // One idle, all others half a request.
    let mut strangers = vec![clients.connect()];
    strangers[0].write_all(ASK).await.unwrap();
    read_until(&mut strangers[0], "here.").await;
    for _ in 0..9 {
        let mut stranger = clients.connect();
        stranger.write_all(b"GET / HT").await.unwrap();
        strangers.push(stranger);
    }
    let mut client = clients.connect();
    client.write_all(ASK).await.unwrap();
    read_until(&mut client, "here.").await;
    // Two at a time.
    let time = begun.elapsed();
    let limits = Duration::from_secs(5)..Duration::from_secs(8);
    assert!(limits.contains(&time), "{time:?}");
    // Whose answer is under way stays.
    answer.notify_one();
    read_until(&mut busy, "late.").await;
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("WARN") && lines[0].contains("connections=3"));
}

#[tokio::test]
async fn what_was_asked_before_the_end_is_answered() {
    let asked = Arc::new(Notify::new());
    let answer = Arc::new(Notify::new());
    let handler = {
        let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
        async move || {
            asked.notify_one();
            answer.notified().await;
            "late."
        }
    };
    let served = Served::new(4, Router::new().route("/", get(handler))).await;
    let mut idle = served.ask(b"").await;
    let mut asking = served.ask(ASK).await;
    soon("the request", asked.notified()).await;
    served.shutdown.cancel();
    // Who asks for nothing is not waited for.
    let now = timeout(Duration::from_secs(5), idle.read(&mut [0])).await;
    assert_eq!(now.expect("an end at once").unwrap(), 0);
    // Nor does anybody else get in.
    soon("a closed door", async {
        while TcpStream::connect(served.address).await.is_ok() {
            yield_now().await;
        }
    })
    .await;
    assert!(!served.running.is_finished());
    answer.notify_one();
    read_until(&mut asking, "late.").await;
    soon("the end", served.running).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_header_has_its_time() {
    let (listener, clients) = Scripted::new();
    let routes = Router::new().route("/", get(async || "here."));
    let limits = Limits {
        places: Places::new(4),
        silence: PATIENCE,
    };
    let _running = tokio::spawn(serve(
        listener,
        routes,
        limits,
        None,
        CancellationToken::new(),
    ));
    for first in [&b""[..], b"GET / HT", ASK] {
        let mut client = clients.connect();
        client.write_all(first).await.unwrap();
        if first == ASK {
            read_until(&mut client, "here.").await;
        }
        let begun = Instant::now();
        // Slowly is not enough.
        let ended = async {
            loop {
                let mut rest = [0; 100];
                match timeout(Duration::from_secs(1), client.read(&mut rest)).await {
                    Ok(read) => break read.unwrap_or(0),
                    Err(_) if first.is_empty() => {}
                    Err(_) => client.write_all(b"x").await.unwrap(),
                }
            }
        };
        assert_eq!(soon("the end", ended).await, 0);
        let time = begun.elapsed();
        let limits = Duration::from_secs(11)..Duration::from_secs(14);
        assert!(limits.contains(&time), "{time:?}");
    }
}

/// A listener that gives what a test puts into it.
#[derive(Clone, Default)]
struct Scripted(Arc<Script>);

#[derive(Default)]
struct Script {
    next: Mutex<VecDeque<io::Result<DuplexStream>>>,
    more: Notify,
    failed: AtomicUsize,
}

impl Scripted {
    fn new() -> (Self, Self) {
        let this = Self::default();
        (this.clone(), this)
    }

    fn put(&self, next: io::Result<DuplexStream>) {
        let mut queue = self.0.next.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push_back(next);
        self.0.more.notify_one();
    }

    fn connect(&self) -> DuplexStream {
        let (client, server) = duplex(1 << 10);
        self.put(Ok(server));
        client
    }
}

impl Listener for Scripted {
    type Io = DuplexStream;

    async fn accept(&self) -> io::Result<(DuplexStream, SocketAddr)> {
        loop {
            let next = {
                let mut queue = self.0.next.lock().unwrap_or_else(PoisonError::into_inner);
                queue.pop_front()
            };
            match next {
                Some(Ok(io)) => return Ok((io, SocketAddr::from(([127, 0, 0, 1], 1)))),
                Some(Err(error)) => {
                    self.0.failed.fetch_add(1, Ordering::Relaxed);
                    return Err(error);
                }
                None => self.0.more.notified().await,
            }
        }
    }

    fn set_up(_: &DuplexStream, _: Duration) {}
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Takes what this thread logs, until the guard is dropped.
    fn keep(&self) -> DefaultGuard {
        let subscriber = tracing_subscriber::fmt()
            .with_writer(self.clone())
            .with_max_level(tracing::Level::INFO)
            .with_ansi(false)
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn failures_to_accept_are_said_once() {
    let log = Log::default();
    let _logs = log.keep();
    let (listener, clients) = Scripted::new();
    let routes = Router::new().route("/", get(async || "here."));
    let limits = Limits {
        places: Places::new(100),
        silence: PATIENCE,
    };
    let _running = tokio::spawn(serve(
        listener,
        routes,
        limits,
        None,
        CancellationToken::new(),
    ));
    let begun = Instant::now();
    for _ in 0..20 {
        // Too many open files.
        clients.put(Err(io::Error::from_raw_os_error(24)));
    }
    // Who went before he was let in is no failure.
    clients.put(Err(ErrorKind::ConnectionAborted.into()));
    let mut client = clients.connect();
    client.write_all(ASK).await.unwrap();
    read_until(&mut client, "here.").await;
    assert_eq!(clients.0.failed.load(Ordering::Relaxed), 21);
    // Not as fast as it can.
    let took = begun.elapsed();
    assert!(
        took > Duration::from_secs(10) && took < PATIENCE,
        "{took:?}"
    );
    // One more is of the same burst.
    clients.put(Err(io::Error::from_raw_os_error(24)));
    let mut client = clients.connect();
    client.write_all(ASK).await.unwrap();
    read_until(&mut client, "here.").await;
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("WARN") && lines[0].contains("can't be accepted"));
    tokio::time::advance(Duration::from_secs(11)).await;
    let mut client = clients.connect();
    client.write_all(ASK).await.unwrap();
    read_until(&mut client, "here.").await;
    let lines = log.lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[1].contains("INFO") && lines[1].contains("failures=21"),
        "{lines:?}"
    );
}
