//! What is bounded, and what happens at the bound.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::Router;
use axum_sockjs::{Builder, Ended, Session};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, sync::mpsc};

use crate::support::{Request, Server, fresh, soon, telling};

const SHORTLY: Duration = Duration::from_millis(100);
/// Later than any test ends.
const LATER: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_session_without_a_receiver_goes() {
    let (server, mut told) = telling(|builder| builder.disconnect_delay(SHORTLY)).await;
    let session = fresh("/app");
    assert_eq!(server.poll(&session).await, "o\n");
    assert_eq!(soon(told.recv()).await, Some(Ended::ConnectionLost));
    server.no_session_left().await;
    let path = format!("{session}/xhr_send");
    assert_eq!(server.post(&path, "[]").await.status, 404);
    // The name is free for another.
    assert_eq!(server.poll(&session).await, "o\n");
}

#[tokio::test]
async fn a_session_with_a_receiver_stays_and_has_a_heartbeat() {
    let (server, mut told) = telling(|builder| {
        builder
            .disconnect_delay(SHORTLY)
            .heartbeat(Duration::from_millis(150))
    })
    .await;
    let session = fresh("/app");
    let mut stream = server.stream(&session, "xhr_streaming").await;
    stream.next().await;
    assert_eq!(stream.next().await, "o\n");
    for _ in 0..3 {
        assert_eq!(stream.next().await, "h\n");
        // Who says nothing for two heartbeats has to ask anew.
        server.send(&session, "[]").await;
    }
    assert!(told.try_recv().is_err());
    drop(stream);
    assert_eq!(soon(told.recv()).await, Some(Ended::ConnectionLost));
    server.no_session_left().await;
}

#[tokio::test]
async fn a_batch_that_is_too_long_ends_the_session() {
    let (server, mut told) = telling(|builder| builder.max_message_size(100)).await;
    let session = fresh("/app");
    assert_eq!(server.poll(&session).await, "o\n");
    let long = format!("[\"{}\"]", "x".repeat(200));
    let path = format!("{session}/xhr_send");
    assert_eq!(server.post(&path, &long).await.status, 413);
    assert_eq!(soon(told.recv()).await, Some(Ended::MessageTooLong));
    assert_eq!(
        server.poll(&session).await,
        "c[1009,\"Message too long\"]\n"
    );
}

#[tokio::test]
async fn a_batch_whose_connection_breaks_is_lost_and_not_too_long() {
    // Nothing else ends the session meanwhile.
    let (server, mut told) =
        telling(|builder| builder.disconnect_delay(Duration::from_secs(3600))).await;
    let session = fresh("/app");
    assert_eq!(server.poll(&session).await, "o\n");
    let begun = format!(
        "POST {session}/xhr_send HTTP/1.1\r\nHost: {}\r\nContent-Length: 100\r\n\r\n[\"beg",
        server.address
    );
    let mut tcp = TcpStream::connect(server.address).await.unwrap();
    tcp.write_all(begun.as_bytes()).await.unwrap();
    drop(tcp);
    assert_eq!(soon(told.recv()).await, Some(Ended::ConnectionLost));
    assert_eq!(
        server.poll(&session).await,
        "c[1002,\"Connection interrupted\"]\n"
    );
}

#[tokio::test]
async fn an_address_has_its_share_of_sessions() {
    let (server, _told) = telling(|builder| {
        builder
            .disconnect_delay(SHORTLY)
            .max_sessions_per_address(2, |parts| {
                parts.headers.get("x-from")?.to_str().ok()?.parse().ok()
            })
    })
    .await;
    let open = async |from: &str| {
        let path = format!("{}/xhr", fresh("/app"));
        let headers = [("X-From", from)];
        let answer = server
            .ask(Request::new("POST", &path).headers(&headers))
            .await;
        answer.status
    };
    assert_eq!(open("10.0.0.1").await, 200);
    assert_eq!(open("10.0.0.1").await, 200);
    assert_eq!(open("10.0.0.1").await, 429);
    assert_eq!(open("10.0.0.2").await, 200);
    assert_eq!(open("unknown").await, 200);
    server.no_session_left().await;
    assert_eq!(open("10.0.0.1").await, 200, "their places are free again");
}

/// Of every transport, and whether the handler has ever taken anything or not.
#[tokio::test]
async fn all_sessions_of_an_address_count_together_until_they_are_over() {
    let (open, mut opened) = mpsc::unbounded_channel();
    let builder = Builder::new(move |session: Session| {
        let open = open.clone();
        async move {
            let sender = session.sender();
            // Kept and never looked at.
            open.send(session).unwrap();
            sender.closed().await;
        }
    });
    let loopback = |_: &http::request::Parts| Some([127, 0, 0, 1].into());
    let builder = builder
        .disconnect_delay(SHORTLY)
        .max_sessions_per_address(4, loopback);
    let server = Server::start_app(builder).await;
    let refused = async || {
        for transport in ["xhr", "xhr_streaming"] {
            let path = format!("{}/{transport}", fresh("/app"));
            assert_eq!(server.post(&path, "").await.status, 429);
        }
        for path in ["/app/websocket", "/app/0/0/websocket"] {
            let upgrade = [
                ("Connection", "Upgrade"),
                ("Upgrade", "websocket"),
                ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "x3JJHMbDL1EzLkh9GBhXDw=="),
            ];
            let request = Request::new("GET", path).headers(&upgrade);
            assert_eq!(server.ask(request).await.status, 429);
        }
    };
    // One of each kind, of which another request of the same session is none.
    let streaming = fresh("/app");
    let mut stream = server.stream(&streaming, "xhr_streaming").await;
    stream.next().await;
    assert_eq!(stream.next().await, "o\n");
    server.send(&streaming, "[]").await;
    let events = server.stream(&fresh("/app"), "eventsource").await;
    let framed = server.websocket("/app/0/0/websocket").await;
    let raw = server.websocket("/app/websocket").await;
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(soon(opened.recv()).await.unwrap());
    }
    refused().await;
    // Each gives its place back when it ends, however it does.
    drop(stream);
    drop(events);
    drop(framed);
    drop(raw);
    server.no_session_left().await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(server.stream(&fresh("/app"), "xhr_streaming").await);
    }
    refused().await;
}

