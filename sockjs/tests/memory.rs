//! That bounds in bytes are bounds of memory: what clients can make a session hold, by an allocator that counts.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    alloc::System,
    future::poll_fn,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::Router;
use axum_sockjs::{Builder, Receiver, Session};
use cap::Cap;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};

/// Counts what is allocated by servers and clients, which are all in this process.
#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// Runs a test while no other allocates, until all that it started is gone.
fn alone(test: impl Future<Output = ()>) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(test);
}

const MAX_MESSAGE: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(30);

async fn soon<F: Future>(what: F) -> F::Output {
    timeout(PATIENCE, what)
        .await
        .expect("did not happen in time")
}

/// A server whose handler takes nothing: it gives its receivers away.
async fn deaf(heartbeat: Duration) -> (SocketAddr, mpsc::UnboundedReceiver<Receiver>) {
    deaf_with(heartbeat, |builder| builder.max_message_size(MAX_MESSAGE)).await
}

/// The same with these settings.
async fn deaf_with(
    heartbeat: Duration,
    settings: impl FnOnce(Builder) -> Builder,
) -> (SocketAddr, mpsc::UnboundedReceiver<Receiver>) {
    let (give, receivers) = mpsc::unbounded_channel();
    let builder = Builder::new(move |session: Session| {
        let give = give.clone();
        async move {
            let (sender, receiver) = session.split();
            give.send(receiver).unwrap();
            sender.closed().await;
        }
    });
    let builder = builder
        .heartbeat(heartbeat)
        .disconnect_delay(Duration::from_secs(3600))
        .raw_protocols(["bytes"]);
    let app = Router::new().nest_service("/app", settings(builder).into_router());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, app).into_future());
    (address, receivers)
}

/// Makes a request and gives the answer's status.
async fn post(address: SocketAddr, path: &str, body: Arc<[u8]>) -> u16 {
    let head = format!(
        "POST /app/000/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let (mut read, mut write) = TcpStream::connect(address).await.unwrap().into_split();
    let saying = async {
        // One that is answered early is not wanted whole.
        let _ = write.write_all(head.as_bytes()).await;
        let _ = write.write_all(&body).await;
    };
    let mut answer = [0; "HTTP/1.1 204".len()];
    let (_, read) = tokio::join!(saying, read.read_exact(&mut answer));
    read.unwrap();
    str::from_utf8(&answer[9..]).unwrap().parse().unwrap()
}

/// The most that was allocated beyond `before`, as often as this is polled and every millisecond, until `done`.
async fn peak<T>(before: usize, done: impl Future<Output = T>) -> (usize, T) {
    let mut done = pin!(done);
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    let mut most = 0;
    let done = poll_fn(|cx| {
        // Only for the waking.
        while ticks.poll_tick(cx).is_ready() {}
        most = most.max(HEAP.allocated().saturating_sub(before));
        done.as_mut().poll(cx)
    })
    .await;
    (most, done)
}

#[test]
fn parallel_sends_hold_no_memory() {
    alone(async {
        const SENDS: usize = 200;
        let (server, mut receivers) = deaf(Duration::from_millis(500)).await;
        assert_eq!(post(server, "session/xhr", Arc::default()).await, 200);
        let _receiver = soon(receivers.recv()).await.unwrap();
        let body: Arc<[u8]> = format!("[\"{}\"]", "x".repeat(880_000)).into_bytes().into();
        // The first fills the session, so that no other finds room.
        assert_eq!(
            post(server, "session/xhr_send", Arc::clone(&body)).await,
            204
        );
        let before = HEAP.allocated();
        let mut sends = JoinSet::new();
        for _ in 0..SENDS {
            sends.spawn(post(server, "session/xhr_send", Arc::clone(&body)));
        }
        let (most, statuses) = peak(before, soon(sends.join_all())).await;
        assert!(most < 8 << 20, "{most} bytes");
        assert_eq!(statuses.len(), SENDS);
        let refused = statuses
            .iter()
            .filter(|status| matches!(status, 404 | 429 | 503));
        assert_eq!(refused.count(), SENDS, "{statuses:?}");
    });
}

/// Texts of so many bytes that cost a list of them most.
fn tiny_texts() -> String {
    let count = MAX_MESSAGE / 4 - 1;
    format!("[{}]", vec!["\"a\""; count].join(","))
}

#[test]
fn a_batch_of_tiny_texts_costs_what_its_bytes_do() {
    alone(async {
        let (server, mut receivers) = deaf(PATIENCE).await;
        assert_eq!(post(server, "session/xhr", Arc::default()).await, 200);
        let mut receiver = soon(receivers.recv()).await.unwrap();
        let body: Arc<[u8]> = tiny_texts().into_bytes().into();
        let before = HEAP.allocated();
        let sending = tokio::spawn(post(server, "session/xhr_send", body));
        let (most, _) = peak(before, async {
            for _ in 0..5000 {
                soon(receiver.recv()).await.unwrap();
            }
        })
        .await;
        assert!(most < 3 * MAX_MESSAGE, "{most} bytes");
        drop(receiver);
        assert_eq!(soon(sending).await.unwrap(), 204);
    });
}

/// Opens a WebSocket and reads past the head of the answer.
async fn websocket(address: SocketAddr, path: &str) -> TcpStream {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET /app{path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: bytes\r\n\r\n"
    );
    tcp.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(soon(tcp.read_u8()).await.unwrap());
    }
    tcp
}

