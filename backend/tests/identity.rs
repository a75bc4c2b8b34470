//! Everyone as themselves: who may call by each sign-in, whom the cluster sees, and what another's keys are good for.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{Answer, TestServer, Upgrade, until, web};
use fake_cluster::FakeCluster;
use futures_util::future::join_all;
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{AUTHORIZATION, COOKIE, SET_COOKIE},
};
use podshell_shared::terminal::EndReason;
use serde_json::{Value, json};

/// Of the proxy in front.
const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// The address that people open the server by; it is not where the server listens.
const PUBLIC: &str = "https://shell.example.org";

/// Who makes a request.
#[derive(Clone, Debug, Default)]
struct As(Vec<(HeaderName, String)>);

impl As {
    fn bearer(token: &str) -> Self {
        Self(vec![(AUTHORIZATION, format!("Bearer {token}"))])
    }

    fn cookies(cookies: &str) -> Self {
        Self(vec![(COOKIE, cookies.to_owned())])
    }

    /// What the proxy says.
    fn proxied(user: &str, groups: &str) -> Self {
        let header = |name, value: &str| (HeaderName::from_static(name), value.to_owned());
        Self(vec![
            header("x-podshell-proxy-secret", SECRET),
            header("x-forwarded-user", user),
            header("x-forwarded-groups", groups),
        ])
    }

    fn put<T>(&self, request: &mut http::Request<T>) {
        let own = [
            ("host", "shell.example.org"),
            ("x-forwarded-host", "shell.example.org"),
        ];
        for (name, value) in own {
            request
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        for (name, value) in &self.0 {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            request.headers_mut().append(name, value);
        }
    }
}

const WEB: &str = "/api/v1/pod/default/web-0/shell/app";

async fn get(server: &TestServer, path: &str, who: &As) -> Answer {
    let mut request = server.anonymous(path);
    who.put(&mut request);
    server.send(request).await
}

fn code(answer: &Answer) -> String {
    let error: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    error["code"].as_str().unwrap_or_default().to_owned()
}

async fn mint(server: &TestServer, who: &As) -> String {
    let minted = get(server, WEB, who).await;
    assert_eq!(minted.status, StatusCode::OK, "{}", minted.body);
    let minted: Value = serde_json::from_str(&minted.body).unwrap();
    minted["id"].as_str().unwrap().to_owned()
}

fn upgrade(server: &TestServer, who: &As) -> Upgrade {
    let mut request = server.upgrade("");
    who.put(&mut request);
    request
}

/// A shell of somebody, with its key to resume it.
async fn open(server: &TestServer, who: &As) -> common::Terminal {
    let id = mint(server, who).await;
    let mut terminal = server.connect_by(upgrade(server, who)).await;
    terminal.bind(&id, true).await;
    terminal.resize(24, 80).await;
    terminal.see_prompt().await;
    terminal
}

async fn by_token() -> TestServer {
    let flags = [
        "--sign-in",
        "token",
        "--public-url",
        PUBLIC,
        "--review-every",
        "1s",
    ];
    let server = TestServer::start_with(web(), &flags).await;
    server.cluster.add_user("token-of-ann", "ann", &["dev"]);
    server.cluster.add_user("token-of-bob", "bob", &[]);
    server
}

async fn by_proxy() -> (TestServer, tempfile::NamedTempFile) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), SECRET).unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    let flags = [
        "--sign-in",
        "proxy",
        "--public-url",
        PUBLIC,
        "--trusted-proxy",
        "127.0.0.1",
        "--proxy-secret-file",
        &path,
    ];
    (TestServer::start_with(web(), &flags).await, file)
}

/// Signs a browser in with a token of the cluster; what it sends from then on.
async fn sign_in(server: &TestServer, token: &str) -> Result<As, Answer> {
    let answer = post(
        server,
        "/api/v1/sign-in",
        &As::default(),
        &json!({ "token": token }),
    )
    .await;
    if answer.status != StatusCode::OK {
        return Err(answer);
    }
    let set = answer.headers.get_all(SET_COOKIE).iter();
    let pairs = set.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap());
    let pairs: Vec<_> = pairs.filter(|pair| !pair.ends_with('=')).collect();
    assert!(!pairs.is_empty(), "{:?}", answer.headers);
    Ok(As::cookies(&pairs.join("; ")))
}

async fn post(server: &TestServer, path: &str, who: &As, body: &Value) -> Answer {
    let mut request = http::Request::post(format!("http://{}{path}", server.host))
        .header("content-type", "application/json")
        .body(body.to_string())
        .unwrap();
    who.put(&mut request);
    server.send_any(request).await
}

