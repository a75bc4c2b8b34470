//! The websocket transport as a client sees it.

use std::time::Duration;

use crate::support::{Server, echo, soon};
use axum::{Router, extract::Request, middleware::Next};
use axum_sockjs::{Builder, Ended, Session, frame::Frame};
use futures_util::SinkExt as _;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

fn messages(text: &str) -> Vec<String> {
    match Frame::decode(text) {
        Ok(Frame::Messages(messages)) => messages,
        other => panic!("messages expected, got {other:?}"),
    }
}

#[tokio::test]
async fn messages_come_back() {
    let server = Server::start_app(echo().0).await;
    let mut client = server.open_session().await;
    client.send(r#"["a"]"#).await;
    assert_eq!(client.text().await, r#"a["a"]"#);
    client.send(r#""one string""#).await;
    assert_eq!(client.text().await, r#"a["one string"]"#);
    client.send(r#"["\u001b[1m 中文 🦀 \u2028"]"#).await;
    assert_eq!(client.text().await, r#"a["\u001b[1m 中文 🦀 \u2028"]"#);
}

#[tokio::test]
async fn the_messages_of_a_batch_come_in_order() {
    let server = Server::start_app(echo().0).await;
    let mut client = server.open_session().await;
    let sent: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
    for batch in sent.chunks(100) {
        client.send(serde_json::to_string(batch).unwrap()).await;
    }
    let mut received = Vec::new();
    while received.len() < sent.len() {
        received.extend(messages(&client.text().await));
    }
    assert_eq!(received, sent);
}

#[tokio::test]
async fn empty_frames_are_ignored() {
    let server = Server::start_app(echo().0).await;
    let mut client = server.open_session().await;
    client.send("").await;
    client.send("[]").await;
    client.send(r#"["a"]"#).await;
    assert_eq!(client.text().await, r#"a["a"]"#);
}

#[tokio::test]
async fn what_is_not_sockjs_cuts_the_connection() {
    let (builder, mut ended) = echo();
    let server = Server::start_app(builder).await;
    for message in [
        Message::text(r#"["a"#),
        Message::text("[1]"),
        Message::binary(b"[\"a\"]".to_vec()),
    ] {
        let mut client = server.open_session().await;
        client.socket.send(message).await.unwrap();
        client.cut().await;
        assert_eq!(soon(ended.recv()).await, Some(Ended::ProtocolViolation));
    }
}

#[tokio::test]
async fn any_ids_will_do_and_may_be_used_again() {
    let server = Server::start_app(echo().0).await;
    let mut clients = Vec::new();
    for ids in [
        "a/a",
        "_/_",
        "1/",
        "abcdefgh_i-j%20/abcdefg_i-j%20",
        "000/same",
        "000/same",
        "999/same",
    ] {
        let ids = if ids.ends_with('/') { "1/1" } else { ids };
        let mut client = server.connect_to(ids).await;
        assert_eq!(client.text().await, "o");
        clients.push(client);
    }
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(format!(r#"["{number}"]"#)).await;
        assert_eq!(client.text().await, format!(r#"a["{number}"]"#));
    }
}

#[tokio::test]
async fn the_session_closes_when_its_handler_returns() {
    let server = Server::start_app(Builder::new(|session: Session| async move {
        session.send("last words").await.unwrap();
    }))
    .await;
    let mut client = server.open_session().await;
    assert_eq!(client.text().await, r#"a["last words"]"#);
    assert_eq!(client.text().await, r#"c[3000,"Go away!"]"#);
    assert_eq!(client.close_code().await, 1000);
}

#[tokio::test]
async fn closing_sends_what_is_queued_then_the_close_frame() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let server = Server::start_app(Builder::new(move |session: Session| {
        let tell = tell.clone();
        async move {
            let (sender, mut receiver) = session.split();
            for number in 0..100 {
                sender.send(number.to_string()).await.unwrap();
            }
            sender.close(1, "Process exited");
            sender.close(2, "too late");
            assert!(sender.is_closed());
            sender.closed().await;
            assert!(sender.send("too late").await.is_err());
            tell.send(receiver.recv().await).unwrap();
        }
    }))
    .await;
    let mut client = server.open_session().await;
    for number in 0..100 {
        assert_eq!(client.text().await, format!(r#"a["{number}"]"#));
    }
    assert_eq!(client.text().await, r#"c[1,"Process exited"]"#);
    assert_eq!(client.close_code().await, 1000);
    assert_eq!(soon(told.recv()).await, Some(Err(Ended::ByServer)));
}

#[tokio::test]
async fn encoded_frames_are_sent_as_they_are() {
    let server = Server::start_app(Builder::new(|session: Session| async move {
        let mut frame = String::new();
        axum_sockjs::frame::encode_messages(&mut frame, ["one", "two"]);
        let sender = session.sender();
        let permit = sender.reserve().await.unwrap();
        permit.send(axum_sockjs::Message::Text(frame));
    }))
    .await;
    assert_eq!(
        server.open_session().await.text().await,
        r#"a["one","two"]"#
    );
}

#[tokio::test]
async fn a_message_that_is_too_long_closes_with_1009() {
    let (builder, mut ended) = echo();
    let server = Server::start_app(builder.max_message_size(1000)).await;

    let mut client = server.open_session().await;
    let fits = "a".repeat(996);
    client.send(format!("[\"{fits}\"]")).await;
    assert_eq!(messages(&client.text().await), [fits]);

    // So long that most of it is still under way when the server refuses it.
    client.send(format!("[\"{}\"]", "a".repeat(8 << 20))).await;
    assert_eq!(client.close_code().await, 1009);
    assert_eq!(soon(ended.recv()).await, Some(Ended::MessageTooLong));
}

#[tokio::test]
async fn heartbeats_come_and_an_answering_client_stays() {
    let server = Server::start_app(echo().0.heartbeat(Duration::from_secs(1))).await;
    let mut client = server.open_session().await;
    // Beyond two heartbeats of silence it would be gone if its pongs did not count.
    for _ in 0..3 {
        assert_eq!(client.text().await, "h");
    }
    client.send(r#"["a"]"#).await;
    assert_eq!(client.text().await, r#"a["a"]"#);
}

#[tokio::test]
async fn the_handler_sees_the_request_and_what_middleware_added() {
    #[derive(Clone)]
    struct User(&'static str);

    async fn identify(mut request: Request, next: Next) -> axum::response::Response {
        request.extensions_mut().insert(User("ada"));
        next.run(request).await
    }

    let builder = Builder::new(|session: Session| async move {
        let parts = session.parts();
        let user = parts.extensions.get::<User>().unwrap().0;
        let host = parts.headers["host"].to_str().unwrap();
        session
            .send(format!(
                "{user} {} {}",
                host.starts_with("127.0.0.1:"),
                parts.uri.path()
            ))
            .await
            .unwrap();
    });
    let layer = |router: Router| router.layer(axum::middleware::from_fn(identify));
    let server = Server::start_app_with(builder, layer).await;
    assert_eq!(
        server.open_session().await.text().await,
        r#"a["ada true /000/session/websocket"]"#
    );
}
