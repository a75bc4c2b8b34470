//! The `podshell` program, as a process of its own.

use std::{
    ffi::OsStr,
    fs,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
};

use http::{Request, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use podshell_shared::{
    api::Minted,
    terminal::{ClientMessage, Exit, ServerMessage, Size},
};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::{Child, Command},
    task::JoinHandle,
};

use super::{
    client::{Address, Connection, Encoding},
    soon,
};

/// The key for scripts that each is started with.
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A server that is a process; killed when dropped.
pub struct Podshell {
    pub child: Child,
    pub address: Address,
    /// What it printed for a browser.
    pub link: String,
    /// Where it puts what is only there while it runs.
    pub folder: TempDir,
    log: Arc<Mutex<String>>,
    logging: Option<JoinHandle<()>>,
}

/// A command that starts the server on a free port, with these variables and nothing else of this process's environment;
/// `folder` is for what it makes. What stands before it in `with` is what starts it.
pub fn command(with: &[&str], variables: &[&str], flags: &[&str], folder: &TempDir) -> Vec<String> {
    let tmp = format!("TMPDIR={}", folder.path().display());
    let path = format!("PATH={}", std::env::var("PATH").unwrap());
    let token = format!("PODSHELL_TOKEN={TOKEN}");
    let env = ["env", "-i", &tmp, &path, &token];
    let program = [env!("CARGO_BIN_EXE_podshell"), "--listen", "127.0.0.1:0"];
    [with, &env, variables, &program, flags]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect()
}

/// Reads what the server prints at its start, up to the link: where it is, what a script sends, and the link.
pub async fn read_address(stdout: impl AsyncRead + Unpin) -> (Address, String) {
    let mut lines = BufReader::new(stdout).lines();
    loop {
        let line = soon("the link", lines.next_line()).await.unwrap();
        let line = line.expect("the link before the end of the output");
        let Some(link) = line.trim_end().strip_prefix("Open ") else {
            continue;
        };
        let (host, _) = link["http://".len()..].split_once('/').unwrap();
        let address = Address {
            host: host.to_owned(),
            token: TOKEN.to_owned(),
        };
        return (address, link.to_owned());
    }
}

impl Podshell {
    /// Starts it, and waits until it serves.
    pub async fn start(flags: &[&str]) -> Self {
        Self::start_with(&[], &[], flags).await
    }

    /// The same with no more than so many file descriptors.
    pub async fn start_limited(descriptors: u32, flags: &[&str]) -> Self {
        let script = format!(r#"ulimit -n {descriptors}; exec "$0" "$@""#);
        Self::start_with(&["sh", "-c", &script], &[], flags).await
    }

    /// The same by another program, and with these variables.
    pub async fn start_with(with: &[&str], variables: &[&str], flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let command = command(with, variables, flags, &folder);
        let mut child = Command::new(&command[0])
            .args(&command[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = Arc::default();
        let logging = keep(child.stderr.take().unwrap(), Arc::clone(&log));
        let logging = Some(tokio::spawn(logging));
        // Its other end is closed with this.
        let (address, link) = read_address(child.stdout.take().unwrap()).await;
        Self {
            child,
            address,
            link,
            folder,
            log,
            logging,
        }
    }

    /// The lines of its log so far.
    pub fn log(&self) -> Vec<String> {
        let log = self.log.lock().unwrap();
        log.lines().map(str::to_owned).collect()
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

    /// Nobody reads its log any more.
    pub async fn close_log(&mut self) {
        let logging = self.logging.take().unwrap();
        logging.abort();
        let _ = logging.await;
    }

    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Waits for its end, and gives what it logged.
    pub async fn end(&mut self) -> (ExitStatus, String) {
        let status = soon("the server's end", self.child.wait()).await.unwrap();
        if let Some(logging) = self.logging.take() {
            soon("the log's end", logging).await.unwrap();
        }
        let log = self.log.lock().unwrap();
        (status, log.clone())
    }

    /// What is still there of the demo: its folders.
    pub fn folders(&self) -> usize {
        fs::read_dir(self.folder.path()).unwrap().count()
    }

    /// What is still there of the demo: processes whose home is in its folders.
    pub fn processes(&self) -> usize {
        let home = format!("HOME={}", self.folder.path().display());
        let is_in = |pid: &OsStr| {
            let environment = fs::read(format!("/proc/{}/environ", pid.display()));
            let environment = environment.unwrap_or_default();
            environment
                .split(|&byte| byte == 0)
                .any(|variable| variable.starts_with(home.as_bytes()))
        };
        let all = fs::read_dir("/proc").unwrap();
        all.filter(|entry| is_in(&entry.as_ref().unwrap().file_name()))
            .count()
    }
}

/// Reads what is written, so that nobody waits for it to be read.
async fn keep(from: impl AsyncRead + Unpin, to: Arc<Mutex<String>>) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let mut text = to.lock().unwrap();
        text.push_str(&line);
        text.push('\n');
    }
}

/// A shell in a container, at the path that mints.
pub async fn open(address: &Address, path: &str) -> Shell {
    let request = Request::get(format!("http://{}{path}", address.host))
        .header(AUTHORIZATION, format!("Bearer {}", address.token))
        .body(Empty::<&[u8]>::new())
        .unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = soon("an id", client.request(request)).await.unwrap();
    let body = soon("an id", response.into_body().collect()).await.unwrap();
    let id = serde_json::from_slice::<Minted>(&body.to_bytes())
        .unwrap()
        .id;
    let connection = Connection::open(address, Encoding::Binary, 4 << 10);
    let mut shell = Shell {
        connection: soon("a connection", connection).await.unwrap(),
        screen: String::new(),
        exit: None,
    };
    let size = Size { rows: 24, cols: 80 };
    let bind = ClientMessage::Bind { id, extended: true };
    for message in [bind, ClientMessage::Resize(size)] {
        shell.connection.say(&message).await.unwrap();
    }
    shell
}

/// A client's terminal.
pub struct Shell {
    connection: Connection,
    screen: String,
    exit: Option<Exit>,
}

impl Shell {
    /// Has a command run, and waits until it prints `seen`.
    pub async fn run(&mut self, command: &str, seen: &str) {
        let data = format!("{command}\r").into();
        let input = ClientMessage::Stdin { data };
        self.connection.say(&input).await.unwrap();
        while !self.screen.contains(seen) {
            assert!(self.step().await, "{:?}", self.screen);
        }
    }

    /// Waits for the end of the connection: what it was told before.
    pub async fn end(&mut self) -> Option<Exit> {
        while self.step().await {}
        self.exit.take()
    }

    /// Waits until it is told of its end.
    pub async fn exit(&mut self) -> Exit {
        while self.exit.is_none() {
            assert!(self.step().await, "no exit message");
        }
        self.exit.clone().unwrap()
    }

    async fn step(&mut self) -> bool {
        match soon("a message", self.connection.hear()).await.unwrap() {
            Some(ServerMessage::Stdout { data, .. }) => {
                self.screen.push_str(&String::from_utf8_lossy(&data));
            }
            Some(ServerMessage::Exit(exit)) => self.exit = Some(exit),
            Some(_) => {}
            None => return false,
        }
        true
    }
}