/// A client's frame, masked with zeros.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = match payload.len() {
        short @ 0..126 => vec![0x80 | short as u8],
        long => [&[0x80 | 127][..], &(long as u64).to_be_bytes()].concat(),
    };
    [&[0x80 | opcode][..], &length, &[0; 4], payload].concat()
}

#[test]
fn so_it_does_in_a_websocket() {
    alone(async {
        let (server, mut receivers) = deaf(PATIENCE).await;
        let mut tcp = websocket(server, "/000/session/websocket").await;
        let mut receiver = soon(receivers.recv()).await.unwrap();
        let text = frame(1, tiny_texts().as_bytes());
        let before = HEAP.allocated();
        let (most, ()) = peak(before, async {
            tcp.write_all(&text).await.unwrap();
            for _ in 0..5000 {
                soon(receiver.recv()).await.unwrap();
            }
        })
        .await;
        assert!(most < 3 * MAX_MESSAGE, "{most} bytes");
    });
}

#[test]
fn short_messages_do_not_keep_what_they_were_read_with() {
    alone(async {
        const BINARY: u8 = 2;
        const PING: u8 = 9;
        /// All that a session lets wait, at 64 bytes and one for each.
        const MESSAGES: usize = 1000;
        let (server, mut receivers) = deaf(PATIENCE).await;
        let mut tcp = websocket(server, "/websocket").await;
        let mut receiver = soon(receivers.recv()).await.unwrap();
        let before = HEAP.allocated();
        let ping = frame(PING, &[0; 120]);
        for _ in 0..MESSAGES {
            tcp.write_all(&frame(BINARY, b"x")).await.unwrap();
            tcp.write_all(&ping.repeat(40)).await.unwrap();
        }
        // When it has answered this, it has read all.
        let last = [b"last".as_slice(), &[0; 116]].concat();
        tcp.write_all(&frame(PING, &last)).await.unwrap();
        let mut tail = Vec::new();
        while !tail.ends_with(&last) {
            if tail.len() > 4096 {
                tail.drain(..tail.len() - 256);
            }
            soon(tcp.read_buf(&mut tail)).await.unwrap();
        }
        let held = HEAP.allocated().saturating_sub(before);
        assert!(held < 256 << 10, "{held} bytes");
        for _ in 0..MESSAGES {
            soon(receiver.recv_message()).await.unwrap();
        }
    });
}

