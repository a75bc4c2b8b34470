//! `POST /api/v1/sign-in`: a browser brings the token of the printed link, and gets the key that it keeps.

use std::sync::Arc;

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use podshell_shared::api::{ApiError, ErrorCode, SignIn, SignedIn};

use super::{Auth, keys::Refused, unauthorized};
use crate::error::Failure;

/// The key that a browser sends from now on, for a token that is good once.
#[utoipa::path(
    post,
    path = "/api/v1/sign-in",
    request_body = SignIn,
    responses(
        (status = OK, body = SignedIn),
        (status = BAD_REQUEST, body = ApiError),
        (status = UNAUTHORIZED, body = ApiError)
    )
)]
pub(crate) async fn sign_in(
    State(auth): State<Arc<Auth>>,
    asked: Result<Json<SignIn>, JsonRejection>,
) -> Response {
    let Ok(Json(SignIn { token })) = asked else {
        return Failure::new(
            StatusCode::BAD_REQUEST,
            ErrorCode::BadRequest,
            "This is no request to sign in.",
        )
        .hint("Send JSON, as {\"token\":\"…\"}.")
        .into_response();
    };
    match auth.keys().exchange(&token) {
        Ok(credential) => {
            tracing::info!("a browser has signed in");
            let credential = credential.reveal().to_owned();
            Json(SignedIn { credential }).into_response()
        }
        Err(refused) => {
            let code = if refused == Refused::Used {
                tracing::warn!(
                    "a sign-in link was used a second time, so all browsers have been signed out: if the first time was \
                     not you, look who else uses this machine"
                );
                ErrorCode::LinkUsed
            } else {
                auth.refused();
                ErrorCode::LinkUnknown
            };
            unauthorized(code, &refused.to_string())
        }
    }
}
