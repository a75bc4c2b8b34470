//! Many requests that send at once, and what becomes of those that nobody takes.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body};
use axum_sockjs::{Builder, Ended, Receiver, Session};
use futures_util::{StreamExt as _, stream};
use http_body_util::BodyExt as _;
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tower::ServiceExt as _;

use crate::support::{Server, fresh, soon};

const HEARTBEAT: Duration = Duration::from_secs(25);
const SESSION: &str = "/000/session";
/// One that has its turn, and four behind it.
const AT_ONCE: usize = 5;

/// A server without a socket, whose handler gives its receivers away and takes nothing by itself.
struct Deaf {
    router: Router,
    receivers: mpsc::UnboundedReceiver<Receiver>,
    /// Of how many requests the body was looked at.
    bodies: Arc<AtomicUsize>,
}

fn deaf() -> (Builder, mpsc::UnboundedReceiver<Receiver>) {
    let (give, receivers) = mpsc::unbounded_channel();
    let builder = Builder::new(move |session: Session| {
        let give = give.clone();
        async move {
            let (sender, receiver) = session.split();
            give.send(receiver).unwrap();
            sender.closed().await;
        }
    });
    // Nothing waits but one message.
    let builder = builder.max_waiting(1);
    (
        builder.disconnect_delay(Duration::from_secs(3600)),
        receivers,
    )
}

impl Deaf {
    /// With a session that is open.
    async fn start() -> (Self, Receiver) {
        let (builder, receivers) = deaf();
        let mut server = Self {
            router: builder.heartbeat(HEARTBEAT).into_router(),
            receivers,
            bodies: Arc::default(),
        };
        assert_eq!(server.ask("xhr", "").await, 200);
        let receiver = soon(server.receivers.recv()).await.unwrap();
        (server, receiver)
    }

    /// The answer's status, for a body that is counted when it is read.
    fn ask(&self, transport: &str, body: &str) -> impl Future<Output = u16> + use<> {
        let (body, bodies) = (body.to_owned(), Arc::clone(&self.bodies));
        let chunk = stream::once(async move {
            bodies.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Infallible>(body)
        });
        let request = http::Request::post(format!("{SESSION}/{transport}"))
            .body(Body::from_stream(chunk))
            .unwrap();
        let answer = self.router.clone().oneshot(request);
        async {
            let answer = answer.await.unwrap();
            let status = answer.status().as_u16();
            answer.into_body().collect().await.unwrap();
            status
        }
    }

    /// Sends a number, which is under way when this returns.
    async fn send(&self, number: usize) -> JoinHandle<u16> {
        let sending = tokio::spawn(self.ask("xhr_send", &format!("[\"{number}\"]")));
        tokio::task::yield_now().await;
        sending
    }

    fn bodies(&self) -> usize {
        self.bodies.load(Ordering::Relaxed)
    }
}

