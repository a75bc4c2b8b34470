//! How the process ends: by which signals, with which exit code, and what does not end it.

#![cfg(feature = "demo")]
#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::{
    process::ExitStatus,
    time::{Duration, Instant},
};

use common::{
    client::Address,
    kubeconfig,
    process::{Podshell, Shell, command, open, read_address},
    until, web,
};
use fake_cluster::{ExecEffect, Fault};
use podshell_shared::terminal::EndReason;
use pty_process::Pty;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::Child,
};

const WELCOME: &str = "/api/v1/pod/default/welcome/shell/shell";

/// How long the end may take that a second signal asks for: less than what heeds no termination has.
const AT_ONCE: Duration = Duration::from_secs(3);

/// What heeds no termination, so that a drain takes some seconds.
const STUBBORN: &str = "sh -c 'trap : HUP; echo st\"\"art; while :; do sleep 1; done'";

/// A shell of the demo with two jobs in the background.
async fn busy_shell(server: &Podshell) -> Shell {
    let mut shell = open(&server.address, WELCOME).await;
    let jobs = "sleep 3331 & sleep 3332 & echo read\"\"y";
    shell.run(jobs, "ready").await;
    shell
}

/// Why the server ended it, once its connection is over too: the server waits some seconds for a client that does not
/// close its half.
async fn reason(mut shell: Shell) -> EndReason {
    shell.end().await.expect("an exit message").reason
}

#[tokio::test]
async fn each_signal_ends_everything() {
    for signal in [Signal::HUP, Signal::TERM, Signal::INT] {
        let mut server = Podshell::start(&["--demo"]).await;
        let shell = busy_shell(&server).await;
        // A process has no environment while the kernel puts another program in it.
        until("its shell and two jobs", || server.processes() > 2).await;
        assert_eq!(server.folders(), 1);
        server.signal(signal);
        assert_eq!(reason(shell).await, EndReason::Shutdown, "{signal:?}");
        let (status, log) = server.end().await;
        assert_eq!(status.code(), Some(0), "{signal:?}: {log}");
        assert_eq!(server.processes(), 0);
        assert_eq!(server.folders(), 0);
    }
}

