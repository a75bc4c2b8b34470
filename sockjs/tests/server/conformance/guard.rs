//! Who may open a session, and that one over plain HTTP belongs to whoever opened it.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::response::{IntoResponse as _, Response};
use axum_sockjs::{Builder, Guard, Session};
use futures_util::StreamExt as _;
use http::{StatusCode, request::Parts};

use crate::support::{Answer, Request, Server, fresh, soon};

/// Lets in who brings a ticket as the first thing in the query, once for each ticket. A number is one.
#[derive(Clone, Default)]
struct Tickets {
    used: Arc<Mutex<HashSet<String>>>,
    asked: Arc<AtomicUsize>,
}

/// What the guard leaves for the handler.
#[derive(Clone)]
struct Ticket(String);

fn ticket(parts: &Parts) -> Option<&str> {
    parts.uri.query()?.split('&').next()
}

impl Guard for Tickets {
    fn admit(&self, parts: &mut Parts) -> Result<(), Box<Response>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let refused = || (StatusCode::UNAUTHORIZED, "No ticket.").into_response();
        let ticket = ticket(parts)
            .filter(|ticket| ticket.parse::<u32>().is_ok())
            .ok_or_else(refused)?
            .to_owned();
        if parts.uri.path() != "/info" && !self.used.lock().unwrap().insert(ticket.clone()) {
            return Err((StatusCode::UNAUTHORIZED, "Used.").into_response().into());
        }
        parts.extensions.insert(Ticket(ticket));
        Ok(())
    }

    fn identity(&self, parts: &Parts) -> Option<Vec<u8>> {
        Some(ticket(parts)?.as_bytes().to_vec())
    }
}

impl Tickets {
    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

/// A guarded server whose sessions begin with the ticket, and go on as an echo.
async fn guarded() -> (Server, Tickets) {
    let tickets = Tickets::default();
    let builder = Builder::new(async |mut session: Session| {
        let Ticket(ticket) = session.parts().extensions.get().cloned().unwrap();
        session.send(ticket).await.unwrap();
        while let Ok(message) = session.recv().await {
            let _ = session.send(message).await;
        }
    });
    let builder = builder
        .guard(tickets.clone())
        .allow_origin(|_| true)
        .legacy_transports("/sockjs.js");
    (Server::start_app(builder).await, tickets)
}

/// Every way to open a session, with the query to be put behind it.
const OPENING: [(&str, &str); 7] = [
    ("POST", "/app/000/name/xhr?"),
    ("POST", "/app/000/name/xhr_streaming?"),
    ("GET", "/app/000/name/eventsource?"),
    ("GET", "/app/000/name/htmlfile?c=f"),
    ("GET", "/app/000/name/jsonp?c=f"),
    ("GET", "/app/000/name/websocket?"),
    ("GET", "/app/websocket?"),
];

const UPGRADE: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "x3JJHMbDL1EzLkh9GBhXDw=="),
];

#[tokio::test]
async fn who_is_not_admitted_opens_nothing() {
    let (server, tickets) = guarded().await;
    for (method, path) in OPENING {
        let before = tickets.asked();
        let headers: &[_] = if path.contains("websocket") {
            &UPGRADE
        } else {
            &[]
        };
        let request = Request::new(method, path).headers(headers);
        let answer = server.ask(request).await;
        assert_eq!(
            (answer.status, &*answer.body),
            (401, "No ticket."),
            "{path}"
        );
        assert_eq!(tickets.asked(), before + 1, "{path}");
    }
    let info = server.get("/app/info").await;
    assert_eq!((info.status, &*info.body), (401, "No ticket."));
    let info = server.get("/app/info?1&t=1700000000000").await;
    assert_eq!(info.status, 200);
    assert!(info.body.contains("entropy"));
    assert!(server.sessions.is_empty(), "a session was opened");
}

#[tokio::test]
async fn what_opens_nothing_is_not_guarded() {
    let (server, tickets) = guarded().await;
    assert_eq!(server.get("/app/").await.status, 200);
    assert_eq!(server.get("/app/iframe.html").await.status, 200);
    assert_eq!(server.get("/app/nothing").await.status, 404);
    for path in [
        "/app/info",
        "/app/0/0/xhr",
        "/app/0/0/xhr_send",
        "/app/0/0/eventsource",
    ] {
        let preflight = Request::new("OPTIONS", path).headers(&[("Origin", "test")]);
        let preflight = server.ask(preflight).await;
        assert_eq!(preflight.status, 204, "{path}");
        preflight.assert_readable_from("test");
    }
    assert_eq!(server.post("/app/0/0/xhr_send", "[]").await.status, 404);
    assert_eq!(tickets.asked(), 0);
}