#[tokio::test(start_paused = true)]
async fn one_body_is_read_at_a_time_a_few_wait_and_more_are_refused() {
    let (server, mut receiver) = Deaf::start().await;
    assert_eq!(
        server.send(0).await.await.unwrap(),
        204,
        "there is room for one"
    );
    let before = server.bodies();
    let mut sending = Vec::new();
    for number in 1..=AT_ONCE {
        sending.push(server.send(number).await);
    }
    for number in 100..110 {
        assert_eq!(server.send(number).await.await.unwrap(), 429);
    }
    assert_eq!(
        server.bodies(),
        before + 1,
        "of one that waits nothing is read"
    );
    assert!(sending.iter().all(|sending| !sending.is_finished()));
    // The session is none the worse for it.
    for number in 0..=AT_ONCE {
        assert_eq!(receiver.recv().await, Ok(number.to_string()));
    }
    for sending in sending {
        assert_eq!(sending.await.unwrap(), 204);
    }
    assert_eq!(server.send(6).await.await.unwrap(), 204);
    assert_eq!(receiver.recv().await, Ok("6".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_takes_is_answered_in_time_and_ends_the_session() {
    let (server, mut receiver) = Deaf::start().await;
    assert_eq!(server.send(0).await.await.unwrap(), 204);
    let began = Instant::now();
    let mut sending = Vec::new();
    for number in 1..=AT_ONCE {
        sending.push(server.send(number).await);
    }
    let mut statuses = Vec::new();
    for sending in sending {
        statuses.push(timeout(3 * HEARTBEAT, sending).await.unwrap().unwrap());
    }
    assert_eq!(statuses, [503, 404, 404, 404, 404]);
    assert_eq!(began.elapsed().as_secs(), 2 * HEARTBEAT.as_secs());
    assert_eq!(receiver.recv().await, Ok("0".to_owned()));
    assert_eq!(receiver.recv().await, Err(Ended::ConnectionLost));
}

#[tokio::test(start_paused = true)]
async fn an_application_that_is_slow_gets_all() {
    let (server, mut receiver) = Deaf::start().await;
    let batch: Vec<String> = (0..50).map(|number| number.to_string()).collect();
    let text = serde_json::to_string(&batch).unwrap();
    let sending = tokio::spawn(server.ask("xhr_send", &text));
    for number in batch {
        tokio::time::sleep(HEARTBEAT).await;
        assert_eq!(receiver.recv().await, Ok(number));
    }
    assert_eq!(sending.await.unwrap(), 204);
}

#[tokio::test(start_paused = true)]
async fn a_long_text_over_a_slow_link_comes_as_long_as_it_comes_on() {
    const STRETCH: usize = 256 << 10;
    for (piece, is_taken) in [(STRETCH, true), (STRETCH / 2, false)] {
        let (builder, receivers) = deaf();
        let mut server = Deaf {
            router: builder
                .heartbeat(HEARTBEAT)
                .max_message_size(4 << 20)
                .into_router(),
            receivers,
            bodies: Arc::default(),
        };
        assert_eq!(server.ask("xhr", "").await, 200);
        let mut receiver = soon(server.receivers.recv()).await.unwrap();
        let text = format!("[\"{}\"]", "x".repeat(4_000_000));
        let pieces: Vec<_> = text.as_bytes().chunks(piece).map(<[u8]>::to_vec).collect();
        let body = stream::iter(pieces).then(|piece| async {
            tokio::time::sleep(HEARTBEAT * 19 / 10).await;
            Ok::<_, Infallible>(piece)
        });
        let request = http::Request::post(format!("{SESSION}/xhr_send"))
            .body(Body::from_stream(body))
            .unwrap();
        let answer = server.router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), if is_taken { 204 } else { 408 });
        assert_eq!(receiver.recv().await.is_ok(), is_taken);
    }
}

#[tokio::test]
async fn a_send_whose_client_leaves_before_all_is_taken_ends_the_session() {
    let (builder, mut receivers) = deaf();
    let server = Server::start_app(builder).await;
    let session = fresh("/app");
    assert_eq!(server.poll(&session).await, "o\n");
    let mut receiver = soon(receivers.recv()).await.unwrap();
    let mut tcp = TcpStream::connect(server.address).await.unwrap();
    let body = r#"["0","1","2"]"#;
    let request = format!(
        "POST {session}/xhr_send HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n{body}",
        server.address,
        body.len()
    );
    tcp.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(soon(receiver.recv()).await, Ok("0".to_owned()));
    drop(tcp);
    // What it had said before it left may still come, but not a part of it as if it were all.
    let ended = soon(async {
        loop {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let answer = server.poll(&session).await;
            if answer.starts_with('c') {
                return answer;
            }
        }
    });
    assert_eq!(ended.await, "c[1002,\"Connection interrupted\"]\n");
    assert_eq!(receiver.recv().await, Ok("1".to_owned()));
    assert_eq!(receiver.recv().await, Err(Ended::ConnectionLost));
}
