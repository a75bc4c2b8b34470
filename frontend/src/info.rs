//! What SockJS's `info` tells before a connection: what the server offers, and how far away it is.

use gloo_net::http::Request;
use serde::Deserialize;
use web_sys::AbortSignal;

use crate::dom;

/// How long the answer may take, in ms; by then the transports have found out by themselves.
const ANSWER_WITHIN: u32 = 10_000;

/// What is known of the server and the way to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Info {
    /// Whether it takes any `WebSocket` at all.
    pub(crate) websocket: bool,
    /// How long the answer took, in ms.
    pub(crate) round_trip: f64,
}

#[derive(Deserialize)]
struct Answer {
    websocket: bool,
}

/// Asks; [`None`] if no answer comes that could be understood, which is no reason not to connect.
pub(crate) async fn ask() -> Option<Info> {
    let asked = dom::now();
    let response = Request::get("api/sockjs/info")
        .abort_signal(Some(&AbortSignal::timeout_with_u32(ANSWER_WITHIN)))
        .send()
        .await
        .ok()?;
    let round_trip = dom::now() - asked;
    let Answer { websocket } = response.json().await.ok()?;
    Some(Info {
        websocket,
        round_trip,
    })
}
