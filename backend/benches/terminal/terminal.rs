//! A terminal in the measured container, by any of the ways that are compared.

use std::future::Future;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use podshell_shared::{
    binary::STDOUT,
    terminal::{ClientMessage, ServerMessage, Size, TELL_EVERY},
};
use tokio::time::{Duration, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Connection, Encoding},
    cluster::{Cluster, Exec, Output, Protocol},
    kubectl::Kubectl,
    server::Server,
};

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(60);
/// As much as a browser reads at once.
const READ_BUFFER: usize = 128 << 10;
pub(crate) const SIZE: Size = Size { rows: 24, cols: 80 };
/// What opens the shell where Podshell does not: the best that the container has.
pub(crate) const FIND_SHELL: [&str; 3] = [
    "sh",
    "-c",
    "TERM=xterm-256color; export TERM; command -v bash >/dev/null 2>&1 && exec bash; exec sh",
];

/// The ways to a shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// An exec of our own, as kubectl's.
    V5,
    /// The same with the older protocol.
    V4,
    /// kubectl itself.
    Kubectl,
    /// Through Podshell.
    Binary,
    /// Through Podshell, over SockJS.
    Text,
}

impl Way {
    /// All that this program can be by itself.
    pub(crate) const ALL: [Self; 4] = [Self::V5, Self::V4, Self::Binary, Self::Text];
    pub(crate) const WITH_KUBECTL: [Self; 5] =
        [Self::V5, Self::V4, Self::Kubectl, Self::Binary, Self::Text];
    pub(crate) const PODSHELL: [Self; 2] = [Self::Binary, Self::Text];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::V5 => "direct v5",
            Self::V4 => "direct v4",
            Self::Kubectl => "kubectl",
            Self::Binary => "binary",
            Self::Text => "text",
        }
    }

    fn reaches(self) -> Reaches {
        match self {
            Self::V5 => Reaches::Cluster(Protocol::V5),
            Self::V4 => Reaches::Cluster(Protocol::V4),
            Self::Kubectl => Reaches::Kubectl,
            Self::Binary => Reaches::Server(Encoding::Binary),
            Self::Text => Reaches::Server(Encoding::Text),
        }
    }
}

enum Reaches {
    Cluster(Protocol),
    Kubectl,
    Server(Encoding),
}

/// Waits for something that does not take long.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(PATIENCE, future)
        .await
        .with_context(|| format!("waited in vain for {what}"))?
        .with_context(|| format!("while waiting for {what}"))
}

/// A terminal.
#[derive(Debug)]
pub(crate) enum Terminal {
    Direct(Exec),
    Kubectl(Kubectl),
    Podshell(Page),
}

impl Terminal {
    /// Opens a shell.
    pub(crate) async fn open(way: Way, cluster: &Cluster, server: &Server) -> Result<Self> {
        match way.reaches() {
            Reaches::Cluster(protocol) => Self::start(cluster, protocol, &FIND_SHELL).await,
            Reaches::Kubectl => Ok(Self::Kubectl(Kubectl::open(cluster)?)),
            Reaches::Server(encoding) => {
                let page = Page::open(server, encoding, READ_BUFFER).await?;
                Ok(Self::Podshell(page))
            }
        }
    }

    /// Starts a command without Podshell.
    pub(crate) async fn start(
        cluster: &Cluster,
        protocol: Protocol,
        command: &[&str],
    ) -> Result<Self> {
        let mut exec = cluster.exec(protocol, command).await?;
        exec.resize(SIZE).await?;
        Ok(Self::Direct(exec))
    }

    /// Types.
    pub(crate) async fn write(&mut self, data: &[u8]) -> Result<()> {
        match self {
            Self::Direct(exec) => exec.write(data).await,
            Self::Kubectl(kubectl) => kubectl.write(data).await,
            Self::Podshell(page) => page.write(data).await,
        }
    }

    /// Waits for output; [`None`] at the end.
    pub(crate) async fn read(&mut self) -> Result<Option<Bytes>> {
        match self {
            Self::Direct(exec) => match exec.read().await? {
                Some(Output::Data(data)) => Ok(Some(data)),
                Some(Output::Status(_)) | None => Ok(None),
            },
            Self::Kubectl(kubectl) => kubectl.read().await,
            Self::Podshell(page) => page.read().await,
        }
    }

    /// All output read is on the screen.
    pub(crate) async fn drawn(&mut self) -> Result<()> {
        match self {
            Self::Direct(_) | Self::Kubectl(_) => Ok(()),
            Self::Podshell(page) => page.acknowledge().await,
        }
    }

