//! The fake cluster, in a process of its own: its memory and CPU time are not the server's.

use std::io::Write as _;

use anyhow::{Context as _, Result};
use fake_cluster::{Container, FakeCluster, Pod};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout},
};

use crate::{
    cluster::{Cluster, Place},
    server::random_token,
};

/// The argument that makes this program the fake cluster.
pub(crate) const ARGUMENT: &str = "--be-the-fake-cluster";

/// The container with this machine's programs.
pub(crate) const PLACE: Place = Place {
    namespace: "default",
    pod: "bench",
    container: "bash",
};
/// A container whose shells are none: they prompt, and cost next to nothing.
pub(crate) const IDLE: Place = Place {
    container: "idle",
    ..PLACE
};

/// What the launcher of a shell says, which knows nothing about its process; then a prompt.
const GREETING: &str = "\x1b]7735;;;\x07\r\n$ ";

/// Pods of a fake cluster that nobody has a terminal in.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Crowd {
    pub(crate) pods: usize,
    /// How many of them change within a second.
    pub(crate) changes: u32,
}

/// A fake cluster that runs; it ends when this is dropped.
pub(crate) struct FakeProcess {
    pub(crate) cluster: Cluster,
    /// The tokens of two users.
    pub(crate) ann: String,
    pub(crate) stranger: String,
    _child: Child,
    // The cluster ends when this does; nobody reads on in its stdout.
    _stdin: ChildStdin,
    _stdout: BufReader<ChildStdout>,
    _kubeconfig: tempfile::NamedTempFile,
}

impl FakeProcess {
    /// Starts one; shells are opened in `place`.
    pub(crate) async fn start(place: Place) -> Result<Self> {
        Self::start_with(place, Crowd::default()).await
    }

    /// Starts one with pods beside those of the measurements.
    pub(crate) async fn start_with(place: Place, crowd: Crowd) -> Result<Self> {
        let mut child = crate::this_program_as(ARGUMENT).context("starting the fake cluster")?;
        let orders = format!("{} {}\n", crowd.pods, crowd.changes);
        let mut stdin = child.stdin.take().context("no input")?;
        stdin.write_all(orders.as_bytes()).await?;
        let mut stdout = BufReader::new(child.stdout.take().context("no output to read")?);
        // By the pipe, for its tokens are nobody else's business.
        let mut text = String::new();
        stdout.read_line(&mut text).await?;
        let mut kubeconfig = tempfile::NamedTempFile::new()?;
        kubeconfig.write_all(text.as_bytes())?;
        text.clear();
        stdout.read_line(&mut text).await?;
        let (ann, stranger) = text.trim().split_once(' ').context("no tokens")?;
        let name = "the fake cluster".to_owned();
        let cluster = Cluster::connect(kubeconfig.path(), name, place).await?;
        Ok(Self {
            cluster,
            ann: ann.to_owned(),
            stranger: stranger.to_owned(),
            _child: child,
            _stdin: stdin,
            _stdout: stdout,
            _kubeconfig: kubeconfig,
        })
    }
}

/// Is the fake cluster, until stdin ends.
pub(crate) async fn serve() -> Result<()> {
    let pod = Pod::new(PLACE.namespace, PLACE.pod)
        .container(Container::new(PLACE.container))
        .container(Container::new(IDLE.container).idle(GREETING));
    let mut stdin = BufReader::new(tokio::io::stdin());
    let mut orders = String::new();
    stdin.read_line(&mut orders).await?;
    let (pods, changes) = orders.trim().split_once(' ').context("no orders")?;
    let (pods, changes) = (pods.parse()?, changes.parse()?);
    let cluster = FakeCluster::builder().pod(pod).crowd(pods).start().await?;
    cluster.change_crowd(pods, changes);
    let [ann, stranger] = ["ann", "stranger"].map(|name| {
        let token = random_token();
        cluster.add_user(&token, name, &[]);
        token
    });
    println!("{}\n{ann} {stranger}", cluster.kubeconfig());
    stdin.read_to_end(&mut Vec::new()).await?;
    cluster.shutdown().await;
    Ok(())
}
