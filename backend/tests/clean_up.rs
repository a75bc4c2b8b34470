//! What becomes of a shell's processes when its session ends.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::{fs, process::Command};

use common::{Terminal, TestServer, log::Log, until, web};
use fake_cluster::{Container, ExecEffect, ExecRecord, FakeCluster, Fault, Pod};
use podshell_shared::terminal::{ClientMessage, EndReason};

/// A `sleep` that no other process on this machine has an equal of.
struct Sleep(String);

impl Sleep {
    fn new(test: u32, job: u32) -> Self {
        let pid = std::process::id();
        Self(format!("sleep {}.{test}{job}", 20_000_000 + pid))
    }

    fn pid(&self) -> Option<u32> {
        fs::read_dir("/proc").unwrap().find_map(|entry| {
            let pid: u32 = entry.unwrap().file_name().to_str()?.parse().ok()?;
            let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
            (command.trim_end_matches('\0').replace('\0', " ") == self.0).then_some(pid)
        })
    }

    fn runs(&self) -> bool {
        self.pid().is_some()
    }

    async fn start(&self, terminal: &mut Terminal, command: &str) {
        terminal.type_text(&command.replace("SLEEP", &self.0)).await;
        until(command, || self.runs()).await;
    }

    fn end(&self) {
        let pid = self.pid().expect("what was to stay").to_string();
        let killed = Command::new("kill").args(["-KILL", &pid]).status();
        assert!(killed.unwrap().success());
    }
}

async fn close(mut terminal: Terminal) {
    terminal.say(&ClientMessage::Close).await;
    terminal.end().await;
    assert_eq!(terminal.exit.unwrap().reason, EndReason::Closed);
}

/// The scripts that ended shells.
fn scripts(server: &TestServer) -> Vec<ExecRecord> {
    let mut execs = server.cluster.execs();
    execs.retain(|exec| !exec.tty);
    execs
}

#[tokio::test]
async fn jobs_end_but_for_those_that_are_to_stay() {
    let pod = Pod::new("default", "web-0")
        .container(Container::new("app"))
        .container(Container::new("plain").without_bash())
        .container(Container::new("bash-alone").only(&["bash", "sleep"]));
    let server = TestServer::start(FakeCluster::builder().pod(pod)).await;
    let stays = Sleep::new(0, 2);
    for (number, container) in (0..).zip(["app", "plain", "bash-alone"]) {
        let [front, back] = [0, 1].map(|job| Sleep::new(number, job));
        let mut terminal = server.open(container).await;
        back.start(&mut terminal, "SLEEP &\r").await;
        if container == "app" {
            stays
                .start(&mut terminal, "nohup SLEEP >/dev/null 2>&1 &\r")
                .await;
        }
        front.start(&mut terminal, "SLEEP\r").await;
        close(terminal).await;
        until("the session's end", || server.sessions.living() == 0).await;
        until("the jobs' end", || !front.runs() && !back.runs()).await;
        until("nothing but what stays", || {
            server.cluster.live_processes() == 1
        })
        .await;
        assert!(stays.runs());
    }
    let shells: Vec<_> = scripts(&server)
        .into_iter()
        .map(|script| script.command[0].clone())
        .collect();
    assert_eq!(shells, ["sh", "sh", "bash"]);
    stays.end();
    server.stop().await;
}

#[tokio::test]
async fn what_does_not_heed_it_is_killed() {
    let server = TestServer::start(web()).await;
    let mut terminal = server.open("app").await;
    let front = Sleep::new(3, 0);
    let stubborn = "sh -c 'trap : HUP; while :; do SLEEP; done'\r";
    front.start(&mut terminal, stubborn).await;
    close(terminal).await;
    until("the session's end", || server.sessions.living() == 0).await;
    until("its last child's end", || !front.runs()).await;
    server.no_process_left().await;
    server.stop().await;
}

#[tokio::test]
async fn without_a_second_exec_keys_do_it() {
    let server = TestServer::start(web()).await;
    let mut terminal = server.open("app").await;
    let front = Sleep::new(4, 0);
    front.start(&mut terminal, "SLEEP\r").await;
    server.cluster.inject(Fault::exec(ExecEffect::Refuse {
        code: 403,
        message: "once is enough".to_owned(),
    }));
    close(terminal).await;
    until("the session's end", || server.sessions.living() == 0).await;
    assert!(!front.runs());
    server.no_process_left().await;
    // Keys ended the shell; of its jobs nobody knows.
    server.stop_leaving(1).await;
}

