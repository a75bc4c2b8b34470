//! Calls to the HTTP API.

use gloo_net::http::{Method, RequestBuilder, Response};
use leptos::prelude::window;
use podshell_shared::api::{
    ApiError, DebugContainer, DebugState, ErrorCode, Minted, PodList, SessionLife, SignIn, SignedIn,
};
use serde::de::DeserializeOwned;
use web_sys::AbortSignal;

use podshell_shared::target::TargetRequest;

use crate::{
    error::{Failure, Kind},
    net::credential,
};

/// How long an answer may take, in ms.
const ANSWER_WITHIN: u32 = 20_000;

/// The pods that the user may see.
pub(crate) async fn pods() -> Result<PodList, Failure> {
    call(Method::GET, "api/v1/pods", None).await
}

/// An id to bind a terminal connection with.
pub(crate) async fn mint(target: &TargetRequest) -> Result<Minted, Failure> {
    call(Method::GET, &target.mint_path(), target.mode.query()).await
}

/// Adds a debug container to a pod, beside the container of `target`.
pub(crate) async fn add_debug(target: &TargetRequest) -> Result<DebugContainer, Failure> {
    call(Method::POST, &target.debug_path(), None).await
}

/// What the debug container of `target` is doing.
pub(crate) async fn debug_state(target: &TargetRequest) -> Result<DebugState, Failure> {
    call(Method::GET, &target.debug_path(), None).await
}

/// Whether the session that has this handle can be gone on with.
pub(crate) async fn session_life(handle: &str) -> Result<SessionLife, Failure> {
    call(Method::GET, &format!("api/v1/sessions/{handle}"), None).await
}

/// Says that the page which has a session's key goes away; by a beacon, for the browser ends other requests with the page.
pub(crate) fn leave(key: &str) {
    let navigator = window().navigator();
    // Without it the session waits longer, as for any page that was lost.
    let _ = navigator.send_beacon_with_opt_str("api/v1/sessions/leave", Some(key));
}

/// Whether the server takes the key that is there.
pub(crate) async fn is_signed_in() -> bool {
    // Of the least that it can be asked.
    let asked = request(Method::GET, "api/v1/sessions/-").send().await;
    asked.is_ok_and(|response| response.ok())
}

/// The key for a sign-in link's token.
pub(crate) async fn sign_in(asked: &SignIn) -> Result<SignedIn, Failure> {
    let request = request(Method::POST, "api/v1/sign-in").json(asked);
    let request = request.map_err(|error| Failure::new(Kind::ProtocolError, error.to_string()))?;
    answer(request.send().await).await
}

/// A request for a path relative to the document's base, with the key if there is one.
pub(crate) fn request(method: Method, path: &str) -> RequestBuilder {
    let request = RequestBuilder::new(path)
        .method(method)
        .header("Accept", "application/json")
        .abort_signal(Some(&AbortSignal::timeout_with_u32(ANSWER_WITHIN)));
    match credential::key() {
        Some(key) => request.header("Authorization", &format!("Bearer {key}")),
        None => request,
    }
}

/// Asks for a path relative to the document's base.
async fn call<T: DeserializeOwned>(
    method: Method,
    path: &str,
    query: Option<(&str, &str)>,
) -> Result<T, Failure> {
    answer(request(method, path).query(query).send().await).await
}

async fn answer<T: DeserializeOwned>(
    sent: Result<Response, gloo_net::Error>,
) -> Result<T, Failure> {
    let response = sent.map_err(|error| Failure::new(Kind::Unreachable, error.to_string()))?;
    if response.ok() {
        let answer = response.json().await;
        answer.map_err(|error| Failure::new(Kind::ProtocolError, error.to_string()))
    } else {
        let failure = refusal(response).await;
        let is_signed_out = failure.kind == Kind::SignIn;
        Err(is_signed_out
            .then(credential::refused)
            .flatten()
            .unwrap_or(failure))
    }
}

/// Reads an error's body; a proxy in between may answer with anything.
async fn refusal(response: Response) -> Failure {
    let status = response.status();
    let error = response.json().await.unwrap_or_else(|_| ApiError {
        code: ErrorCode::Unknown,
        message: format!("HTTP {status} {}", response.status_text()),
        detail: None,
        hint: None,
    });
    Failure::from_api(status, error)
}
