//! How sessions over plain HTTP end.

use crate::support::{Request, Server, fresh, soon};

const ANOTHER: &str = "c[2010,\"Another connection still open\"]\n";
const INTERRUPTED: &str = "c[1002,\"Connection interrupted\"]\n";

#[tokio::test]
async fn the_close_frame_is_the_last_of_every_response() {
    let server = Server::start().await;
    let session = fresh("/close");
    let mut first = server.stream(&session, "xhr_streaming").await;
    first.next().await;
    assert_eq!(first.next().await, "o\n");
    assert_eq!(first.next().await, "c[3000,\"Go away!\"]\n");
    assert_eq!(first.chunk().await, None);
    let mut second = server.stream(&session, "xhr_streaming").await;
    second.next().await;
    assert_eq!(second.next().await, "c[3000,\"Go away!\"]\n");
    assert_eq!(second.chunk().await, None);
}

#[tokio::test]
async fn one_response_at_a_time() {
    let server = Server::start().await;
    let session = fresh("/echo");
    let mut first = server.stream(&session, "xhr_streaming").await;
    first.next().await;
    assert_eq!(first.next().await, "o\n");
    let mut second = server.stream(&session, "xhr_streaming").await;
    second.next().await;
    assert_eq!(second.next().await, ANOTHER);
    assert_eq!(second.chunk().await, None);
    // The first is none the worse for it.
    server.send(&session, r#"["a"]"#).await;
    assert_eq!(first.next().await, "a[\"a\"]\n");
}

#[tokio::test]
async fn a_response_that_breaks_ends_the_session() {
    let server = Server::start().await;
    for streaming in [true, false] {
        let session = fresh("/echo");
        let path = format!(
            "{session}/{}",
            if streaming { "xhr_streaming" } else { "xhr" }
        );
        if !streaming {
            assert_eq!(server.poll(&session).await, "o\n");
        }
        let mut receiving = server.open(Request::new("POST", &path)).await;
        if streaming {
            receiving.next().await;
            assert_eq!(receiving.next().await, "o\n");
        }
        assert_eq!(server.poll(&session).await, ANOTHER);
        drop(receiving);
        // The server has to notice.
        soon(async {
            loop {
                match &*server.poll(&session).await {
                    ANOTHER => {}
                    INTERRUPTED => return,
                    other => panic!("{other}"),
                }
            }
        })
        .await;
    }
}

#[tokio::test]
async fn what_was_sent_before_the_close_comes_before_it() {
    let app = axum_sockjs::Builder::new(async |session: axum_sockjs::Session| {
        for count in 0..1000 {
            session.send(count.to_string()).await.unwrap();
        }
        session.close(4000, "done");
    });
    let app = axum::Router::new().nest_service("/count", app.into_router());
    let server = Server::serve(app).await;
    let session = fresh("/count");
    let mut got = Vec::new();
    assert_eq!(server.poll(&session).await, "o\n");
    loop {
        let frame = server.poll(&session).await;
        match frame.strip_prefix('a') {
            Some(batch) => got.extend(serde_json::from_str::<Vec<String>>(batch).unwrap()),
            None => break assert_eq!(frame, "c[4000,\"done\"]\n"),
        }
    }
    assert!(got.into_iter().eq((0..1000).map(|count| count.to_string())));
}
