//! The real program as a process of its own: for what is measured of a process, and what it writes.

use std::{
    fs,
    process::Stdio,
    sync::{Arc, Mutex},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, ChildStdout, Command},
    task::JoinHandle,
};

use super::{client::Address, soon};

/// The key for scripts that each is started with.
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A `podshell` that runs; killed when dropped.
pub struct Binary {
    child: Child,
    address: Address,
    link: String,
    log: Arc<Mutex<String>>,
    logging: JoinHandle<()>,
}

impl Binary {
    /// Starts it on a free port; with `descriptors`, it may have only so many.
    pub async fn start(flags: &[&str], descriptors: Option<u32>) -> Self {
        Self::start_with(flags, &[], descriptors).await
    }

    /// The same with these variables.
    pub async fn start_with(
        flags: &[&str],
        variables: &[(&str, &str)],
        descriptors: Option<u32>,
    ) -> Self {
        let limit = descriptors.map(|most| format!("ulimit -n {most}; "));
        let script = format!(r#"{}exec "$0" "$@""#, limit.unwrap_or_default());
        let mut child = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_podshell")])
            .args(["--listen", "127.0.0.1:0"])
            .args(flags)
            .env_remove("PODSHELL_LOG")
            .env("PODSHELL_TOKEN", TOKEN)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = Arc::default();
        let logging = tokio::spawn(keep(child.stderr.take().unwrap(), Arc::clone(&log)));
        let (host, link) = soon("the link", address(child.stdout.take().unwrap())).await;
        let token = TOKEN.to_owned();
        Self {
            child,
            address: Address { host, token },
            link,
            log,
            logging,
        }
    }

    /// Where it is, and what a script sends.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What it printed for a browser.
    pub fn link(&self) -> &str {
        &self.link
    }

    /// Ends it in order; gives all of its log.
    pub async fn stop(mut self) -> String {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
        let status = soon("its end", self.child.wait()).await.unwrap();
        assert!(status.success(), "{status}");
        soon("the rest of its log", self.logging).await.unwrap();
        let log = self.log.lock().unwrap();
        log.clone()
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

/// The one place that reads what is printed: where it listens, and the link that signs in.
async fn address(stdout: ChildStdout) -> (String, String) {
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let Some(url) = line.strip_prefix("Open http://") else {
            continue;
        };
        let (host, _) = url.split_once('/').unwrap();
        return (host.to_owned(), url.to_owned());
    }
    panic!("ended before it was there");
}
