//! The real program as a process of its own: for what is measured of a process, and what it writes.

use std::{
    fs,
    process::Stdio,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, ChildStdout, Command},
};

use super::{client::Address, soon};

/// A `podshell` that runs; killed when dropped.
pub struct Binary {
    child: Child,
    address: Address,
    log: Arc<Mutex<String>>,
}

impl Binary {
    /// Starts it on a free port; with `descriptors`, it may have only so many.
    pub async fn start(flags: &[&str], descriptors: Option<u32>) -> Self {
        let limit = descriptors.map(|most| format!("ulimit -n {most}; "));
        let script = format!(r#"{}exec "$0" "$@""#, limit.unwrap_or_default());
        let mut child = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_podshell")])
            .args(["--listen", "127.0.0.1:0"])
            .args(flags)
            .env_remove("PODSHELL_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = Arc::default();
        tokio::spawn(keep(child.stderr.take().unwrap(), Arc::clone(&log)));
        let address = soon("the URL", address(child.stdout.take().unwrap())).await;
        Self {
            child,
            address,
            log,
        }
    }

    /// Where it is, and what signs in.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The lines of its log so far.
    pub fn log(&self) -> Vec<String> {
        self.log
            .lock()
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// How much memory it has, in KiB.
    pub fn memory(&self) -> u64 {
        let pid = self.child.id().unwrap();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.unwrap().parse().unwrap()
    }

    /// How many descriptors it has.
    pub fn descriptors(&self) -> usize {
        let pid = self.child.id().unwrap();
        fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
    }
}

/// Reads what is written, so that nobody waits for it to be read.
async fn keep(from: impl tokio::io::AsyncRead + Unpin, to: Arc<Mutex<String>>) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let mut text = to.lock().unwrap();
        text.push_str(&line);
        text.push('\n');
    }
}

/// The one place that reads what is printed: the URL that signs in.
async fn address(stdout: ChildStdout) -> Address {
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let Some(url) = line.strip_prefix("Open http://") else {
            continue;
        };
        let (place, token) = url.split_once("?token=").unwrap();
        return Address {
            host: place.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
        };
    }
    panic!("ended before it was there");
}