#[tokio::test]
async fn a_shell_whose_connection_was_lost_ends_too() {
    let server = TestServer::start(web()).await;
    let cut = ExecEffect::Cut {
        after: 5000,
        mid_frame: false,
    };
    server.cluster.inject(Fault::exec(cut).once());
    let mut terminal = server.open("app").await;
    let front = Sleep::new(5, 0);
    front
        .start(&mut terminal, "SLEEP & seq 1 10000; fg\r")
        .await;
    // The next exec does not come through at once either.
    let refused = ExecEffect::Refuse {
        code: 500,
        message: "not now".to_owned(),
    };
    server.cluster.inject(Fault::exec(refused).once());
    terminal.end().await;
    assert_eq!(terminal.exit.unwrap().reason, EndReason::ClusterLost);
    until("the session's end", || server.sessions.living() == 0).await;
    assert!(!front.runs());
    server.no_process_left().await;
    server.stop().await;
}

#[tokio::test]
async fn an_image_with_bash_alone_costs_one_exec_the_second_time() {
    let server = TestServer::start(web()).await;
    for _ in 0..2 {
        let mut terminal = server.open("bash-only").await;
        terminal.see_prompt().await;
        assert!(!terminal.screen.contains("7735"), "{:?}", terminal.screen);
        close(terminal).await;
    }
    until("the sessions' end", || server.sessions.living() == 0).await;
    let mut execs = server.cluster.execs();
    execs.retain(|exec| exec.tty);
    let programs: Vec<_> = execs.iter().map(|exec| &exec.command[0]).collect();
    assert_eq!(programs, ["sh", "bash", "bash"]);
    server.stop().await;
}

/// Something in the foreground that is killed only after some seconds.
const STUBBORN: &str = "sh -c 'trap : HUP; while :; do SLEEP; done'\r";

#[tokio::test]
async fn a_session_that_ends_meanwhile_joins_and_does_not_wait() {
    let server = TestServer::start(web()).await;
    let [mut slow, mut quick] = [server.open("app").await, server.open("app").await];
    let [first, second] = [0, 1].map(|job| Sleep::new(6, job));
    first.start(&mut slow, STUBBORN).await;
    second.start(&mut quick, "SLEEP\r").await;
    close(slow).await;
    until("a clean-up", || scripts(&server).len() == 1).await;
    close(quick).await;
    until("the second one's end", || server.sessions.living() == 1).await;
    assert!(first.runs() && !second.runs());
    until("the first one's end", || server.sessions.living() == 0).await;
    assert!(!first.runs());
    assert_eq!(scripts(&server).len(), 1);
    server.no_process_left().await;
    server.stop().await;
}

#[tokio::test]
async fn a_clean_up_whose_connection_is_lost_begins_anew() {
    let server = TestServer::start(web()).await;
    // Within its first answer, and behind it.
    for (job, after) in [(0, 4), (1, 24)] {
        let mut terminal = server.open("app").await;
        let front = Sleep::new(7, job);
        front.start(&mut terminal, STUBBORN).await;
        let cut = ExecEffect::Cut {
            after,
            mid_frame: false,
        };
        server.cluster.inject(Fault::exec(cut).once());
        let before = scripts(&server).len();
        close(terminal).await;
        until("the session's end", || server.sessions.living() == 0).await;
        assert!(!front.runs());
        assert_eq!(scripts(&server).len() - before, 2);
    }
    server.no_process_left().await;
    server.stop().await;
}

#[tokio::test]
async fn a_container_that_is_gone_leaves_nothing_to_warn_of() {
    let log = Log::listen();
    let server = TestServer::start(web()).await;
    let mut terminal = server.open("app").await;
    terminal.see_prompt().await;
    let late = ExecEffect::DelayUpgrade(std::time::Duration::from_millis(500));
    server.cluster.inject(Fault::exec(late));
    close(terminal).await;
    until("a clean-up", || scripts(&server).len() == 1).await;
    assert!(server.cluster.delete_pod("default", "web-0").await);
    until("the session's end", || server.sessions.living() == 0).await;
    assert_eq!(log.warnings(), [""; 0]);
    server.stop().await;
}
