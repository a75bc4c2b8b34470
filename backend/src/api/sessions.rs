//! Sessions that go on without a client.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use podshell_shared::api::{ApiError, SessionLife};

use crate::{auth::Principal, cluster::Cluster, session::Sessions};

/// `GET /api/v1/sessions/{handle}`: whether the caller's session of that handle can be gone on with. Browsers do not tell
/// a page why a WebSocket was refused, so it asks here.
#[utoipa::path(
    get,
    path = "/api/v1/sessions/{handle}",
    params(("handle" = String, Path)),
    responses((status = OK, body = SessionLife), (status = UNAUTHORIZED, body = ApiError)),
    security(("key" = []))
)]
pub(crate) async fn life(
    State(sessions): State<Sessions<Cluster>>,
    principal: Principal,
    Path(handle): Path<String>,
) -> Json<SessionLife> {
    let lives = sessions.caller_of(&handle) == Some(principal.identity.caller);
    Json(SessionLife { lives })
}

/// `POST /api/v1/sessions/leave`, with the session's key as its body: the page that has it went away, as
/// [`Leave`](podshell_shared::terminal::ClientMessage::Leave) says. That message may be lost, and over plain HTTP always is: a
/// browser that leaves a page breaks off its response first, with which the SockJS session ends.
///
/// It asks for no other key. A request that outlives its page (a beacon) brings no header that the page chose.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/leave",
    request_body(content = String, description = "The session's key.", content_type = "text/plain"),
    responses(
        (status = NO_CONTENT, description = "The session waits for it shortly."),
        (status = NOT_FOUND, description = "There is no session of this key.")
    )
)]
pub(crate) async fn leave(State(sessions): State<Sessions<Cluster>>, key: String) -> StatusCode {
    if sessions.leave(&key) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    }
}
