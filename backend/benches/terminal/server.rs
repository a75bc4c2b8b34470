//! The server that is measured: the binary as it ships, in a process of its own.

use std::{path::Path, process::Stdio};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::{
    Request, StatusCode,
    header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING},
};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use podshell_shared::api::Minted;
use tokio::{
    fs,
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpListener,
    process::{Child, ChildStdout, Command},
    time::{Duration, timeout},
};

use crate::{
    client::Address,
    cluster::{Cluster, Place},
    delay::Delay,
};

/// How long the server may take to start, and to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the server may take to end its sessions, and what their shells started.
const DRAIN: &str = "45s";
/// Its clock ticks per second, in which Linux tells every program times.
const TICKS: f64 = 100.0;

/// A server that runs. It is killed if this is dropped before [`stop`](Self::stop).
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: Address,
    place: Place,
    http: Client<HttpConnector, Empty<&'static [u8]>>,
    child: Child,
    pid: u32,
}

/// What a request was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) is_packed: bool,
    pub(crate) body: Bytes,
}

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Memory {
    /// All that is resident, the program's own code included.
    pub(crate) resident: f64,
    /// What it has allocated of that.
    pub(crate) anonymous: f64,
}

impl Server {
    /// Starts one for a cluster.
    pub(crate) async fn start(binary: &Path, cluster: &Cluster, flags: &[&str]) -> Result<Self> {
        Self::start_at("127.0.0.1:0", binary, cluster, random_token(), flags).await
    }

    /// Starts one that tells users apart by the tokens that they have of the cluster; this end is the one with `token`.
    pub(crate) async fn start_for_users(
        binary: &Path,
        cluster: &Cluster,
        token: &str,
        flags: &[&str],
    ) -> Result<Self> {
        let listen = free_address().await?;
        let public = format!("http://{listen}");
        let sign_in = ["--sign-in", "token", "--public-url", &public];
        let flags = [&sign_in, flags].concat();
        Self::start_at(&listen, binary, cluster, token.to_owned(), &flags).await
    }

    /// Starts one that is reached over a line of its own, which takes so long each way.
    pub(crate) async fn start_far(
        one_way: Duration,
        binary: &Path,
        cluster: &Cluster,
    ) -> Result<(Self, Delay)> {
        let mut line = Delay::new(one_way).await?;
        // A server that is told its public address prints no other, so its port has to be known before.
        let listen = free_address().await?;
        line.lead_to(&*listen);
        let public = format!("http://{}", line.address());
        let flags = ["--public-url", &public];
        let server = Self::start_at(&listen, binary, cluster, random_token(), &flags).await?;
        Ok((server, line))
    }

    async fn start_at(
        listen: &str,
        binary: &Path,
        cluster: &Cluster,
        token: String,
        flags: &[&str],
    ) -> Result<Self> {
        let mut child = Command::new(binary)
            .args(["--listen", listen, "--drain-time", DRAIN])
            .arg("--kubeconfig")
            .arg(&cluster.kubeconfig)
            .args(flags)
            .env("PODSHELL_LOG", "warn")
            // Which other users of this machine can't read from its command line.
            .env("PODSHELL_TOKEN", &token)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let pid = child.id().context("the server ended at once")?;
        let mut stdout = BufReader::new(child.stdout.take().context("no output to read")?);
        let address = timeout(PATIENCE, read_address(&mut stdout, token))
            .await
            .context("the server says no URL")??;
        // Audit events; a server whose output nobody takes would lose them.
        tokio::spawn(async move { tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await });
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Ok(Self {
            address,
            place: cluster.place,
            http: Client::builder(TokioExecutor::new()).build(connector),
            child,
            pid,
        })
    }

