//! Sessions that go on without a client.

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::StatusCode,
};
use podshell_shared::api::LiveSession;

use super::Failure;
use crate::{
    server::App,
    session::{Caller, no_session},
};

/// `GET /api/v1/sessions/{handle}`: whether the caller's session of that handle can be gone on with. Browsers do not tell
/// a page why a WebSocket was refused, so it asks here.
pub(crate) async fn find(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(handle): Path<String>,
) -> Result<Json<LiveSession>, Failure> {
    if app.sessions().caller_of(&handle) == Some(caller) {
        Ok(Json(LiveSession { handle }))
    } else {
        let message = no_session().message;
        let hint = "Begin a new one.";
        Err(Failure::new(
            StatusCode::NOT_FOUND,
            "no-session",
            message,
            hint,
        ))
    }
}
