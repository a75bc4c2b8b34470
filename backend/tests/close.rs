//! The code with which a connection ends says the same in every encoding.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use common::{
    TestServer,
    client::{Connection, Encoding},
    soon, until, web,
};
use fake_cluster::{ApiEffect, Container, ExecEffect, FakeCluster, Fault, Pod, Route};
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::AUTHORIZATION;
use podshell_shared::{
    close::{Carrier, Outcome, reason},
    terminal::{ClientMessage, EndReason, Exit, ServerMessage},
    text,
};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    client_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

/// How a connection is made.
#[derive(Clone, Copy, Debug)]
enum Way {
    Binary,
    SockJs,
    /// Text over a plain WebSocket.
    Raw,
}

impl Way {
    const ALL: [Self; 3] = [Self::Binary, Self::SockJs, Self::Raw];

    fn carrier(self) -> Carrier {
        match self {
            Self::SockJs => Carrier::SockJs,
            Self::Binary | Self::Raw => Carrier::WebSocket,
        }
    }
}

/// What a client says once it is told that it is bound.
type Then<'a> = &'a dyn Fn() -> Option<ClientMessage>;

/// Binds `id` and goes on with `then`: how the session ended, and the code and text that ended the connection.
async fn end(server: &TestServer, way: Way, id: String, then: Then<'_>) -> (Exit, u16, String) {
    let encoding = match way {
        Way::Binary => Encoding::Binary,
        Way::SockJs => Encoding::Text,
        Way::Raw => return end_raw(server, id, then).await,
    };
    let address = server.address();
    let connection = Connection::open(&address, encoding, 4096);
    let mut connection = soon("a connection", connection).await.unwrap();
    connection.say(&bind(id)).await.unwrap();
    let mut exit = None;
    while let Some(message) = soon("a message", connection.hear()).await.unwrap() {
        assert_eq!(exit, None, "nothing follows the end: {message:?}");
        match message {
            ServerMessage::Exit(of) => exit = Some(of),
            ServerMessage::Bound { .. } => {
                if let Some(message) = then() {
                    connection.say(&message).await.unwrap();
                }
            }
            _ => {}
        }
    }
    let (code, reason) = connection.closed().expect("a close code");
    (exit.unwrap(), code, reason.to_owned())
}

async fn end_raw(server: &TestServer, id: String, then: Then<'_>) -> (Exit, u16, String) {
    let url = format!("ws://{}/api/sockjs/websocket", server.host);
    let mut request = url.into_client_request().unwrap();
    let bearer = format!("Bearer {}", server.token).parse().unwrap();
    request.headers_mut().insert(AUTHORIZATION, bearer);
    let stream = TcpStream::connect(&server.host).await.unwrap();
    let (mut socket, _) = client_async(request, stream).await.unwrap();
    let encoded = |message| Message::text(text::encode_client(&message));
    socket.send(encoded(bind(id))).await.unwrap();
    let (mut exit, mut closed) = (None, None);
    while let Some(Ok(message)) = soon("a message", socket.next()).await {
        match message {
            Message::Text(text) => match text::decode_server(&text).unwrap() {
                ServerMessage::Exit(of) => exit = Some(of),
                ServerMessage::Bound { .. } => {
                    if let Some(message) = then() {
                        socket.send(encoded(message)).await.unwrap();
                    }
                }
                _ => {}
            },
            Message::Close(frame) => closed = frame,
            _ => {}
        }
    }
    let closed = closed.expect("a close frame");
    let (code, reason) = (closed.code.into(), closed.reason.as_str().to_owned());
    (exit.unwrap(), code, reason)
}

fn bind(id: String) -> ClientMessage {
    let extended = true;
    ClientMessage::Bind { id, extended }
}

fn check(way: Way, (exit, code, text): &(Exit, u16, String), outcome: Outcome) {
    assert_eq!(*code, outcome.code(way.carrier()), "{way:?}: {exit:?}");
    assert_eq!(text, reason(exit), "{way:?}");
}

fn typed(text: &'static str) -> Option<ClientMessage> {
    let data = text.into();
    Some(ClientMessage::Stdin { data })
}

#[tokio::test]
async fn every_end_has_its_code_in_every_encoding() {
    let server = TestServer::start(web()).await;
    let resume = || ClientMessage::Resume {
        key: String::new(),
        offset: 0,
    };
    for way in Way::ALL {
        let cases: [(Then<'_>, _, _); 3] = [
            (
                &|| typed("exit 3\r"),
                EndReason::Exited,
                Outcome::ProcessExited,
            ),
            (
                &|| Some(ClientMessage::Close),
                EndReason::Closed,
                Outcome::Other,
            ),
            (&|| Some(resume()), EndReason::Protocol, Outcome::Other),
        ];
        for (then, reason, outcome) in cases {
            let ended = end(&server, way, server.mint("app").await, then).await;
            assert_eq!(ended.0.reason, reason, "{way:?}");
            check(way, &ended, outcome);
        }
        let refuse = ExecEffect::Refuse {
            code: 403,
            message: "you may not".to_owned(),
        };
        // An exec that ends one of those would be refused instead.
        until("their end", || server.sessions.living() == 0).await;
        server.cluster.inject(Fault::exec(refuse).once());
        let ended = end(&server, way, server.mint("app").await, &|| None).await;
        assert_eq!(ended.0.reason, EndReason::Forbidden, "{way:?}");
        check(way, &ended, Outcome::Other);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_process_that_ended_without_a_known_exit_code_has_ended() {
    let mut pod = Pod::new("default", "web-0");
    for name in ["a", "b", "c"] {
        let main = Container::new(name).main("sh", &["-c", "read -r x; exit 3"], true);
        pod = pod.container(main);
    }
    let server = TestServer::start(FakeCluster::builder().pod(pod)).await;
    for (way, name) in Way::ALL.into_iter().zip(["a", "b", "c"]) {
        let path = format!("/api/v1/pod/default/web-0/shell/{name}?mode=attach");
        let id = server.mint_at(&path).await;
        let then = || {
            // The pod would show the exit code.
            let refuse = ApiEffect::Refuse {
                code: 500,
                message: "later".to_owned(),
            };
            server.cluster.inject(Fault::api(Route::GetPod, refuse));
            typed("\r")
        };
        let ended = end(&server, way, id, &then).await;
        let how = (ended.0.reason, ended.0.code);
        assert_eq!(how, (EndReason::Exited, None), "{way:?}: {:?}", ended.0);
        check(way, &ended, Outcome::ProcessExited);
        server.cluster.clear_faults();
    }
    server.stop().await;
}
