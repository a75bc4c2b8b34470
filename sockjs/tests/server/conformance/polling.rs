//! The protocol itself, and polling.

use crate::support::{Request, Server, fresh};

#[tokio::test]
async fn a_session_from_its_beginning_to_a_second_receiver() {
    let server = Server::start().await;
    let session = fresh("/echo");
    assert_eq!(server.poll(&session).await, "o\n");
    server.send(&session, r#"["a"]"#).await;
    assert_eq!(server.poll(&session).await, "a[\"a\"]\n");
    let nowhere = format!("{}/xhr_send", fresh("/echo"));
    assert_eq!(server.post(&nowhere, r#"["a"]"#).await.status, 404);

    let path = format!("{session}/xhr");
    let waiting = server.open(Request::new("POST", &path)).await;
    assert_eq!(
        server.poll(&session).await,
        "c[2010,\"Another connection still open\"]\n"
    );
    drop(waiting);
}

#[tokio::test]
async fn a_closed_session_says_so_as_often_as_it_is_asked() {
    let server = Server::start().await;
    let session = fresh("/close");
    assert_eq!(server.poll(&session).await, "o\n");
    for _ in 0..3 {
        assert_eq!(server.poll(&session).await, "c[3000,\"Go away!\"]\n");
    }
}

#[tokio::test]
async fn headers_of_receiving_and_sending() {
    let server = Server::start().await;
    let session = fresh("/echo");
    let origin = [("Origin", "test")];
    let path = format!("{session}/xhr");
    let received = server
        .ask(Request::new("POST", &path).headers(&origin))
        .await;
    assert_eq!((received.status, &*received.body), (200, "o\n"));
    received.assert_type("application/javascript;charset=UTF-8");
    let path = format!("{session}/xhr_send");
    let request = Request::new("POST", &path)
        .headers(&origin)
        .body(r#"["x"]"#);
    let sent = server.ask(request).await;
    assert_eq!((sent.status, &*sent.body), (204, ""));
    sent.assert_type("text/plain;charset=UTF-8");
    for answer in [received, sent] {
        answer.assert_readable_from("test");
        answer.assert_not_cached();
    }
    assert_eq!(server.poll(&session).await, "a[\"x\"]\n");
}

#[tokio::test]
async fn what_is_no_json_is_refused_and_the_session_goes_on() {
    let server = Server::start().await;
    let session = fresh("/echo");
    assert_eq!(server.poll(&session).await, "o\n");
    let path = format!("{session}/xhr_send");
    for (payload, why) in [
        (r#"["x"#, "Broken JSON encoding."),
        ("[1]", "Broken JSON encoding."),
        ("", "Payload expected."),
    ] {
        let answer = server.post(&path, payload).await;
        assert_eq!(answer.status, 500);
        assert!(answer.body.contains(why), "{}", answer.body);
    }
    server.send(&session, r#"["a"]"#).await;
    assert_eq!(server.poll(&session).await, "a[\"a\"]\n");
}

#[tokio::test]
async fn any_content_type_will_do() {
    let server = Server::start().await;
    let session = fresh("/echo");
    assert_eq!(server.poll(&session).await, "o\n");
    let types = [
        "text/plain",
        "T",
        "application/json",
        "application/xml",
        "",
        "application/json; charset=utf-8",
        "text/xml; charset=utf-8",
        "text/xml",
    ];
    let path = format!("{session}/xhr_send");
    for kind in types {
        let headers = [("Content-Type", kind)];
        let request = Request::new("POST", &path)
            .headers(&headers)
            .body(r#"["a"]"#);
        assert_eq!(server.ask(request).await.status, 204, "{kind}");
    }
    let all = vec!["\"a\""; types.len()].join(",");
    let mut got = server.poll(&session).await;
    // The last may not be back yet.
    while got.matches("\"a\"").count() < types.len() {
        got = got.replace("]\n", ",") + &server.poll(&session).await["a[".len()..];
    }
    assert_eq!(got, format!("a[{all}]\n"));
}

#[tokio::test]
async fn a_batch_may_be_empty() {
    let server = Server::start().await;
    let session = fresh("/echo");
    assert_eq!(server.poll(&session).await, "o\n");
    server.send(&session, "[]").await;
    server.send(&session, r#"["a"]"#).await;
    assert_eq!(server.poll(&session).await, "a[\"a\"]\n");
}