const LONG: usize = 12 << 20;

/// A server that takes long messages, with room for two of them.
async fn deaf_to_long_ones() -> (SocketAddr, mpsc::UnboundedReceiver<Receiver>) {
    let settings = |builder: Builder| {
        builder
            .max_message_size(LONG)
            .room_for_long_messages(2 * LONG + (4 << 20))
    };
    deaf_with(PATIENCE, settings).await
}

/// How a client may say something long.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Raw,
    /// As browsers do.
    Fragments,
    Framed,
    Http,
}

impl Way {
    /// What it sends.
    fn bytes(self) -> Arc<[u8]> {
        let long = "x".repeat(LONG);
        match self {
            Self::Raw => frame(2, long.as_bytes()).into(),
            Self::Fragments => {
                let pieces: Vec<_> = long.as_bytes().chunks(100_000).collect();
                let last = pieces.len() - 1;
                let frames = pieces.into_iter().enumerate().map(|(number, piece)| {
                    let mut frame = frame(if number == 0 { 2 } else { 0 }, piece);
                    frame[0] &= if number == last { 0xff } else { 0x7f };
                    frame
                });
                frames.flatten().collect()
            }
            Self::Framed => frame(1, format!("[\"{long}\"]").as_bytes()).into(),
            Self::Http => format!("[\"{long}\"]").into_bytes().into(),
        }
    }

    /// Sends it from one of several clients, and stays until the server goes.
    async fn send(self, address: SocketAddr, number: usize, bytes: Arc<[u8]>) {
        if self == Self::Http {
            let path = |what: &str| format!("{number}/{what}");
            assert_eq!(post(address, &path("xhr"), Arc::default()).await, 200);
            assert_eq!(post(address, &path("xhr_send"), bytes).await, 204);
            return;
        }
        let path = if self == Self::Framed {
            "/000/session/websocket"
        } else {
            "/websocket"
        };
        let mut tcp = websocket(address, path).await;
        tcp.write_all(&bytes).await.unwrap();
        drop(bytes);
        std::future::pending::<()>().await;
    }
}

#[test]
fn long_messages_of_all_clients_share_their_room_and_give_it_back() {
    const CLIENTS: usize = 6;
    for way in [Way::Raw, Way::Fragments, Way::Framed, Way::Http] {
        alone(async {
            let (server, mut receivers) = deaf_to_long_ones().await;
            let bytes = way.bytes();
            let before = HEAP.allocated();
            let mut clients = JoinSet::new();
            for number in 0..CLIENTS {
                clients.spawn(way.send(server, number, Arc::clone(&bytes)));
            }
            let (say, mut heard) = mpsc::unbounded_channel();
            let mut takers = JoinSet::new();
            for _ in 0..CLIENTS {
                let mut receiver = soon(receivers.recv()).await.unwrap();
                let say = say.clone();
                takers.spawn(async move {
                    let said = receiver.recv_with_room().await.unwrap();
                    say.send(said).unwrap();
                    receiver
                });
            }
            let everything = async {
                let mut held = Vec::new();
                for _ in 0..CLIENTS {
                    let (message, room) = soon(heard.recv()).await.unwrap();
                    assert!(room.is_some(), "{way:?}");
                    held.push((message, room));
                    if held.len() == 2 {
                        // There is room for no other.
                        assert!(
                            timeout(Duration::from_millis(300), heard.recv())
                                .await
                                .is_err()
                        );
                        held.remove(0);
                    }
                }
            };
            let (most, ()) = peak(before, everything).await;
            // Those that wait, and one that is being decoded.
            assert!(most < 4 * LONG + (12 << 20), "{way:?}: {most} bytes");
            // The connections are still there.
            let receivers = takers.join_all().await;
            let held = HEAP.allocated().saturating_sub(before);
            assert!(held < 1 << 20, "{way:?}: {held} bytes");
            drop((receivers, clients));
        });
    }
}
