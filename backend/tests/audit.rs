//! Who did what: the audit events of sign-ins, refusals and sessions, and what is counted.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use common::{Answer, Terminal, TestServer, until, web};
use http::{HeaderValue, Request, StatusCode, header::AUTHORIZATION};
use podshell_shared::terminal::EndReason;
use serde_json::{Value, json};

const WEB: &str = "/api/v1/pod/default/web-0/shell/app";

async fn start(flags: &[&str]) -> TestServer {
    let own = ["--sign-in", "token", "--public-url", "http://127.0.0.1:1"];
    let server = TestServer::start_with(web(), &[&own, flags].concat()).await;
    server.cluster.add_user("token-of-ann", "ann", &["dev"]);
    server
}

async fn ask(server: &TestServer, method: &str, path: &str, token: &str, body: String) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://{}{path}", server.host))
        .header("host", "127.0.0.1:1")
        .header("content-type", "application/json")
        .body(body)
        .unwrap();
    if !token.is_empty() {
        let bearer = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
        request.headers_mut().insert(AUTHORIZATION, bearer);
    }
    server.send_any(request).await
}

/// A connection of Ann's that is open, with an id to bind.
async fn connect(server: &TestServer) -> (Terminal, String) {
    let minted = ask(server, "GET", WEB, "token-of-ann", String::new()).await;
    assert_eq!(minted.status, StatusCode::OK, "{}", minted.body);
    let minted: Value = serde_json::from_str(&minted.body).unwrap();
    let mut request = server.upgrade("");
    let headers = request.headers_mut();
    headers.insert("host", HeaderValue::from_static("127.0.0.1:1"));
    headers.insert(
        AUTHORIZATION,
        HeaderValue::from_static("Bearer token-of-ann"),
    );
    let terminal = server.connect_by(request).await;
    (terminal, minted["id"].as_str().unwrap().to_owned())
}

async fn open(server: &TestServer) -> Terminal {
    let (mut terminal, id) = connect(server).await;
    terminal.bind(&id, true).await;
    terminal.resize(24, 80).await;
    terminal.see_prompt().await;
    terminal
}

#[tokio::test]
async fn each_step_of_a_session_is_an_event_of_one_id() {
    let server = start(&[]).await;
    let mut terminal = open(&server).await;
    terminal.type_text("exit 3\r").await;
    terminal.end().await;
    let end = server.events.see("session-end").await;
    let who = json!({
        "version": 1, "user": "ann", "groups": ["dev", "system:authenticated"], "address": "127.0.0.1",
        "namespace": "default", "pod": "web-0", "container": "app", "mode": "exec",
    });
    for kind in ["mint", "session-begin", "session-start", "session-end"] {
        let event = server.events.see(kind).await;
        for (key, value) in who.as_object().unwrap() {
            assert_eq!(&event[key], value, "{event}");
        }
        let time = event["time"].as_str().unwrap();
        humantime::parse_rfc3339(time).unwrap();
    }
    assert_eq!(
        (&end["reason"], &end["exitCode"]),
        (&json!("exited"), &json!(3))
    );
    assert_eq!(end["inputBytes"], json!("exit 3\r".len()));
    assert!(end["outputBytes"].as_u64().unwrap() > 7, "{end}");
    // The API server's audit log has the same id.
    let exec = server.cluster.execs().remove(0);
    for kind in ["session-begin", "session-start", "session-end"] {
        let session = server.events.see(kind).await["session"].clone();
        assert_eq!(session, json!(exec.audit_id), "{kind}");
    }
    server.stop().await;
}

#[tokio::test]
async fn who_is_refused_is_written_down_and_no_secret_is() {
    let server = start(&["--sign-ins-per-minute", "4"]).await;
    let sign_in = |token: &str| {
        let body = json!({ "token": token }).to_string();
        let server = &server;
        async move {
            ask(server, "POST", "/api/v1/sign-in", "", body)
                .await
                .status
        }
    };
    assert_eq!(sign_in("token-of-ann").await, StatusCode::OK);
    assert_eq!(sign_in("a-wrong-token").await, StatusCode::UNAUTHORIZED);
    assert_eq!(sign_in("a-wrong-token").await, StatusCode::UNAUTHORIZED);
    // A page that is opened for the first time is nothing to tell of.
    ask(&server, "GET", "/api/v1/pods", "", String::new()).await;
    ask(
        &server,
        "GET",
        "/api/v1/pods",
        "another-wrong-token",
        String::new(),
    )
    .await;
    server
        .cluster
        .deny_user("ann", "create", "pods", Some("exec"), "not for ann");
    ask(&server, "GET", WEB, "token-of-ann", String::new()).await;
    // Tokens in headers count, too.
    assert_eq!(sign_in("token-of-ann").await, StatusCode::TOO_MANY_REQUESTS);
    server.events.see_all("sign-in-refused", 3).await;
    server.events.see_all("refused", 2).await;
    assert_eq!(server.events.see("sign-in").await["user"], "ann");
    let codes = |kind: &str| -> Vec<Value> {
        let events = server.events.of(kind).into_iter();
        events.map(|event| event["code"].clone()).collect()
    };
    assert_eq!(
        codes("sign-in-refused"),
        ["token-refused", "token-refused", "too-often"]
    );
    assert_eq!(codes("refused"), ["sign-in", "forbidden"]);
    assert_eq!(server.events.of("refused")[1]["user"], "ann");
    let all = format!("{:?}", server.events.all());
    for secret in ["token-of-ann", "a-wrong-token", "another-wrong-token"] {
        assert!(!all.contains(secret), "{all}");
    }
    server.stop().await;
}

