//! Sends every message back: a SockJS server at `http://127.0.0.1:8081/echo`, and at `ws://127.0.0.1:8081/echo/websocket`
//! for clients without SockJS, which may send bytes with the subprotocol `echo`. Until Ctrl-C.

use axum::{Router, serve::ListenerExt as _};
use axum_sockjs::{Builder, Message, Session};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let shutdown = CancellationToken::new();
    let sessions = TaskTracker::new();

    let echo = Builder::new(|mut session: Session| async move {
        let ended = loop {
            match session.recv_message().await {
                // Fails only if the session is over, which the next `recv_message` tells in more detail.
                Ok(Message::Text(text)) => drop(session.send(text).await),
                Ok(Message::Binary(bytes)) => drop(session.send_binary(bytes).await),
                Err(ended) => break ended,
            }
        };
        println!("session over: {ended}");
    })
    .raw_protocols(["echo"])
    .shutdown(shutdown.clone())
    .track(sessions.clone());

    let app = Router::new().nest_service("/echo", echo.into_router());
    // Without this small messages wait for the acknowledgement of those before them.
    let listener = TcpListener::bind("127.0.0.1:8081")
        .await?
        .tap_io(|tcp| drop(tcp.set_nodelay(true)));
    println!("http://127.0.0.1:8081/echo");
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            drop(tokio::signal::ctrl_c().await);
            shutdown.cancel();
        })
        .await?;

    sessions.close();
    sessions.wait().await;
    Ok(())
}