#[tokio::test]
async fn under_nohup_it_outlives_its_terminal() {
    let nohup = ["sh", "-c", r#"trap '' HUP; exec "$0" "$@""#];
    let mut server = Podshell::start_with(&nohup, &[], &["--demo"]).await;
    server.signal(Signal::HUP);
    busy_shell(&server).await;
    server.signal(Signal::TERM);
    let (status, log) = server.end().await;
    // Else that one had been the second.
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(server.processes(), 0);
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    for (first, second) in [
        (Signal::TERM, Signal::TERM),
        (Signal::HUP, Signal::INT),
        (Signal::INT, Signal::TERM),
    ] {
        let mut server = Podshell::start(&["--demo", "--drain-time", "60s"]).await;
        let mut shell = open(&server.address, WELCOME).await;
        shell.run(STUBBORN, "start").await;
        server.signal(first);
        shell.exit().await;
        let asked = Instant::now();
        server.signal(second);
        let (status, log) = server.end().await;
        assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
        assert_eq!(status.code(), Some(128 + second.as_raw()));
        assert!(log.contains("may still run in their containers"), "{log}");
        assert_eq!(server.folders(), 0);
    }
}

#[tokio::test]
async fn a_terminal_that_tells_of_its_end_twice_still_ends_everything() {
    let mut server = Podshell::start(&["--demo"]).await;
    let mut shell = busy_shell(&server).await;
    // By itself, and by the login shell in it.
    server.signal(Signal::HUP);
    server.signal(Signal::HUP);
    // Its connection stays open, so the server is still there for the next one.
    assert_eq!(shell.exit().await.reason, EndReason::Shutdown);
    server.signal(Signal::HUP);
    let (status, log) = server.end().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(server.processes(), 0);
}

/// Starts the server on a terminal.
async fn on_a_terminal(with: &[&str], folder: &TempDir) -> (Pty, Child, Address) {
    let command = command(with, &[], &["--demo"], folder);
    let (mut terminal, end) = pty_process::open().unwrap();
    let child = pty_process::Command::new(&command[0])
        .args(&command[1..])
        .kill_on_drop(true)
        .spawn(end)
        .unwrap();
    let (address, _) = read_address(&mut terminal).await;
    (terminal, child, address)
}

fn terminate(child: &Child) {
    let pid = i32::try_from(child.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
}

/// Starts the server on a terminal, which vanishes once a shell runs. What happens then is up to `with`.
async fn on_a_terminal_that_vanishes(
    with: &[&str],
    then: impl AsyncFnOnce(&mut Child, Shell, &dyn Fn() -> usize),
) {
    let folder = tempfile::tempdir().unwrap();
    let (terminal, mut child, address) = on_a_terminal(with, &folder).await;
    let mut shell = open(&address, WELCOME).await;
    shell.run("echo read\"\"y", "ready").await;
    drop(terminal);
    let folders = || std::fs::read_dir(folder.path()).unwrap().count();
    then(&mut child, shell, &folders).await;
}

async fn end_of(child: &mut Child) -> ExitStatus {
    common::soon("the server's end", child.wait())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_terminal_window_that_closes_ends_everything() {
    on_a_terminal_that_vanishes(&[], async |child, shell, folders| {
        assert_eq!(reason(shell).await, EndReason::Shutdown);
        assert_eq!(end_of(child).await.code(), Some(0));
        assert_eq!(folders(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_log_into_a_vanished_terminal_ends_nothing() {
    let nohup = ["sh", "-c", r#"trap '' HUP; exec "$0" "$@""#];
    on_a_terminal_that_vanishes(&nohup, async |child, mut shell, folders| {
        shell.run("echo go\"\"es on; exit", "goes on").await;
        // What is logged of it can't be written.
        assert_eq!(shell.exit().await.reason, EndReason::Exited);
        terminate(child);
        assert_eq!(end_of(child).await.code(), Some(0));
        assert_eq!(folders(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_terminal_that_stands_still_holds_up_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut terminal, mut child, address) = on_a_terminal(&[], &folder).await;
    // Ctrl-S.
    terminal.write_all(b"\x13").await.unwrap();
    // What is logged of these can't be written.
    for _ in 0..3 {
        let mut shell = open(&address, WELCOME).await;
        shell.run("echo go\"\"es on; exit", "goes on").await;
        assert_eq!(shell.exit().await.reason, EndReason::Exited);
    }
    let shell = open(&address, WELCOME).await;
    terminate(&child);
    assert_eq!(reason(shell).await, EndReason::Shutdown);
    assert_eq!(end_of(&mut child).await.code(), Some(0));
}

#[tokio::test]
async fn a_log_that_nobody_reads_ends_nothing() {
    let mut server = Podshell::start(&["--demo"]).await;
    server.close_log().await;
    let mut shell = busy_shell(&server).await;
    shell.run("exit 7", "exit").await;
    assert_eq!(shell.exit().await.code, Some(7));
    let _shell = busy_shell(&server).await;
    server.signal(Signal::TERM);
    assert_eq!(server.end().await.0.code(), Some(0));
    assert_eq!(server.processes(), 0);
}

#[tokio::test]
async fn a_link_that_nobody_reads_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let command = command(&[], &[], &["--demo"], &folder);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = tokio::process::Command::new(&command[0])
        .args(&command[1..])
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut log = String::new();
    let mut stderr = child.stderr.take().unwrap();
    while !log.contains("nobody reads which link to open") {
        let mut piece = [0; 1000];
        let read = common::soon("the log", stderr.read(&mut piece));
        let read = read.await.unwrap();
        assert!(read > 0, "{log}");
        log.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    terminate(&child);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).await.unwrap();
    assert_eq!(end_of(&mut child).await.code(), Some(0), "{log}{rest}");
}

#[tokio::test]
async fn what_may_have_stayed_is_in_the_exit_code_and_the_log() {
    let cluster = web().start().await.unwrap();
    let config = kubeconfig(&cluster);
    let path = config.path().to_str().unwrap();
    let mut server = Podshell::start(&["--kubeconfig", path]).await;
    let shell = open(&server.address, "/api/v1/pod/default/web-0/shell/app");
    let mut shell = shell.await;
    shell.run("sleep 3331 & echo read\"\"y", "ready").await;
    cluster.inject(Fault::exec(ExecEffect::Refuse {
        code: 403,
        message: "once is enough".to_owned(),
    }));
    server.signal(Signal::TERM);
    assert_eq!(shell.exit().await.reason, EndReason::Shutdown);
    let (status, log) = server.end().await;
    assert_eq!(status.code(), Some(3), "{log}");
    let warned = |line: &str| line.contains("WARN") && line.contains("default/web-0/app");
    assert!(log.lines().any(warned), "{log}");
    // By keys the shell ended, its job did not.
    until("the job alone", || cluster.live_processes() == 1).await;
    cluster.shutdown().await;
}
