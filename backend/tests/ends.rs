//! Whatever a client or a cluster does wrong gets its documented answer and leaves nothing behind.

mod common;

use std::{sync::atomic::Ordering, time::Duration};

use common::{TestServer, soon, until, web};
use fake_cluster::{ApiEffect, ExecEffect, Fault, Route};
use podshell_shared::terminal::{ClientMessage, EndReason, Exit};

/// The close frame that a first message is answered with.
async fn answer_to(server: &TestServer, text: &str) -> (u16, String) {
    let mut terminal = server.connect().await;
    terminal.say_text(text).await;
    terminal.end().await
}

fn bind(id: &str) -> String {
    format!(r#"{{"Op":"bind","SessionID":"{id}"}}"#)
}

#[tokio::test]
async fn ids_that_are_not_good() {
    let server = TestServer::start(web()).await;
    for id in [
        "",
        "0123456789abcdef0123456789abcdef",
        "n o t b a s e 6 4",
        &"A".repeat(300),
    ] {
        let (code, reason) = answer_to(&server, &bind(id)).await;
        assert_eq!((code, reason.contains("not known")), (2, true), "{reason}");
    }
    let id = server.mint("app").await;
    let mut first = server.connect().await;
    first.bind(&id, true).await;
    let (code, reason) = answer_to(&server, &bind(&id)).await;
    assert_eq!(
        (code, reason.contains("used before")),
        (2, true),
        "{reason}"
    );
    // The first is not disturbed.
    first.type_text("echo $((6*7)); exit\r").await;
    first.see("42").await;
    first.end().await;
    server.stop().await;
}

#[tokio::test]
async fn an_id_of_another_server_with_the_same_key() {
    let keys = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(keys.path(), format!("{}=\n", "A".repeat(43))).unwrap();
    let flags = ["--ticket-key-file", keys.path().to_str().unwrap()];
    let one = TestServer::start_with(web(), &flags).await;
    let other = TestServer::start_with(web(), &flags).await;
    let id = one.mint("app").await;
    let (code, reason) = answer_to(&other, &bind(&id)).await;
    assert_eq!((code, reason.contains("not known")), (2, true), "{reason}");
    let info = other.anonymous(&format!("/api/sockjs/info?{id}"));
    assert_eq!(other.send(info).await.status, 401);
    // It is good where it was minted.
    let mut terminal = one.open_with(&id).await;
    terminal.type_text("exit 4\r").await;
    assert_eq!(terminal.end().await.0, 1);
    // The servers' tasks are counted together.
    one.shut_down().await.shutdown().await;
    other.stop().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_file_that_others_can_read() {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

    use clap::Parser as _;

    let keys = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(keys.path(), format!("{}=\n", "A".repeat(43))).unwrap();
    std::fs::set_permissions(keys.path(), Permissions::from_mode(0o644)).unwrap();
    let path = keys.path().to_str().unwrap();
    let flags = [
        "podshell",
        "--listen=127.0.0.1:0",
        "--ticket-key-file",
        path,
    ];
    let config = podshell::config::Config::try_parse_from(flags).unwrap();
    let error = podshell::Server::new(config).bind().await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains(path) && text.contains("0644"), "{text}");
    assert!(text.contains("chmod 600"), "{text}");
}

#[tokio::test]
async fn an_id_that_comes_too_late() {
    let server = TestServer::start(web()).await;
    let id = server.mint("app").await;
    let mut terminal = server.connect().await;
    server.ahead.store(30, Ordering::Relaxed);
    terminal.bind(&id, true).await;
    let (code, reason) = terminal.end().await;
    assert_eq!((code, reason.contains("expired")), (2, true), "{reason}");
    // Nor does it open SockJS any more.
    let info = server.anonymous(&format!("/api/sockjs/info?{id}"));
    assert_eq!(server.send(info).await.status, 401);
    server.stop().await;
}

#[tokio::test]
async fn messages_that_are_not_good() {
    let server = TestServer::start(web()).await;
    for (text, words) in [
        ("{", "Bad message"),
        ("[]", "Bad message"),
        (r#"{"Op":"bind","Rows":65536}"#, "Bad message"),
        (r#"{"Op":"fly"}"#, "unknown operation \"fly\""),
        (
            r#"{"Op":"stdin","Data":"x"}"#,
            "first message must be a bind",
        ),
    ] {
        let (code, reason) = answer_to(&server, text).await;
        assert_eq!(
            (code, reason.contains(words)),
            (2, true),
            "{text}: {reason}"
        );
    }
    // An error that quotes a message does not repeat all of it.
    let long = "é".repeat(100_000);
    for text in [
        format!(r#"{{"Op":"{long}"}}"#),
        format!(r#"{{"Op":"resize","Rows":"{long}"}}"#),
    ] {
        let (code, reason) = answer_to(&server, &text).await;
        assert_eq!((code, reason.contains("Bad message")), (2, true));
        assert!(reason.len() < 500, "{} bytes", reason.len());
    }
    // The same once bound, and a second bind.
    for (text, words) in [
        ("nonsense", "Bad message"),
        (r#"{"Op":"resize","Rows":-1}"#, "Bad message"),
        (r#"{"Op":"bind","SessionID":"x"}"#, "bound already"),
    ] {
        let mut terminal = server.open("app").await;
        terminal.see_prompt().await;
        terminal.say_text(text).await;
        let (code, reason) = terminal.end().await;
        assert_eq!(
            (code, reason.contains(words)),
            (2, true),
            "{text}: {reason}"
        );
        assert_eq!(terminal.exit.unwrap().reason, EndReason::Protocol);
    }
    server.no_process_left().await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_sockjs_ends_the_connection() {
    let server = TestServer::start(web()).await;
    let mut terminal = server.open("app").await;
    terminal.see_prompt().await;
    terminal.say_frame("[\"broken".to_owned()).await;
    while terminal.step().await {}
    assert_eq!(terminal.close, None);
    let mut terminal = server.open("app").await;
    terminal.see_prompt().await;
    // Longer than a message may be: WebSocket close code 1009, and no SockJS frame.
    let long = "x".repeat(17 << 20);
    terminal.say_text(&long).await;
    while terminal.step().await {}
    assert_eq!(terminal.close, None);
    server.no_process_left().await;
    server.stop().await;
}

#[tokio::test]
async fn a_bind_that_never_comes() {
    let server = TestServer::start(web()).await;
    let mut terminal = server.connect().await;
    let (code, reason) = terminal.end().await;
    assert_eq!(
        (code, reason.contains("No bind arrived")),
        (2, true),
        "{reason}"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_shell() {
    let server = TestServer::start_with(web(), &["--grace", "0s"]).await;
    let mut terminal = server.open("app").await;
    terminal.type_text("sleep 1000\r").await;
    terminal.see("sleep").await;
    drop(terminal);
    server.no_process_left().await;
    let mut terminal = server.open("app").await;
    terminal.see_prompt().await;
    terminal.say(&ClientMessage::Close).await;
    assert_eq!(terminal.end().await.0, 2);
    assert_eq!(terminal.exit.unwrap().reason, EndReason::Closed);
    server.no_process_left().await;
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_leaves_while_its_shell_starts() {
    let server = TestServer::start(web()).await;
    let late = ExecEffect::DelayUpgrade(Duration::from_secs(1));
    server.cluster.inject(Fault::exec(late).once());
    let terminal = server.open("app").await;
    until("a session", || server.sessions.living() == 1).await;
    drop(terminal);
    until("its end", || server.sessions.living() == 0).await;
    let started = server.cluster.execs();
    assert!(started[0].exit_code().is_some(), "{started:?}");
    assert_eq!(server.cluster.processes(), [""; 0]);
    server.stop().await;
}

/// The end of a session whose exec goes through `effect`.
async fn end_with(server: &TestServer, effect: ExecEffect) -> Exit {
    server.cluster.inject(Fault::exec(effect).once());
    let mut terminal = server.open("app").await;
    terminal.type_text("seq 1 100000\r").await;
    terminal.end().await;
    terminal.exit.expect("an exit message")
}

#[tokio::test]
async fn execs_that_fail() {
    let server = TestServer::start(web()).await;
    let refuse = |code, message: &str| ExecEffect::Refuse {
        code,
        message: message.to_owned(),
    };
    let exit = end_with(&server, refuse(403, "you may not")).await;
    assert_eq!(exit.reason, EndReason::Forbidden);
    assert!(exit.message.contains("you may not"), "{}", exit.message);
    let exit = end_with(&server, refuse(500, "kubelet on fire")).await;
    assert_eq!(exit.reason, EndReason::ClusterLost);
    assert!(exit.message.contains("kubelet on fire"), "{}", exit.message);
    for mid_frame in [false, true] {
        let after = 10_000;
        let exit = end_with(&server, ExecEffect::Cut { after, mid_frame }).await;
        assert_eq!(exit.reason, EndReason::ClusterLost, "{}", exit.message);
        assert!(exit.message.contains("was lost"), "{}", exit.message);
    }
    let exit = end_with(&server, ExecEffect::ExitCode(42)).await;
    assert_eq!((exit.reason, exit.code), (EndReason::Exited, Some(42)));
    // Killed, but not with its container.
    let exit = end_with(&server, ExecEffect::ExitCode(137)).await;
    assert_eq!((exit.reason, exit.code), (EndReason::Exited, Some(137)));
    server.stop().await;
}

#[tokio::test]
async fn a_stalled_exec_can_be_closed() {
    let server = TestServer::start(web()).await;
    server
        .cluster
        .inject(Fault::exec(ExecEffect::Stall { after: 1000 }).once());
    let mut terminal = server.open("app").await;
    terminal.type_text("seq 1 100000\r").await;
    while terminal.screen.len() < 500 {
        assert!(terminal.step().await);
    }
    terminal.say(&ClientMessage::Close).await;
    terminal.end().await;
    server.stop().await;
}

#[tokio::test]
async fn a_pod_that_is_deleted() {
    let server = TestServer::start(web()).await;
    let mut terminal = server.open("app").await;
    terminal.see_prompt().await;
    assert!(server.cluster.delete_pod("default", "web-0").await);
    let (code, reason) = terminal.end().await;
    assert_eq!(code, 2);
    assert!(
        reason.contains("\"web-0\"") && reason.contains("delete"),
        "{reason}"
    );
    assert_eq!(terminal.exit.unwrap().reason, EndReason::PodGone);
    server.stop().await;
}

#[tokio::test]
async fn a_silent_api_server() {
    let server = TestServer::start(web()).await;
    server
        .cluster
        .inject(Fault::api(Route::GetPod, ApiEffect::Delay(Duration::MAX)).once());
    let (status, body) = server.get("/api/v1/pod/default/web-0/shell/app").await;
    assert_eq!(status, 504, "{body}");
    assert!(body.contains("did not answer"), "{body}");
    server.stop().await;
}

#[tokio::test]
async fn shutdown_tells_everyone() {
    let server = TestServer::start(web()).await;
    let mut unbound = server.connect().await;
    let mut bound = server.open("app").await;
    bound.see_prompt().await;
    let (cluster, unbound, close) = soon("the shutdown", async {
        tokio::join!(server.shut_down(), unbound.end(), bound.end())
    })
    .await;
    for (code, reason) in [unbound, close] {
        assert_eq!(
            (code, reason.contains("shutting down")),
            (2, true),
            "{reason}"
        );
    }
    assert_eq!(bound.exit.unwrap().reason, EndReason::Shutdown);
    until("the shell's end", || cluster.live_processes() == 0).await;
    cluster.shutdown().await;
}
