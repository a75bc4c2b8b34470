//! Calls to the HTTP API.

use std::{cell::Cell, pin::Pin};

use gloo_net::http::{Method, Request, RequestBuilder, Response};
use gloo_timers::callback::Timeout;
use leptos::prelude::window;
use podshell_shared::api::{
    ApiError, DebugContainer, DebugOptions, DebugProfile, DebugState, ErrorCode, Me, Minted, Pod,
    PodList, Rights, SessionLife, SignIn, SignInMethod, SignedIn,
};
use serde::de::DeserializeOwned;
use web_sys::{AbortController, AbortSignal};

use podshell_shared::target::{PodRequest, TargetRequest};

use crate::{
    error::{Failure, Kind},
    net::{body::Body, credential, server_time, sign_in_mark},
};

/// How long an answer may take, in ms.
const ANSWER_WITHIN: u32 = 20_000;

thread_local! {
    /// How people sign in here, once the server has said so.
    static METHOD: Cell<Option<SignInMethod>> = const { Cell::new(None) };
}

/// The pods that the user may see, in one namespace or in all: what is newer than a version, or the first of them.
pub(crate) async fn pods(namespace: Option<&str>, after: &str) -> Result<PodList, Failure> {
    let namespace = namespace.map(|namespace| ("namespace", namespace));
    let query = namespace.into_iter().chain([("after", after)]);
    call(Method::GET, "api/v1/pods", query).await
}

/// One of them.
pub(crate) async fn pod(asked: &PodRequest) -> Result<Pod, Failure> {
    call(Method::GET, &asked.path(), None).await
}

/// An id to bind a terminal connection with.
pub(crate) async fn mint(target: &TargetRequest) -> Result<Minted, Failure> {
    call(Method::GET, &target.mint_path(), target.mode.query()).await
}

/// What debug containers there may be.
pub(crate) async fn debug_options() -> Result<DebugOptions, Failure> {
    call(Method::GET, "api/v1/debug", None).await
}

/// Adds a debug container to a pod, beside the container of `target`; with a profile, or one that the server chooses.
pub(crate) async fn add_debug(
    target: &TargetRequest,
    profile: Option<DebugProfile>,
) -> Result<DebugContainer, Failure> {
    let query = profile.map(|profile| ("profile", profile.name()));
    call(Method::POST, &target.debug_path(), query).await
}

/// What the debug container of `target` is doing.
pub(crate) async fn debug_state(target: &TargetRequest) -> Result<DebugState, Failure> {
    call(Method::GET, &target.debug_path(), None).await
}

/// Whether the session that has this handle can be gone on with.
pub(crate) async fn session_life(handle: &str) -> Result<SessionLife, Failure> {
    call(Method::GET, &format!("api/v1/sessions/{handle}"), None).await
}

