//! Sends every message back: a SockJS server at `http://127.0.0.1:8081/echo`, until Ctrl-C.

use axum::{Router, serve::ListenerExt as _};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let shutdown = CancellationToken::new();
    let sessions = TaskTracker::new();

    let echo = sockjs::Builder::new(|mut session: sockjs::Session| async move {
        let ended = loop {
            match session.recv().await {
                // Fails only if the session is over, which the next `recv` tells in more detail.
                Ok(message) => drop(session.send(message).await),
                Err(ended) => break ended,
            }
        };
        println!("session over: {ended}");
    })
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
