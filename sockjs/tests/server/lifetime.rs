//! How sessions end, what a slow or dead client costs, and that nothing is left behind.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::support::{Server, UPGRADE, echo, hand_over, soon, stalled};
use axum_sockjs::{Builder, Ended, Session};
use futures_util::SinkExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_client_that_closes_is_answered() {
    let (builder, mut ended) = echo();
    let server = Server::start_app(builder).await;
    let mut client = server.open_session().await;
    client.socket.close(None).await.unwrap();
    assert!(matches!(client.message().await, Message::Close(_)));
    client.cut().await;
    assert_eq!(
        soon(ended.recv()).await,
        Some(Ended::ByClient { code: None })
    );
    server.no_session_left().await;
}

#[tokio::test]
async fn a_client_that_vanishes_is_noticed() {
    let (builder, mut ended) = echo();
    let server = Server::start_app(builder).await;
    drop(server.open_session().await);
    assert_eq!(soon(ended.recv()).await, Some(Ended::ConnectionLost));
    server.no_session_left().await;
}

#[tokio::test]
async fn messages_before_the_end_are_received_first() {
    let (builder, mut sessions) = hand_over();
    let server = Server::start_app(builder).await;
    let mut client = server.open_session().await;
    let (sender, mut receiver) = soon(sessions.recv()).await.unwrap();
    client.send(r#"["a","b"]"#).await;
    drop(client);
    soon(sender.closed()).await;
    assert_eq!(receiver.recv().await, Ok("a".into()));
    assert_eq!(receiver.recv().await, Ok("b".into()));
    assert_eq!(receiver.recv().await, Err(Ended::ConnectionLost));
}

#[tokio::test]
async fn a_dead_client_is_noticed() {
    let (builder, mut ended) = echo();
    let server = Server::start_app(builder.heartbeat(Duration::from_millis(50))).await;
    // Connected, but nobody reads there, so that no ping is ever answered.
    let _client = server.open_session().await;
    assert_eq!(soon(ended.recv()).await, Some(Ended::TimedOut));
    server.no_session_left().await;
}

#[tokio::test]
async fn a_dead_client_ends_a_send_that_waits_for_it() {
    let (builder, mut sessions) = hand_over();
    let server = Server::start_app(builder.heartbeat(Duration::from_millis(200))).await;
    let _client = server.open_session().await;
    let (sender, mut receiver) = soon(sessions.recv()).await.unwrap();
    let message = "x".repeat(1 << 20);
    soon(async { while sender.send(&message).await.is_ok() {} }).await;
    assert_eq!(soon(receiver.recv()).await, Err(Ended::TimedOut));
    server.no_session_left().await;
}

#[tokio::test]
async fn a_handler_that_takes_no_messages_slows_its_client_and_keeps_it() {
    let (builder, mut sessions) = hand_over();
    let heartbeat = Duration::from_millis(100);
    let server = Server::start_app(builder.heartbeat(heartbeat).max_waiting(1000)).await;
    let mut client = server.open_session().await;
    let (_sender, mut receiver) = soon(sessions.recv()).await.unwrap();
    let batch = format!("[\"{}\"]", "x".repeat(500));
    for _ in 0..3 {
        client.send(batch.clone()).await;
    }
    // Nobody reads what the client says, so its silence must not be held against it: ten heartbeats go by.
    for _ in 0..10 {
        assert_eq!(client.text().await, "h");
    }
    for _ in 0..3 {
        assert_eq!(soon(receiver.recv()).await.unwrap().len(), 500);
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_blocks_sending_only() {
    const MESSAGE: usize = 32 << 10;
    const MESSAGES: usize = 64 << 20 >> 15;
    /// More than the system buffers on the way, and far less than all there is to send.
    const ON_THE_WAY: usize = 32 << 20;

    let (builder, mut sessions) = hand_over();
    let server = Server::start_app(builder).await;
    let mut client = server.open_session().await;
    let (sender, mut receiver) = soon(sessions.recv()).await.unwrap();

    let sent = Arc::new(AtomicUsize::new(0));
    let output = tokio::spawn({
        let sent = Arc::clone(&sent);
        async move {
            let message = "x".repeat(MESSAGE);
            for _ in 0..MESSAGES {
                sender.send(&message).await.unwrap();
                sent.fetch_add(MESSAGE, Ordering::Relaxed);
            }
        }
    });
    stalled(&sent).await;
    assert!(!output.is_finished());

    for number in 0..1000 {
        client.send(format!("[\"{number}\"]")).await;
        assert_eq!(soon(receiver.recv()).await, Ok(number.to_string()));
    }

    let mut taken = 0;
    while taken < MESSAGE * MESSAGES {
        assert!(sent.load(Ordering::Relaxed) - taken < ON_THE_WAY);
        let frame = client.text().await;
        if frame != "h" {
            assert_eq!(frame.len(), MESSAGE + r#"a[""]"#.len());
            taken += MESSAGE;
        }
    }
    soon(output).await.unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_answer_a_close_is_cut_off() {
    let builder = Builder::new(|session: Session| async move { session.close(3000, "Go away!") });
    let server = Server::start_app(builder.close_timeout(Duration::from_millis(100))).await;
    // Connected, but nobody reads there.
    let _client = server.open_session().await;
    server.no_session_left().await;
}

#[tokio::test]
async fn a_client_that_does_not_take_what_is_queued_is_cut_off() {
    let (done, is_done) = oneshot::channel();
    let done = std::sync::Mutex::new(Some(done));
    let builder = Builder::new(move |session: Session| {
        let done = done.lock().unwrap().take();
        async move {
            let message = "x".repeat(1 << 20);
            let full = async { while session.send(&message).await.is_ok() {} };
            let _ = tokio::time::timeout(Duration::from_millis(500), full).await;
            session.close(3000, "Go away!");
            done.unwrap().send(()).unwrap();
        }
    });
    let server = Server::start_app(builder.close_timeout(Duration::from_millis(100))).await;
    let _client = server.open_session().await;
    soon(is_done).await.unwrap();
    server.no_session_left().await;
}

#[tokio::test]
async fn shutdown_ends_every_session() {
    let (builder, mut ended) = echo();
    let server = Server::start_app(builder).await;
    let mut clients = [server.open_session().await, server.open_session().await];
    server.shutdown.cancel();
    for client in &mut clients {
        assert_eq!(client.text().await, r#"c[1001,"Server shutting down"]"#);
        assert_eq!(client.close_code().await, 1000);
        assert_eq!(soon(ended.recv()).await, Some(Ended::Shutdown));
    }
    server.no_session_left().await;

    assert_eq!(
        server
            .request("GET", "/app/0/0/websocket", &UPGRADE)
            .await
            .status,
        503
    );
}

#[tokio::test]
async fn a_handler_that_panics_ends_its_session_only() {
    let (builder, mut sessions) = {
        let (give, take) = mpsc::unbounded_channel();
        let builder = Builder::new(move |session: Session| {
            let give = give.clone();
            async move {
                let (sender, mut receiver) = session.split();
                let message = receiver.recv().await.unwrap();
                give.send((sender, receiver)).unwrap();
                assert_ne!(message, "panic", "on purpose");
                std::future::pending().await
            }
        });
        (builder, take)
    };
    let server = Server::start_app(builder).await;
    let mut other = server.open_session().await;
    other.send(r#"["stay"]"#).await;
    let (other_sender, _other_receiver) = soon(sessions.recv()).await.unwrap();

    let mut client = server.open_session().await;
    client.send(r#"["panic"]"#).await;
    let (sender, mut receiver) = soon(sessions.recv()).await.unwrap();
    client.cut().await;
    soon(sender.closed()).await;
    assert!(sender.send("late").await.is_err());
    assert_eq!(soon(receiver.recv()).await, Err(Ended::ConnectionLost));

    other_sender.send("still here").await.unwrap();
    assert_eq!(other.text().await, r#"a["still here"]"#);
}

#[tokio::test]
async fn no_task_is_left() {
    let metrics = tokio::runtime::Handle::current().metrics();
    let before = metrics.num_alive_tasks();
    let (builder, mut ended) = echo();
    let server = Server::start_app(builder).await;
    for round in 0..20 {
        let mut client = server.open_session().await;
        match round % 4 {
            0 => client.socket.close(None).await.unwrap(),
            1 => client.socket.send(Message::text("broken")).await.unwrap(),
            2 => client.send(r#"["a"]"#).await,
            _ => {}
        }
        drop(client);
        soon(ended.recv()).await.unwrap();
    }
    server.no_session_left().await;
    drop(server);
    soon(async {
        while metrics.num_alive_tasks() > before {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
