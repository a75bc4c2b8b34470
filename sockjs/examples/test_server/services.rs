//! The services that SockJS's own tests, of servers and of clients, look for.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::Router;
use axum_sockjs::{Builder, Sender, Session};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What the protocol's tests want instead of 128 KiB.
const RESPONSE_LIMIT: usize = 4096;
/// Room for the megabytes that clients' tests send at once.
const MAX_MESSAGE: usize = 8 << 20;
/// Where the page for old browsers finds the client.
const CLIENT: &str = "https://cdn.jsdelivr.net/npm/sockjs-client@1/dist/sockjs.min.js";

/// All of them, each under its prefix; `configure` has the last word on each.
pub(crate) fn router(
    shutdown: &CancellationToken,
    sessions: &TaskTracker,
    configure: impl Fn(Builder) -> Builder,
) -> Router {
    let service = |builder: Builder| {
        let builder = builder
            .allow_origin(|_| true)
            .legacy_transports(CLIENT)
            .max_message_size(MAX_MESSAGE)
            .shutdown(shutdown.clone())
            .track(sessions.clone());
        configure(builder).into_router()
    };
    let limited = || Builder::new(echo).response_limit(RESPONSE_LIMIT);
    Router::new()
        .nest_service("/echo", service(limited()))
        .nest_service(
            "/disabled_websocket_echo",
            service(limited().websocket(false)),
        )
        .nest_service(
            "/cookie_needed_echo",
            service(limited().cookie_needed(true)),
        )
        .nest_service("/close", service(Builder::new(close)))
        .nest_service("/amplify", service(Builder::new(amplify)))
        .nest_service("/broadcast", service(broadcast()))
        .nest_service("/ticker", service(Builder::new(tick)))
}

/// Sends every message back.
async fn echo(mut session: Session) {
    while let Ok(message) = session.recv().await {
        // Fails only if the session is over, which the next `recv` tells.
        let _ = session.send(message).await;
    }
}

/// Closes at once.
async fn close(session: Session) {
    session.close(3000, "Go away!");
}

/// For a number below 19, so many powers of two of the letter x.
async fn amplify(mut session: Session) {
    while let Ok(message) = session.recv().await {
        let power = message
            .trim()
            .parse()
            .ok()
            .filter(|power| (1..19).contains(power));
        let _ = session.send("x".repeat(1 << power.unwrap_or(1_u32))).await;
    }
}

/// Sends every message to everyone.
fn broadcast() -> Builder {
    let everyone: Arc<Mutex<HashMap<u64, Sender>>> = Arc::default();
    let numbers = Arc::new(AtomicU64::new(0));
    Builder::new(move |mut session: Session| {
        let everyone = Arc::clone(&everyone);
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        async move {
            let all = || everyone.lock().unwrap_or_else(PoisonError::into_inner);
            all().insert(number, session.sender());
            while let Ok(message) = session.recv().await {
                let senders: Vec<_> = all().values().cloned().collect();
                for sender in senders {
                    let _ = sender.send(&message).await;
                }
            }
            all().remove(&number);
        }
    })
}

/// Ticks every second.
async fn tick(session: Session) {
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if session.send("tick!").await.is_err() {
            return;
        }
    }
}
