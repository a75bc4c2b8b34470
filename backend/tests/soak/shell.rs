//! A session of a real shell, with processes that must not stay behind.

use bytes::Bytes;
use podshell_shared::terminal::{ClientMessage, EndReason, ServerMessage};

use crate::{
    common::client::Connection,
    terminal::{next, say},
    user::Counts,
};

/// Starts something in the background and maybe something in the foreground, and goes in one of the ways
/// that there are.
pub(crate) async fn session(rng: &mut fastrand::Rng, mut connection: Connection) -> Counts {
    type_in(&mut connection, "sleep 100000 & echo $((40 + 2))\r").await;
    see(&mut connection, "42\r\n").await;
    if rng.bool() {
        type_in(&mut connection, "echo $((2 * 7)); exec sleep 100000\r").await;
        see(&mut connection, "14\r\n").await;
    }
    match rng.u32(0..3) {
        0 => {
            say(&mut connection, ClientMessage::Close).await;
            loop {
                if let ServerMessage::Exit(exit) = next(&mut connection).await {
                    assert_eq!(exit.reason, EndReason::Closed);
                    break;
                }
            }
        }
        1 => say(&mut connection, ClientMessage::Leave).await,
        _ => {}
    }
    Counts {
        sessions: 1,
        ..Counts::default()
    }
}

async fn see(connection: &mut Connection, text: &str) {
    let mut screen = Vec::new();
    while !String::from_utf8_lossy(&screen).contains(text) {
        if let ServerMessage::Stdout { data, .. } = next(connection).await {
            screen.extend_from_slice(&data);
        }
    }
}

async fn type_in(connection: &mut Connection, text: &str) {
    let data = Bytes::copy_from_slice(text.as_bytes());
    say(connection, ClientMessage::Stdin { data }).await;
}
