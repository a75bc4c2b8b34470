//! kubectl, as people use it: what its CPU time costs here tells how fast this machine is.

use std::process::Stdio;

use anyhow::{Context as _, Result};
use bytes::{Bytes, BytesMut};
use pty_process::{OwnedReadPty, OwnedWritePty, Size};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
};

use crate::{
    cluster::Cluster,
    server::cpu_of,
    terminal::{FIND_SHELL, SIZE},
};

/// As much as is read at once, in bytes.
const READ_BUFFER: usize = 64 << 10;

/// `kubectl exec -it` on a terminal of its own. It is killed if this is dropped.
#[derive(Debug)]
pub(crate) struct Kubectl {
    reader: OwnedReadPty,
    writer: OwnedWritePty,
    child: Child,
}

impl Kubectl {
    /// Whether there is one.
    pub(crate) async fn is_there() -> bool {
        let mut version = Command::new("kubectl");
        version.args(["version", "--client"]).stdout(Stdio::null());
        version.status().await.is_ok_and(|status| status.success())
    }

    /// Opens a shell.
    pub(crate) fn open(cluster: &Cluster) -> Result<Self> {
        let (pty, end) = pty_process::open()?;
        pty.resize(Size::new(SIZE.rows, SIZE.cols))?;
        let place = &cluster.place;
        let child = pty_process::Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(&cluster.kubeconfig)
            .args(["--namespace", place.namespace, "exec", "-it", place.pod])
            .args(["--container", place.container, "--"])
            .args(FIND_SHELL)
            .kill_on_drop(true)
            .spawn(end)
            .context("starting kubectl")?;
        let (reader, writer) = pty.into_split();
        Ok(Self {
            reader,
            writer,
            child,
        })
    }

    /// Types.
    pub(crate) async fn write(&mut self, data: &[u8]) -> Result<()> {
        Ok(self.writer.write_all(data).await?)
    }

    /// Waits for output; [`None`] at the end.
    pub(crate) async fn read(&mut self) -> Result<Option<Bytes>> {
        let mut buffer = BytesMut::with_capacity(READ_BUFFER);
        // A terminal whose last process has gone fails with EIO.
        let read = self.reader.read_buf(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            self.child.wait().await?;
            return Ok(None);
        }
        Ok(Some(buffer.freeze()))
    }

    /// The CPU time that it has used, in seconds.
    pub(crate) async fn cpu(&self) -> Result<f64> {
        cpu_of(self.child.id().context("kubectl has ended")?).await
    }
}
