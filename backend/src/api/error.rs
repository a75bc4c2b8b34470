//! The one JSON shape of every error.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use podshell_shared::api::ApiError;

use crate::{cluster::ClusterError, session};

/// An error with its status.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    error: ApiError,
}

impl Failure {
    pub(crate) fn new(
        status: StatusCode,
        code: &str,
        message: impl Into<String>,
        hint: &str,
    ) -> Self {
        let error = ApiError {
            code: code.to_owned(),
            message: message.into(),
            hint: hint.to_owned(),
        };
        Self { status, error }
    }

    pub(crate) fn no_such_route() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "no-such-route",
            "There is nothing at this address.",
            "",
        )
    }

    pub(crate) fn shutting_down() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "shutdown",
            "The Podshell server is shutting down.",
            "Try again when it has started anew.",
        )
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(self.error)).into_response()
    }
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        let (status, code) = match &error {
            ClusterError::NoNamespace { .. } => (StatusCode::NOT_FOUND, "no-namespace"),
            ClusterError::NoPod { .. } => (StatusCode::NOT_FOUND, "no-pod"),
            ClusterError::NoContainer { .. } => (StatusCode::NOT_FOUND, "no-container"),
            ClusterError::NotRunning { .. } => (StatusCode::CONFLICT, "not-running"),
            ClusterError::MayNot { .. } | ClusterError::Api { status: 403, .. } => {
                (StatusCode::FORBIDDEN, "forbidden")
            }
            // 401 is for our own sign-in; here it is the server's credentials that don't do
            ClusterError::Api { status: 401, .. } => {
                (StatusCode::BAD_GATEWAY, "cluster-credentials")
            }
            ClusterError::Api { .. } => (StatusCode::BAD_GATEWAY, "cluster-refused"),
            ClusterError::Silent => (StatusCode::GATEWAY_TIMEOUT, "cluster-silent"),
            ClusterError::Unreachable(_) => (StatusCode::BAD_GATEWAY, "cluster-unreachable"),
        };
        Self::new(status, code, error.to_string(), error.hint())
    }
}

impl From<session::UnknownShell> for Failure {
    fn from(error: session::UnknownShell) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "unknown-shell",
            error.to_string(),
            "",
        )
    }
}
