//! The log at its most talkative: no key, id, session name or terminal byte is in it, by whatever transport.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use common::{
    client::{Address, Connection, Encoding},
    process::Podshell,
    soon,
};
use http::{Request, StatusCode, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use podshell_shared::{
    api::{Minted, PodList, SignedIn},
    terminal::{ClientMessage, ServerMessage, Size, session_handle},
    text::encode_client,
};
use rustix::process::Signal;

/// What is typed, and what is printed; neither stands in the other.
const TYPED: &str = "typed-by-somebody";
const PRINTED: &str = "printed-for-somebody";

/// Asks for something with this key; gives status and body.
async fn ask(
    address: &Address,
    method: &str,
    path: &str,
    key: &str,
    body: &str,
) -> (StatusCode, String) {
    let request = Request::builder()
        .method(method)
        .uri(format!("http://{}{path}", address.host))
        .header(AUTHORIZATION, format!("Bearer {key}"))
        .header("content-type", "application/json")
        .body(Full::new(bytes::Bytes::from(body.to_owned())))
        .unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = soon("an answer", client.request(request)).await.unwrap();
    let status = answer.status();
    let body = soon("a body", answer.into_body().collect()).await.unwrap();
    let body = body.to_bytes().to_vec();
    (status, String::from_utf8(body).unwrap())
}

/// Types and sees something in a terminal; leaves it to a second connection, which ends it. Gives all secrets of it.
async fn use_terminal(address: &Address, encoding: Encoding, id: &str) -> String {
    let connection = Connection::open_with(address, encoding, id);
    let mut connection = connection.await.unwrap();
    let id = id.to_owned();
    connection
        .say(&ClientMessage::Bind { id, extended: true })
        .await
        .unwrap();
    let size = Size { rows: 24, cols: 80 };
    connection.say(&ClientMessage::Resize(size)).await.unwrap();
    let line = format!(": {TYPED}; printf '%s%s\\n' printed- for-somebody\r");
    let line = ClientMessage::Stdin { data: line.into() };
    connection.say(&line).await.unwrap();
    let mut screen = String::new();
    let mut key = None;
    while !screen.contains(PRINTED) {
        let message = soon("output", connection.hear()).await.unwrap().unwrap();
        match message {
            ServerMessage::Bound { key: given, .. } => key = Some(given),
            ServerMessage::Stdout { data, .. } => screen.push_str(&String::from_utf8_lossy(&data)),
            _ => {}
        }
    }
    let key = key.unwrap();
    let second = Connection::open_with(address, encoding, session_handle(&key));
    let mut second = second.await.unwrap();
    let resume = ClientMessage::Resume {
        key: key.clone(),
        offset: 0,
    };
    second.say(&resume).await.unwrap();
    let bye = ClientMessage::Stdin {
        data: "exit\r".into(),
    };
    second.say(&bye).await.unwrap();
    while soon("the end", second.hear()).await.unwrap().is_some() {}
    key
}

/// The same over plain HTTP, in a SockJS session of this name that receives by `transport`.
async fn use_terminal_by_http(address: &Address, transport: &str, name: &str, id: &str) {
    let path = |what: &str| format!("/api/sockjs/000/{name}/{what}?{id}");
    let line = format!(": {TYPED}; printf '%s%s\\n' printed- for-somebody; exit\r");
    let said = [
        ClientMessage::Bind {
            id: id.to_owned(),
            extended: false,
        },
        ClientMessage::Stdin { data: line.into() },
    ];
    let batch = serde_json::to_string(&said.map(|message| encode_client(&message))).unwrap();
    // As soon as there is a session.
    let send = soon("the sending", async {
        while ask(address, "POST", &path("xhr_send"), "", &batch).await.0 != StatusCode::NO_CONTENT
        {
            tokio::task::yield_now().await;
        }
    });
    let method = if transport == "eventsource" {
        "GET"
    } else {
        "POST"
    };
    let receive = soon("the end", async {
        let mut heard = String::new();
        while !heard.contains("c[1,") {
            let (status, body) = ask(address, method, &path(transport), "", "").await;
            assert_eq!(status, StatusCode::OK, "{body}");
            heard.push_str(&body);
        }
        heard
    });
    let (heard, ()) = tokio::join!(receive, send);
    assert!(heard.contains(PRINTED), "{heard}");
}

#[tokio::test]
async fn nothing_secret_is_in_the_log_at_any_level() {
    let mut server = Podshell::start_with(
        &[],
        &["PODSHELL_LOG=trace"],
        &["--demo", "--demo-pods", "5"],
    )
    .await;
    let address = &server.address.clone();
    let token = address.token.clone();
    let link = server.link.split_once("#token=").unwrap().1.to_owned();
    let mut secrets = vec![
        token.clone(),
        link.clone(),
        TYPED.to_owned(),
        PRINTED.to_owned(),
        // In the environment of pods that are listed.
        "SECRETSECRET".to_owned(),
    ];

    let body = format!(r#"{{"token":"{link}"}}"#);
    let (status, body) = ask(
        address,
        "POST",
        "/api/v1/sign-in",
        "wrong-key-of-somebody",
        &body,
    )
    .await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let signed_in: SignedIn = serde_json::from_str(&body).unwrap();
    let credential = signed_in.credential.unwrap();
    secrets.push(credential.clone());
    for wrong in ["wrong-key-of-somebody", &link] {
        let (status, _) = ask(address, "GET", "/api/v1/pods", wrong, "").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        secrets.push(wrong.to_owned());
    }

    let (_, body) = ask(address, "GET", "/api/v1/pods", &credential, "").await;
    let list: PodList = serde_json::from_str(&body).unwrap();
    let pod = &list.pods[0];
    let mint = format!(
        "/api/v1/pod/{}/{}/shell/{}",
        pod.namespace, pod.name, pod.containers[0].name
    );
    let mint = async || {
        let (status, body) = ask(address, "GET", &mint, &credential, "").await;
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_str::<Minted>(&body).unwrap().id
    };
    // The key as a subprotocol: one that opens a connection, and one that does not.
    let wrong = Address {
        token: "wrong-key-on-offer".to_owned(),
        ..address.clone()
    };
    assert!(Connection::open_early(&wrong, 4096).await.is_err());
    drop(Connection::open_early(address, 4096).await.unwrap());
    secrets.push(wrong.token);
    for encoding in [Encoding::Binary, Encoding::Text] {
        let id = mint().await;
        let key = use_terminal(address, encoding, &id).await;
        // What stands in the address of who goes on is no secret, but tells of whom the log speaks.
        let handle = session_handle(&key).to_owned();
        secrets.extend([id, key, handle]);
    }
    for transport in ["xhr", "xhr_streaming", "eventsource"] {
        let (name, id) = (format!("name-of-a-session-by-{transport}"), mint().await);
        use_terminal_by_http(address, transport, &name, &id).await;
        secrets.extend([name, id]);
    }

    server.signal(Signal::TERM);
    let (status, log) = server.end().await;
    assert!(status.success(), "{status}: {log}");
    // It said a lot.
    for said in [
        "DEBUG",
        "session ended",
        "route=\"SockJS\"",
        "someone was refused",
    ] {
        assert!(log.contains(said), "{said}: {log}");
    }
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
}
