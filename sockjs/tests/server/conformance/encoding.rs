//! Any text arrives as it was sent, whatever browsers and servers have to escape.

use crate::support::{Server, fresh};

/// What the server has to escape, beyond what JSON asks for.
fn server_escapes() -> Vec<char> {
    [
        0x200c..=0x200f,
        0x2028..=0x202f,
        0x2060..=0x206f,
        0xfff0..=0xffff,
    ]
    .into_iter()
    .flatten()
    .filter_map(char::from_u32)
    .collect()
}

#[tokio::test]
async fn the_server_escapes_what_browsers_would_mangle() {
    let server = Server::start().await;
    let session = fresh("/echo");
    assert_eq!(server.poll(&session).await, "o\n");
    let raw: String = server_escapes().into_iter().collect();
    server.send(&session, &format!("[\"{raw}\"]")).await;
    let escaped: String = raw
        .chars()
        .map(|c| format!("\\u{:04x}", u32::from(c)))
        .collect();
    assert_eq!(server.poll(&session).await, format!("a[\"{escaped}\"]\n"));
}

#[tokio::test]
async fn the_server_takes_whatever_browsers_escape() {
    let server = Server::start().await;
    let session = fresh("/echo");
    assert_eq!(server.poll(&session).await, "o\n");
    // All that there is beside surrogates.
    let all: String = (0..0x1_0000).filter_map(char::from_u32).collect();
    let escaped: String = all
        .chars()
        .map(|c| format!("\\u{:04x}", u32::from(c)))
        .collect();
    server.send(&session, &format!("[\"{escaped}\"]")).await;
    let got = server.poll(&session).await;
    let got: Vec<String> = serde_json::from_str(got.trim_start_matches('a')).unwrap();
    assert!(got == [all], "another text came back");
}

#[tokio::test]
async fn surrogates_come_in_pairs_or_are_replaced() {
    let server = Server::start().await;
    let session = fresh("/echo");
    assert_eq!(server.poll(&session).await, "o\n");
    server
        .send(&session, r#"["\ud83c\udf89", "\ud83c!"]"#)
        .await;
    let mut got = server.poll(&session).await;
    if !got.contains('!') {
        got = got.replace("]\n", ",") + &server.poll(&session).await["a[".len()..];
    }
    // U+FFFD is one that is escaped.
    assert_eq!(got, "a[\"🎉\",\"\\ufffd!\"]\n");
}