    /// An id for a shell.
    pub(crate) async fn mint(&self) -> Result<String> {
        let Place {
            namespace,
            pod,
            container,
        } = &self.place;
        let request = Request::builder()
            .uri(format!(
                "http://{}/api/v1/pod/{namespace}/{pod}/shell/{container}",
                self.address.host
            ))
            .header(AUTHORIZATION, format!("Bearer {}", self.address.token))
            .body(Empty::new())?;
        let answered = async {
            let response = self.http.request(request).await?;
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            anyhow::Ok((status, body))
        };
        let (status, body) = timeout(PATIENCE, answered).await.context("no id")??;
        if status != StatusCode::OK {
            bail!("no id: {status} {}", String::from_utf8_lossy(&body));
        }
        Ok(serde_json::from_slice::<Minted>(&body)?.id)
    }

    /// Asks for something as a page does; gives the status and the body, packed if it came so.
    pub(crate) async fn ask(&self, path: &str) -> Result<Answer> {
        let request = Request::builder()
            .uri(format!("http://{}{path}", self.address.host))
            .header(AUTHORIZATION, format!("Bearer {}", self.address.token))
            .header(ACCEPT_ENCODING, "gzip, deflate, br")
            .body(Empty::new())?;
        let answered = async {
            let response = self.http.request(request).await?;
            let (parts, body) = response.into_parts();
            let body = body.collect().await?.to_bytes();
            anyhow::Ok(Answer {
                status: parts.status,
                is_packed: parts.headers.contains_key(CONTENT_ENCODING),
                body,
            })
        };
        timeout(PATIENCE, answered).await.context("no answer")?
    }

    /// The CPU time that it has used, in seconds.
    pub(crate) async fn cpu(&self) -> Result<f64> {
        cpu_of(self.pid).await
    }

    /// Its memory.
    pub(crate) async fn memory(&self) -> Result<Memory> {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid)).await?;
        Ok(Memory {
            resident: size_of("Rss:", &rollup)?,
            anonymous: size_of("Anonymous:", &rollup)?,
        })
    }

    /// What is resident of it, in bytes, and the most that ever was.
    pub(crate) async fn resident(&self) -> Result<(f64, f64)> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).await?;
        Ok((size_of("VmRSS:", &status)?, size_of("VmHWM:", &status)?))
    }

    /// Waits until its memory does not change any more, for at most 20 s.
    pub(crate) async fn settled(&self) -> Result<Memory> {
        const SAMPLES: usize = 20;
        let mut before = self.memory().await?;
        for _ in 0..SAMPLES {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = self.memory().await?;
            if now == before {
                break;
            }
            before = now;
        }
        Ok(before)
    }

    /// Lets it end, with all that runs in its terminals.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.pid)?;
        let pid = rustix::process::Pid::from_raw(pid).context("no process id")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        timeout(2 * PATIENCE, self.child.wait())
            .await
            .context("the server does not end")??;
        Ok(())
    }
}

/// A size that Linux tells by this name, in bytes.
fn size_of(name: &str, told: &str) -> Result<f64> {
    let line = told.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_ascii_whitespace().next());
    let kib: f64 = kib.with_context(|| format!("no {name}"))?.parse()?;
    Ok(kib * 1024.0)
}

/// A token that nobody guesses.
pub(crate) fn random_token() -> String {
    let letters = std::iter::repeat_with(fastrand::alphanumeric);
    letters.take(40).collect()
}

/// An address of this machine with a port that nobody has.
async fn free_address() -> Result<String> {
    let free = TcpListener::bind("127.0.0.1:0").await?;
    Ok(free.local_addr()?.to_string())
}

/// The CPU time that a process has used, in seconds.
pub(crate) async fn cpu_of(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).await?;
    // The name, in parentheses, may hold anything; utime and stime are the 14th and 15th field.
    let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
    let ticks = fields.split_ascii_whitespace().skip(11).take(2);
    let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS)
}

/// Reads `Open http://127.0.0.1:port/#token=…`.
async fn read_address(stdout: &mut BufReader<ChildStdout>, token: String) -> Result<Address> {
    let mut line = String::new();
    while stdout.read_line(&mut line).await? > 0 {
        if let Some(url) = line.trim().strip_prefix("Open http://") {
            let (host, _) = url.split_once('/').context("no host in the URL")?;
            let host = host.to_owned();
            return Ok(Address { host, token });
        }
        line.clear();
    }
    bail!("the server ended before it said its URL")
}
