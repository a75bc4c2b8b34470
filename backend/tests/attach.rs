//! Terminals on a container's main process.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use common::{Terminal, TestServer, until};
use fake_cluster::{Builder, Container, ContainerState, FakeCluster, Mode, Pod};
use http::StatusCode;
use podshell_shared::{
    api::{ApiError, ErrorCode},
    terminal::{ClientMessage, EndReason, ServerMessage},
};

fn pod() -> Builder {
    FakeCluster::builder().pod(
        Pod::new("default", "web-0")
            .container(Container::new("silent"))
            .container(Container::new("console").main("sh", &[], true))
            .container(Container::new("filter").main(
                "sh",
                &[
                    "-c",
                    "while read -r line; do echo \"<$line>\"; echo error >&2; done",
                ],
                false,
            ))
            .container(Container::new("ends").main("sh", &["-c", "read -r x; exit 3"], true)),
    )
}

async fn attach(server: &TestServer, container: &str) -> Terminal {
    let path = format!("/api/v1/pod/default/web-0/shell/{container}?mode=attach");
    server.open_with(&server.mint_at(&path).await).await
}

async fn close(server: &TestServer, mut terminal: Terminal) {
    terminal.say(&ClientMessage::Close).await;
    terminal.end().await;
    assert_eq!(terminal.exit.unwrap().reason, EndReason::Closed);
    until("the session's end", || server.sessions.living() == 0).await;
}

#[tokio::test]
async fn leaving_ends_nothing() {
    let server = TestServer::start(pod()).await;
    let mut terminal = attach(&server, "console").await;
    terminal.type_text("kept=1234; echo ke''pt\r").await;
    terminal.see("kept\r\n").await;
    close(&server, terminal).await;
    let mut terminal = attach(&server, "console").await;
    terminal.type_text("echo $kept$kept; stty size\r").await;
    terminal.see("12341234\r\n").await;
    terminal.see("24 80\r\n").await;
    close(&server, terminal).await;
    for seen in server.cluster.execs() {
        assert_eq!(seen.mode, Mode::Attach, "{seen:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn who_does_not_know_is_told_that_leaving_ends_nothing() {
    let server = TestServer::start(pod()).await;
    let path = "/api/v1/pod/default/web-0/shell/console?mode=attach";
    let mut dashboard = server.connect().await;
    dashboard.bind(&server.mint_at(path).await, false).await;
    let notice = loop {
        assert!(dashboard.step().await, "ended");
        if let Some(ServerMessage::Toast { text }) = dashboard.others.pop() {
            break text;
        }
    };
    assert!(notice.contains("does not stop it"), "{notice}");
    drop(dashboard);
    until("the session's end", || server.sessions.living() == 0).await;
    server.stop().await;
}

#[tokio::test]
async fn without_a_terminal_lines_end_as_on_one() {
    let server = TestServer::start(pod()).await;
    let mut terminal = attach(&server, "filter").await;
    terminal.type_text("a\nb\n").await;
    terminal.see("<a>\r\n").await;
    terminal.see("<b>\r\n").await;
    terminal.see("error\r\n").await;
    close(&server, terminal).await;
    server.stop().await;
}

#[tokio::test]
async fn a_process_without_input_is_said_to_have_none() {
    let server = TestServer::start(pod()).await;
    let mut terminal = attach(&server, "silent").await;
    terminal.see("takes no input").await;
    terminal.type_text("anything").await;
    close(&server, terminal).await;
    server.stop().await;
}

#[tokio::test]
async fn the_main_process_ends() {
    let server = TestServer::start(pod()).await;
    let mut terminal = attach(&server, "ends").await;
    terminal.type_text("\r").await;
    terminal.end().await;
    let exit = terminal.exit.unwrap();
    assert_eq!((exit.reason, exit.code), (EndReason::Exited, Some(3)));
    assert!(exit.message.contains("main process ended with exit code 3"));
    server.stop().await;
}

#[tokio::test]
async fn the_pod_is_deleted() {
    let server = TestServer::start(pod()).await;
    let mut terminal = attach(&server, "console").await;
    terminal.see_prompt().await;
    assert!(server.cluster.delete_pod("default", "web-0").await);
    terminal.end().await;
    assert_eq!(terminal.exit.unwrap().reason, EndReason::PodGone);
    server.stop().await;
}

#[tokio::test]
async fn attaches_that_are_refused() {
    let server = TestServer::start(pod()).await;
    let refused = async |path: &str| {
        let (status, body) = server.get(path).await;
        (status, serde_json::from_str::<ApiError>(&body).unwrap())
    };
    let (status, error) = refused("/api/v1/pod/default/web-0/shell/console?mode=watch").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(error.code, ErrorCode::UnknownMode);
    assert!(error.message.contains("\"watch\""), "{error:?}");

    let path = "/api/pod/web-0/shell?container=console&mode=attach";
    for verb in ["get", "create"] {
        server
            .cluster
            .deny(verb, "pods", Some("attach"), None, "not you");
        let (status, error) = refused(path).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert_eq!(error.code, ErrorCode::Forbidden);
        let right = format!("the right to {verb} pods/attach");
        assert!(error.message.contains(&right), "{error:?}");
        assert!(
            error
                .hint
                .as_deref()
                .unwrap_or_default()
                .contains("pods/attach"),
            "{error:?}"
        );
        server.cluster.allow_all();
    }
    // Who may not exec may still attach.
    server
        .cluster
        .deny("create", "pods", Some("exec"), None, "not you");
    assert_eq!(server.get(path).await.0, StatusCode::OK);

    let ended = ContainerState::Terminated(0);
    let changed = server
        .cluster
        .set_container_state("default", "web-0", "console", ended);
    assert!(changed.await);
    let (status, error) = refused(path).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(error.code, ErrorCode::NotRunning);
    server.stop().await;
}
