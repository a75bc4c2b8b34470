//! SockJS servers on ports of their own, and what they and their clients have in common.

mod client;
mod http;

use std::{
    future::Future,
    net::SocketAddr,
    sync::atomic::{AtomicU32, AtomicUsize, Ordering},
    time::Duration,
};

use axum::Router;
use axum_sockjs::{Builder, Ended, Receiver, Sender, Session};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

pub(crate) use self::{
    client::{RAW, UPGRADE},
    http::{Answer, Request},
};
use crate::services;

/// Longer than anything here takes, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(30);

/// Awaits what must happen.
pub(crate) async fn soon<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(PATIENCE, what)
        .await
        .expect("did not happen in time")
}

/// A session's URL that no other has, below a service.
pub(crate) fn fresh(service: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{service}/000/session-{count}")
}

/// A server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// The sessions' tasks.
    pub(crate) sessions: TaskTracker,
    pub(crate) shutdown: CancellationToken,
    /// Stops listening and serving HTTP when dropped.
    _stop: DropGuard,
}

impl Server {
    /// Serves the services of SockJS's own tests.
    pub(crate) async fn start() -> Self {
        Self::start_with(|builder| builder).await
    }

    /// The same with other settings.
    pub(crate) async fn start_with(configure: impl Fn(Builder) -> Builder) -> Self {
        let (shutdown, sessions) = (CancellationToken::new(), TaskTracker::new());
        let app = services::router(&shutdown, &sessions, configure);
        Self {
            sessions,
            shutdown,
            ..Self::serve(app).await
        }
    }

    /// Serves one server at `/app`.
    pub(crate) async fn start_app(builder: Builder) -> Self {
        Self::start_app_with(builder, |router| router).await
    }

    /// The same with `layer` around its router.
    pub(crate) async fn start_app_with(
        builder: Builder,
        layer: impl FnOnce(Router) -> Router,
    ) -> Self {
        let (shutdown, sessions) = (CancellationToken::new(), TaskTracker::new());
        let builder = builder.shutdown(shutdown.clone()).track(sessions.clone());
        let app = Router::new().nest_service("/app", layer(builder.into_router()));
        Self {
            sessions,
            shutdown,
            ..Self::serve(app).await
        }
    }

    /// Serves a whole application.
    pub(crate) async fn serve(app: Router) -> Self {
        let stop = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(
            axum::serve(listener, app)
                .with_graceful_shutdown(stop.clone().cancelled_owned())
                .into_future(),
        );
        Self {
            address,
            sessions: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            _stop: stop.drop_guard(),
        }
    }

    /// Waits until no session is left.
    pub(crate) async fn no_session_left(&self) {
        self.sessions.close();
        soon(self.sessions.wait()).await;
    }
}

/// A server at `/app` that echoes and tells how its sessions ended.
pub(crate) async fn telling(
    configure: impl FnOnce(Builder) -> Builder,
) -> (Server, mpsc::UnboundedReceiver<Ended>) {
    let (builder, told) = echo();
    (Server::start_app(configure(builder)).await, told)
}

/// A handler that sends every message back, and where it tells why its sessions ended.
pub(crate) fn echo() -> (Builder, mpsc::UnboundedReceiver<Ended>) {
    let (tell, told) = mpsc::unbounded_channel();
    let builder = Builder::new(move |mut session: Session| {
        let tell = tell.clone();
        async move {
            let ended = loop {
                match session.recv().await {
                    // Fails only if the session is over, which the next `recv` tells.
                    Ok(message) => drop(session.send(message).await),
                    Err(ended) => break ended,
                }
            };
            assert_eq!(session.recv().await, Err(ended), "the end stays the end");
            assert!(
                session.send("late").await.is_err(),
                "nobody is there to get it"
            );
            tell.send(ended).unwrap();
        }
    });
    (builder, told)
}

/// A handler that hands its session to the test, and stays until the session is over.
pub(crate) fn hand_over() -> (Builder, mpsc::UnboundedReceiver<(Sender, Receiver)>) {
    let (give, take) = mpsc::unbounded_channel();
    let builder = Builder::new(move |session: Session| {
        let give = give.clone();
        async move {
            let sender = session.sender();
            give.send(session.split()).unwrap();
            sender.closed().await;
        }
    });
    (builder, take)
}

/// Waits until a count grows no more.
pub(crate) async fn stalled(count: &AtomicUsize) {
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    let mut before = usize::MAX;
    loop {
        ticks.tick().await;
        let now = count.load(Ordering::Relaxed);
        if now == before && now > 0 {
            return;
        }
        before = now;
    }
}
