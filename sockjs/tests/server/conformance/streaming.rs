//! Responses that carry many frames.

use crate::support::{Request, Server, fresh};

/// How each wraps what it carries.
fn frame(transport: &str, frame: &str) -> String {
    match transport {
        "xhr_streaming" => format!("{frame}\n"),
        "eventsource" => format!("data: {frame}\r\n\r\n"),
        _ => format!(
            "<script>\np({});\n</script>\r\n",
            serde_json::Value::from(frame)
        ),
    }
}

const ALL: [(&str, &str); 3] = [
    ("xhr_streaming", "application/javascript;charset=UTF-8"),
    ("eventsource", "text/event-stream"),
    ("htmlfile?c=%63allback", "text/html;charset=UTF-8"),
];

const HTML: &str = r#"<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.callback;
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>"#;

#[tokio::test]
async fn each_carries_frames_as_they_come() {
    let server = Server::start().await;
    for (transport, kind) in ALL {
        let session = fresh("/echo");
        let mut stream = server.stream(&session, transport).await;
        stream.assert_type(kind);
        stream.assert_not_cached();
        assert_eq!(stream.header("x-accel-buffering"), Some("no"));
        let prelude = stream.next().await;
        match transport {
            "xhr_streaming" => assert_eq!(prelude, "h".repeat(2048) + "\n"),
            "eventsource" => assert_eq!(prelude, "\r\n"),
            _ => {
                assert_eq!(prelude.trim(), HTML);
                assert!(prelude.len() > 1024);
            }
        }
        assert_eq!(stream.next().await, frame(transport, "o"));
        for (sent, got) in [
            (r#"["x"]"#, r#"a["x"]"#),
            (r#"["  \u0000\n\r "]"#, r#"a["  \u0000\n\r "]"#),
            ("[]", ""),
            (r#"["100"]"#, r#"a["100"]"#),
        ] {
            server.send(&session, sent).await;
            if !got.is_empty() {
                assert_eq!(stream.next().await, frame(transport, got));
            }
        }
    }
}

#[tokio::test]
async fn a_response_ends_when_it_has_become_long() {
    let server = Server::start().await;
    for (transport, _) in ALL {
        let session = fresh("/echo");
        let mut stream = server.stream(&session, transport).await;
        stream.next().await;
        assert_eq!(stream.next().await, frame(transport, "o"));
        let message = "x".repeat(128);
        let mut length = 0;
        while length < 4096 {
            server.send(&session, &format!("[\"{message}\"]")).await;
            let chunk = stream.next().await;
            assert_eq!(chunk, frame(transport, &format!("a[\"{message}\"]")));
            length += chunk.len();
        }
        assert_eq!(stream.chunk().await, None, "{transport}: {length} bytes");

        // The session goes on in another, which ends at a single long message.
        let mut stream = server.stream(&session, transport).await;
        stream.next().await;
        let message = "y".repeat(4096);
        server.send(&session, &format!("[\"{message}\"]")).await;
        assert_eq!(
            stream.next().await,
            frame(transport, &format!("a[\"{message}\"]"))
        );
        assert_eq!(stream.chunk().await, None);
    }
}

#[tokio::test]
async fn percent_signs_survive_eventsource() {
    let server = Server::start().await;
    let session = fresh("/echo");
    let mut stream = server.stream(&session, "eventsource").await;
    stream.next().await;
    stream.next().await;
    server.send(&session, r#"["100 % 汉"]"#).await;
    // Clients take it for percent-encoded.
    assert_eq!(
        stream.next().await,
        frame("eventsource", r#"a["100 %25 汉"]"#)
    );
}

#[tokio::test]
async fn a_page_may_read_a_stream_of_another_origin() {
    let server = Server::start().await;
    let origin = [("Origin", "test")];
    let path = format!("{}/xhr_streaming", fresh("/echo"));
    let answer = server
        .open(Request::new("POST", &path).headers(&origin))
        .await;
    answer.assert_readable_from("test");
}

#[tokio::test]
async fn what_is_called_must_be_a_name() {
    let server = Server::start().await;
    for transport in ["htmlfile", "jsonp"] {
        let path = format!("/echo/a/a/{transport}");
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 500);
        assert!(answer.body.contains(r#""callback" parameter required"#));
        for name in ["%20", "*", "abc(", "abc%28"] {
            let answer = server.get(&format!("{path}?c={name}")).await;
            assert_eq!(answer.status, 500);
            assert!(answer.body.contains(r#"invalid "callback" parameter"#));
        }
    }
}
