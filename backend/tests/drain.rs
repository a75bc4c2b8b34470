//! A server that is stopped with many shells ends all that they run, or says what it could not.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::time::Duration;

use common::{Terminal, TestServer, log::Log, until, web};
use fake_cluster::{Builder, Container, ExecEffect, FakeCluster, Fault, Pod};
use futures_util::future::join_all;
use podshell_shared::terminal::{ClientMessage, Notice, ServerMessage};

/// As many as one user may have.
const SHELLS: usize = 100;

/// Opens shells in these pods by turns, each with two jobs in the background, and waits until all run.
async fn busy_shells(server: &TestServer, pods: usize) -> Vec<Terminal> {
    let open = |number: usize| async move {
        let pod = number % pods;
        let path = format!("/api/v1/pod/default/web-{pod}/shell/app");
        let mut terminal = server.open_with(&server.mint_at(&path).await).await;
        terminal.type_text("sleep 3333 & sleep 3334 &\r").await;
        terminal
    };
    let terminals = join_all((0..SHELLS).map(open)).await;
    server.runs(SHELLS, "sleep 3333").await;
    server.runs(SHELLS, "sleep 3334").await;
    terminals
}

fn pods(count: usize) -> Builder {
    (0..count).fold(FakeCluster::builder(), |cluster, number| {
        let pod = Pod::new("default", format!("web-{number}"));
        cluster.pod(pod.container(Container::new("app")))
    })
}

/// Stops a server with a hundred shells in so many pods of a cluster that is slow to start anything.
async fn stop_with_shells_in(count: usize) {
    let server = TestServer::start_with(pods(count), &["--drain-time", "30s"]).await;
    let _terminals = busy_shells(&server, count).await;
    let slow = ExecEffect::DelayUpgrade(Duration::from_millis(500));
    server.cluster.inject(Fault::exec(slow));
    let cluster = server.shut_down().await;
    assert_eq!(cluster.live_processes(), 0);
    let mut scripts = cluster.execs();
    scripts.retain(|exec| !exec.tty);
    // Who ends after the others did may need another one.
    assert!(scripts.len() <= 2 * count, "{}", scripts.len());
    cluster.shutdown().await;
}

#[tokio::test]
async fn a_hundred_shells_in_one_pod_leave_nothing() {
    stop_with_shells_in(1).await;
}

#[tokio::test]
async fn a_hundred_shells_in_twenty_pods_leave_nothing() {
    stop_with_shells_in(20).await;
}

/// Lets no exec through from now on.
fn refuse(server: &TestServer) {
    server.cluster.inject(Fault::exec(ExecEffect::Refuse {
        code: 403,
        message: "once is enough".to_owned(),
    }));
}

#[tokio::test]
async fn where_it_can_not_be_the_log_names_each_target() {
    let log = Log::listen();
    let server = TestServer::start(pods(2)).await;
    let mut terminals = Vec::new();
    for pod in ["web-0", "web-1"] {
        let path = format!("/api/v1/pod/default/{pod}/shell/app");
        let mut terminal = server.open_with(&server.mint_at(&path).await).await;
        terminal.type_text("sleep 3333 &\r").await;
        terminals.push(terminal);
    }
    server.runs(2, "sleep 3333").await;
    refuse(&server);
    let (cluster, drained) = server.drain().await;
    assert_eq!(drained.left, 2);
    // Keys ended the shells, but not their jobs.
    until("the jobs alone", || cluster.live_processes() == 2).await;
    let warnings = log.warnings();
    for pod in ["default/web-0/app", "default/web-1/app"] {
        let names = |warning: &&String| warning.contains(pod);
        assert_eq!(warnings.iter().filter(names).count(), 1, "{warnings:?}");
    }
    cluster.shutdown().await;
}

#[tokio::test]
async fn what_does_not_answer_in_time_is_named_too() {
    let log = Log::listen();
    let server = TestServer::start_with(web(), &["--drain-time", "2s"]).await;
    let mut terminal = server.open("app").await;
    terminal.type_text("sleep 3333\r").await;
    server.runs(1, "sleep 3333").await;
    let never = ExecEffect::DelayUpgrade(Duration::from_secs(3600));
    server.cluster.inject(Fault::exec(never));
    let (cluster, drained) = server.drain().await;
    assert_eq!(drained.left, 1);
    let warnings = log.warnings().join("\n");
    assert!(warnings.contains("default/web-0/app"), "{warnings}");
    cluster.shutdown().await;
}

#[tokio::test]
async fn a_failed_clean_up_is_a_warning_in_ordinary_life_too() {
    let log = Log::listen();
    let server = TestServer::start(web()).await;
    let mut terminal = server.open("app").await;
    terminal.see_prompt().await;
    refuse(&server);
    terminal.say(&ClientMessage::Close).await;
    terminal.end().await;
    until("the session's end", || server.sessions.living() == 0).await;
    let warnings = log.warnings().join("\n");
    assert!(warnings.contains("default/web-0/app"), "{warnings}");
    // It was before the server's own end.
    server.stop_leaving(1).await;
}

#[tokio::test]
async fn what_a_container_prints_to_the_clean_up_is_not_logged() {
    let log = Log::listen();
    let odd = "if [ -t 0 ]; then read -r s </proc/$$/stat; set -- ${s##*) }; \
               printf '\\033]7735;%s;%s;%s\\007' $$ $4 ${20}; exec sh; fi; echo xyzzy; read -r line";
    let container = Container::new("app").run("sh", &["-c", odd]);
    let pod = Pod::new("default", "web-0").container(container);
    let server = TestServer::start(FakeCluster::builder().pod(pod)).await;
    let mut terminal = server.open("app").await;
    terminal.see_prompt().await;
    terminal.say(&ClientMessage::Close).await;
    terminal.end().await;
    until("the session's end", || server.sessions.living() == 0).await;
    let warnings = log.warnings().join("\n");
    assert!(warnings.contains("default/web-0/app"), "{warnings}");
    assert!(!log.text().contains("xyzzy"), "{}", log.text());
    server.stop_leaving(1).await;
}

#[tokio::test]
async fn who_has_a_shell_is_told_and_goes_on_while_nothing_new_begins() {
    let mut server = TestServer::start_with(web(), &["--shutdown-notice", "1h"]).await;
    let mut terminal = server.open("app").await;
    terminal.see_prompt().await;
    server.begin_stop();
    terminal.type_text("echo still' here'\r").await;
    terminal.see("still here").await;
    let is_told = |message: &ServerMessage| matches!(message, ServerMessage::Notice(Notice::ShutdownSoon { seconds }) if *seconds > 3_500);
    while !terminal.others.iter().any(is_told) {
        terminal.step().await;
    }
    let (status, body) = server.get("/api/v1/pod/default/web-0/shell/app").await;
    assert_eq!(status, 503, "{body}");
    assert!(body.contains("shutdown"), "{body}");
    assert_eq!(server.get("/readyz").await.0, 503);
    // With the last shell it ends.
    terminal.type_text("exit\r").await;
    terminal.end().await;
    server.stop().await;
}
