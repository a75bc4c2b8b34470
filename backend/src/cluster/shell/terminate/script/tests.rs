//! The script against real processes on real terminals, run by each shell that this machine has.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use fake_cluster::{Container, FakeCluster, Pod};
use podshell_shared::terminal::Size;
use tokio::sync::watch;

use super::*;
use crate::{
    cluster::Cluster,
    session::{Mode, RunningProcess, SessionId, Shell, TerminalBackend as _},
};

/// Longer than anything here takes, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the shells are called that may run the script. The first two are everywhere.
const INTERPRETERS: [&[&str]; 5] = [&["sh"], &["bash"], &["dash"], &["busybox", "sh"], &["mksh"]];

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| file.exists())
}

fn interpreters() -> impl Iterator<Item = &'static [&'static str]> {
    let found = |command: &[&str]| find(command[0]).is_some();
    assert!(INTERPRETERS[..2].iter().all(|command| found(command)));
    INTERPRETERS
        .into_iter()
        .filter(move |command| found(command))
}

/// A shell on a terminal, with a number that tells its processes from all others on this machine.
struct Terminal {
    fake: FakeCluster,
    shell: RunningProcess<Cluster>,
    number: u32,
}

impl Terminal {
    async fn open() -> Self {
        static TERMINALS: AtomicU32 = AtomicU32::new(0);
        let number = 100 * TERMINALS.fetch_add(1, Ordering::Relaxed);
        let pod = Pod::new("default", "web-0").container(Container::new("app"));
        let (fake, connector) = FakeCluster::builder().pod(pod).start_in_memory().unwrap();
        let cluster = Cluster::demo(connector, None).unwrap();
        let target = Target {
            namespace: "default".to_owned(),
            pod: "web-0".to_owned(),
            container: "app".to_owned(),
            shell: Some(Shell::Bash),
            mode: Mode::Exec,
            windows: false,
            image: String::new(),
        };
        let (_, size) = watch::channel(Size { rows: 24, cols: 80 });
        let shell = cluster
            .open(SessionId::random(), &target, size)
            .await
            .unwrap();
        Self {
            fake,
            shell,
            number,
        }
    }

    fn leader(&self) -> Leader {
        self.shell.reader.leader().expect("a marker")
    }

    async fn type_text(&mut self, text: &str) {
        let text = Bytes::copy_from_slice(text.as_bytes());
        self.shell.writer.write(ToProcess::Stdin(text)).await;
    }

    /// The argument of a `sleep` that no other process has.
    fn time(&self, job: u32) -> String {
        format!("{}.{}", 10_000_000 + std::process::id(), self.number + job)
    }

    /// The process that sleeps so, with its state.
    fn sleeper(&self, job: u32) -> Option<(u32, char)> {
        let time = self.time(job);
        fs::read_dir("/proc").unwrap().find_map(|entry| {
            let pid: u32 = entry.unwrap().file_name().to_str()?.parse().ok()?;
            let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
            let mut words = command.split_terminator('\0');
            // `nohup` has it for an argument too until it has become the other program
            let is_it = words.nth(1) == Some(&time) && words.next().is_none();
            let state = stat(pid)?.chars().next()?;
            (is_it && state != 'Z').then_some((pid, state))
        })
    }

    /// Starts a job, and waits until it runs.
    async fn start(&mut self, job: u32, command: &str) {
        let command = command.replace("TIME", &self.time(job));
        self.type_text(&command).await;
        self.until(&command, |terminal| terminal.sleeper(job).is_some())
            .await;
    }

    async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let met = async {
            while !holds(self) {
                // Nothing announces it; and what prints must not have to wait.
                let _ = timeout(Duration::from_millis(5), self.shell.reader.read_event()).await;
            }
        };
        timeout(PATIENCE, met)
            .await
            .unwrap_or_else(|_| panic!("waited in vain for {what}"));
    }
}

/// The fields of `/proc/<pid>/stat` behind the name.
fn stat(pid: u32) -> Option<String> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat).into_owned();
    Some(stat.rsplit_once(") ")?.1.to_owned())
}

fn is_alive(pid: u32) -> bool {
    stat(pid).is_some_and(|stat| !stat.starts_with(['Z', 'X']))
}

fn kill(pid: u32) {
    let status = Command::new("kill")
        .args(["-KILL", &pid.to_string()])
        .status();
    assert!(status.unwrap().success());
}

