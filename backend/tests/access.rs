//! Who gets in: by which name, from which page, with which key, and what a minted id and a resume key are good for.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::time::Duration;

use common::{
    TestServer, Upgrade,
    client::{Address, Connection},
    soon, web,
};
use http::{
    HeaderValue, Method, Request, StatusCode,
    header::{
        ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN,
        SEC_WEBSOCKET_PROTOCOL, SET_COOKIE,
    },
};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use podshell_shared::{
    api::SignedIn,
    terminal::{ClientMessage, EndReason, ServerMessage, session_handle},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    client_async,
    tungstenite::{self, client::IntoClientRequest as _},
};

const MINT: &str = "/api/v1/pod/default/web-0/shell/app";

/// Routes that do something, or tell something.
const GUARDED: &[&str] = &[
    "/api/v1/pods",
    MINT,
    "/api/pod/web-0/shell",
    "/api/v1/pod/default/web-0/debug/app",
    "/api/sockjs/info",
    "/ws/api/sockjs/info?x",
    "/api/sockjs/000/abc/websocket",
    "/ws/api/sockjs/000/abc/websocket",
    "/api/sockjs/websocket",
    "/api/sockjs/000/abc/eventsource",
    "/api/multiplex/info",
    "/api/multiplex/000/abc/eventsource",
];

/// Whether a terminal's connection is opened there, which an id is good for.
fn opens_terminals(path: &str) -> bool {
    path.contains("/sockjs/") || path.contains("/multiplex/")
}

/// Asks for a WebSocket: 101 is a yes.
async fn upgraded(server: &TestServer, request: Upgrade) -> StatusCode {
    let stream = TcpStream::connect(&server.host).await.unwrap();
    match soon("an answer", client_async(request, stream)).await {
        Ok((_, answer)) => answer.status(),
        Err(tungstenite::Error::Http(answer)) => answer.status(),
        Err(error) => panic!("{error}"),
    }
}