fn users(cluster: &FakeCluster) -> Vec<String> {
    let execs = cluster.execs().into_iter();
    execs
        .filter(|exec| exec.tty)
        .map(|exec| exec.user)
        .collect()
}

#[tokio::test]
async fn each_token_is_its_users_and_the_cluster_sees_them() {
    let server = by_token().await;
    let (ann, bob) = (As::bearer("token-of-ann"), As::bearer("token-of-bob"));
    let me = get(&server, "/api/v1/me", &ann).await;
    let expected = json!({"user": "ann", "groups": ["dev", "system:authenticated"], "canSignOut": true, "cluster": "fake", "kept": 900});
    assert_eq!(serde_json::from_str::<Value>(&me.body).unwrap(), expected);
    server
        .cluster
        .deny_user("bob", "create", "pods", Some("exec"), "not for bob");
    let refused = get(&server, WEB, &bob).await;
    assert_eq!(
        (refused.status, &*code(&refused)),
        (StatusCode::FORBIDDEN, "forbidden")
    );
    assert!(refused.body.contains("not for bob"), "{}", refused.body);
    let mut terminal = open(&server, &ann).await;
    terminal.type_text("echo \"<$PODSHELL_SESSION>\"\r").await;
    terminal.see(">\r\n").await;
    let exec = server.cluster.execs().pop().unwrap();
    assert_eq!(exec.user, "ann");
    // One id in the API server's audit log and in the shell.
    let id = exec.audit_id.unwrap();
    assert!(
        terminal.screen.contains(&format!("<{id}>")),
        "{id} {}",
        terminal.screen
    );
    terminal.type_text("exit\r").await;
    assert_eq!(terminal.end().await.0, 1);
    server.stop().await;
}

#[tokio::test]
async fn who_brings_no_good_token_gets_nothing() {
    let server = by_token().await;
    for who in [
        As::default(),
        As::bearer("x"),
        As::bearer(""),
        As::cookies("a=b"),
    ] {
        for path in [
            WEB,
            "/api/v1/pods",
            "/api/v1/me",
            "/api/v1/pod/default/web-0/debug/app",
        ] {
            let refused = get(&server, path, &who).await;
            assert_eq!(
                (refused.status, &*code(&refused)),
                (StatusCode::UNAUTHORIZED, "sign-in"),
                "{who:?} {path}"
            );
        }
    }
    let refused = sign_in(&server, "x").await.unwrap_err();
    assert_eq!(
        (refused.status, &*code(&refused)),
        (StatusCode::UNAUTHORIZED, "token-refused")
    );
    // A minted id is no right where it does not tell whose rights the shell is to have.
    let id = mint(&server, &As::bearer("token-of-ann")).await;
    let mut request = server.upgrade(&format!("?{id}"));
    As::default().put(&mut request);
    assert_eq!(
        server.refused_upgrade(request).await,
        StatusCode::UNAUTHORIZED
    );
    server.stop().await;
}

#[tokio::test]
async fn it_is_told_when_a_sign_in_ends() {
    let server = by_token().await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let token = |seconds: u64| {
        let claims = json!({ "exp": now.as_secs() + seconds }).to_string();
        format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims))
    };
    let (short, long) = (token(600), token(1_000_000));
    server.cluster.add_user(&short, "ann", &[]);
    server.cluster.add_user(&long, "ann", &[]);
    let ends = async |who: &As| {
        let me = get(&server, "/api/v1/me", who).await;
        let me: Value = serde_json::from_str(&me.body).unwrap();
        me.get("ends").and_then(Value::as_u64)
    };
    let about = |told: Option<u64>, seconds: u64| {
        assert!(
            told.is_some_and(|told| (seconds - 60..=seconds).contains(&told)),
            "{told:?}"
        );
    };
    // A token's end is told where it says so.
    assert_eq!(ends(&As::bearer("token-of-ann")).await, None);
    about(ends(&As::bearer(&short)).await, 600);
    // What a browser keeps ends with the token, and after 12 hours.
    about(ends(&sign_in(&server, &short).await.unwrap()).await, 600);
    about(
        ends(&sign_in(&server, &long).await.unwrap()).await,
        12 * 3_600,
    );
    server.stop().await;
}

