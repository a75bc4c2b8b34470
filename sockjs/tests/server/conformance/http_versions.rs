//! HTTP/1.0 and 1.1: lengths, chunks, and connections that stay.

use crate::support::{Request, Server, fresh};

#[tokio::test]
async fn the_old_version_has_no_chunks() {
    let server = Server::start().await;
    let keep = [("Connection", "Keep-Alive")];
    let request = Request::new("GET", "/echo").version("1.0").headers(&keep);
    let answer = server.ask(request).await;
    assert_eq!(
        (answer.status, &*answer.body),
        (200, "Welcome to SockJS!\n")
    );
    assert_eq!(answer.header("content-length"), Some("19"));
    assert_eq!(answer.header("transfer-encoding"), None);

    let path = format!("{}/xhr_streaming", fresh("/close"));
    let request = Request::new("POST", &path).version("1.0").headers(&keep);
    let mut stream = server.open(request).await;
    assert_eq!(stream.status, 200);
    for header in ["transfer-encoding", "content-length"] {
        assert_eq!(stream.header(header), None);
    }
    let expected = "h".repeat(2048) + "\no\nc[3000,\"Go away!\"]\n";
    assert_eq!(stream.next().await, expected);
    assert!(stream.is_closed().await);
}

#[tokio::test]
async fn the_new_version_has_lengths_or_chunks() {
    let server = Server::start().await;
    let answer = server.get("/echo").await;
    assert_eq!(
        (&*answer.version, &*answer.body),
        ("1.1", "Welcome to SockJS!\n")
    );
    assert_eq!(answer.header("content-length"), Some("19"));
    assert_ne!(answer.header("connection"), Some("close"));

    let mut stream = server.stream(&fresh("/close"), "xhr_streaming").await;
    assert_eq!(stream.header("transfer-encoding"), Some("chunked"));
    assert_eq!(stream.header("content-length"), None);
    assert!(stream.next().await.starts_with('h'));
    assert_eq!(stream.next().await, "o\n");
    assert_eq!(stream.next().await, "c[3000,\"Go away!\"]\n");
    assert_eq!(stream.chunk().await, None);
}
