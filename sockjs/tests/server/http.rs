//! What is answered over plain HTTP: greeting, info, and requests that cannot become a websocket.

use std::collections::HashSet;

use crate::support::{RAW, Server, echo};
use axum::Router;
use serde_json::Value;

/// With SockJS frames and raw.
const WEBSOCKETS: [&str; 2] = ["/app/0/0/websocket", RAW];

async fn server() -> Server {
    Server::start_app(echo().0).await
}

#[tokio::test]
async fn the_greeting_is_at_the_prefix_with_and_without_a_slash() {
    let server = server().await;
    for path in ["/app", "/app/"] {
        let response = server.request("GET", path, &[]).await;
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(response.body, "Welcome to SockJS!\n");
        assert_eq!(
            response.header("content-type"),
            Some("text/plain; charset=UTF-8")
        );
        assert_eq!(response.header("set-cookie"), None);
    }
    assert_eq!(server.request("HEAD", "/app/", &[]).await.status, 200);
    assert_ne!(server.request("POST", "/app", &[]).await.status, 200);
}

#[tokio::test]
async fn what_is_not_sockjs_is_not_found() {
    let server = server().await;
    for path in [
        "/a",
        "/a.html",
        "//",
        "///",
        "/a/a",
        "/a/a/",
        "/a/",
        "/a/a/carrier_pigeon",
        "/info/",
        "/INFO",
        "/websocket/",
    ] {
        assert_eq!(
            server
                .request("GET", &format!("/app{path}"), &[])
                .await
                .status,
            404,
            "{path}"
        );
    }
}

#[tokio::test]
async fn it_may_be_nested_as_a_router_too() {
    let stray = async || "the application's own";
    let app = Router::new()
        .nest("/nested", echo().0.into_router())
        .fallback(stray);
    let server = Server::serve(app).await;
    assert_eq!(
        server.request("GET", "/nested", &[]).await.body,
        "Welcome to SockJS!\n"
    );
    assert_eq!(server.request("GET", "/nested/info", &[]).await.status, 200);
    assert_eq!(
        server.request("GET", "/nested/nothing", &[]).await.status,
        404
    );
    assert_eq!(server.request("GET", "/elsewhere", &[]).await.status, 200);
}

#[tokio::test]
async fn info_tells_what_the_server_can_do() {
    let server = server().await;
    let mut entropies = HashSet::new();
    for path in ["/app/info", "/app/info?ticket&t=1700000000000"] {
        let response = server
            .request("GET", path, &[("Origin", "https://elsewhere.example")])
            .await;
        assert_eq!(response.status, 200);
        assert_eq!(
            response.header("content-type"),
            Some("application/json; charset=UTF-8")
        );
        assert_eq!(
            response.header("cache-control"),
            Some("no-store, no-cache, no-transform, must-revalidate, max-age=0")
        );
        for absent in [
            "expires",
            "last-modified",
            "set-cookie",
            "access-control-allow-origin",
        ] {
            assert_eq!(response.header(absent), None, "{absent}");
        }
        let info: Value = serde_json::from_str(&response.body).unwrap();
        assert_eq!(info["websocket"], true);
        assert_eq!(info["cookie_needed"], false);
        assert_eq!(info["origins"], serde_json::json!(["*:*"]));
        entropies.insert(u32::try_from(info["entropy"].as_u64().unwrap()).unwrap());
    }
    assert_eq!(entropies.len(), 2, "the entropy is random");
}

#[tokio::test]
async fn only_allowed_origins_may_read_info() {
    let server = Server::start_app(
        echo()
            .0
            .allow_origin(|origin| origin == "https://friend.example"),
    )
    .await;
    for method in ["GET", "OPTIONS"] {
        let friend = server
            .request(method, "/app/info", &[("Origin", "https://friend.example")])
            .await;
        assert_eq!(
            friend.header("access-control-allow-origin"),
            Some("https://friend.example"),
            "{method}"
        );
        assert_eq!(
            friend.header("access-control-allow-credentials"),
            Some("true")
        );
        for origin in ["https://foe.example", "null"] {
            let foe = server
                .request(method, "/app/info", &[("Origin", origin)])
                .await;
            assert_eq!(
                foe.header("access-control-allow-origin"),
                None,
                "{method} {origin}"
            );
            assert_eq!(foe.header("vary"), Some("origin"));
        }
        let nobody = server.request(method, "/app/info", &[]).await;
        assert_eq!(nobody.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn preflights_are_answered() {
    let server = Server::start_app(echo().0.allow_origin(|_| true)).await;
    let headers = [("Origin", "null"), ("Access-Control-Request-Method", "GET")];
    let response = server.request("OPTIONS", "/app/info", &headers).await;
    assert_eq!(response.status, 204);
    assert_eq!(response.body, "");
    assert_eq!(
        response.header("cache-control"),
        Some("public, max-age=31536000")
    );
    assert_eq!(response.header("access-control-allow-origin"), Some("null"));
    assert_eq!(
        response.header("access-control-allow-methods"),
        Some("OPTIONS, GET")
    );
    assert_eq!(response.header("access-control-max-age"), Some("31536000"));
}

#[tokio::test]
async fn a_websocket_needs_an_upgrade() {
    let server = server().await;
    let no_upgrade = "\"Connection\" must be \"Upgrade\".";
    let no_websocket = "Can \"Upgrade\" only to \"WebSocket\".";
    for path in WEBSOCKETS {
        for (headers, reason) in [
            (&[][..], no_upgrade),
            (
                &[("Connection", "Upgrade"), ("Upgrade", "h2c")],
                no_websocket,
            ),
            (
                &[("Connection", "close"), ("Upgrade", "WebSocket")],
                no_upgrade,
            ),
        ] {
            let response = server.request("GET", path, headers).await;
            assert_eq!(
                (response.status, response.body.as_str()),
                (400, reason),
                "{path} {headers:?}"
            );
        }

        let headers = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "8"),
        ];
        let response = server.request("GET", path, &headers).await;
        assert_eq!(response.status, 400, "{path}");
        assert_eq!(response.header("sec-websocket-version"), Some("13"));
    }
}

#[tokio::test]
async fn a_websocket_takes_get_only() {
    let server = server().await;
    for path in WEBSOCKETS {
        for method in ["POST", "PUT", "HEAD", "OPTIONS"] {
            let response = server.request(method, path, &[]).await;
            assert_eq!(response.status, 405, "{method} {path}");
            assert_eq!(response.header("allow"), Some("GET"));
            assert_eq!(response.header("content-type"), None);
            assert_eq!(response.body, "");
        }
    }
}

#[tokio::test]
async fn ids_are_not_empty_and_have_no_dots() {
    let server = server().await;
    for ids in [
        "/", "/a./a", "/a/a.", "/./.", "//", "/a/%2e", "/a/%ff", "/a/b/c",
    ] {
        for method in ["GET", "POST"] {
            let response = server
                .request(method, &format!("/app{ids}/websocket"), &[])
                .await;
            assert_eq!(response.status, 404, "{method} {ids}");
        }
    }
}
