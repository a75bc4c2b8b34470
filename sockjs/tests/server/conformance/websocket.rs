//! The websocket transport, with SockJS frames and raw, and requests that can't become one.

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use crate::support::{Request, Server, fresh, soon};

type Socket = WebSocketStream<TcpStream>;

async fn connect(server: &Server, session: &str) -> Socket {
    server.websocket(&format!("{session}/websocket")).await
}

async fn text(socket: &mut Socket) -> String {
    let message = soon(socket.next()).await.unwrap().unwrap();
    message.into_text().unwrap().as_str().to_owned()
}

async fn send(socket: &mut Socket, text: &str) {
    socket.send(Message::text(text)).await.unwrap();
}

#[tokio::test]
async fn what_does_not_upgrade_is_refused() {
    let server = Server::start().await;
    let path = "/echo/0/0/websocket";
    assert_eq!(server.get(path).await.status, 400);
    let headers = [("Upgrade", "WebSocket"), ("Connection", "close")];
    let answer = server
        .ask(Request::new("GET", path).headers(&headers))
        .await;
    assert_eq!(answer.status, 400);
    for headers in [
        &[("Upgrade", "WebSocket"), ("Connection", "Upgrade")][..],
        &[],
    ] {
        let answer = server
            .ask(Request::new("POST", path).headers(headers))
            .await;
        assert_eq!((answer.status, &*answer.body), (405, ""));
        assert_eq!(answer.header("content-type"), None);
        assert_eq!(answer.header("allow"), Some("GET"));
    }
}

#[tokio::test]
async fn the_headers_of_an_upgrade() {
    let server = Server::start().await;
    let headers = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Origin", "http://asd"),
        ("Sec-WebSocket-Key", "x3JJHMbDL1EzLkh9GBhXDw=="),
    ];
    let path = format!("{}/websocket", fresh("/echo"));
    let answer = server
        .open(Request::new("GET", &path).headers(&headers))
        .await;
    assert_eq!(answer.status, 101);
    let header = |name| answer.header(name).map(str::to_ascii_lowercase);
    assert_eq!(
        answer.header("sec-websocket-accept"),
        Some("HSmrc0sMlYUkAGmm5OPpG2HaGWk=")
    );
    assert_eq!(header("connection").as_deref(), Some("upgrade"));
    assert_eq!(header("upgrade").as_deref(), Some("websocket"));
    assert_eq!(header("content-length"), None);
}

#[tokio::test]
async fn frames_go_both_ways_and_empty_ones_are_ignored() {
    let server = Server::start().await;
    let mut socket = connect(&server, &fresh("/echo")).await;
    assert_eq!(text(&mut socket).await, "o");
    for message in ["", "[]", r#"["a"]"#, r#""b""#] {
        send(&mut socket, message).await;
    }
    assert_eq!(text(&mut socket).await, r#"a["a"]"#);
    assert_eq!(text(&mut socket).await, r#"a["b"]"#);
}

#[tokio::test]
async fn a_session_is_its_connection_whatever_its_name() {
    let server = Server::start().await;
    let session = fresh("/echo");
    let (mut first, mut second) = (
        connect(&server, &session).await,
        connect(&server, &session).await,
    );
    for (socket, message) in [(&mut first, "a"), (&mut second, "b")] {
        assert_eq!(text(socket).await, "o");
        send(socket, &format!("[\"{message}\"]")).await;
        assert_eq!(text(socket).await, format!("a[\"{message}\"]"));
    }
    drop((first, second));
    let mut again = connect(&server, &session).await;
    assert_eq!(text(&mut again).await, "o");
}

#[tokio::test]
async fn the_server_closes_with_a_frame() {
    let server = Server::start().await;
    let mut socket = connect(&server, &fresh("/close")).await;
    assert_eq!(text(&mut socket).await, "o");
    assert_eq!(text(&mut socket).await, r#"c[3000,"Go away!"]"#);
    assert!(!matches!(
        soon(socket.next()).await,
        Some(Ok(Message::Text(_) | Message::Binary(_)))
    ));
}

#[tokio::test]
async fn broken_json_cuts_the_connection() {
    let server = Server::start().await;
    let mut socket = connect(&server, &fresh("/echo")).await;
    assert_eq!(text(&mut socket).await, "o");
    send(&mut socket, r#"["a"#).await;
    assert!(!matches!(soon(socket.next()).await, Some(Ok(_))));
}

#[tokio::test]
async fn raw_ones_have_no_frames() {
    let server = Server::start().await;
    let mut socket = server.websocket("/echo/websocket").await;
    send(&mut socket, "Hello world!\u{ffff}").await;
    assert_eq!(text(&mut socket).await, "Hello world!\u{ffff}");
    let mut closed = server.websocket("/close/websocket").await;
    let Some(Ok(Message::Close(Some(frame)))) = soon(closed.next()).await else {
        panic!("a close frame expected");
    };
    assert_eq!(
        (frame.code.into(), frame.reason.as_str()),
        (3000_u16, "Go away!")
    );
}