#[tokio::test]
async fn what_the_guard_leaves_reaches_the_handler() {
    let (server, _) = guarded().await;
    let session = fresh("/app");
    let poll = format!("{session}/xhr?1");
    assert_eq!(server.post(&poll, "").await.body, "o\n");
    assert_eq!(server.post(&poll, "").await.body, "a[\"1\"]\n");
    let paths = ["/app/000/session/websocket?2", "/app/websocket?3"];
    for (path, told) in paths.into_iter().zip(["oa[\"2\"]", "3"]) {
        let mut socket = server.websocket(path).await;
        let mut heard = String::new();
        while heard.len() < told.len() {
            let message = soon(socket.next()).await.unwrap().unwrap();
            heard.push_str(message.to_text().unwrap());
        }
        assert_eq!(heard, told);
    }
}

#[tokio::test]
async fn the_opening_request_speaks_for_those_that_follow() {
    let (server, tickets) = guarded().await;
    let receiving = [
        ("POST", "xhr"),
        ("POST", "xhr_streaming"),
        ("GET", "eventsource"),
        ("GET", "htmlfile"),
        ("GET", "jsonp"),
    ];
    for (count, (method, transport)) in (1..).zip(receiving) {
        let session = fresh("/app");
        // As SockJS's own client has it, with the time behind what the application put there.
        let path =
            |transport: &str, time: u32| format!("{session}/{transport}?{count}&t={time}&c=f");
        assert_eq!(server.post(&path("xhr", 1), "").await.body, "o\n");
        let greeting = format!("a[\"{count}\"]\n");
        assert_eq!(server.post(&path("xhr", 2), "").await.body, greeting);
        assert_eq!(
            server
                .post(&path("xhr_send", 3), r#"["said"]"#)
                .await
                .status,
            204
        );
        assert_eq!(
            server
                .post(&path("jsonp_send", 4), r#"["too"]"#)
                .await
                .status,
            200
        );
        let mut got = String::new();
        while !(got.contains("said") && got.contains("too")) {
            let path = path(transport, 5);
            let mut answer = server.open(Request::new(method, &path)).await;
            assert_eq!(answer.status, 200, "{transport}");
            while !(got.contains("said") && got.contains("too")) {
                let Some(chunk) = answer.chunk().await else {
                    break;
                };
                got.push_str(&chunk);
            }
        }
        assert_eq!(tickets.asked(), count, "a ticket is good for opening once");
    }
}

/// What only the client of the session should get.
fn assert_tells_nothing(answer: &Answer) {
    assert!(!answer.body.contains("secret"), "{}", answer.body);
}

#[tokio::test]
async fn another_client_neither_hears_nor_speaks_in_a_session() {
    let (server, _) = guarded().await;
    let session = fresh("/app");
    let owned = format!("{session}/xhr?1");
    assert_eq!(server.post(&owned, "").await.body, "o\n");
    assert_eq!(server.post(&owned, "").await.body, "a[\"1\"]\n");
    let send = format!("{session}/xhr_send?1&t=5");
    assert_eq!(server.post(&send, r#"["secret"]"#).await.status, 204);
    for (stranger, receives) in [("", 401), ("x", 401), ("1x", 401), ("2", 409), ("2", 401)] {
        for sending in ["xhr_send", "jsonp_send"] {
            let path = format!("{session}/{sending}?{stranger}");
            assert_eq!(server.post(&path, r#"["forged"]"#).await.status, 404);
        }
        let path = format!("{session}/xhr?{stranger}");
        let answer = server.post(&path, "").await;
        assert_eq!(answer.status, receives, "{stranger:?}");
        assert_tells_nothing(&answer);
    }
    for (number, (method, path)) in (10..).zip([
        ("POST", "xhr_streaming?"),
        ("GET", "eventsource?"),
        ("GET", "htmlfile?"),
        ("GET", "jsonp?"),
    ]) {
        let path = format!("{session}/{path}{number}&c=f");
        let answer = server.ask(Request::new(method, &path)).await;
        assert_eq!(answer.status, 409, "{path}");
        assert_tells_nothing(&answer);
    }
    assert_eq!(server.post(&owned, "").await.body, "a[\"secret\"]\n");
}