/// What the user may do with the pods of a namespace.
pub(crate) async fn rights(namespace: &str) -> Result<Rights, Failure> {
    call(Method::GET, &format!("api/v1/rights/{namespace}"), None).await
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

/// How people sign in here; [`None`] if the server does not say so.
pub(crate) async fn sign_in_method() -> Option<SignInMethod> {
    if let Some(known) = METHOD.get() {
        return Some(known);
    }
    let sent = request(Method::GET, "api/v1/sign-in").send().await.ok()?;
    let method = sent.json().await.ok();
    METHOD.set(method);
    method
}

/// Whether people sign in by something else than the printed link, as far as the server has been asked.
pub(crate) fn has_sign_in_page() -> bool {
    METHOD
        .get()
        .is_some_and(|method| method != SignInMethod::Link)
}

/// A container's log as it comes, until it ends or `abort` ends it; from its [path](podshell_shared::log::LogRequest::path).
pub(crate) async fn log(path: &str, abort: &AbortController) -> Result<Body, Failure> {
    let late = {
        let abort = abort.clone();
        Timeout::new(ANSWER_WITHIN, move || abort.abort())
    };
    let request = with_key(RequestBuilder::new(path)).abort_signal(Some(&abort.signal()));
    let sent = request.send().await;
    // It may go on for as long as it likes.
    drop(late);
    let response = success(sent).await?;
    Body::of(&response).ok_or_else(|| Failure::plain(Kind::ProtocolError))
}

/// Who calls, as the server knows them.
pub(crate) async fn me() -> Result<Me, Failure> {
    call(Method::GET, "api/v1/me", None).await
}

/// Ends the sign-in, and with it all shells of the user.
pub(crate) async fn sign_out() -> Result<(), Failure> {
    let request = request(Method::POST, "api/v1/sign-out").build();
    ask(request).await.map(drop)
}

/// The key for a sign-in link's token; or the browser gets cookies for one of the cluster.
pub(crate) async fn sign_in(asked: &SignIn) -> Result<SignedIn, Failure> {
    let request = request(Method::POST, "api/v1/sign-in").json(asked);
    read(&ask(request).await?)
}

/// A request for a path relative to the document's base, with the key if there is one.
pub(crate) fn request(method: Method, path: &str) -> RequestBuilder {
    let request = RequestBuilder::new(path)
        .method(method)
        .header("Accept", "application/json")
        .abort_signal(Some(&AbortSignal::timeout_with_u32(ANSWER_WITHIN)));
    with_key(request)
}

/// The same request with the key, if there is one.
fn with_key(request: RequestBuilder) -> RequestBuilder {
    match credential::key() {
        Some(key) => request.header("Authorization", &format!("Bearer {key}")),
        None => request,
    }
}

/// Asks for a path relative to the document's base.
async fn call<T: DeserializeOwned>(
    method: Method,
    path: &str,
    query: impl IntoIterator<Item = (&str, &str)>,
) -> Result<T, Failure> {
    read(&ask(request(method, path).query(query).build()).await?)
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    let answer = serde_json::from_str(text);
    answer.map_err(|error| Failure::new(Kind::ProtocolError, error.to_string()))
}

/// Asks, and gives the answer as it came, or why there is none. In a box, so that it is in the page once, and not once for
/// each type of answer.
fn ask(
    request: Result<Request, gloo_net::Error>,
) -> Pin<Box<dyn Future<Output = Result<String, Failure>>>> {
    Box::pin(async move {
        let protocol =
            |error: gloo_net::Error| Failure::new(Kind::ProtocolError, error.to_string());
        let sent = request.map_err(protocol)?.send().await;
        success(sent).await?.text().await.map_err(protocol)
    })
}

/// An answer that is not a refusal.
async fn success(sent: Result<Response, gloo_net::Error>) -> Result<Response, Failure> {
    let response = sent.map_err(|error| Failure::new(Kind::Unreachable, error.to_string()))?;
    if response.ok() {
        server_time::learn(&response);
        return Ok(response);
    }
    let (code, failure) = refusal(response).await;
    let method = match (failure.kind, code) {
        (Kind::SignIn, _) => sign_in_method().await,
        // Of the user's own token, then, unless a proxy says who calls: it has ended.
        (_, ErrorCode::ClusterCredentials) => sign_in_method()
            .await
            .filter(|method| *method != SignInMethod::Proxy),
        _ => return Err(failure),
    };
    Err(match method {
        None | Some(SignInMethod::Link) if failure.kind == Kind::SignIn => {
            credential::refused().unwrap_or(failure)
        }
        None | Some(SignInMethod::Link) => failure,
        Some(_) => {
            // A key of another server that was here before would be taken for a token.
            credential::forget();
            sign_in_mark::expired();
            failure.signed_out()
        }
    })
}

/// Reads an error's body; a proxy in between may answer with anything.
async fn refusal(response: Response) -> (ErrorCode, Failure) {
    let status = response.status();
    let error = response.json().await.unwrap_or_else(|_| ApiError {
        code: ErrorCode::Unknown,
        message: format!("HTTP {status} {}", response.status_text()),
        detail: None,
        hint: None,
    });
    (error.code, Failure::from_api(status, error))
}
