//! The cookie that load balancers stick to.

use serde_json::Value;

use crate::support::{Request, Server, fresh};

#[tokio::test]
async fn info_says_that_it_is_needed_and_sets_none() {
    let server = Server::start().await;
    let answer = server.get("/cookie_needed_echo/info").await;
    let said: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(said["cookie_needed"], true);
    assert_eq!(answer.header("set-cookie"), None);
}

#[tokio::test]
async fn every_transport_sets_it_or_keeps_it() {
    let server = Server::start().await;
    for (method, transport) in [
        ("POST", "xhr"),
        ("POST", "xhr_streaming"),
        ("GET", "eventsource"),
        ("GET", "htmlfile?c=%63allback"),
        ("GET", "jsonp?c=%63allback"),
    ] {
        for (cookie, value) in [("a=b", "dummy"), ("a=b; JSESSIONID=abcdef", "abcdef")] {
            let headers = [("Cookie", cookie)];
            let path = format!("{}/{transport}", fresh("/cookie_needed_echo"));
            let answer = server
                .open(Request::new(method, &path).headers(&headers))
                .await;
            let expected = format!("JSESSIONID={value}; path=/");
            assert_eq!(answer.header("set-cookie"), Some(&*expected), "{transport}");
        }
    }
}

#[tokio::test]
async fn sending_sets_it_too() {
    let server = Server::start().await;
    let session = fresh("/cookie_needed_echo");
    assert_eq!(server.poll(&session).await, "o\n");
    for transport in ["xhr_send", "jsonp_send"] {
        let answer = server.post(&format!("{session}/{transport}"), "[]").await;
        assert_eq!(
            answer.header("set-cookie"),
            Some("JSESSIONID=dummy; path=/")
        );
    }
}

#[tokio::test]
async fn without_the_option_there_is_none() {
    let server = Server::start().await;
    let answer = server.post(&format!("{}/xhr", fresh("/echo")), "").await;
    assert_eq!(answer.header("set-cookie"), None);
}
