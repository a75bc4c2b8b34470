//! Debug containers for containers without a shell.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::time::Duration;

use common::{Answer, TestServer, soon, web};
use fake_cluster::{EphemeralEffect, Fault, Phase, Pod};
use http::{Method, StatusCode, header::ORIGIN};
use podshell_shared::{
    api::{ApiError, DebugContainer, DebugState, ErrorCode},
    terminal::{ClientMessage, EndReason},
};

const BARE: &str = "/api/v1/pod/default/web-0/debug/bare";

async fn post(server: &TestServer, path: &str) -> Answer {
    let mut request = server.request(path);
    *request.method_mut() = Method::POST;
    server.send(request).await
}

/// Asks for a debug container: the status and its name.
async fn add(server: &TestServer) -> (StatusCode, String) {
    let answer = post(server, BARE).await;
    let debug: DebugContainer = serde_json::from_str(&answer.body).expect(&answer.body);
    (answer.status, debug.container)
}

async fn state(server: &TestServer, container: &str) -> DebugState {
    let path = format!("/api/v1/pod/default/web-0/debug/{container}");
    let (status, body) = server.get(&path).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    serde_json::from_str(&body).unwrap()
}

async fn wait_for(server: &TestServer, container: &str, wanted: impl Fn(&DebugState) -> bool) {
    soon("its state", async {
        while !wanted(&state(server, container).await) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

fn error_of(answer: &Answer) -> ApiError {
    serde_json::from_str(&answer.body).expect(&answer.body)
}

#[tokio::test]
async fn a_container_without_a_shell_gets_one() {
    let server = TestServer::start_with(web(), &["--debug-image", "tools:1"]).await;
    let mut terminal = server.open("bare").await;
    terminal.end().await;
    assert_eq!(terminal.exit.unwrap().reason, EndReason::NoShell);

    let (status, name) = add(&server).await;
    assert_eq!(status, StatusCode::CREATED);
    let random = name.strip_prefix("debug-").expect(&name);
    assert_eq!(random.len(), 5);
    wait_for(&server, &name, |state| *state == DebugState::Running).await;
    let mut terminal = server.open(&name).await;
    terminal.see_prompt().await;
    terminal.say(&ClientMessage::Close).await;
    terminal.end().await;

    let (_, pods) = server.get("/api/v1/pods").await;
    assert!(pods.contains("\"image\":\"tools:1\""), "{pods}");
    // It is used again.
    assert_eq!(add(&server).await, (StatusCode::OK, name.clone()));
    // But not for another one.
    let other = post(&server, "/api/v1/pod/default/web-0/debug/plain").await;
    assert_eq!(other.status, StatusCode::CREATED);
    assert!(!other.body.contains(&name));
    server.stop().await;
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled() {
    let server = TestServer::start(web()).await;
    let message = "no such image".to_owned();
    let fails = EphemeralEffect::PullFails { message };
    server.cluster.inject(Fault::ephemeral(fails).once());
    let (_, name) = add(&server).await;
    let failed = |state: &DebugState| {
        matches!(state, DebugState::Waiting { reason, message }
            if reason == "ErrImagePull" && message.contains("no such image"))
    };
    wait_for(&server, &name, failed).await;
    // Another try would fare no better.
    assert_eq!(add(&server).await, (StatusCode::OK, name));
    server.stop().await;
}

#[tokio::test]
async fn debug_containers_that_are_refused() {
    let pending = Pod::new("default", "pending")
        .phase(Phase::Pending)
        .unscheduled();
    let pending = pending.container(fake_cluster::Container::new("app"));
    let server = TestServer::start(web().pod(pending)).await;
    for (path, status, code) in [
        (
            "/api/v1/pod/nowhere/web-0/debug/app",
            404,
            ErrorCode::NoNamespace,
        ),
        ("/api/v1/pod/default/web-9/debug/app", 404, ErrorCode::NoPod),
        (
            "/api/v1/pod/default/web-0/debug/none",
            404,
            ErrorCode::NoContainer,
        ),
        (
            "/api/v1/pod/default/pending/debug/app",
            409,
            ErrorCode::PodUnfit,
        ),
        (
            "/api/v1/pod/default/web-0/debug/A%20b",
            400,
            ErrorCode::BadName,
        ),
    ] {
        let answer = post(&server, path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert_eq!(error_of(&answer).code, code, "{path}");
    }
    let (status, body) = server.get(BARE).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(body.contains("no-container"), "{body}");

    let right = Some("ephemeralcontainers");
    server.cluster.deny("patch", "pods", right, None, "not you");
    let answer = post(&server, BARE).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let error = error_of(&answer);
    assert_eq!(error.code, ErrorCode::Forbidden);
    let missing = "the right to patch pods/ephemeralcontainers is missing";
    assert!(error.message.contains(missing), "{error:?}");
    server.cluster.allow_all();

    let mut request = server.request(BARE);
    *request.method_mut() = Method::POST;
    let foreign = "https://elsewhere.example".parse().unwrap();
    request.headers_mut().insert(ORIGIN, foreign);
    let answer = server.send(request).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(error_of(&answer).code, ErrorCode::ForeignOrigin);
    server.stop().await;
}
