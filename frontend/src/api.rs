//! Calls to the HTTP API.

use gloo_net::http::{Method, RequestBuilder, Response};
use podshell_shared::api::{ApiError, DebugContainer, DebugState, Minted, PodList};
use serde::de::DeserializeOwned;
use web_sys::AbortSignal;

use crate::{
    failure::{Failure, Kind},
    route::Target,
};

/// How long an answer may take, in ms.
const ANSWER_WITHIN: u32 = 20_000;

/// The pods that the user may see.
pub(crate) async fn pods() -> Result<PodList, Failure> {
    call(Method::GET, "api/v1/pods", None).await
}

/// An id to bind a terminal connection with.
pub(crate) async fn mint(target: &Target) -> Result<Minted, Failure> {
    call(Method::GET, &target.mint_path(), target.query()).await
}

/// Adds a debug container to a pod, beside the container of `target`.
pub(crate) async fn add_debug(target: &Target) -> Result<DebugContainer, Failure> {
    call(Method::POST, &target.debug_path(), None).await
}

/// What the debug container of `target` is doing.
pub(crate) async fn debug_state(target: &Target) -> Result<DebugState, Failure> {
    call(Method::GET, &target.debug_path(), None).await
}

/// Asks for a path relative to the document's base.
async fn call<T: DeserializeOwned>(
    method: Method,
    path: &str,
    query: Option<(&str, &str)>,
) -> Result<T, Failure> {
    let response = RequestBuilder::new(path)
        .method(method)
        .query(query)
        .header("Accept", "application/json")
        .abort_signal(Some(&AbortSignal::timeout_with_u32(ANSWER_WITHIN)))
        .send()
        .await
        .map_err(|error| Failure::new(Kind::Unreachable, error.to_string()))?;
    if response.ok() {
        let answer = response.json().await;
        answer.map_err(|error| Failure::new(Kind::Garbled, error.to_string()))
    } else {
        Err(refusal(response).await)
    }
}

/// Reads an error's body; a proxy in between may answer with anything.
async fn refusal(response: Response) -> Failure {
    let status = response.status();
    let error = response.json().await.unwrap_or_else(|_| ApiError {
        code: String::new(),
        message: format!("HTTP {status} {}", response.status_text()),
        hint: String::new(),
    });
    Failure::from_api(status, error)
}
