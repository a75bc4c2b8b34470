//! The strangers of a crowd, in a process of their own: from one address they ask for ids as fast as they are answered, and
//! hold connections which they never bind.
//!
//! They speak HTTP by hand, so that they take little of the processors, which server and cluster need, too.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use anyhow::{Context as _, Result, bail, ensure};
use podshell_shared::terminal::PROTOCOL;
use rustix::process::nice;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpSocket, TcpStream},
    runtime::Builder,
    task::JoinSet,
    time::{Duration, Instant, sleep},
};

/// The argument that makes this program the strangers.
pub(crate) const ARGUMENT: &str = "--be-the-strangers";

/// Where they come from: this machine, but not from where others are.
const FROM: &str = "127.0.0.2:0";
/// The least urgent that a process can be.
const LEAST: i32 = 19;
/// How long they wait when a connection is refused.
const REFUSED: Duration = Duration::from_secs(1);
/// More than any answer has, in bytes.
const ANSWER: usize = 16 << 10;
/// A key that is as good as any (RFC 6455, section 4.1): they don't look at the answer.
const SOCKET_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// What they are to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Orders {
    /// The server's address and port.
    pub(crate) host: String,
    /// What signs them in.
    pub(crate) token: String,
    /// What mints.
    pub(crate) path: String,
    /// How often they mint, and over how many connections.
    pub(crate) mints: i64,
    pub(crate) connections: usize,
    /// How many connections they hold beside these.
    pub(crate) sockets: usize,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Mints that were answered with an id, with 429, and with anything else.
    pub(crate) minted: u64,
    pub(crate) too_often: u64,
    pub(crate) other: u64,
    /// The most connections that they held at once, and how many they were refused.
    pub(crate) held: u64,
    pub(crate) refused: u64,
    pub(crate) milliseconds: u64,
}

impl Orders {
    /// Sends the strangers, and waits until they have asked for all ids.
    pub(crate) async fn carry_out(self) -> Result<Outcome> {
        let mut child = crate::this_program_as(ARGUMENT).context("sending the strangers")?;
        // By the pipe, for the token is nobody else's business.
        let orders = serde_json::to_string(&self)? + "\n";
        let mut stdin = child.stdin.take().context("no input")?;
        stdin.write_all(orders.as_bytes()).await?;
        let mut said = String::new();
        let stdout = child.stdout.take().context("no output to read")?;
        BufReader::new(stdout).read_line(&mut said).await?;
        child.wait().await?;
        serde_json::from_str(&said).context("the strangers failed")
    }
}

/// Is the strangers: on one thread, and on what of the processors nobody else wants. In life they have a machine of their own.
pub(crate) fn be() -> Result<()> {
    nice(LEAST)?;
    let mut orders = String::new();
    io::stdin().read_line(&mut orders)?;
    let orders = Arc::new(serde_json::from_str(&orders)?);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(come(orders))?;
    println!("{}", serde_json::to_string(&outcome)?);
    Ok(())
}

/// What they have done so far.
#[derive(Debug, Default)]
struct Counts {
    left: AtomicI64,
    minted: AtomicU64,
    too_often: AtomicU64,
    other: AtomicU64,
    holding: AtomicU64,
    held: AtomicU64,
    refused: AtomicU64,
}

async fn come(orders: Arc<Orders>) -> Result<Outcome> {
    // The server asks the cluster whose the token is: once, for it would not have that asked by all at once.
    let mut first = Asking::new(&orders.host).await?;
    let status = first.ask(&orders.request("/api/v1/me", "")).await?;
    ensure!(status == 200, "the strangers can't sign in: {status}");
    let counts = Arc::new(Counts {
        left: orders.mints.into(),
        ..Counts::default()
    });
    let begun = Instant::now();
    let mut holding = JoinSet::new();
    for number in 0..orders.sockets {
        holding.spawn(hold(Arc::clone(&orders), number, Arc::clone(&counts)));
    }
    let mut minting = JoinSet::new();
    for _ in 0..orders.connections {
        minting.spawn(mint(Arc::clone(&orders), Arc::clone(&counts)));
    }
    while let Some(ended) = minting.join_next().await {
        ended??;
    }
    let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
    Ok(Outcome {
        minted: count(&counts.minted),
        too_often: count(&counts.too_often),
        other: count(&counts.other),
        held: count(&counts.held),
        refused: count(&counts.refused),
        milliseconds: begun.elapsed().as_millis().try_into()?,
    })
}

