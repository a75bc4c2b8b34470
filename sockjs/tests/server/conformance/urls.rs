//! Greeting, iframe page, info, and the URLs of sessions.

use serde_json::Value;

use crate::support::{Request, Server, fresh};

#[tokio::test]
async fn the_greeting() {
    let server = Server::start().await;
    for path in ["/echo", "/echo/"] {
        let answer = server.get(path).await;
        assert_eq!(
            (answer.status, &*answer.body),
            (200, "Welcome to SockJS!\n")
        );
        answer.assert_type("text/plain;charset=UTF-8");
        assert_eq!(answer.header("set-cookie"), None);
    }
    for path in ["/a", "/a.html", "//", "///", "/a/a", "/a/a/", "/a/"] {
        assert_eq!(
            server.get(&format!("/echo{path}")).await.status,
            404,
            "{path}"
        );
    }
}

const IFRAME: &str = r#"<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="URL"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>"#;

#[tokio::test]
async fn the_iframe_page() {
    let server = Server::start().await;
    for path in [
        "/iframe.html",
        "/iframe-a.html",
        "/iframe-.html",
        "/iframe-0.1.2.html",
        "/iframe-0.1.2abc-dirty.2144.html",
        "/iframe-a.html?t=1234",
        "/iframe-0.1.2.html?t=123414",
        "/iframe-0.1.2abc-dirty.2144.html?t=qweqweq123",
    ] {
        let answer = server.get(&format!("/echo{path}")).await;
        assert_eq!(answer.status, 200, "{path}");
        answer.assert_type("text/html;charset=UTF-8");
        answer.assert_cached();
        assert!(answer.header("etag").is_some());
        assert_eq!(answer.header("set-cookie"), None);
        let (before, after) = IFRAME.split_once("URL").unwrap();
        let url = answer.body.trim().strip_prefix(before).unwrap();
        let url = url.strip_suffix(after).unwrap();
        assert!(url.starts_with('/') || url.starts_with("http"), "{url}");
    }
    for path in [
        "/iframe.htm",
        "/iframe",
        "/IFRAME.HTML",
        "/IFRAME",
        "/iframe.HTML",
        "/iframe.xml",
        "/iframe-/.html",
    ] {
        assert_eq!(
            server.get(&format!("/echo{path}")).await.status,
            404,
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_iframe_page_is_sent_once() {
    let server = Server::start().await;
    let first = server.get("/echo/iframe.html").await;
    let tag = first.header("etag").unwrap();
    let known = [("If-None-Match", tag)];
    let again = server
        .ask(Request::new("GET", "/echo/iframe-1.html").headers(&known))
        .await;
    assert_eq!((again.status, &*again.body), (304, ""));
    assert_eq!(
        (again.header("etag"), again.header("content-type")),
        (Some(tag), None)
    );
}

async fn info(server: &Server, service: &str) -> Value {
    let answer = server.get(&format!("/{service}/info")).await;
    assert_eq!(answer.status, 200);
    serde_json::from_str(&answer.body).unwrap()
}

#[tokio::test]
async fn info_says_what_there_is() {
    let server = Server::start().await;
    let origin = [("Origin", "test")];
    let request = Request::new("GET", "/echo/info").headers(&origin);
    let answer = server.ask(request).await;
    answer.assert_type("application/json;charset=UTF-8");
    answer.assert_not_cached();
    answer.assert_readable_from("test");
    assert_eq!(answer.header("set-cookie"), None);
    let said: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(said["websocket"], true);
    assert_eq!(said["cookie_needed"], false);
    assert_eq!(said["origins"], serde_json::json!(["*:*"]));
    let entropy = said["entropy"].as_u64().unwrap();
    assert!(u32::try_from(entropy).is_ok());
    assert_ne!(info(&server, "echo").await["entropy"], said["entropy"]);
    assert_eq!(
        info(&server, "disabled_websocket_echo").await["websocket"],
        false
    );
}

/// What a browser is told that asks before it lets a page of another origin ask.
async fn assert_preflight(server: &Server, path: &str, methods: &str) {
    for origin in ["test", "null"] {
        let headers = [
            ("Origin", origin),
            ("Access-Control-Request-Method", methods),
        ];
        let answer = server
            .ask(Request::new("OPTIONS", path).headers(&headers))
            .await;
        assert_eq!((answer.status, &*answer.body), (204, ""), "{path}");
        answer.assert_cached();
        answer.assert_readable_from(origin);
        let age: u32 = answer
            .header("access-control-max-age")
            .unwrap()
            .parse()
            .unwrap();
        assert!(age > 1_000_000);
        let allowed = answer.header("access-control-allow-methods").unwrap();
        assert!(
            methods.split(", ").all(|method| allowed.contains(method)),
            "{allowed}"
        );
    }
}

#[tokio::test]
async fn browsers_may_ask_first() {
    let server = Server::start().await;
    assert_preflight(&server, "/echo/info", "OPTIONS, GET").await;
    for transport in ["xhr", "xhr_send", "xhr_streaming", "jsonp_send"] {
        assert_preflight(
            &server,
            &format!("/echo/abc/abc/{transport}"),
            "OPTIONS, POST",
        )
        .await;
    }
}

#[tokio::test]
async fn headers_that_a_page_wants_to_send_are_allowed() {
    let server = Server::start().await;
    for (wanted, allowed) in [
        (Some("a, b, c"), Some("a, b, c")),
        (Some(""), None),
        (None, None),
    ] {
        let mut headers = vec![
            ("Origin", "test"),
            ("Access-Control-Request-Method", "POST"),
        ];
        headers.extend(wanted.map(|wanted| ("Access-Control-Request-Headers", wanted)));
        let path = format!("{}/xhr", fresh("/echo"));
        let answer = server
            .ask(Request::new("OPTIONS", &path).headers(&headers))
            .await;
        answer.assert_readable_from("test");
        assert_eq!(answer.header("access-control-allow-headers"), allowed);
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_do_nothing_by_default() {
    let server = Server::start_with(|builder| builder.allow_origin(|_| false)).await;
    let headers = [
        ("Origin", "test"),
        ("Access-Control-Request-Method", "POST"),
    ];
    let path = format!("{}/xhr", fresh("/echo"));
    for method in ["OPTIONS", "POST"] {
        let answer = server
            .ask(Request::new(method, &path).headers(&headers))
            .await;
        for header in ["origin", "credentials", "methods", "headers"] {
            assert_eq!(
                answer.header(&format!("access-control-allow-{header}")),
                None
            );
        }
    }
}

#[tokio::test]
async fn any_name_will_do_for_a_server_and_a_session() {
    let server = Server::start().await;
    for path in ["/a/a", "/_/_", "/1/", "/abcdefgh_i-j%20/abcdefg_i-j%20"] {
        assert_eq!(server.poll(&format!("/echo{path}1")).await, "o\n");
    }
    for path in ["//", "/a./a", "/a/a.", "/./.", "/", "///"] {
        let path = format!("/echo{path}/xhr");
        assert_eq!(server.get(&path).await.status, 404, "{path}");
        assert_eq!(server.post(&path, "").await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_server_in_the_path_means_nothing() {
    let server = Server::start().await;
    assert_eq!(server.poll("/echo/000/same").await, "o\n");
    server.send("/echo/000/same", r#"["a"]"#).await;
    assert_eq!(server.poll("/echo/999/same").await, "a[\"a\"]\n");
}

#[tokio::test]
async fn other_methods_are_refused_without_a_word() {
    let server = Server::start().await;
    for (method, path, allowed) in [
        ("GET", "xhr", "OPTIONS, POST"),
        ("GET", "xhr_send", "OPTIONS, POST"),
        ("PUT", "xhr_streaming", "OPTIONS, POST"),
        ("POST", "eventsource", "OPTIONS, GET"),
        ("POST", "websocket", "GET"),
    ] {
        let path = format!("{}/{path}", fresh("/echo"));
        let answer = server.ask(Request::new(method, &path)).await;
        assert_eq!((answer.status, &*answer.body), (405, ""));
        assert_eq!(answer.header("content-type"), None);
        assert_eq!(answer.header("allow"), Some(allowed));
    }
}

#[tokio::test]
async fn what_is_off_is_not_there() {
    let server = Server::start().await;
    for path in ["websocket", "0/0/websocket"] {
        let path = format!("/disabled_websocket_echo/{path}");
        assert_eq!(server.get(&path).await.status, 404);
    }
    let app = axum_sockjs::Builder::new(async |_| {}).into_router();
    let server = Server::serve(axum::Router::new().nest_service("/plain", app)).await;
    for path in ["iframe.html", "0/0/htmlfile?c=a", "0/0/jsonp?c=a"] {
        assert_eq!(
            server.get(&format!("/plain/{path}")).await.status,
            404,
            "{path}"
        );
    }
    assert_eq!(
        server.post("/plain/0/0/jsonp_send", "d=[]").await.status,
        404
    );
}
