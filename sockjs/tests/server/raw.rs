//! Raw sessions: WebSocket messages as they are, with and without a subprotocol.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::support::{RAW, Server, UPGRADE, echo, hand_over, soon, stalled};
use axum::body::Bytes;
use axum_sockjs::{Builder, Ended, Message, SendBinaryError, Session};
use futures_util::SinkExt as _;
use tokio::{io::AsyncWriteExt as _, sync::mpsc};
use tokio_tungstenite::tungstenite::{
    Message as WsMessage,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

const PROTOCOL: &str = "test.v1";

/// A handler that sends every message back as what it was, and where it tells why its sessions ended.
fn echo_both() -> (Builder, mpsc::UnboundedReceiver<Ended>) {
    let (tell, told) = mpsc::unbounded_channel();
    let builder = Builder::new(move |mut session: Session| {
        let tell = tell.clone();
        async move {
            assert_eq!(session.protocol(), Some(PROTOCOL));
            let ended = loop {
                match session.recv_message().await {
                    Ok(Message::Text(text)) => drop(session.send(text).await),
                    Ok(Message::Binary(bytes)) => drop(session.send_binary(bytes).await),
                    Err(ended) => break ended,
                }
            };
            tell.send(ended).unwrap();
        }
    });
    (builder.raw_protocols([PROTOCOL]), told)
}

#[tokio::test]
async fn text_comes_back_as_it_is() {
    let server = Server::start_app(echo().0).await;
    let mut client = server.open_raw(None).await;
    for text in [
        "Hello world!\u{ffff}",
        r#"["a"]"#,
        "",
        "o",
        "中文 🦀 \u{1b}[1m",
    ] {
        client.send(text).await;
        assert_eq!(client.text().await, text);
    }
}

#[tokio::test]
async fn bytes_come_back_as_they_are_and_in_order_with_text() {
    let server = Server::start_app(echo_both().0).await;
    let mut client = server.open_raw(Some(PROTOCOL)).await;
    let every_byte: Vec<u8> = (0..=255).collect();
    let messages = [
        WsMessage::binary(every_byte),
        WsMessage::text("text"),
        WsMessage::binary(Vec::new()),
        WsMessage::binary(vec![7; 60_000]),
    ];
    for message in &messages {
        client.socket.send(message.clone()).await.unwrap();
    }
    for message in messages {
        assert_eq!(client.message().await, message);
    }
}

#[tokio::test]
async fn the_first_subprotocol_offered_that_is_known_is_agreed_on() {
    let builder = Builder::new(|session: Session| async move {
        let protocol = format!("{:?}", session.protocol());
        session.send(protocol).await.unwrap();
    });
    let server = Server::start_app(builder.raw_protocols(["one", "two"])).await;
    for (offers, agreed) in [
        (&["one"][..], Some("one")),
        (&["two, one"], Some("two")),
        (&["three,two\t,one"], Some("two")),
        (&["three", "one, two"], Some("one")),
        (&["three", "ONE", "o", "one two"], None),
        (&["", ","], None),
        (&[], None),
    ] {
        let headers: Vec<_> = offers
            .iter()
            .map(|offer| ("Sec-WebSocket-Protocol", *offer))
            .collect();
        let (protocol, mut client) = server.connect_with(RAW, &headers).await;
        assert_eq!(protocol.as_deref(), agreed, "{offers:?}");
        assert_eq!(client.text().await, format!("{agreed:?}"));
    }
}

#[tokio::test]
async fn a_session_with_sockjs_frames_has_no_subprotocol() {
    let builder = Builder::new(|session: Session| async move {
        let told = format!("{:?}", session.protocol());
        session.send(told).await.unwrap();
    });
    let server = Server::start_app(builder.raw_protocols([PROTOCOL])).await;
    let header = ("Sec-WebSocket-Protocol", PROTOCOL);
    let (protocol, mut client) = server.connect_with("/app/0/0/websocket", &[header]).await;
    assert_eq!(protocol, None);
    assert_eq!(client.text().await, "o");
    assert_eq!(client.text().await, r#"a["None"]"#);
}

#[test]
#[should_panic(expected = "can't be a subprotocol's name")]
fn a_subprotocol_is_a_token() {
    let _ = echo().0.raw_protocols(["good", "not, good"]);
}

#[tokio::test]
async fn binary_without_a_subprotocol_breaks_the_protocol() {
    let (builder, mut sessions) = hand_over();
    let server = Server::start_app(builder.raw_protocols([PROTOCOL])).await;
    let mut client = server.open_raw(None).await;
    let (_sender, mut receiver) = soon(sessions.recv()).await.unwrap();
    client.send("text").await;
    let binary = WsMessage::binary(b"text".to_vec());
    client.socket.send(binary).await.unwrap();
    assert_eq!(client.close_code().await, 1002);
    let text = Message::Text("text".to_owned());
    assert_eq!(receiver.recv_message().await, Ok(text));
    let ended = receiver.recv_message().await;
    assert_eq!(ended, Err(Ended::ProtocolViolation));
    server.no_session_left().await;
}

#[tokio::test]
async fn binary_for_a_handler_that_takes_text_breaks_the_protocol() {
    let (builder, mut ended) = echo();
    let server = Server::start_app(builder.raw_protocols([PROTOCOL])).await;
    let mut client = server.open_raw(Some(PROTOCOL)).await;
    client.send("text").await;
    assert_eq!(client.text().await, "text");
    let binary = WsMessage::binary(b"text".to_vec());
    client.socket.feed(binary).await.unwrap();
    client.send("too late").await;
    assert_eq!(client.close_code().await, 1002);
    assert_eq!(soon(ended.recv()).await, Some(Ended::ProtocolViolation));
    server.no_session_left().await;
}

#[tokio::test]
async fn binary_is_not_sent_without_a_subprotocol() {
    let builder = Builder::new(|session: Session| async move {
        let refused = session.send_binary(Bytes::from_static(b"x")).await;
        assert_eq!(refused, Err(SendBinaryError::TextOnly));
        session.send("text").await.unwrap();
    });
    let server = Server::start_app(builder.raw_protocols([PROTOCOL])).await;
    assert_eq!(server.open_session().await.text().await, r#"a["text"]"#);
    assert_eq!(server.open_raw(None).await.text().await, "text");
}

#[tokio::test]
async fn closing_sends_what_is_queued_then_code_and_reason() {
    let long = "字".repeat(50);
    for (code, reason, expected) in [
        (4002, "Failed", (4002, "Failed")),
        (1, "Process exited", (1000, "Process exited")),
        (3000, long.as_str(), (3000, &long[..123])),
    ] {
        let reason = reason.to_owned();
        let builder = Builder::new(move |session: Session| {
            let reason = reason.clone();
            async move {
                for number in 0..100_u8 {
                    session
                        .send_binary(Bytes::from(vec![number]))
                        .await
                        .unwrap();
                }
                session.close(code, reason);
                session.close(4999, "too late");
                let late = session.send_binary(Bytes::new()).await;
                assert!(matches!(late, Err(SendBinaryError::Closed(_))));
            }
        });
        let server = Server::start_app(builder.raw_protocols([PROTOCOL])).await;
        let mut client = server.open_raw(Some(PROTOCOL)).await;
        for number in 0..100 {
            assert_eq!(client.message().await, WsMessage::binary(vec![number]));
        }
        let (code, reason) = client.close_frame().await;
        assert_eq!((code, reason.as_str()), expected);
        server.no_session_left().await;
    }
}

#[tokio::test]
async fn the_session_closes_when_its_handler_returns() {
    let server = Server::start_app(Builder::new(|_| async {})).await;
    let mut client = server.open_raw(None).await;
    assert_eq!(client.close_frame().await, (3000, "Go away!".to_owned()));
}

#[tokio::test]
async fn the_handler_learns_the_code_of_a_client_that_closes() {
    let (builder, mut ended) = echo_both();
    let server = Server::start_app(builder).await;
    for code in [None, Some(1000), Some(1001), Some(4002)] {
        let mut client = server.open_raw(Some(PROTOCOL)).await;
        let frame = code.map(|code| CloseFrame {
            code: CloseCode::from(code),
            reason: "done".into(),
        });
        client.socket.close(frame).await.unwrap();
        assert!(matches!(client.message().await, WsMessage::Close(_)));
        client.cut().await;
        assert_eq!(soon(ended.recv()).await, Some(Ended::ByClient { code }));
    }
    server.no_session_left().await;
}

#[tokio::test]
async fn shutdown_closes_with_1001() {
    let (builder, mut ended) = echo_both();
    let server = Server::start_app(builder).await;
    let mut client = server.open_raw(Some(PROTOCOL)).await;
    server.shutdown.cancel();
    assert_eq!(
        client.close_frame().await,
        (1001, "Server shutting down".to_owned())
    );
    assert_eq!(soon(ended.recv()).await, Some(Ended::Shutdown));
    server.no_session_left().await;
    let response = server.request("GET", RAW, &UPGRADE).await;
    assert_eq!(response.status, 503);
}

#[tokio::test]
async fn a_message_that_is_too_long_closes_with_1009() {
    let (builder, mut ended) = echo_both();
    let server = Server::start_app(builder.max_message_size(1000)).await;
    let mut client = server.open_raw(Some(PROTOCOL)).await;
    let fits = WsMessage::binary(vec![1; 1000]);
    client.socket.send(fits.clone()).await.unwrap();
    assert_eq!(client.message().await, fits);

    let too_long = WsMessage::binary(vec![1; 8 << 20]);
    client.socket.send(too_long).await.unwrap();
    assert_eq!(client.close_code().await, 1009);
    assert_eq!(soon(ended.recv()).await, Some(Ended::MessageTooLong));
}

#[tokio::test]
async fn pings_come_alone_and_an_answering_client_stays() {
    let server = Server::start_app(echo().0.heartbeat(Duration::from_secs(1))).await;
    let mut client = server.open_raw(None).await;
    // Beyond two heartbeats of silence it would be gone if its pongs did not count.
    for _ in 0..3 {
        assert!(matches!(client.message().await, WsMessage::Ping(_)));
    }
    client.send("still here").await;
    assert_eq!(client.text().await, "still here");
}

#[tokio::test]
async fn a_dead_client_is_noticed() {
    let (builder, mut ended) = echo_both();
    let server = Server::start_app(builder.heartbeat(Duration::from_millis(50))).await;
    // Connected, but nobody reads there, so that no ping is ever answered.
    let _client = server.open_raw(Some(PROTOCOL)).await;
    assert_eq!(soon(ended.recv()).await, Some(Ended::TimedOut));
    server.no_session_left().await;
}

#[tokio::test]
async fn a_client_that_vanishes_is_noticed() {
    let (builder, mut ended) = echo_both();
    let server = Server::start_app(builder).await;
    drop(server.open_raw(Some(PROTOCOL)).await);
    assert_eq!(soon(ended.recv()).await, Some(Ended::ConnectionLost));
    server.no_session_left().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_blocks_sending_only() {
    const MESSAGE: usize = 32 << 10;
    const MESSAGES: usize = 64 << 20 >> 15;
    /// More than the system buffers on the way, and far less than all there is to send.
    const ON_THE_WAY: usize = 32 << 20;

    let (builder, mut sessions) = hand_over();
    let server = Server::start_app(builder.raw_protocols([PROTOCOL])).await;
    let mut client = server.open_raw(Some(PROTOCOL)).await;
    let (sender, mut receiver) = soon(sessions.recv()).await.unwrap();

    let sent = Arc::new(AtomicUsize::new(0));
    let output = tokio::spawn({
        let sent = Arc::clone(&sent);
        async move {
            for number in 0..MESSAGES {
                let message = Bytes::from(vec![number as u8; MESSAGE]);
                sender.send_binary(message).await.unwrap();
                sent.fetch_add(MESSAGE, Ordering::Relaxed);
            }
        }
    });
    stalled(&sent).await;
    assert!(!output.is_finished());

    for number in 0..1000_u32 {
        let message = number.to_be_bytes().to_vec();
        client.socket.send(message.clone().into()).await.unwrap();
        assert_eq!(
            soon(receiver.recv_message()).await,
            Ok(Message::Binary(message.into()))
        );
    }

    let mut taken = 0;
    while taken < MESSAGE * MESSAGES {
        assert!(sent.load(Ordering::Relaxed) - taken < ON_THE_WAY);
        if let WsMessage::Binary(message) = client.message().await {
            let number = (taken / MESSAGE) as u8;
            assert_eq!(message, vec![number; MESSAGE]);
            taken += MESSAGE;
        }
    }
    soon(output).await.unwrap();
}

#[tokio::test]
async fn a_handler_that_takes_no_messages_slows_its_client() {
    /// More than the system buffers on the way, and far less than all there is to send.
    const ON_THE_WAY: usize = 32 << 20;
    const MESSAGE: usize = 32 << 10;
    const MESSAGES: usize = 64 << 20 >> 15;

    let (builder, mut sessions) = hand_over();
    let server = Server::start_app(builder.raw_protocols([PROTOCOL])).await;
    let mut client = server.open_raw(Some(PROTOCOL)).await;
    let (_sender, mut receiver) = soon(sessions.recv()).await.unwrap();
    let sent = Arc::new(AtomicUsize::new(0));
    let input = tokio::spawn({
        let sent = Arc::clone(&sent);
        async move {
            for _ in 0..MESSAGES {
                client.socket.send(vec![1; MESSAGE].into()).await.unwrap();
                sent.fetch_add(MESSAGE, Ordering::Relaxed);
            }
            client
        }
    });
    stalled(&sent).await;
    assert!(sent.load(Ordering::Relaxed) < ON_THE_WAY);
    for _ in 0..MESSAGES {
        let message = soon(receiver.recv_message()).await.unwrap();
        assert_eq!(message, Message::Binary(vec![1; MESSAGE].into()));
    }
    soon(input).await.unwrap();
}

#[tokio::test]
async fn a_client_that_pings_without_end_and_takes_no_answer_is_cut_off() {
    let (builder, mut ended) = echo_both();
    let builder = builder.close_timeout(Duration::from_millis(100));
    let server = Server::start_app(builder).await;
    let mut client = server.open_raw(Some(PROTOCOL)).await;
    // Masked with zeros, 125 bytes long.
    let mut pings = [&[0x89, 0x80 | 125, 0, 0, 0, 0][..], &[b'x'; 125]].concat();
    pings = pings.repeat(1000);
    let tcp = client.socket.get_mut();
    soon(async { while tcp.write_all(&pings).await.is_ok() {} }).await;
    assert_eq!(soon(ended.recv()).await, Some(Ended::ProtocolViolation));
    server.no_session_left().await;
}
