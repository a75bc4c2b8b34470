//! That clients of plain HTTP which vanish are noticed in time, and those that are idle are not taken for such.

use std::time::Duration;

use axum::{Router, body::Body, response::Response};
use axum_sockjs::{Builder, Ended, Sender, Session};
use http_body_util::BodyExt as _;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};
use tower::ServiceExt as _;

use crate::support::{Request, Server, fresh, soon};

const HEARTBEAT: Duration = Duration::from_secs(25);
const DELAY: Duration = Duration::from_secs(5);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Within which a vanished client has to be noticed.
const NOTICED: Duration = Duration::from_secs(2 * 25 + 5);

const STREAMING: [(&str, &str); 3] = [
    ("POST", "xhr_streaming"),
    ("GET", "eventsource"),
    ("GET", "htmlfile?c=f"),
];
const POLLING: [(&str, &str); 2] = [("POST", "xhr"), ("GET", "jsonp?c=f")];

/// A server without a socket, whose clients are gone when they stop asking for more of a body. Its clock is the test's.
struct Direct {
    router: Router,
    sessions: mpsc::UnboundedReceiver<Sender>,
    ended: mpsc::UnboundedReceiver<(Ended, Instant)>,
}

impl Direct {
    fn new(configure: impl FnOnce(Builder) -> Builder) -> Self {
        let (give, sessions) = mpsc::unbounded_channel();
        let (tell, ended) = mpsc::unbounded_channel();
        let builder = Builder::new(move |session: Session| {
            let (give, tell) = (give.clone(), tell.clone());
            async move {
                let (sender, mut receiver) = session.split();
                give.send(sender).unwrap();
                let ended = loop {
                    if let Err(ended) = receiver.recv().await {
                        break ended;
                    }
                };
                tell.send((ended, Instant::now())).unwrap();
            }
        });
        let builder = builder
            .heartbeat(HEARTBEAT)
            .disconnect_delay(DELAY)
            .close_timeout(CLOSE_TIMEOUT)
            .legacy_transports("/sockjs.js");
        Self {
            router: configure(builder).into_router(),
            sessions,
            ended,
        }
    }

