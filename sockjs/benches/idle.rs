//! Thousands of idle sessions on the test server: whether heartbeats come on time, and what a session takes of memory.
//!
//! `cargo build --release -p axum-sockjs --example test_server && cargo bench -p axum-sockjs --bench idle`, on Linux, with more than
//! 12,000 open files allowed.

use std::{
    env, fs,
    io::{self, BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

const WEBSOCKETS: usize = 5000;
const STREAMS: usize = 1000;
/// How long they are idle.
const IDLE: Duration = Duration::from_secs(120);
/// What the server has by default.
const HEARTBEAT: Duration = Duration::from_secs(25);
/// How many connect at once: what waits to be accepted is bounded.
const AT_ONCE: usize = 100;

/// A way to be connected, and how its heartbeats look.
#[derive(Clone, Copy)]
enum Way {
    WebSocket,
    XhrStreaming,
}

impl Way {
    fn request(self, number: usize) -> String {
        match self {
            Self::WebSocket => format!(
                "GET /echo/000/ws{number}/websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            ),
            Self::XhrStreaming => format!(
                "POST /echo/000/xhr{number}/xhr_streaming HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
            ),
        }
    }

    /// The frames that open a session and keep it alive, as they stand in the bytes.
    fn frames(self) -> [&'static [u8]; 2] {
        match self {
            Self::WebSocket => [b"\x81\x01o", b"\x81\x01h"],
            Self::XhrStreaming => [b"2\r\no\n\r\n", b"2\r\nh\n\r\n"],
        }
    }
}

/// When the heartbeats came, counted from the session's opening.
type Beats = Vec<Duration>;

/// A session that has been opened.
struct Opened {
    way: Way,
    request: String,
    tcp: TcpStream,
    since: Instant,
}

async fn open(address: String, way: Way, number: usize) -> io::Result<Opened> {
    let mut tcp = TcpStream::connect(address).await?;
    let request = way.request(number);
    tcp.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    let [opening, _] = way.frames();
    while !head.windows(opening.len()).any(|part| part == opening) {
        if tcp.read_buf(&mut head).await? == 0 {
            return Err(io::Error::other("the server closed a session that began"));
        }
    }
    let since = Instant::now();
    Ok(Opened {
        way,
        request,
        tcp,
        since,
    })
}

async fn idle(mut session: Opened, until: Instant) -> io::Result<Beats> {
    let [_, heartbeat] = session.way.frames();
    let mut beats = Beats::new();
    let mut part = [0; 256];
    while let Ok(read) = timeout_at(until, session.tcp.read(&mut part)).await {
        let read = &part[..read?];
        if read.is_empty() {
            return Err(io::Error::other("the server closed an idle session"));
        }
        if read.windows(heartbeat.len()).any(|part| part == heartbeat) {
            beats.push(session.since.elapsed());
        }
        // Who has been silent for long has to ask anew, or is taken for lost.
        if matches!(session.way, Way::XhrStreaming) && read.ends_with(b"\r\n0\r\n\r\n") {
            session.tcp.write_all(session.request.as_bytes()).await?;
        }
        // A ping is to be answered, or the client is taken for lost.
        if matches!(session.way, Way::WebSocket) && read.windows(2).any(|part| part == [0x89, 0]) {
            session.tcp.write_all(&[0x8a, 0x80, 0, 0, 0, 0]).await?;
        }
    }
    Ok(beats)
}

/// A server that ends with this.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> io::Result<Self> {
        // Target/release/deps/idle-… stands beside target/release/examples.
        let here = env::current_exe()?;
        let release = here.ancestors().nth(2).unwrap_or(Path::new("."));
        let program = release.join("examples/test_server");
        let mut child = Command::new(&program)
            .args(["--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| io::Error::other(format!("{}: {error}", program.display())))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line.trim().trim_start_matches("http://").to_owned();
        Ok(Self { child, address })
    }

    /// Resident memory, in KiB.
    fn memory(&self) -> io::Result<usize> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        number.ok_or_else(|| io::Error::other("no VmRSS"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn measure(name: &str, way: Way, count: usize) -> io::Result<()> {
    let server = Server::start()?;
    // What is allocated once is not a session's.
    drop(open(server.address.clone(), way, count).await?);
    let before = server.memory()?;
    let mut opened = Vec::with_capacity(count);
    let mut opening = JoinSet::new();
    for number in 0..count {
        if opening.len() == AT_ONCE
            && let Some(session) = opening.join_next().await
        {
            opened.push(session??);
        }
        opening.spawn(open(server.address.clone(), way, number));
    }
    while let Some(session) = opening.join_next().await {
        opened.push(session??);
    }
    let until = Instant::now() + IDLE;
    let mut sessions = JoinSet::new();
    for session in opened {
        sessions.spawn(idle(session, until));
    }
    sleep(Duration::from_secs(2)).await;
    let memory = (server.memory()? - before) as f64 / count as f64;
    let mut late = Vec::new();
    while let Some(beats) = sessions.join_next().await {
        let beats = beats??;
        let expected = (IDLE.as_secs() / HEARTBEAT.as_secs()) as usize;
        if beats.len() < expected {
            return Err(io::Error::other(format!(
                "{} heartbeats of {expected}",
                beats.len()
            )));
        }
        // Each is due so long after the one before.
        let before = [Duration::ZERO].into_iter().chain(beats.iter().copied());
        let gaps = before.zip(&beats).map(|(before, beat)| *beat - before);
        late.extend(gaps.map(|gap| gap.abs_diff(HEARTBEAT)));
    }
    late.sort_unstable();
    let at = |part: f64| late[((late.len() - 1) as f64 * part) as usize].as_secs_f64() * 1000.0;
    println!(
        "{name}: {count} sessions, {memory:.1} KiB each; {} heartbeats, off by {:.0} ms (half), {:.0} ms (99 %), {:.0} ms (worst)",
        late.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    measure("websocket", Way::WebSocket, WEBSOCKETS).await?;
    measure("xhr_streaming", Way::XhrStreaming, STREAMS).await
}
