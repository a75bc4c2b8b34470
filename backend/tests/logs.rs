//! Logs of containers: what is told, who is refused and why, and that each ends with its container, its reader and its right.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::time::Duration;

use common::{Answer, TestServer, soon, until, web};
use fake_cluster::{
    ApiEffect, Builder, Container, ContainerState, FakeCluster, Fault, LogEffect, Phase, Pod, Route,
};
use http::{HeaderValue, Request, StatusCode, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use podshell_shared::api::{ApiError, ErrorCode};
use serde_json::json;

const LOG: &str = "/api/v1/logs/default/web-0/app";
const FOLLOWED: &str = "/api/v1/logs/default/web-0/app?follow=1";
const MINUTE: Duration = Duration::from_secs(60);

/// `default/web-0`, whose container has printed three lines, and two before it was started anew; one that waits, one without
/// a run before, one that prints without end.
fn printing() -> Builder {
    let app = Container::new("app")
        .printed_line_before(9 * MINUTE, "first run")
        .printed_line_before(8 * MINUTE, "panic: no such host")
        .last_ended(1, 8 * MINUTE)
        .restarts(1)
        .printed_line(5 * MINUTE, "begin")
        .printed_line(2 * MINUTE, "größe=3 \u{1b}[31mrot\u{1b}[0m")
        .printed_line(MINUTE / 2, "ready");
    let pull = ContainerState::Waiting("ImagePullBackOff".to_owned());
    FakeCluster::builder().pod(
        Pod::new("default", "web-0")
            .container(app)
            .container(Container::new("fresh"))
            .container(Container::new("waits").state(pull))
            .container(Container::new("flood").flooding()),
    )
}

/// A log that comes.
struct Reader {
    body: Incoming,
    text: String,
}

/// How a log ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Whole,
    Cut,
}

impl Reader {
    async fn open(request: Request<Empty<&'static [u8]>>) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let answer = soon("an answer", client.request(request)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        Self {
            body: answer.into_body(),
            text: String::new(),
        }
    }

    async fn of(server: &TestServer, path: &str) -> Self {
        Self::open(server.request(path)).await
    }

    /// Takes in what comes next.
    async fn step(&mut self) -> Result<(), End> {
        match soon("more of a log", self.body.frame()).await {
            Some(Ok(frame)) => {
                let data = frame.into_data().unwrap();
                self.text.push_str(str::from_utf8(&data).unwrap());
                Ok(())
            }
            Some(Err(_)) => Err(End::Cut),
            None => Err(End::Whole),
        }
    }

    async fn see(&mut self, text: &str) {
        while !self.text.contains(text) {
            self.step().await.unwrap();
        }
    }

    async fn end(&mut self) -> End {
        loop {
            if let Err(end) = self.step().await {
                return end;
            }
        }
    }
}

