//! What SockJS's `info` tells before a connection: what the server offers, and how far away it is.

use gloo_net::http::Method;
use podshell_client::ServerInfo;
use serde::Deserialize;

use crate::{browser::clock, net::api};

#[derive(Deserialize)]
struct Answer {
    websocket: bool,
}

/// Asks; [`None`] if no answer comes that could be understood, which is no reason not to connect.
pub(crate) async fn ask() -> Option<ServerInfo> {
    let asked = clock::now();
    let response = api::request(Method::GET, "api/sockjs/info")
        .send()
        .await
        .ok()?;
    let round_trip = clock::now() - asked;
    let Answer { websocket } = response.json().await.ok()?;
    Some(ServerInfo {
        websocket,
        round_trip,
    })
}