    async fn ask(&self, method: &str, path: &str, body: &'static str) -> Response {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("/000/session/{path}"))
            .body(Body::from(body))
            .unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Receives until the response is complete, waiting for it as long as it takes.
    async fn receive(&self, (method, path): (&str, &str)) -> String {
        let response = self.ask(method, path, "").await;
        assert_eq!(response.status(), 200, "{path}");
        let body = in_time(response.into_body().collect()).await.unwrap();
        String::from_utf8(body.to_bytes().to_vec()).unwrap()
    }

    /// How the session ended, and how long after `since`.
    async fn end(&mut self, since: Instant) -> (Ended, Duration) {
        let (ended, at) = in_time(self.ended.recv()).await.unwrap();
        (ended, at - since)
    }

    /// Asserts that the session ends for its client's silence, and when.
    async fn times_out(&mut self, since: Instant, path: &str) {
        let (ended, after) = self.end(since).await;
        assert_eq!(ended, Ended::TimedOut, "{path}");
        assert_about(after, NOTICED, path);
    }
}

/// Awaits what must happen, by the test's clock.
async fn in_time<F: Future>(what: F) -> F::Output {
    let time = timeout(10 * HEARTBEAT, what);
    time.await.expect("did not happen in time")
}

/// Timers go in steps, so that they are late a little.
fn assert_about(time: Duration, expected: Duration, path: &str) {
    let late = expected + Duration::from_millis(100);
    assert!((expected..late).contains(&time), "{path}: {time:?}");
}

/// The messages in what was received by whatever transport. They are numbers, so that there are no other brackets.
fn messages(received: &str) -> Vec<u32> {
    let plain = received.replace(['\\', '"'], "");
    let batches = plain.split("a[").skip(1);
    let numbers = batches.flat_map(|batch| batch.split(']').next().unwrap().split(','));
    numbers.map(|number| number.parse().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_noticed() {
    for (method, path) in STREAMING.into_iter().chain(POLLING) {
        let mut server = Direct::new(|builder| builder);
        let opened = Instant::now();
        let _untouched = server.ask(method, path, "").await;
        server.times_out(opened, path).await;
        // The name is free for another soon, though the response is still there.
        sleep(CLOSE_TIMEOUT + Duration::from_secs(1)).await;
        assert_eq!(server.receive(("POST", "xhr")).await, "o\n", "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_no_more_of_a_flood_is_noticed() {
    for (method, path) in STREAMING {
        let mut server = Direct::new(|builder| builder.response_limit(usize::MAX));
        let opened = Instant::now();
        let mut response = server.ask(method, path, "").await;
        let sender = server.sessions.recv().await.unwrap();
        let flood = async move { while sender.send("x".repeat(1000)).await.is_ok() {} };
        let flood = tokio::spawn(flood);
        for _ in 0..4 {
            response.body_mut().frame().await.unwrap().unwrap();
        }
        server.times_out(opened, path).await;
        flood.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_all_and_asks_no_more_is_noticed() {
    for (method, path) in STREAMING {
        let mut server = Direct::new(|builder| builder);
        let opened = Instant::now();
        let body = server.receive((method, path)).await;
        assert_about(opened.elapsed(), 2 * HEARTBEAT, path);
        let is_beat = |line: &&str| matches!(*line, "h" | "data: h" | "p(\"h\");");
        assert_eq!(body.lines().filter(is_beat).count(), 2, "{body}");
        server.times_out(opened, path).await;
    }
    for (method, path) in POLLING {
        let mut server = Direct::new(|builder| builder);
        let opened = Instant::now();
        server.receive((method, path)).await;
        let body = server.receive((method, path)).await;
        assert!(matches!(&*body, "h\n" | "/**/f(\"h\");\r\n"), "{body}");
        assert_about(opened.elapsed(), HEARTBEAT, path);
        // It was heard less than two heartbeats ago.
        let (ended, after) = server.end(opened).await;
        assert_eq!(ended, Ended::ConnectionLost, "{path}");
        assert_about(after, HEARTBEAT + DELAY, path);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_output_without_end_and_asks_no_more_is_noticed() {
    // With something always there to be taken, and with pauses.
    for pause in [0, 1] {
        let mut server = Direct::new(|builder| builder.response_limit(usize::MAX));
        let opened = Instant::now();
        let mut response = server.ask("POST", "xhr_streaming", "").await;
        let sender = server.sessions.recv().await.unwrap();
        tokio::spawn(async move {
            while sender.send("x").await.is_ok() {
                sleep(Duration::from_secs(pause)).await;
            }
        });
        in_time(async {
            while response.body_mut().frame().await.is_some() {
                sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
        assert_about(opened.elapsed(), 2 * HEARTBEAT, "flood");
        server.times_out(opened, "flood").await;
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_a_client_sends_is_a_sign_of_life() {
    for (method, path) in STREAMING {
        let mut server = Direct::new(|builder| builder);
        let response = server.ask(method, path, "").await;
        let taking = tokio::spawn(response.into_body().collect());
        for _ in 0..20 {
            sleep(HEARTBEAT).await;
            assert_eq!(server.ask("POST", "xhr_send", "[]").await.status(), 204);
        }
        assert!(!taking.is_finished(), "{path}");
        let spoke = Instant::now();
        in_time(taking).await.unwrap().unwrap();
        assert_about(spoke.elapsed(), 2 * HEARTBEAT, path);
        server.times_out(spoke, path).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_client_that_asks_again_gets_each_message_once() {
    for (method, path) in STREAMING.into_iter().chain(POLLING) {
        let mut server = Direct::new(|builder| builder);
        let mut got = String::new();
        let response = server.ask(method, path, "").await;
        let sender = server.sessions.recv().await.unwrap();
        // Some at the very moments at which responses are complete.
        tokio::spawn(async move {
            for number in 0..120 {
                if number % 3 == 0 {
                    sleep(HEARTBEAT / 2).await;
                }
                sender.send(number.to_string()).await.unwrap();
            }
            std::future::pending::<()>().await;
        });
        let first = in_time(response.into_body().collect()).await.unwrap();
        got.push_str(str::from_utf8(&first.to_bytes()).unwrap());
        while messages(&got).len() < 120 {
            sleep(Duration::from_secs(1)).await;
            got.push_str(&server.receive((method, path)).await);
        }
        assert!(messages(&got).into_iter().eq(0..120), "{path}: {got}");
        assert!(server.ended.try_recv().is_err(), "{path}");
    }
}

/// Short, and with it all that is said here takes many.
const SHORT: Duration = Duration::from_millis(30);

#[tokio::test]
async fn over_a_socket_an_idle_client_gets_each_message_once() {
    let builder = Builder::new(async |session: Session| {
        let mut ticks = tokio::time::interval(SHORT / 4);
        for number in 0..100 {
            ticks.tick().await;
            session.send(number.to_string()).await.unwrap();
        }
        session.sender().closed().await;
    });
    let builder = builder.heartbeat(SHORT).legacy_transports("/sockjs.js");
    let server = Server::start_app(builder).await;
    let one = async |(method, transport)| {
        let path = format!("{}/{transport}", fresh("/app"));
        let mut got = String::new();
        while messages(&got).len() < 100 {
            let mut answer = server.open(Request::new(method, &path)).await;
            assert_eq!(answer.status, 200, "{path}");
            while messages(&got).len() < 100
                && let Some(chunk) = answer.chunk().await
            {
                got.push_str(&chunk);
            }
        }
        assert!(messages(&got).into_iter().eq(0..100), "{path}: {got}");
    };
    let [streaming, events, html] = STREAMING;
    let [polling, jsonp] = POLLING;
    tokio::join!(
        one(streaming),
        one(events),
        one(html),
        one(polling),
        one(jsonp)
    );
}

#[tokio::test]
async fn over_a_socket_a_client_that_reads_nothing_is_noticed() {
    for (method, transport) in STREAMING {
        let (tell, mut told) = mpsc::unbounded_channel();
        let builder = Builder::new(move |session: Session| {
            let tell = tell.clone();
            async move {
                let (sender, mut receiver) = session.split();
                while sender.send("x".repeat(10_000)).await.is_ok() {}
                tell.send(receiver.recv().await.unwrap_err()).unwrap();
            }
        });
        let builder = builder
            .heartbeat(SHORT * 10)
            .disconnect_delay(SHORT)
            .close_timeout(SHORT)
            .response_limit(usize::MAX)
            .legacy_transports("/sockjs.js");
        let server = Server::start_app(builder).await;
        let path = format!("{}/{transport}", fresh("/app"));
        let _unread = server.open(Request::new(method, &path)).await;
        assert_eq!(soon(told.recv()).await, Some(Ended::TimedOut), "{path}");
        server.no_session_left().await;
    }
}