#[tokio::test]
async fn a_browser_signs_in_and_out_by_cookies_that_are_no_servers_own() {
    let server = by_token().await;
    let ann = sign_in(&server, "token-of-ann").await.unwrap();
    let mut terminal = open(&server, &ann).await;
    assert_eq!(users(&server.cluster), ["ann"]);
    // Another site's page sends them not, but if it did.
    let foreign = As([
        ann.0.clone(),
        vec![(
            HeaderName::from_static("sec-fetch-site"),
            "cross-site".to_owned(),
        )],
    ]
    .concat());
    let refused = get(&server, WEB, &foreign).await;
    assert_eq!(
        (refused.status, &*code(&refused)),
        (StatusCode::FORBIDDEN, "foreign-origin")
    );
    let gone = post(&server, "/api/v1/sign-out", &ann, &json!({})).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let forgotten = gone.headers.get_all(SET_COOKIE).iter();
    for cookie in forgotten {
        assert!(cookie.to_str().unwrap().contains("Max-Age=0"), "{cookie:?}");
    }
    terminal.end().await;
    assert_eq!(terminal.exit.unwrap().reason, EndReason::SignedOut);
    server.no_process_left().await;
    server.stop().await;
}

#[tokio::test]
async fn another_users_id_key_and_session_are_of_no_use() {
    let server = by_token().await;
    let (ann, bob) = (As::bearer("token-of-ann"), As::bearer("token-of-bob"));
    let id = mint(&server, &ann).await;
    let mut thief = server.connect_by(upgrade(&server, &bob)).await;
    thief.bind(&id, true).await;
    thief.end().await;
    assert_eq!(thief.exit.unwrap().reason, EndReason::UnknownId);
    // It is still good for whom it is for.
    let mut terminal = server.connect_by(upgrade(&server, &ann)).await;
    terminal.bind(&id, true).await;
    terminal.see_prompt().await;
    let key = terminal.key();
    let mut thief = server.connect_by(upgrade(&server, &bob)).await;
    thief.resume(&key, 0).await;
    thief.end().await;
    assert_eq!(thief.exit.unwrap().reason, EndReason::NoSession);
    let refused = server.events.see_all("refused", 2).await.into_iter();
    let refused: Vec<_> = refused
        .map(|event| (event["user"].clone(), event["reason"].clone()))
        .collect();
    assert_eq!(
        refused,
        [
            (json!("bob"), json!("unknown-id")),
            (json!("bob"), json!("no-session"))
        ]
    );
    let life = format!("/api/v1/sessions/{}", key.split('.').next().unwrap());
    for (who, lives) in [(&ann, true), (&bob, false)] {
        let answer = get(&server, &life, who).await;
        assert_eq!(answer.body, json!({ "lives": lives }).to_string());
    }
    post(&server, "/api/v1/sign-out", &bob, &json!({})).await;
    terminal.type_text("echo still' here'\r").await;
    terminal.see("still here").await;
    terminal.type_text("exit\r").await;
    terminal.end().await;
    server.stop().await;
}

#[tokio::test]
async fn a_right_that_is_taken_away_ends_the_shell_with_the_reason() {
    let server = by_token().await;
    let ann = As::bearer("token-of-ann");
    let mut terminal = open(&server, &ann).await;
    terminal.type_text("sleep 1000\r").await;
    server
        .cluster
        .deny_user("ann", "create", "pods", Some("exec"), "taken away");
    terminal.end().await;
    let exit = terminal.exit.unwrap();
    assert_eq!(exit.reason, EndReason::Forbidden);
    assert!(exit.message.contains("taken away"), "{exit:?}");
    // Nobody may exec there by her rights any more, so what is left is ended by keys.
    until("all processes' end", || {
        server.cluster.live_processes() == 0
    })
    .await;
    server.stop_leaving(1).await;
}

#[tokio::test]
async fn a_refused_review_is_no_lost_right_whoever_calls() {
    let server = by_token().await;
    let reviews = "selfsubjectaccessreviews";
    server
        .cluster
        .deny_user("ann", "create", reviews, None, "hardened");
    let mut terminal = open(&server, &As::bearer("token-of-ann")).await;
    let asked = server.cluster.calls(fake_cluster::Route::AccessReview);
    until("more reviews", || {
        server.cluster.calls(fake_cluster::Route::AccessReview) >= asked + 4
    })
    .await;
    terminal.type_text("echo still' here'; exit\r").await;
    terminal.see("still here").await;
    terminal.end().await;
    assert_eq!(terminal.exit.unwrap().reason, EndReason::Exited);
    server.stop().await;

    let (server, _file) = by_proxy().await;
    server
        .cluster
        .deny_user("ann", "create", reviews, None, "hardened");
    let mut terminal = open(&server, &As::proxied("ann", "dev")).await;
    terminal.type_text("exit\r").await;
    terminal.end().await;
    assert_eq!(users(&server.cluster), ["ann"]);
    server.stop().await;
}