/// The script, run on this machine.
struct Local {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Local {
    fn start(interpreter: &[&str]) -> Self {
        Self::start_as(interpreter, &TEXT)
    }

    fn start_as(interpreter: &[&str], text: &str) -> Self {
        let program = find(interpreter[0]).unwrap();
        let mut child = Command::new(program)
            .args(&interpreter[1..])
            .args(["-c", text])
            // It has nothing but its builtins.
            .env("PATH", "/nonexistent")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            stdin: child.stdin.take().unwrap(),
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// Starts it to end what belongs to this leader: with how many processes have to go.
    fn end_of(interpreter: &[&str], leader: Leader) -> (Self, u32) {
        let mut script = Self::start(interpreter);
        let left = script.ask(&Order::End(vec![(leader, Foreground::Find)]));
        (script, left)
    }

    fn hear(&mut self) -> Vec<Left> {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        parse(line.as_bytes()).unwrap_or_else(|| panic!("{line:?}"))
    }

    fn write(&mut self, order: &Order) {
        self.stdin.write_all(order.line().as_bytes()).unwrap();
    }

    /// Has an order carried out: which sessions are left.
    fn tell(&mut self, order: &Order) -> Vec<u32> {
        self.write(order);
        self.hear().iter().map(|left| left.pid).collect()
    }

    /// Has an order carried out: how many processes are left of all sessions.
    fn ask(&mut self, order: &Order) -> u32 {
        self.write(order);
        self.hear().iter().map(|left| left.processes).sum()
    }

    /// Ends it by the end of its input, if it has not ended by itself; it must not have complained.
    fn end(self) {
        drop(self.stdin);
        let output = self.child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
}

/// The order to end these, of which nothing else is known.
fn end(leaders: &[Leader]) -> Order {
    Order::End(
        leaders
            .iter()
            .map(|&leader| (leader, Foreground::Find))
            .collect(),
    )
}

#[test]
fn its_command_goes_through_any_proxy() {
    let target = Target {
        namespace: "n".repeat(63),
        pod: "p".repeat(253),
        container: "c".repeat(63),
        shell: None,
        mode: Mode::Exec,
        windows: false,
        image: String::new(),
    };
    let command = ["bash", "-c", &TEXT];
    let request = Process::OnPipes(&command).request(&target).unwrap();
    let length = request.uri().to_string().len();
    assert!(length < 7 << 10, "{length}");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_go_and_what_is_to_stay_stays() {
    for interpreter in interpreters() {
        let mut terminal = Terminal::open().await;
        let link = tempfile::tempdir().unwrap();
        let link = link.path().join("a) S 1 1");
        std::os::unix::fs::symlink("/bin/sleep", &link).unwrap();
        terminal.start(0, "sleep TIME &\r").await;
        terminal
            .start(1, "nohup sleep TIME >/dev/null 2>&1 &\r")
            .await;
        terminal.start(2, "setsid sleep TIME &\r").await;
        terminal.start(3, "(sleep TIME &)\r").await;
        terminal
            .start(4, &format!("'{}' TIME &\r", link.display()))
            .await;
        terminal.start(5, "sleep TIME\r").await;
        terminal.type_text("\x1a").await;
        let stops = |terminal: &Terminal| matches!(terminal.sleeper(5), Some((_, 'T')));
        terminal.until("a stopped job", stops).await;
        terminal.start(6, "sleep TIME\r").await;

        let leader = terminal.leader();
        let (mut script, mut left) = Local::end_of(interpreter, leader);
        while left > 0 {
            left = script.ask(&Order::Look);
        }
        script.end();
        let gone = |terminal: &Terminal| {
            !is_alive(leader.pid)
                && [0, 3, 4, 5, 6]
                    .iter()
                    .all(|&job| terminal.sleeper(job).is_none())
        };
        terminal
            .until(&format!("{interpreter:?} to end all"), gone)
            .await;
        for job in [1, 2] {
            let (pid, _) = terminal.sleeper(job).expect("what is to stay");
            kill(pid);
        }
        terminal.fake.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_heed_it_is_killed_in_the_foreground_alone() {
    for interpreter in interpreters() {
        let mut terminal = Terminal::open().await;
        let stubborn = "bash -c 'trap : HUP; while :; do sleep TIME; done'";
        terminal.start(0, &format!("{stubborn} &\r")).await;
        terminal.start(1, &format!("{stubborn}\r")).await;
        let leader = terminal.leader();
        let (mut script, mut left) = Local::end_of(interpreter, leader);
        // The shell went, the other one did not.
        while left > 1 {
            left = script.ask(&Order::Look);
        }
        assert_eq!(script.ask(&Order::Look), 1, "{interpreter:?}");
        while left > 0 {
            left = script.ask(&Order::Kill(vec![leader]));
        }
        script.end();
        let gone = |terminal: &Terminal| terminal.sleeper(1).is_none();
        terminal.until("the foreground's end", gone).await;
        assert!(!is_alive(leader.pid));
        // Its parent is the one that ignored the signal, which has it sleep anew.
        let sleeps = |terminal: &Terminal| terminal.sleeper(0).is_some();
        terminal.until("the background's next sleep", sleeps).await;
        let (sleeper, _) = terminal.sleeper(0).expect("the background stays");
        let parent = stat(sleeper)
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        kill(parent);
        kill(sleeper);
        terminal.fake.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreground_under_nohup_stays() {
    for interpreter in interpreters() {
        let mut terminal = Terminal::open().await;
        terminal.start(0, "nohup sleep TIME\r").await;
        let leader = terminal.leader();
        let (mut script, mut left) = Local::end_of(interpreter, leader);
        while left > 0 {
            left = script.ask(&Order::Kill(vec![leader]));
        }
        script.end();
        assert!(!is_alive(leader.pid));
        let (pid, _) = terminal.sleeper(0).expect("what is to stay");
        kill(pid);
        terminal.fake.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shells_that_end_together_are_told_apart() {
    for interpreter in interpreters() {
        let stubborn = "bash -c 'trap : HUP; while :; do sleep TIME; done'\r";
        let mut terminals = Vec::new();
        for _ in 0..3 {
            let mut terminal = Terminal::open().await;
            terminal.start(0, stubborn).await;
            terminals.push(terminal);
        }
        let leaders: Vec<_> = terminals.iter().map(Terminal::leader).collect();
        let pids: Vec<_> = leaders.iter().map(|leader| leader.pid).collect();
        let mut script = Local::start(interpreter);
        let left = script.tell(&end(&leaders[..2]));
        assert_eq!(left, pids[..2], "{interpreter:?}");
        // Nobody but those whom it was told of.
        assert!(is_alive(pids[2]));
        let kill = Order::Kill(leaders[..1].to_vec());
        while script.tell(&kill) != pids[1..2] {}
        assert!(terminals[0].sleeper(0).is_none());
        assert!(terminals[1].sleeper(0).is_some());
        // One more, while it runs; and what follows spares who was not to be killed.
        let join = end(&leaders[2..]);
        assert_eq!(script.tell(&join), pids[1..], "{interpreter:?}");
        let kill = Order::Kill(leaders[1..].to_vec());
        while !script.tell(&kill).is_empty() {}
        script.end();
        for mut terminal in terminals {
            let gone = |terminal: &Terminal| terminal.sleeper(0).is_none();
            terminal.until("the foreground's end", gone).await;
            terminal.fake.shutdown().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_script_goes_on_where_the_first_broke_off() {
    for interpreter in interpreters() {
        for answer_is_lost in [false, true] {
            let mut terminal = Terminal::open().await;
            let stubborn = "bash -c 'trap : HUP; while :; do sleep TIME; done'\r";
            terminal.start(0, stubborn).await;
            let leader = terminal.leader();
            let mut script = Local::start(interpreter);
            script.write(&end(&[leader]));
            let front = match script.hear()[0].front {
                Some(front) if !answer_is_lost => Foreground::Group(front),
                _ => Foreground::All,
            };
            script.end();
            let gone = |_: &Terminal| !is_alive(leader.pid);
            terminal.until("the shell's end", gone).await;
            // Nothing in the container tells any more what was in the foreground.
            let mut script = Local::start(interpreter);
            let goes_on = Order::End(vec![(leader, front)]);
            assert_eq!(script.tell(&goes_on), [leader.pid], "{interpreter:?}");
            while script.ask(&Order::Kill(vec![leader])) > 0 {}
            script.end();
            let gone = |terminal: &Terminal| terminal.sleeper(0).is_none();
            terminal.until("the foreground's end", gone).await;
            terminal.fake.shutdown().await;
        }
    }
}

mod reuse;