    /// Reads and draws until `seen` says that the output so far, of which it gets the end, is enough.
    pub(crate) async fn read_until(
        &mut self,
        what: &str,
        seen: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<u8>> {
        let mut screen = Vec::new();
        let reading = async {
            while !seen(&screen) {
                let Some(data) = self.read().await? else {
                    bail!("it ended: {}", String::from_utf8_lossy(&screen));
                };
                screen.extend_from_slice(&data);
                self.drawn().await?;
            }
            Ok(())
        };
        soon(what, reading).await?;
        Ok(screen)
    }

    /// Waits for the shell's prompt.
    pub(crate) async fn prompt(&mut self) -> Result<()> {
        self.read_until("the prompt", is_prompt).await.map(drop)
    }

    /// Reads exactly so many bytes as fast as they come, without looking at them.
    pub(crate) async fn swallow(&mut self, bytes: u64) -> Result<()> {
        let mut left = bytes;
        let reading = async {
            while left > 0 {
                let length = match self {
                    Self::Podshell(page) => page.swallow().await?,
                    _ => self.read().await?.map(|data| data.len() as u64),
                };
                let Some(rest) = length.and_then(|length| left.checked_sub(length)) else {
                    bail!("{left} bytes were left, and {length:?} came");
                };
                left = rest;
            }
            Ok(())
        };
        soon("the output", reading).await
    }

    /// Ends the shell, which is at its prompt.
    pub(crate) async fn exit(mut self) -> Result<()> {
        self.write(b"exit\r").await?;
        soon("the shell's end", async {
            while self.read().await?.is_some() {}
            Ok(())
        })
        .await
    }
}

/// Whether a screen ends with a shell's prompt.
pub(crate) fn is_prompt(screen: &[u8]) -> bool {
    screen.ends_with(b"# ") || screen.ends_with(b"$ ")
}

/// A terminal through Podshell, as its page has it.
#[derive(Debug)]
pub(crate) struct Page {
    connection: Connection,
    /// Whether it says more than Dashboard's clients can.
    extended: bool,
    received: u64,
    acknowledged: u64,
}

impl Page {
    /// Opens a shell; `read_buffer` is in bytes.
    pub(crate) async fn open(
        server: &Server,
        encoding: Encoding,
        read_buffer: usize,
    ) -> Result<Self> {
        Self::open_as(server, encoding, true, read_buffer).await
    }

    /// Opens a shell as Dashboard's clients do.
    pub(crate) async fn of_dashboard(server: &Server) -> Result<Self> {
        Self::open_as(server, Encoding::Text, false, READ_BUFFER).await
    }

    async fn open_as(
        server: &Server,
        encoding: Encoding,
        extended: bool,
        read_buffer: usize,
    ) -> Result<Self> {
        let opening = async {
            let (mut connection, id) = if encoding == Encoding::Binary {
                // The page opens its socket while the id is being minted.
                let opening = Box::pin(Connection::open_early(&server.address, read_buffer));
                let (connection, id) = tokio::join!(opening, Box::pin(server.mint()));
                (connection?, id?)
            } else {
                let id = server.mint().await?;
                let opening = Connection::open(&server.address, encoding, read_buffer);
                (opening.await?, id)
            };
            connection
                .say(&ClientMessage::Bind { id, extended })
                .await?;
            connection.say(&ClientMessage::Resize(SIZE)).await?;
            Ok(connection)
        };
        Ok(Self {
            connection: soon("a connection to the server", opening).await?,
            extended,
            received: 0,
            acknowledged: 0,
        })
    }

    /// Says something.
    pub(crate) async fn say(&mut self, message: &ClientMessage) -> Result<()> {
        Ok(self.connection.say(message).await?)
    }

    /// Types.
    pub(crate) async fn write(&mut self, data: &[u8]) -> Result<()> {
        let data = Bytes::copy_from_slice(data);
        self.say(&ClientMessage::Stdin { data }).await
    }

    /// Waits for output; [`None`] at the end.
    pub(crate) async fn read(&mut self) -> Result<Option<Bytes>> {
        while let Some(message) = self.connection.hear().await? {
            match message {
                ServerMessage::Stdout { data, end } => {
                    self.received = end.unwrap_or(self.received + data.len() as u64);
                    return Ok(Some(data));
                }
                ServerMessage::Skipped { to, .. } => self.received = to,
                _ => {}
            }
        }
        Ok(None)
    }

    /// Acknowledges all output, unless that was done.
    async fn acknowledge(&mut self) -> Result<()> {
        if !self.extended || self.acknowledged == self.received {
            return Ok(());
        }
        self.acknowledged = self.received;
        let offset = self.received;
        self.say(&ClientMessage::Ack { offset }).await
    }

    /// Takes output without decoding it, as the server's speed is to be measured and not the client's,
    /// and acknowledges it as seldom as is allowed. Says how many bytes it had; [`None`] at the end.
    async fn swallow(&mut self) -> Result<Option<u64>> {
        let before = self.received;
        let Some(frame) = self.connection.frame().await? else {
            return Ok(None);
        };
        match output_end(&frame, before) {
            Some(end) => self.received = end,
            None => self.connection.understand(frame)?,
        }
        if self.received - self.acknowledged >= TELL_EVERY {
            self.acknowledge().await?;
        }
        Ok(Some(self.received - before))
    }
}

/// The offset behind the output in a frame, if that is all that it holds.
fn output_end(frame: &Message, start: u64) -> Option<u64> {
    match frame {
        Message::Binary(bytes) => {
            (bytes.first() == Some(&STDOUT)).then(|| start + bytes.len() as u64 - 1)
        }
        Message::Text(text) => {
            let output = text.starts_with(r#"a["{\"Op\":\"stdout\""#);
            let (_, rest) = text.rsplit_once(r#"\"SessionID\":\""#).filter(|_| output)?;
            rest.split_once('\\')?.0.parse().ok()
        }
        _ => None,
    }
}