#[tokio::test]
async fn a_token_that_expires_ends_its_shells() {
    let server = by_token().await;
    let mut terminal = open(&server, &As::bearer("token-of-ann")).await;
    server.cluster.remove_user("token-of-ann");
    terminal.end().await;
    assert_eq!(terminal.exit.unwrap().reason, EndReason::SignedOut);
    until("all processes' end", || {
        server.cluster.live_processes() == 0
    })
    .await;
    server.stop_leaving(1).await;
}

#[tokio::test]
async fn who_tries_tokens_is_told_to_wait_and_who_has_a_good_one_is_not() {
    let flags = [
        "--sign-in",
        "token",
        "--public-url",
        PUBLIC,
        "--sign-ins-per-minute",
        "5",
    ];
    let server = TestServer::start_with(web(), &flags).await;
    server.cluster.add_user("token-of-ann", "ann", &[]);
    let ann = As::bearer("token-of-ann");
    assert_eq!(
        get(&server, "/api/v1/me", &ann).await.status,
        StatusCode::OK
    );
    let guesses: Vec<_> = (0..20)
        .map(|number| As::bearer(&format!("guess-{number}")))
        .collect();
    // At once, for each refusal takes its time.
    let guessing = guesses
        .iter()
        .map(|guess| get(&server, "/api/v1/me", guess));
    let answers = join_all(guessing).await;
    let count = |of| answers.iter().filter(|answer| answer.status == of).count();
    assert_eq!(count(StatusCode::UNAUTHORIZED), 4);
    assert_eq!(count(StatusCode::TOO_MANY_REQUESTS), 16);
    assert_eq!(
        get(&server, "/api/v1/me", &ann).await.status,
        StatusCode::OK
    );
    // Of whom the cluster knows it was asked once.
    assert_eq!(server.cluster.calls(fake_cluster::Route::SelfReview), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_proxy_says_who_calls_and_the_cluster_sees_them() {
    let (server, _file) = by_proxy().await;
    let ann = As::proxied("ann", "dev,ops");
    let me = get(&server, "/api/v1/me", &ann).await;
    let expected = json!({"user": "ann", "groups": ["dev", "ops"], "canSignOut": false, "cluster": "fake", "kept": 900});
    assert_eq!(serde_json::from_str::<Value>(&me.body).unwrap(), expected);
    let mut terminal = open(&server, &ann).await;
    assert_eq!(users(&server.cluster), ["ann"]);
    server
        .cluster
        .deny_user("bob", "get", "pods", Some("exec"), "not for bob");
    let refused = get(&server, WEB, &As::proxied("bob", "dev")).await;
    assert_eq!(
        (refused.status, &*code(&refused)),
        (StatusCode::FORBIDDEN, "forbidden")
    );
    terminal.type_text("exit\r").await;
    terminal.end().await;
    server.stop().await;
}

#[tokio::test]
async fn nobody_says_who_calls_but_the_proxy() {
    let (server, _file) = by_proxy().await;
    let without_secret = As(As::proxied("ann", "").0.into_iter().skip(1).collect());
    let twice = As([
        As::proxied("ann", "").0,
        As::proxied("bob", "").0[1..].to_vec(),
    ]
    .concat());
    for (who, expected) in [
        (As::default(), "not-by-proxy"),
        (without_secret, "not-by-proxy"),
        (twice, "sign-in"),
        (As::proxied("", "dev"), "sign-in"),
        (As::proxied("system:admin", ""), "reserved-user"),
        (As::proxied("ann", "dev,system:masters"), "reserved-user"),
        (As::bearer(&server.token), "not-by-proxy"),
    ] {
        for path in [WEB, "/api/v1/pods", "/api/v1/me"] {
            let refused = get(&server, path, &who).await;
            assert_eq!(code(&refused), expected, "{who:?} {path}");
        }
        let request = upgrade(&server, &who);
        assert!(server.refused_upgrade(request).await.is_client_error());
    }
    assert!(server.cluster.execs().is_empty());
    server.stop().await;
}

#[tokio::test]
async fn users_in_one_container_are_cleaned_up_after_as_themselves() {
    let server = by_token().await;
    let (ann, bob) = (As::bearer("token-of-ann"), As::bearer("token-of-bob"));
    let mut terminals = [open(&server, &ann).await, open(&server, &bob).await];
    for terminal in &mut terminals {
        terminal.type_text("sleep 1000\r").await;
    }
    server.runs(2, "sleep 1000").await;
    let cluster = server.shut_down().await;
    assert_eq!(cluster.live_processes(), 0);
    let execs = cluster.execs().into_iter().filter(|exec| !exec.tty);
    let mut cleaned: Vec<_> = execs.map(|exec| exec.user).collect();
    cleaned.sort();
    assert_eq!(cleaned, ["ann", "bob"]);
}
