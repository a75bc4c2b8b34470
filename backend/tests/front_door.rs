//! What strangers can't take from the server, who have reached its port and no more: its memory, its
//! descriptors, and the end of anyone's shell.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::{
    fs,
    io::ErrorKind,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use common::{
    TestServer,
    client::{Connection, Encoding},
    process::Podshell,
    soon, until, web,
};
use http::{Request, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use podshell_shared::{
    api::Minted,
    terminal::{ClientMessage, ServerMessage, Size},
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::Instant,
};

/// No header may take longer.
const GONE: Duration = Duration::from_secs(15);

/// The test has one end of each connection.
fn raise_limit() {
    let limits = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limits.maximum,
        ..limits
    };
    setrlimit(Resource::Nofile, raised).unwrap();
}

/// Asks on a connection of its own; gives the status line's code and the body.
async fn get(host: &str, path: &str, token: Option<&str>) -> (u16, String) {
    let mut request = Request::get(format!("http://{host}{path}"));
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = request.body(Empty::<&[u8]>::new()).unwrap();
    let response = soon("an answer", client.request(request)).await.unwrap();
    let status = response.status().as_u16();
    let body = soon("a body", response.into_body().collect())
        .await
        .unwrap();
    (status, String::from_utf8(body.to_bytes().to_vec()).unwrap())
}