async fn refused(server: &TestServer, path: &str) -> (StatusCode, ApiError) {
    let (status, body) = server.get(path).await;
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn a_log_is_told_as_it_was_printed() {
    let server = TestServer::start(printing()).await;
    let answer = server.send(server.request(LOG)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let all = "begin\ngröße=3 \u{1b}[31mrot\u{1b}[0m\nready\n";
    assert_eq!(answer.body, all);
    for (name, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(answer.headers[name], value, "{name}");
    }
    assert_eq!(answer.headers.get("content-encoding"), None);
    let log = async |query: &str| server.get(&format!("{LOG}?{query}")).await.1;
    assert_eq!(log("tail=1").await, "ready\n");
    assert_eq!(log("tail=0").await, "");
    assert_eq!(log("since=180&tail=").await, &all["begin\n".len()..]);
    assert_eq!(log("previous=1").await, "first run\npanic: no such host\n");
    let timed = log("timestamps=1&tail=1").await;
    let (time, line) = timed.split_once(' ').unwrap();
    humantime::parse_rfc3339(time).unwrap();
    assert_eq!(line, "ready\n");
    assert_eq!(server.get("/api/v1/logs/default/web-0/fresh").await.1, "");
    server.stop().await;
}

#[tokio::test]
async fn a_log_that_is_followed_comes_as_it_is_printed_and_ends_with_its_container() {
    let server = TestServer::start(printing()).await;
    let mut reader = Reader::of(&server, &format!("{FOLLOWED}&tail=1")).await;
    reader.see("ready\n").await;
    for number in 0..3 {
        let line = format!("request {number}\n");
        server.cluster.print("default", "web-0", "app", &line);
        reader.see(&line).await;
    }
    assert_eq!(reader.text, "ready\nrequest 0\nrequest 1\nrequest 2\n");
    // It is started anew: whoever wants that run asks for it.
    assert!(server.cluster.restart("default", "web-0", "app", 3).await);
    assert_eq!(reader.end().await, End::Whole);
    let before = server.get(&format!("{LOG}?previous=1&tail=1")).await.1;
    assert_eq!(before, "request 2\n");
    let mut reader = Reader::of(&server, FOLLOWED).await;
    server.cluster.print("default", "web-0", "app", "again\n");
    reader.see("again\n").await;
    assert_eq!(reader.text, "again\n");
    assert!(server.cluster.delete_pod("default", "web-0").await);
    assert_eq!(reader.end().await, End::Whole);
    until("the end of the last", || server.cluster.log_readers() == 0).await;
    server.stop().await;
}

#[tokio::test]
async fn who_follows_a_container_that_says_nothing_is_answered_before_it_does() {
    let server = TestServer::start(printing()).await;
    let mut reader = Reader::of(&server, "/api/v1/logs/default/web-0/fresh?follow=1").await;
    server
        .cluster
        .print("default", "web-0", "fresh", "at last\n");
    reader.see("at last\n").await;
    drop(reader);
    until("its end", || server.cluster.log_readers() == 0).await;
    server.stop().await;
}

#[tokio::test]
async fn when_the_reader_goes_so_does_the_log() {
    let server = TestServer::start_with(printing(), &["--audit", "true"]).await;
    let mut reader = Reader::of(&server, FOLLOWED).await;
    reader.see("ready\n").await;
    assert_eq!(server.cluster.log_readers(), 1);
    let bytes = reader.text.len();
    drop(reader);
    until("its end", || server.cluster.log_readers() == 0).await;
    let begin = server.events.see("log-begin").await;
    let end = server.events.see("log-end").await;
    for event in [&begin, &end] {
        for (key, value) in [
            ("namespace", "default"),
            ("pod", "web-0"),
            ("container", "app"),
            ("address", "127.0.0.1"),
        ] {
            assert_eq!(event[key], value, "{event}");
        }
    }
    assert_eq!(
        (&end["reason"], &end["outputBytes"]),
        (&json!("closed"), &json!(bytes))
    );
    assert!(end["seconds"].as_f64().unwrap() > 0.0);
    // One that is read to its end.
    server.get(LOG).await;
    let ends = server.events.see_all("log-end", 2).await;
    assert_eq!(ends[1]["reason"], "exited");
    server.stop().await;
}

#[tokio::test]
async fn what_can_not_be_read_has_its_own_reason() {
    let lost = Pod::new("default", "evicted")
        .phase(Phase::Failed)
        .reason("Evicted", "The node was low on resource: memory.")
        .container(Container::new("app").unseen());
    let server = TestServer::start_with(
        printing().pod(lost).namespace("secret"),
        &["--hidden-namespaces", "secret"],
    )
    .await;
    for (path, status, code, words) in [
        (
            "default/web-9/app",
            StatusCode::NOT_FOUND,
            ErrorCode::NoPod,
            "There is no pod \"web-9\"",
        ),
        (
            "nowhere/web-0/app",
            StatusCode::NOT_FOUND,
            ErrorCode::NoNamespace,
            "There is no namespace \"nowhere\"",
        ),
        (
            "secret/web-0/app",
            StatusCode::NOT_FOUND,
            ErrorCode::NoNamespace,
            "There is no namespace \"secret\"",
        ),
        (
            "default/web-0/none",
            StatusCode::NOT_FOUND,
            ErrorCode::NoContainer,
            "has no container \"none\"; it has app, fresh",
        ),
        (
            "default/web-0/waits",
            StatusCode::CONFLICT,
            ErrorCode::NoLog,
            "has no log: it waits (ImagePullBackOff)",
        ),
        (
            "default/evicted/app",
            StatusCode::CONFLICT,
            ErrorCode::NoLog,
            "it has ended (Evicted: The node was low on resource: memory.)",
        ),
        (
            "default/web-0/fresh?previous=1",
            StatusCode::CONFLICT,
            ErrorCode::NoPreviousLog,
            "has had no run before this one",
        ),
        (
            "default/web-0/app?since=0",
            StatusCode::BAD_REQUEST,
            ErrorCode::BadRequest,
            "\"0\" is no value for since",
        ),
        (
            "default/WEB/app",
            StatusCode::BAD_REQUEST,
            ErrorCode::BadName,
            "\"WEB\" can't be the name",
        ),
    ] {
        let (found, error) = refused(&server, &format!("/api/v1/logs/{path}")).await;
        assert_eq!((found, error.code), (status, code), "{path}");
        assert!(error.message.contains(words), "{path}: {}", error.message);
    }
    server
        .cluster
        .deny("get", "pods", Some("log"), "default", "not on Mondays");
    let (status, error) = refused(&server, LOG).await;
    assert_eq!(
        (status, error.code),
        (StatusCode::FORBIDDEN, ErrorCode::Forbidden)
    );
    assert_eq!(
        error.message,
        "You may not read logs in namespace \"default\": the right to get pods/log is missing. (not on Mondays)"
    );
    let right = "default: get pods/log (not on Mondays)";
    assert_eq!(error.detail.as_deref(), Some(right));
    server.cluster.allow_all();
    let page = ApiEffect::Refuse {
        code: 502,
        message: "<html>SECRETSECRET</html>".to_owned(),
    };
    server.cluster.inject(Fault::api(Route::Log, page));
    let (status, error) = refused(&server, LOG).await;
    assert_eq!(
        (status, error.code),
        (StatusCode::BAD_GATEWAY, ErrorCode::ProxyRefused)
    );
    assert!(!error.message.contains("SECRET"), "{}", error.message);
    assert_eq!(server.cluster.log_readers(), 0);
    server.stop().await;
}

#[tokio::test]
async fn logs_can_be_turned_off_and_are_there_where_nothing_is_to_be_touched() {
    let server = TestServer::start_with(printing(), &["--logs", "false"]).await;
    let (status, error) = refused(&server, LOG).await;
    assert_eq!(
        (status, error.code),
        (StatusCode::FORBIDDEN, ErrorCode::TurnedOff)
    );
    assert_eq!(server.cluster.calls(Route::Log), 0);
    server.stop().await;
    let server = TestServer::start_with(printing(), &["--read-only"]).await;
    assert_eq!(server.get(LOG).await.0, StatusCode::OK);
    server.stop().await;
}

/// A server at which Ann and Bob sign in with tokens.
async fn signed_in(flags: &[&str]) -> TestServer {
    let own = ["--sign-in", "token", "--public-url", "http://127.0.0.1:1"];
    let server = TestServer::start_with(printing(), &[&own, flags].concat()).await;
    server.cluster.add_user("token-of-ann", "ann", &["dev"]);
    server.cluster.add_user("token-of-bob", "bob", &["dev"]);
    server
}

fn by(server: &TestServer, user: &str, path: &str) -> Request<Empty<&'static [u8]>> {
    let mut request = server.anonymous(path);
    let bearer = HeaderValue::try_from(format!("Bearer token-of-{user}")).unwrap();
    let headers = request.headers_mut();
    headers.insert(AUTHORIZATION, bearer);
    headers.insert("host", HeaderValue::from_static("127.0.0.1:1"));
    request
}

async fn metrics(server: &TestServer) -> String {
    let host = server.metrics.as_ref().unwrap();
    let request = Request::get(format!("http://{host}/metrics")).body(String::new());
    server.send_any(request.unwrap()).await.body
}

#[tokio::test]
async fn there_are_so_many_logs_at_once_for_one_and_for_all() {
    let flags = [
        "--max-logs",
        "3",
        "--max-logs-per-user",
        "2",
        "--metrics-listen",
        "127.0.0.1:0",
    ];
    let server = signed_in(&flags).await;
    let open = async |user| Reader::open(by(&server, user, FOLLOWED)).await;
    let code = async |user| {
        let Answer { status, body, .. } = server.send(by(&server, user, FOLLOWED)).await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{body}");
        serde_json::from_str::<ApiError>(&body).unwrap().code
    };
    let first = open("ann").await;
    let second = open("ann").await;
    assert_eq!(code("ann").await, ErrorCode::TooManyOwnLogs);
    let third = open("bob").await;
    assert_eq!(code("bob").await, ErrorCode::TooManyLogs);
    let refused = server.events.see_all("refused", 2).await;
    let codes: Vec<_> = refused.iter().map(|event| &event["code"]).collect();
    assert_eq!(codes, ["too-many-own-logs", "too-many-logs"]);
    let text = metrics(&server).await;
    for line in [
        "podshell_logs 3\n",
        "podshell_refusals_total{code=\"too-many-logs\"} 1\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    drop(first);
    server.events.see("log-end").await;
    let fourth = open("bob").await;
    drop((second, third, fourth));
    server.events.see_all("log-end", 4).await;
    let text = metrics(&server).await;
    for line in [
        "podshell_logs 0\n",
        "podshell_logs_ended_total{reason=\"closed\"} 4\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_log_is_cut_short_when_its_right_or_its_sign_in_is_lost() {
    let server = signed_in(&["--review-every", "1s"]).await;
    server
        .cluster
        .deny_user("bob", "get", "pods", Some("log"), "");
    let answer = server.send(by(&server, "bob", LOG)).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
    server.cluster.allow_all();
    let mut anns = Reader::open(by(&server, "ann", FOLLOWED)).await;
    let mut bobs = Reader::open(by(&server, "bob", FOLLOWED)).await;
    bobs.see("ready\n").await;
    server
        .cluster
        .deny_user("bob", "get", "pods", Some("log"), "");
    assert_eq!(bobs.end().await, End::Cut);
    let end = server.events.see("log-end").await;
    assert_eq!(
        (&end["user"], &end["reason"]),
        (&json!("bob"), &json!("forbidden"))
    );
    anns.see("ready\n").await;
    server.cluster.remove_user("token-of-ann");
    assert_eq!(anns.end().await, End::Cut);
    let end = server.events.see_all("log-end", 2).await.remove(1);
    assert_eq!(
        (&end["user"], &end["reason"]),
        (&json!("ann"), &json!("signed-out"))
    );
    server.stop().await;
}

#[tokio::test]
async fn a_log_that_must_be_written_down_and_can_not_be_is_not_shown() {
    let server = signed_in(&["--audit-required"]).await;
    server
        .events
        .is_broken
        .store(true, std::sync::atomic::Ordering::Relaxed);
    // The first that fails is what tells.
    let answer = async || server.send(by(&server, "ann", LOG)).await;
    soon("a refusal", async {
        while answer().await.status == StatusCode::OK {}
    })
    .await;
    let answer = answer().await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.body.contains("\"no-audit\""), "{}", answer.body);
    server.stop().await;
}

#[tokio::test]
async fn logs_end_with_the_server() {
    let server = TestServer::start_with(printing(), &["--audit", "true"]).await;
    let events = server.events.clone();
    let mut reader = Reader::of(&server, FOLLOWED).await;
    reader.see("ready\n").await;
    let (end, cluster) = tokio::join!(reader.end(), server.shut_down());
    assert_eq!(end, End::Cut);
    assert_eq!(events.see("log-end").await["reason"], "shutdown");
    until("its end", || cluster.log_readers() == 0).await;
    cluster.shutdown().await;
}

#[tokio::test]
async fn a_log_that_breaks_is_not_taken_for_a_whole_one() {
    let server = TestServer::start_with(printing(), &["--audit", "true"]).await;
    server
        .cluster
        .inject(Fault::log(LogEffect::Cut { after: 8 }).once());
    let mut reader = Reader::of(&server, LOG).await;
    assert_eq!(reader.end().await, End::Cut);
    assert!("begin\ngr".starts_with(&reader.text), "{:?}", reader.text);
    assert_eq!(server.events.see("log-end").await["reason"], "cluster-lost");
    // One that comes slowly comes whole.
    let slow = LogEffect::Slow(Duration::from_millis(50));
    server.cluster.inject(Fault::log(slow));
    let mut reader = Reader::of(&server, LOG).await;
    assert_eq!(reader.end().await, End::Whole);
    assert!(reader.text.ends_with("ready\n"), "{:?}", reader.text);
    server.stop().await;
}

#[tokio::test]
async fn a_reader_that_rests_is_waited_for_and_misses_nothing() {
    let flags = ["--metrics-listen", "127.0.0.1:0"];
    let server = TestServer::start_with(printing(), &flags).await;
    let mut reader = Reader::of(&server, "/api/v1/logs/default/web-0/flood?follow=1").await;
    let sent = async || {
        let text = metrics(&server).await;
        let mut lines = text.lines();
        let line = lines.find_map(|line| line.strip_prefix("podshell_log_bytes_total "));
        line.unwrap().parse::<u64>().unwrap()
    };
    // Nobody takes it: it comes to a stand, once what lies between here and there is full.
    let stands = soon("a stand", async {
        let mut before = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let now = sent().await;
            if now > 0 && now == before {
                return now;
            }
            before = now;
        }
    })
    .await;
    assert!(stands < 16 << 20, "{stands}");
    while (reader.text.len() as u64) < 2 * stands {
        reader.step().await.unwrap();
    }
    let last = reader.text.rfind('\n').unwrap();
    for (number, line) in reader.text[..last].lines().enumerate() {
        assert_eq!(line, format!("line {} of a flood", number + 1));
    }
    drop(reader);
    until("its end", || server.cluster.log_readers() == 0).await;
    server.stop().await;
}

#[tokio::test]
async fn a_terminal_has_its_turn_beside_logs_that_come_as_fast_as_they_can() {
    let flood = Pod::new("default", "noisy").container(Container::new("app").flooding());
    let server = TestServer::start(web().pod(flood)).await;
    let mut terminal = server.open("app").await;
    terminal.see_prompt().await;
    let mut readers = Vec::new();
    for _ in 0..4 {
        let path = "/api/v1/logs/default/noisy/app?follow=1";
        let mut reader = Reader::of(&server, path).await;
        readers.push(tokio::spawn(async move {
            let mut bytes = 0;
            loop {
                reader.text.clear();
                reader.step().await.unwrap();
                bytes += reader.text.len();
                if bytes > 64 << 20 {
                    return;
                }
            }
        }));
    }
    let mut echoes = 0;
    while readers.iter().any(|reader| !reader.is_finished()) {
        echoes += 1;
        terminal.type_text(&format!("echo a{echoes}'b'\r")).await;
        terminal.see(&format!("a{echoes}b")).await;
    }
    assert!(echoes > 20, "{echoes}");
    terminal.type_text("exit\r").await;
    terminal.end().await;
    server.stop().await;
}