impl Orders {
    fn request(&self, path: &str, more: &str) -> Vec<u8> {
        let Self { host, token, .. } = self;
        format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n{more}\r\n"
        )
        .into_bytes()
    }
}

/// Mints over one connection, and another when that was closed, until all is done.
async fn mint(orders: Arc<Orders>, counts: Arc<Counts>) -> Result<()> {
    let request = orders.request(&orders.path, "");
    let mut connection = None;
    while counts.left.fetch_sub(1, Ordering::Relaxed) > 0 {
        let asking = match &mut connection {
            Some(asking) => asking,
            none => none.insert(Asking::new(&orders.host).await?),
        };
        let answered = asking.ask(&request).await;
        let count = match &answered {
            Ok(200) => &counts.minted,
            Ok(429) => &counts.too_often,
            _ => &counts.other,
        };
        count.fetch_add(1, Ordering::Relaxed);
        if answered.is_err() {
            connection = None;
        }
    }
    Ok(())
}

/// Holds a connection, and opens it anew whenever the server has closed it.
async fn hold(orders: Arc<Orders>, number: usize, counts: Arc<Counts>) {
    // Each kind of them.
    let (path, protocol) = if number.is_multiple_of(2) {
        let protocol = format!("Sec-WebSocket-Protocol: {PROTOCOL}\r\n");
        ("/ws/api/sockjs/websocket".to_owned(), protocol)
    } else {
        let path = format!("/ws/api/sockjs/000/{number}/websocket");
        (path, String::new())
    };
    let upgrade = format!(
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: {SOCKET_KEY}\r\n{protocol}"
    );
    let request = orders.request(&path, &upgrade);
    loop {
        let opened = async {
            let mut asking = Asking::new(&orders.host).await?;
            let status = asking.ask(&request).await?;
            ensure!(status == 101, "{status}");
            anyhow::Ok(asking.stream)
        };
        let Ok(mut stream) = opened.await else {
            counts.refused.fetch_add(1, Ordering::Relaxed);
            sleep(REFUSED).await;
            continue;
        };
        let holding = counts.holding.fetch_add(1, Ordering::Relaxed) + 1;
        counts.held.fetch_max(holding, Ordering::Relaxed);
        // They answer nothing, so that it takes the server as long as may be.
        let mut ignored = [0; 256];
        while stream.read(&mut ignored).await.unwrap_or(0) > 0 {}
        counts.holding.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection to ask over.
struct Asking {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Asking {
    async fn new(host: &str) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Many of them come and go.
        socket.set_reuseaddr(true)?;
        socket.bind(FROM.parse::<SocketAddr>()?)?;
        let stream = socket.connect(host.parse()?).await?;
        stream.set_nodelay(true)?;
        let answer = Vec::with_capacity(ANSWER);
        Ok(Self { stream, answer })
    }

    /// Asks, and takes all of the answer; gives its status.
    async fn ask(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.answer.clear();
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                bail!("closed");
            }
            if let Some((status, length)) = read_header(&self.answer)? {
                // An upgraded connection has no body.
                if status == 101 || self.answer.len() >= length {
                    return Ok(status);
                }
            }
        }
    }
}

/// The status of an answer and its length, header and body, once all of the header is there.
fn read_header(answer: &[u8]) -> Result<Option<(u16, usize)>> {
    let answer = String::from_utf8_lossy(answer);
    let Some((header, _)) = answer.split_once("\r\n\r\n") else {
        return Ok(None);
    };
    let status = header.get(9..12).context("no status")?.parse()?;
    let mut lines = header.lines().filter_map(|line| line.split_once(':'));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = match length {
        Some((_, length)) => length.trim().parse()?,
        None => 0,
    };
    Ok(Some((status, header.len() + 4 + length)))
}