#[tokio::test]
async fn loss_resume_and_takeover_are_events() {
    let server = start(&[]).await;
    let mut first = open(&server).await;
    let key = first.key();
    let resume = async || {
        let (mut terminal, _) = connect(&server).await;
        terminal.resume(&key, 0).await;
        terminal.type_text("echo he''re\r").await;
        terminal.see("here").await;
        terminal
    };
    let second = resume().await;
    first.end().await;
    server.events.see("session-takeover").await;
    drop(second);
    server.events.see("session-detach").await;
    let mut third = resume().await;
    until("both", || server.events.of("session-resume").len() == 2).await;
    third.type_text("exit\r").await;
    third.end().await;
    server.stop().await;
}

#[tokio::test]
async fn a_session_whose_event_can_not_be_written_does_not_begin_if_it_must() {
    let server = start(&["--audit-required"]).await;
    let mut terminal = open(&server).await;
    server
        .events
        .is_broken
        .store(true, std::sync::atomic::Ordering::Relaxed);
    // Of the mints: when the second fails, the server knows of the first.
    drop(connect(&server).await);
    let (mut refused, id) = connect(&server).await;
    until("two failures", || server.events.failures() >= 2).await;
    refused.bind(&id, true).await;
    refused.end().await;
    assert_eq!(refused.exit.unwrap().reason, EndReason::NoAudit);
    terminal.type_text("exit\r").await;
    terminal.end().await;
    server.stop().await;
}

#[tokio::test]
async fn metrics_and_health_have_a_listener_of_their_own() {
    let server = start(&["--metrics-listen", "127.0.0.1:0"]).await;
    let watch = async |path: &str| {
        let host = server.metrics.as_ref().unwrap();
        let request = Request::get(format!("http://{host}{path}"));
        // By pod address, as a kubelet comes.
        let request = request.header("host", "10.1.2.3:7781").body(String::new());
        server.send_any(request.unwrap()).await
    };
    for path in ["/healthz", "/readyz"] {
        assert_eq!(watch(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(watch("/api/v1/pods").await.status, StatusCode::NOT_FOUND);
    let mut terminal = open(&server).await;
    let text = watch("/metrics").await.body;
    assert!(
        text.contains("podshell_sessions{state=\"attached\"} 1\n"),
        "{text}"
    );
    terminal.type_text("exit\r").await;
    terminal.end().await;
    ask(&server, "GET", "/api/v1/pods", "wrong", String::new()).await;
    until("no session", || server.sessions.living() == 0).await;
    let text = watch("/metrics").await.body;
    for line in [
        "podshell_sessions{state=\"attached\"} 0",
        "podshell_sessions{state=\"detached\"} 0",
        "podshell_sessions_ended_total{reason=\"exited\"} 1",
        "podshell_prompt_seconds_count 1",
        "podshell_input_bytes_total 5",
        "podshell_refusals_total{code=\"sign-in\"} 1",
        "podshell_cluster_calls_total{verb=\"exec\",outcome=\"ok\"} 1",
        "podshell_build_info{version=",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let measured = text.split("podshell_output_lag_seconds_count ").nth(1);
    let measured = measured.and_then(|rest| rest.lines().next());
    assert!(
        measured.is_some_and(|count| count != "0"),
        "the prompt was acknowledged: {text}"
    );
    // Nobody finds them beside the page.
    let beside = ask(&server, "GET", "/metrics", "token-of-ann", String::new()).await;
    assert_eq!(beside.status, StatusCode::NOT_FOUND);
    server.stop().await;
}

/// Every metric that the dashboard and the alerts name is there.
#[tokio::test]
async fn dashboard_and_alerts_name_metrics_that_exist() {
    let server = start(&["--metrics-listen", "127.0.0.1:0"]).await;
    let mut terminal = open(&server).await;
    terminal.type_text("exit\r").await;
    terminal.end().await;
    ask(&server, "GET", "/api/v1/pods", "wrong", String::new()).await;
    let log = "/api/v1/logs/default/web-0/app";
    let log = ask(&server, "GET", log, "token-of-ann", String::new()).await;
    assert_eq!(log.status, StatusCode::OK, "{}", log.body);
    let host = server.metrics.as_ref().unwrap();
    let request = Request::get(format!("http://{host}/metrics")).body(String::new());
    let text = server.send_any(request.unwrap()).await.body;
    let declared: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    let deploy = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy");
    let mut named = 0;
    for file in [
        "grafana/podshell.json",
        "chart/podshell/templates/prometheusrule.yaml",
    ] {
        let text = std::fs::read_to_string(format!("{deploy}/{file}")).unwrap();
        for (at, start) in text.match_indices("podshell_") {
            let name: String = text[at..]
                .chars()
                .take_while(|character| character.is_ascii_alphanumeric() || *character == '_')
                .collect();
            let ends = ["_total", "_bucket", "_count", "_sum", "_info", ""];
            let is_there = ends.iter().any(|end| {
                name.strip_suffix(end)
                    .is_some_and(|name| declared.contains(&name))
            });
            assert!(is_there, "{file} names {name}: {declared:?} {start}");
            named += 1;
        }
    }
    assert!(named > 20, "{named}");
    server.stop().await;
}
