//! Polling with script elements.

use crate::support::{Answer, Request, Server, fresh};

const FORM: [(&str, &str); 1] = [("Content-Type", "application/x-www-form-urlencoded")];

async fn receive(server: &Server, session: &str) -> String {
    let answer = server.get(&format!("{session}/jsonp?c=%63allback")).await;
    assert_eq!(answer.status, 200);
    answer.assert_type("application/javascript;charset=UTF-8");
    answer.assert_not_cached();
    answer.body
}

async fn send(server: &Server, session: &str, form: &str) -> Answer {
    let path = format!("{session}/jsonp_send");
    let request = Request::new("POST", &path).headers(&FORM).body(form);
    server.ask(request).await
}

fn called(frame: &str) -> String {
    format!("/**/callback({});\r\n", serde_json::Value::from(frame))
}

#[tokio::test]
async fn messages_go_both_ways() {
    let server = Server::start().await;
    let session = fresh("/echo");
    assert_eq!(receive(&server, &session).await, called("o"));
    let sent = send(&server, &session, "d=%5B%22x%22%5D").await;
    assert_eq!((sent.status, &*sent.body), (200, "ok"));
    sent.assert_type("text/plain;charset=UTF-8");
    sent.assert_not_cached();
    assert_eq!(receive(&server, &session).await, called(r#"a["x"]"#));
    assert_eq!(send(&server, &session, "d=%5B%5D").await.body, "ok");
    assert_eq!(send(&server, &session, "d=%5B%22y%22%5D").await.body, "ok");
    assert_eq!(receive(&server, &session).await, called(r#"a["y"]"#));
}

#[tokio::test]
async fn what_is_no_json_is_refused_and_the_session_goes_on() {
    let server = Server::start().await;
    let session = fresh("/echo");
    assert_eq!(receive(&server, &session).await, called("o"));
    let broken = send(&server, &session, "d=%5B%22x").await;
    assert_eq!(
        (broken.status, &*broken.body),
        (500, "Broken JSON encoding.")
    );
    for form in ["", "d=", "p=p"] {
        let empty = send(&server, &session, form).await;
        assert_eq!((empty.status, &*empty.body), (500, "Payload expected."));
    }
    assert_eq!(send(&server, &session, "d=%5B%22b%22%5D").await.body, "ok");
    assert_eq!(receive(&server, &session).await, called(r#"a["b"]"#));
}

#[tokio::test]
async fn what_is_no_form_is_taken_as_it_is() {
    let server = Server::start().await;
    let session = fresh("/echo");
    assert_eq!(receive(&server, &session).await, called("o"));
    let path = format!("{session}/jsonp_send");
    let headers = [("Content-Type", "text/plain")];
    let request = Request::new("POST", &path)
        .headers(&headers)
        .body(r#"["%61bc"]"#);
    assert_eq!(server.ask(request).await.body, "ok");
    assert_eq!(receive(&server, &session).await, called(r#"a["%61bc"]"#));
}

#[tokio::test]
async fn a_closed_session_says_so_as_often_as_it_is_asked() {
    let server = Server::start().await;
    let session = fresh("/close");
    assert_eq!(receive(&server, &session).await, called("o"));
    for _ in 0..2 {
        assert_eq!(
            receive(&server, &session).await,
            called(r#"c[3000,"Go away!"]"#)
        );
    }
}
