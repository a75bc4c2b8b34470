//! Sessions that go on without a client.

use axum::{
    Extension, Json,
    extract::{Path, State},
};
use podshell_shared::api::SessionLife;

use crate::{server::App, session::Caller};

/// `GET /api/v1/sessions/{handle}`: whether the caller's session of that handle can be gone on with. Browsers do not tell
/// a page why a WebSocket was refused, so it asks here.
pub(crate) async fn life(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(handle): Path<String>,
) -> Json<SessionLife> {
    let lives = app.sessions().caller_of(&handle) == Some(caller);
    Json(SessionLife { lives })
}
