//! The server that SockJS's own tests run against: `cargo run -p axum-sockjs --example test_server -- --port 8081`. Until Ctrl-C.

mod services;

use std::{env, io};

use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = port(env::args().skip(1)).map_err(io::Error::other)?;
    let (shutdown, sessions) = (CancellationToken::new(), TaskTracker::new());
    let services = services::router(&shutdown, &sessions, |builder| builder);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|tcp| drop(tcp.set_nodelay(true)));
    axum::serve(listener, services)
        .with_graceful_shutdown(async move {
            drop(tokio::signal::ctrl_c().await);
            shutdown.cancel();
        })
        .await?;
    sessions.close();
    sessions.wait().await;
    Ok(())
}

/// The port asked for; that of the tests if none is.
fn port(mut arguments: impl Iterator<Item = String>) -> Result<u16, String> {
    match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => Ok(8081),
        (Some("--port"), Some(port)) => port.parse().map_err(|_| format!("{port:?} is no port")),
        _ => Err("usage: test_server [--port N]".to_owned()),
    }
}