#[tokio::test]
async fn who_does_not_receive_slows_the_application_down() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let builder = Builder::new(move |session: Session| {
        let sent = Arc::clone(&counted);
        async move {
            while session.send("x".repeat(1000)).await.is_ok() {
                sent.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let app = builder.max_waiting(64 << 10).into_router();
    let server = Server::serve(Router::new().nest_service("/flood", app)).await;
    let session = fresh("/flood");
    assert_eq!(server.poll(&session).await, "o\n");
    let more_than = |count| {
        let sent = Arc::clone(&sent);
        soon(async move {
            while sent.load(Ordering::Relaxed) <= count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    };
    more_than(49).await;
    let mut before = usize::MAX;
    let mut ticks = tokio::time::interval(SHORTLY);
    while before != sent.load(Ordering::Relaxed) {
        before = sent.load(Ordering::Relaxed);
        ticks.tick().await;
    }
    let waiting = sent.load(Ordering::Relaxed);
    assert!((50..=66).contains(&waiting), "{waiting} messages of 1 KB");
    // What is taken makes room for more.
    assert!(server.poll(&session).await.starts_with("a["));
    more_than(waiting).await;
}

#[tokio::test]
async fn a_server_that_shuts_down_says_so_and_leaves_no_session() {
    let (server, mut told) = telling(|builder| builder.disconnect_delay(LATER)).await;
    let (streaming, polling) = (fresh("/app"), fresh("/app"));
    let mut stream = server.stream(&streaming, "eventsource").await;
    stream.next().await;
    stream.next().await;
    assert_eq!(server.poll(&polling).await, "o\n");
    server.shutdown.cancel();
    let farewell = "c[1001,\"Server shutting down\"]";
    assert_eq!(stream.next().await, format!("data: {farewell}\r\n\r\n"));
    assert_eq!(stream.chunk().await, None);
    for _ in 0..2 {
        assert_eq!(soon(told.recv()).await, Some(Ended::Shutdown));
    }
    // Who polls may be between two requests, and is waited for; who has been told is not.
    assert_eq!(server.poll(&polling).await, format!("{farewell}\n"));
    server.no_session_left().await;
    let path = format!("{}/xhr", fresh("/app"));
    assert_eq!(server.post(&path, "").await.status, 503);
}

#[tokio::test]
async fn a_megabyte_goes_both_ways_in_order() {
    let server = Server::start_with(|builder| builder.response_limit(128 << 10)).await;
    let session = fresh("/echo");
    let messages: Vec<String> = (0..1000)
        .map(|number| format!("{number:04} {}", "汉x".repeat(250)))
        .collect();
    let sending = async {
        for batch in messages.chunks(37) {
            let payload = serde_json::to_string(batch).unwrap();
            server.send(&session, &payload).await;
        }
    };
    let receiving = async {
        let mut got = Vec::new();
        while got.len() < messages.len() {
            let mut stream = server.stream(&session, "xhr_streaming").await;
            stream.next().await;
            while let Some(chunk) = stream.chunk().await {
                let batch = chunk.strip_prefix('a').expect("messages");
                got.extend(serde_json::from_str::<Vec<String>>(batch).unwrap());
                if got.len() == messages.len() {
                    break;
                }
            }
        }
        got
    };
    assert_eq!(server.poll(&session).await, "o\n");
    let ((), got) = soon(async { tokio::join!(sending, receiving) }).await;
    assert!(got == messages, "other messages came back");
}

#[tokio::test]
async fn a_handler_that_panics_takes_its_session_with_it() {
    let builder = Builder::new(|mut session: Session| async move {
        let said = session.recv().await.unwrap();
        assert_ne!(said, "panic", "on purpose");
    });
    let app = Router::new().nest_service("/app", builder.into_router());
    let server = Server::serve(app).await;
    let session = fresh("/app");
    let mut stream = server.stream(&session, "xhr_streaming").await;
    assert!(stream.next().await.starts_with("hhh"));
    assert_eq!(stream.next().await, "o\n");
    server.send(&session, r#"["panic"]"#).await;
    let told = "c[1002,\"Connection interrupted\"]\n";
    assert_eq!(stream.next().await, told);
    assert_eq!(stream.chunk().await, None);
    // The name is free for another.
    assert_eq!(server.poll(&session).await, "o\n");
}