/// The median time of `/healthz` on connections of their own.
async fn health_time(host: &str) -> Duration {
    let mut times = Vec::new();
    for _ in 0..9 {
        let begun = Instant::now();
        assert_eq!(get(host, "/healthz", None).await.0, 200);
        times.push(begun.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

/// Connections that begin a request and never end it; they last until the server closes them.
struct Strangers {
    /// Each gives how long it lasted.
    connections: JoinSet<Duration>,
    written: Arc<AtomicUsize>,
}

impl Strangers {
    /// Opens `count`, with `bytes` of header each.
    fn come(host: &str, count: usize, bytes: usize) -> Self {
        let mut connections = JoinSet::new();
        let written = Arc::new(AtomicUsize::new(0));
        let mut request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-Long: ").into_bytes();
        request.resize(bytes, b'x');
        for _ in 0..count {
            let (host, request) = (host.to_owned(), request.clone());
            let written = Arc::clone(&written);
            connections.spawn(async move {
                let mut stream = TcpStream::connect(host).await.unwrap();
                let since = Instant::now();
                // Refused if it is too long.
                let _ = stream.write_all(&request).await;
                written.fetch_add(1, Ordering::Relaxed);
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer).await;
                since.elapsed()
            });
        }
        Self {
            connections,
            written,
        }
    }

    /// Waits until all have written.
    async fn are_here(&self) {
        let count = self.connections.len();
        until("the strangers", || {
            self.written.load(Ordering::Relaxed) == count
        })
        .await;
    }

    /// Waits until all are gone; gives how long the last one stayed.
    async fn are_gone(mut self) -> Duration {
        let mut longest = Duration::ZERO;
        while let Some(time) = soon("a connection's end", self.connections.join_next()).await {
            longest = longest.max(time.unwrap());
        }
        longest
    }
}

fn is_full(line: &str) -> bool {
    line.contains("all connections are in use")
}

#[tokio::test]
async fn half_open_requests_cost_little_and_go() {
    raise_limit();
    let server = Podshell::start(&["--demo"]).await;
    let host = &server.address.host;
    health_time(host).await;
    let before = server.memory();
    // Too long, and as long as may be.
    for bytes in [300 << 10, 31 << 10] {
        let strangers = Strangers::come(host, 1000, bytes);
        strangers.are_here().await;
        let health = health_time(host).await;
        let grown = server.memory().saturating_sub(before);
        let longest = strangers.are_gone().await;
        let figures = format!("{bytes} bytes each: {grown} KiB, {health:?}, {longest:?}");
        eprintln!("{figures}");
        assert!(grown <= 64 << 10, "{figures}");
        assert!(health < Duration::from_millis(100), "{figures}");
        assert!(longest <= GONE, "{figures}");
    }
    assert_eq!(server.log(), [""; 0]);
}

#[tokio::test]
async fn a_header_that_is_too_long_is_refused() {
    let server = TestServer::start(web()).await;
    let mut stream = TcpStream::connect(&server.host).await.unwrap();
    // Exactly as much as is read, so that the answer is not lost with the rest.
    let begin = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\nX-Long: ", server.host);
    let mut request = begin.into_bytes();
    request.resize(32 << 10, b'x');
    stream.write_all(&request).await.unwrap();
    let mut answer = String::new();
    soon("a refusal", stream.read_to_string(&mut answer))
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn bodies_that_do_not_come_cost_little_and_keep_nobody_out() {
    let server = Podshell::start_limited(256, &["--demo"]).await;
    let host = &server.address.host;
    let before = server.memory();
    // As long as is promised they are not: each says that there is one byte more.
    let mut strangers = Vec::new();
    for length in [2, 1 << 10, 1_500_000] {
        let header = format!(
            "POST /api/v1/sign-in HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        for _ in 0..40 {
            let mut stream = TcpStream::connect(host).await.unwrap();
            stream.write_all(header.as_bytes()).await.unwrap();
            // What nobody reads need not be taken.
            let _ = stream.try_write(&vec![b' '; length - 1]);
            strangers.push(stream);
        }
    }
    assert!(health_time(host).await < Duration::from_secs(2));
    assert!(server.memory().saturating_sub(before) < 64 << 10);
    let begun = Instant::now();
    soon("all strangers' end", async {
        for stream in &mut strangers {
            let mut rest = Vec::new();
            // An answer, or a connection that is cut.
            let _ = stream.read_to_end(&mut rest).await;
        }
    })
    .await;
    assert!(begun.elapsed() < GONE);
}

#[tokio::test]
async fn connections_that_say_nothing_are_closed() {
    let server = TestServer::start(web()).await;
    let closed = async |first: &[u8]| {
        let mut stream = TcpStream::connect(&server.host).await.unwrap();
        stream.write_all(first).await.unwrap();
        let begun = Instant::now();
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        soon("the end", read).await.unwrap();
        (begun.elapsed(), answer)
    };
    let ask = ask_for_health(&server);
    let (silent, half, idle) = tokio::join!(
        closed(b""),
        closed(b"GET /healthz HT"),
        closed(ask.as_bytes()),
    );
    for (time, answer) in [&silent, &half, &idle] {
        // A page's pings, 10 s apart, go over one connection.
        let limits = Duration::from_secs(11)..GONE;
        assert!(limits.contains(time), "{time:?}: {answer}");
    }
    assert!(idle.1.ends_with("ok\n"), "{}", idle.1);
    server.stop().await;
}

#[tokio::test]
async fn who_does_not_take_answers_is_cut_off() {
    let server = TestServer::start_with(web(), &["--heartbeat", "1s"]).await;
    let stream = TcpStream::connect(&server.host).await.unwrap();
    let ask = ask_for_health(&server).repeat(100);
    soon("the end", async {
        loop {
            match stream.try_write(ask.as_bytes()) {
                Ok(_) => tokio::task::yield_now().await,
                // The server has stopped to read, as it can't write.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    stream.writable().await.unwrap();
                }
                Err(error) => break assert_eq!(error.kind(), ErrorKind::ConnectionReset),
            }
        }
    })
    .await;
    server.stop().await;
}

fn ask_for_health(server: &TestServer) -> String {
    format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", server.host)
}

/// Waits until nobody else gets in: the server wants no more, or can't have more.
async fn is_filled(server: &Podshell) {
    until("a full house", || {
        server.log().iter().any(|line| is_full(line)) || server.descriptors() >= 256
    })
    .await;
}

/// A shell in the demo, with `command` running in its background.
async fn demo_shell(server: &Podshell, command: &str) -> Connection {
    let address = &server.address;
    let path = "/api/v1/pod/default/welcome/shell/shell";
    let (status, body) = get(&address.host, path, Some(&address.token)).await;
    assert_eq!(status, 200, "{body}");
    let id = serde_json::from_str::<Minted>(&body).unwrap().id;
    let opening = Connection::open(address, Encoding::Binary, 4096);
    let mut terminal = soon("a connection", opening).await.unwrap();
    for message in [
        ClientMessage::Bind { id, extended: true },
        ClientMessage::Resize(Size { rows: 24, cols: 80 }),
        ClientMessage::Stdin {
            data: format!("{command} &\r").into(),
        },
    ] {
        terminal.say(&message).await.unwrap();
    }
    until(command, || runs(command)).await;
    terminal
}

/// Whether a process with this command line is there.
fn runs(command: &str) -> bool {
    fs::read_dir("/proc").unwrap().any(|entry| {
        let path = entry.unwrap().path().join("cmdline");
        let line = fs::read_to_string(path).unwrap_or_default();
        line.trim_end_matches('\0').replace('\0', " ") == command
    })
}

#[tokio::test]
async fn strangers_leave_enough_to_end_a_session() {
    let server = Podshell::start_limited(256, &["--demo"]).await;
    let host = &server.address.host;
    let job = format!("sleep {}", 30_000_000 + std::process::id());
    let mut terminal = demo_shell(&server, &job).await;
    let strangers = Strangers::come(host, 300, 20);
    is_filled(&server).await;
    terminal.say(&ClientMessage::Close).await.unwrap();
    let goodbye = async {
        while let Some(message) = terminal.hear().await.unwrap() {
            if let ServerMessage::Exit(exit) = message {
                return exit;
            }
        }
        panic!("ended without a word");
    };
    soon("the session's end", goodbye).await;
    until("the job's end", || !runs(&job)).await;
    // Nor do they keep others out for good.
    assert_eq!(get(host, "/healthz", None).await.0, 200);
    strangers.are_gone().await;
    let log = server.log();
    let full = log.iter().filter(|line| is_full(line)).count();
    assert_eq!(full, 1, "{log:?}");
    let failed = |line: &String| line.contains("can't be accepted");
    assert!(!log.iter().any(failed), "{log:?}");
}

#[tokio::test]
async fn all_sessions_and_connections_that_may_be_fit() {
    // The worst case of the arithmetic: every session in use and every connection, and all sessions end at once.
    let server = Podshell::start_limited(256, &["--demo", "--max-sessions", "9"]).await;
    let host = &server.address.host;
    let before = server.descriptors();
    let mut terminals = Vec::new();
    let job = |number| format!("sleep {}.{number}", 31_000_000 + std::process::id());
    for number in 0..9 {
        terminals.push(demo_shell(&server, &job(number)).await);
    }
    let each = (server.descriptors() - before).div_ceil(terminals.len());
    eprintln!("{before} descriptors, and {each} for each session");
    // Its exec, and its client's connection.
    assert!(each <= 6, "{each}");
    let strangers = Strangers::come(host, 300, 20);
    is_filled(&server).await;
    for terminal in &mut terminals {
        terminal.say(&ClientMessage::Close).await.unwrap();
    }
    for number in 0..9 {
        until("a job's end", || !runs(&job(number))).await;
    }
    drop(strangers);
    let log = server.log();
    let warning = |line: &&String| line.contains("WARN") || line.contains("ERROR");
    let warnings: Vec<_> = log.iter().filter(warning).collect();
    assert!(warnings.len() == 1 && is_full(warnings[0]), "{log:?}");
}

#[tokio::test]
async fn too_few_descriptors_to_work_with() {
    let output = tokio::process::Command::new("sh")
        .args([
            "-c",
            r#"ulimit -n 40; exec "$0" --demo --listen 127.0.0.1:0"#,
        ])
        .arg(env!("CARGO_BIN_EXE_podshell"))
        .kill_on_drop(true)
        .output();
    let output = soon("the end", output).await.unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("only 40 file descriptors"), "{error}");
    // Enough for fewer sessions.
    let server = Podshell::start_limited(256, &["--demo"]).await;
    let is_said = |line: &String| line.contains("sessions only");
    until("a warning", || server.log().iter().any(is_said)).await;
}