/// Signs a browser in with a link's token: status and body.
async fn sign_in(server: &TestServer, token: &str) -> (StatusCode, String) {
    let body = format!(r#"{{"token":"{token}"}}"#);
    let request = Request::post(format!("http://{}/api/v1/sign-in", server.host))
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(body.into_bytes().into()))
        .unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
    let answer = soon("an answer", client.request(request)).await.unwrap();
    assert!(!answer.headers().contains_key(SET_COOKIE));
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn token_of(link: &str) -> &str {
    link.split_once("#token=").unwrap().1
}

#[tokio::test]
async fn without_the_key_nothing_but_health_and_the_page() {
    let server = TestServer::start(web()).await;
    for path in ["/healthz", "/readyz"] {
        let answer = server.send(server.anonymous(path)).await;
        assert_eq!(answer.status, 200, "{path}");
    }
    for path in GUARDED {
        let answer = server.send(server.anonymous(path)).await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(
            answer.body.contains(r#""code":"sign-in""#),
            "{path}: {}",
            answer.body
        );
        for wrong in ["Bearer wrong", "Bearer ", "Basic wrong", "wrong"] {
            let mut request = server.anonymous(path);
            let wrong = HeaderValue::from_static(wrong);
            request.headers_mut().insert(AUTHORIZATION, wrong);
            assert_eq!(server.send(request).await.status, 401, "{path}");
        }
    }
    // The page holds nothing; there may be none in a test.
    let page = server.send(server.anonymous("/")).await;
    assert!(
        [200, 503].contains(&page.status.as_u16()),
        "{}",
        page.status
    );
    server.stop().await;
}

#[tokio::test]
async fn a_link_signs_one_browser_in() {
    let server = TestServer::start(web()).await;
    let link = token_of(&server.link).to_owned();
    // The link is no key, in whatever place.
    let mut request = server.anonymous("/api/v1/pods");
    let bearer = HeaderValue::try_from(format!("Bearer {link}")).unwrap();
    request.headers_mut().insert(AUTHORIZATION, bearer);
    assert_eq!(server.send(request).await.status, 401);
    let query = format!("/api/v1/pods?token={link}");
    assert_eq!(server.send(server.anonymous(&query)).await.status, 401);

    let (status, body) = sign_in(&server, &link).await;
    assert_eq!(status, 200, "{body}");
    let signed_in: SignedIn = serde_json::from_str(&body).unwrap();
    let credential = signed_in.credential.unwrap();
    let mut request = server.anonymous("/api/v1/pods");
    let bearer = HeaderValue::try_from(format!("Bearer {credential}")).unwrap();
    request.headers_mut().insert(AUTHORIZATION, bearer);
    assert_eq!(server.send(request).await.status, 200);
    // As a cookie it is nothing.
    let mut request = server.anonymous("/api/v1/pods");
    let cookie = HeaderValue::try_from(format!("podshell={credential}")).unwrap();
    request.headers_mut().insert(COOKIE, cookie);
    assert_eq!(server.send(request).await.status, 401);

    // Whoever comes with it after that.
    let (status, body) = sign_in(&server, &link).await;
    assert_eq!(status, 401);
    assert!(body.contains("was used before"), "{body}");
    let mut request = server.anonymous("/api/v1/pods");
    let bearer = HeaderValue::try_from(format!("Bearer {credential}")).unwrap();
    request.headers_mut().insert(AUTHORIZATION, bearer);
    assert_eq!(server.send(request).await.status, 401);
    let (status, body) = sign_in(&server, "x").await;
    assert_eq!(status, 401);
    assert!(body.contains("not of the Podshell that runs now"), "{body}");
    server.stop().await;
}

#[tokio::test]
async fn only_names_of_our_own_on_every_route_and_upgrade() {
    let server = TestServer::start(web()).await;
    let port = server.host.rsplit_once(':').unwrap().1.to_owned();
    let foreign = [
        "evil.example".to_owned(),
        format!("rebind.evil.example:{port}"),
        "null".to_owned(),
        "127.0.0.1".to_owned(),
        "127.0.0.1:1".to_owned(),
        format!("127.0.0.2:{port}"),
        format!("127.0.0.1:{port}@evil.example"),
    ];
    for host in &foreign {
        let host = HeaderValue::try_from(host).unwrap();
        for path in ["/", "/healthz", "/readyz", "/favicon.svg", "/none"]
            .iter()
            .chain(GUARDED)
        {
            // With the key as well as without.
            for mut request in [server.request(path), server.anonymous(path)] {
                request.headers_mut().insert(HOST, host.clone());
                let answer = server.send(request).await;
                assert_eq!(answer.status, 421, "{path} {host:?}");
                assert!(
                    answer.body.contains(r#""code":"wrong-host""#),
                    "{}",
                    answer.body
                );
            }
        }
        let mut request = server.upgrade("");
        let bearer = HeaderValue::try_from(format!("Bearer {}", server.token)).unwrap();
        request.headers_mut().insert(AUTHORIZATION, bearer);
        request.headers_mut().insert(HOST, host.clone());
        assert_eq!(upgraded(&server, request).await, 421, "{host:?}");
    }
    // What somebody says who is no proxy of ours.
    let mut request = server.request("/api/v1/pods");
    let headers = request.headers_mut();
    headers.insert(HOST, "evil.example".parse().unwrap());
    headers.insert("x-forwarded-host", server.host.parse().unwrap());
    assert_eq!(server.send(request).await.status, 421);
    // The other name that everyone has for this machine.
    let mut request = server.request("/api/v1/pods");
    let localhost = HeaderValue::try_from(format!("localhost:{port}")).unwrap();
    request.headers_mut().insert(HOST, localhost);
    assert_eq!(server.send(request).await.status, 200);
    // But no page is shown by it: what listens on [::1] would have its origin, and may be anyone's.
    for path in ["/", "/shell/default/web-0/app?shell=sh", "//evil.example"] {
        let mut request = server.anonymous(path);
        let localhost = HeaderValue::try_from(format!("localhost:{port}")).unwrap();
        request.headers_mut().insert(HOST, localhost);
        let html = HeaderValue::from_static("text/html");
        request.headers_mut().insert(ACCEPT, html);
        let answer = server.send(request).await;
        assert_eq!(answer.status, 307);
        let location = format!("http://127.0.0.1:{port}{path}");
        assert_eq!(answer.headers[LOCATION], location);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_page_of_another_site_does_nothing_and_learns_nothing() {
    let server = TestServer::start(web()).await;
    let own = format!("http://{}", server.host);
    let foreign = [
        "http://evil.example".to_owned(),
        "null".to_owned(),
        String::new(),
        "http://127.0.0.1:1".to_owned(),
        "http://127.0.0.1".to_owned(),
        own.replace("http", "ftp"),
        own.replace("http", "https"),
        format!("{own}.evil.example"),
        format!("http://evil.example@{}", server.host),
    ];
    // With the key: a page that has stolen it, or a browser that would send it.
    for path in GUARDED {
        for origin in &foreign {
            let mut request = server.request(path);
            let origin = HeaderValue::try_from(origin).unwrap();
            request.headers_mut().insert(ORIGIN, origin.clone());
            assert_eq!(server.send(request).await.status, 403, "{path} {origin:?}");
        }
        for site in ["cross-site", "same-site"] {
            let mut request = server.request(path);
            let site = HeaderValue::from_static(site);
            request.headers_mut().insert("sec-fetch-site", site.clone());
            assert_eq!(server.send(request).await.status, 403, "{path} {site:?}");
        }
    }
    let with = |name: &'static str, value: &str| {
        let mut request = server.upgrade("");
        let bearer = HeaderValue::try_from(format!("Bearer {}", server.token)).unwrap();
        request.headers_mut().insert(AUTHORIZATION, bearer);
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    for origin in &foreign {
        assert_eq!(
            upgraded(&server, with("origin", origin)).await,
            403,
            "{origin}"
        );
    }
    assert_eq!(
        upgraded(&server, with("sec-fetch-site", "cross-site")).await,
        403
    );
    assert_eq!(upgraded(&server, with("origin", &own)).await, 101);
    for site in ["same-origin", "none"] {
        let mut request = server.request("/api/v1/pods");
        let headers = request.headers_mut();
        headers.insert("sec-fetch-site", site.parse().unwrap());
        assert_eq!(server.send(request).await.status, 200, "{site}");
    }
    // Nobody signs in for somebody else, and no preflight says yes.
    for method in [Method::POST, Method::OPTIONS] {
        let mut request = server.anonymous("/api/v1/sign-in");
        *request.method_mut() = method;
        let headers = request.headers_mut();
        headers.insert(ORIGIN, "http://evil.example".parse().unwrap());
        let answer = server.send(request).await;
        assert_eq!(answer.status, 403);
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_proxy_of_ours_says_what_it_was_asked_for() {
    let flags = [
        "--trusted-proxy",
        "127.0.0.1",
        "--public-url",
        "http://127.0.0.1:8080",
    ];
    let server = TestServer::start_with(web(), &flags).await;
    assert!(
        server.link.starts_with("http://127.0.0.1:8080/#token="),
        "{}",
        server.link
    );
    let proxied = |host: &str, forwarded: &str, origin: &str| {
        let mut request = server.request("/api/v1/pods");
        let headers = request.headers_mut();
        headers.insert(HOST, host.parse().unwrap());
        headers.insert("x-forwarded-host", forwarded.parse().unwrap());
        headers.insert(ORIGIN, origin.parse().unwrap());
        server.send(request)
    };
    let public = ("127.0.0.1:8080", "http://127.0.0.1:8080");
    for host in ["127.0.0.1", server.host.as_str()] {
        assert_eq!(
            proxied(host, public.0, public.1).await.status,
            200,
            "{host}"
        );
    }
    let foreign = "http://evil.example";
    assert_eq!(proxied("127.0.0.1", public.0, foreign).await.status, 403);
    assert_eq!(
        proxied("127.0.0.1", "evil.example", foreign).await.status,
        421
    );
    // A page that has its own name point here can send that header as well.
    let rebound = server.host.replace("127.0.0.1", "evil.example");
    assert_eq!(proxied(&rebound, public.0, public.1).await.status, 421);
    server.stop().await;
}

#[tokio::test]
async fn a_minted_id_opens_the_connection_that_binds_it_and_nothing_else() {
    let server = TestServer::start(web()).await;
    let id = server.mint("app").await;
    let status = async |path: String| server.send(server.anonymous(&path)).await.status;
    assert_eq!(status(format!("/api/sockjs/info?{id}&t=1")).await, 200);
    for path in GUARDED.iter().filter(|path| !opens_terminals(path)) {
        assert_eq!(status(format!("{path}?{id}")).await, 401, "{path}");
    }
    // Names that look like the other route.
    for path in [
        "/api/v1/pod/api/sockjs/shell/app",
        "/api/v1/pod/api/sockjs/debug/app",
        "/api/pod/sockjs/shell",
        "/api/v1/pods/api/sockjs/info",
    ] {
        let status = status(format!("{path}?{id}")).await;
        assert!([401, 404].contains(&status.as_u16()), "{path}: {status}");
        assert_eq!(server.sessions.living(), 0);
    }
    assert_eq!(
        status("/api/v1/pod/api/sockjs/shell/app".to_owned() + "?" + &id).await,
        401
    );
    assert_eq!(status(format!("/api/sockjs/info?x{id}")).await, 401);
    assert_eq!(status(format!("/api/sockjs/info?t=1&{id}")).await, 401);

    // Another id over its connection.
    let other = server.mint("app").await;
    let mut terminal = server.connect_by(server.upgrade(&format!("?{id}"))).await;
    terminal.bind(&other, true).await;
    terminal.end().await;
    assert_eq!(terminal.exit.unwrap().reason, EndReason::UnknownId);

    let mut terminal = server
        .connect_by(server.upgrade(&format!("?{id}&t=1")))
        .await;
    terminal.bind(&id, true).await;
    terminal.resize(24, 80).await;
    terminal.see_prompt().await;
    // It has done its work.
    assert_eq!(status(format!("/api/sockjs/info?{id}")).await, 401);
    assert_eq!(
        upgraded(&server, server.upgrade(&format!("?{id}"))).await,
        401
    );

    // And is no right to go on with a session.
    let key = terminal
        .others
        .iter()
        .find_map(|message| match message {
            ServerMessage::Bound { key, .. } => Some(key.clone()),
            _ => None,
        })
        .unwrap();
    let mut thief = server
        .connect_by(server.upgrade(&format!("?{other}")))
        .await;
    let resume = ClientMessage::Resume {
        key: key.clone(),
        offset: 0,
    };
    thief.say(&resume).await;
    thief.end().await;
    assert_eq!(thief.exit.unwrap().reason, EndReason::NoSession);

    // Nor is what stands in the address of one that goes on: it takes the whole key.
    let handle = session_handle(&key);
    for wrong in [handle.to_owned(), format!("{handle}."), format!("{key}x")] {
        let mut thief = server
            .connect_by(server.upgrade(&format!("?{handle}")))
            .await;
        thief
            .say(&ClientMessage::Resume {
                key: wrong,
                offset: 0,
            })
            .await;
        thief.end().await;
        assert_eq!(thief.exit.unwrap().reason, EndReason::NoSession);
    }
    let mut thief = server
        .connect_by(server.upgrade(&format!("?{handle}")))
        .await;
    thief.bind(&other, true).await;
    thief.end().await;
    assert_eq!(thief.exit.unwrap().reason, EndReason::UnknownId);

    terminal.type_text("echo still $((40+2))\r").await;
    terminal.see("still 42").await;
    let mut next = server
        .connect_by(server.upgrade(&format!("?{handle}")))
        .await;
    next.say(&resume).await;
    next.type_text("echo here $((40+2))\r").await;
    next.see("here 42").await;
    next.type_text("exit\r").await;
    next.end().await;
    assert_eq!(next.exit.unwrap().reason, EndReason::Exited);
    terminal.end().await;
    server.stop().await;
}

#[tokio::test]
async fn a_key_on_offer_opens_connections_and_is_never_agreed_on() {
    let server = TestServer::start(web()).await;
    let offer = |path: &str, offer: String| {
        let url = format!("ws://{}{path}", server.host);
        let mut request = url.into_client_request().unwrap();
        let offer = HeaderValue::try_from(offer).unwrap();
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, offer);
        request
    };
    let path = "/ws/api/sockjs/websocket";
    let key = format!("podshell.key.{}", server.token);
    for wrong in [
        "podshell.v1".to_owned(),
        "podshell.v1, podshell.key.".to_owned(),
        "podshell.v1, podshell.key.wrong".to_owned(),
        format!("podshell.v1, {}", server.token),
        format!("podshell.v1, {key}x"),
        format!("podshell.v1, x{key}"),
        format!("podshell.v1, podshell.key.{}", token_of(&server.link)),
    ] {
        let status = upgraded(&server, offer(path, wrong.clone())).await;
        assert_eq!(status, 401, "{wrong}");
    }
    for right in [
        format!("podshell.v1, {key}"),
        format!("{key},podshell.v1"),
        format!("podshell.key.wrong.too, {key}, podshell.v1"),
    ] {
        let stream = TcpStream::connect(&server.host).await.unwrap();
        let asked = client_async(offer(path, right.clone()), stream).await;
        // Of two keys the first counts.
        if right.contains("wrong") {
            assert!(
                matches!(asked, Err(tungstenite::Error::Http(answer)) if answer.status() == 401)
            );
            continue;
        }
        let headers = asked.unwrap().1.headers().clone();
        assert_eq!(headers[SEC_WEBSOCKET_PROTOCOL], "podshell.v1", "{right}");
        assert!(!format!("{headers:?}").contains(&server.token));
    }
    // A page of another site gets nowhere with it, and it is no key to the API.
    let mut foreign = offer(path, format!("podshell.v1, {key}"));
    foreign
        .headers_mut()
        .insert(ORIGIN, "http://evil.example".parse().unwrap());
    assert_eq!(upgraded(&server, foreign).await, 403);
    for path in GUARDED.iter().filter(|path| !opens_terminals(path)) {
        let mut request = server.anonymous(path);
        let offer = HeaderValue::try_from(&key).unwrap();
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, offer);
        assert_eq!(server.send(request).await.status, 401, "{path}");
    }
    // It binds what is minted later.
    let address = Address {
        host: server.host.clone(),
        token: server.token.clone(),
    };
    let mut early = Connection::open_early(&address, 4096).await.unwrap();
    let id = server.mint("app").await;
    let bind = ClientMessage::Bind { id, extended: true };
    early.say(&bind).await.unwrap();
    let bound = soon("a shell", early.hear()).await.unwrap();
    assert!(matches!(bound, Some(ServerMessage::Bound { .. })));
    early.say(&ClientMessage::Close).await.unwrap();
    while soon("the end", early.hear()).await.unwrap().is_some() {}
    server.stop().await;
}

#[tokio::test]
async fn an_id_is_of_one_run_whatever_the_key() {
    let keys = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        keys.path(),
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
    )
    .unwrap();
    let flags = ["--ticket-key-file", keys.path().to_str().unwrap()];
    let first = TestServer::start_with(web(), &flags).await;
    let id = first.mint("app").await;
    first.stop().await;
    let second = TestServer::start_with(web(), &flags).await;
    // Without a key of that server, and with it.
    let by_id = second.upgrade(&format!("?{id}"));
    assert_eq!(upgraded(&second, by_id).await, 401);
    let mut terminal = second.connect().await;
    terminal.bind(&id, true).await;
    terminal.end().await;
    assert_eq!(terminal.exit.unwrap().reason, EndReason::UnknownId);
    second.stop().await;
}

/// Asks by POST, without any key.
async fn post(server: &TestServer, path: &str, body: String) -> (StatusCode, String) {
    let request = Request::post(format!("http://{}{path}", server.host))
        .body(Full::new(bytes::Bytes::from(body)))
        .unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = soon("an answer", client.request(request)).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_session_over_plain_http_is_its_openers_long_after_the_id_is_used() {
    let server = TestServer::start(web()).await;
    let (id, other) = (server.mint("app").await, server.mint("app").await);
    let at = |what: &str, id: &str| format!("/api/sockjs/000/known-name/{what}?{id}&t=1");
    let say = |message: &ClientMessage| {
        let text = podshell_shared::text::encode_client(message);
        serde_json::to_string(&[text]).unwrap()
    };
    let bind = say(&ClientMessage::Bind {
        id: id.clone(),
        extended: false,
    });
    let (status, body) = post(&server, &at("xhr", &id), String::new()).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "o\n"));
    assert_eq!(post(&server, &at("xhr_send", &id), bind).await.0, 204);
    server
        .ahead
        .store(120, std::sync::atomic::Ordering::Relaxed);

    // Who knows the name, and has an id of his own or none, neither speaks nor hears.
    let typed = |text: &str| {
        say(&ClientMessage::Stdin {
            data: text.to_owned().into(),
        })
    };
    for stranger in [other.as_str(), "x", ""] {
        let send = at("xhr_send", stranger);
        assert_eq!(post(&server, &send, typed("exit 9\r")).await.0, 404);
        let (status, body) = post(&server, &at("xhr", stranger), String::new()).await;
        assert!([401, 409].contains(&status.as_u16()), "{status} {body}");
    }

    assert_eq!(
        post(
            &server,
            &at("xhr_send", &id),
            typed("echo $((6*7)); exit 4\r")
        )
        .await
        .0,
        204
    );
    let mut heard = String::new();
    soon("the end", async {
        while !heard.contains("c[1,") {
            let (status, body) = post(&server, &at("xhr", &id), String::new()).await;
            assert_eq!(status, StatusCode::OK, "{body}");
            heard.push_str(&body);
        }
    })
    .await;
    assert!(heard.contains("42"), "{heard}");
    server.stop().await;
}

/// The last of it, which a browser says by a beacon while it breaks off all else: in either order, and without a key.
#[tokio::test]
async fn who_has_a_sessions_key_may_say_that_its_page_is_gone() {
    let server = TestServer::start(web()).await;
    let id = server.mint("app").await;
    let at = |what: &str| format!("/api/sockjs/000/a-name/{what}?{id}&t=1");
    let bind = podshell_shared::text::encode_client(&ClientMessage::Bind {
        id: id.clone(),
        extended: true,
    });
    let bind = serde_json::to_string(&[bind]).unwrap();
    assert_eq!(post(&server, &at("xhr"), String::new()).await.1, "o\n");
    assert_eq!(post(&server, &at("xhr_send"), bind).await.0, 204);
    let (_, bound) = post(&server, &at("xhr"), String::new()).await;
    let messages: Vec<String> = serde_json::from_str(&bound[1..]).unwrap();
    let key = match podshell_shared::text::decode_server(&messages[0]) {
        Ok(ServerMessage::Bound { key, .. }) => key,
        other => panic!("{other:?}"),
    };

    // Whoever leaves while a response is under way takes the SockJS session along.
    let receive = async || post(&server, &at("xhr"), String::new()).await;
    while timeout(Duration::from_millis(50), receive()).await.is_ok() {}
    let leave = "/api/v1/sessions/leave";
    soon("the end of the SockJS session", async {
        while post(&server, &at("xhr_send"), "[]".to_owned()).await.0 != 404 {
            tokio::task::yield_now().await;
        }
    })
    .await;

    let foreign = Request::post(format!("http://{}{leave}", server.host))
        .header("origin", "http://evil.example")
        .body(Full::new(bytes::Bytes::from(key.clone())))
        .unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let refused = soon("an answer", client.request(foreign)).await.unwrap();
    assert_eq!(refused.status(), 403);
    let handle = session_handle(&key);
    for unknown in ["", "x", handle, &key[..key.len() - 1], &"x".repeat(900)] {
        assert_eq!(post(&server, leave, unknown.to_owned()).await.0, 404);
    }
    assert_eq!(post(&server, leave, "x".repeat(2_000)).await.0, 413);
    assert_eq!(post(&server, leave, key.clone()).await.0, 204);
    // Far sooner than the grace of a lost connection is over.
    server.no_process_left().await;
    assert_eq!(post(&server, leave, key).await.0, 404);
    server.stop().await;
}
