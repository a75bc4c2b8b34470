//! The one JSON shape of every error.

use std::borrow::Cow;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use podshell_shared::{
    api::{ApiError, ErrorCode, UnknownProfile},
    target::UnknownMode,
};

use crate::{cluster::ClusterError, session};

/// An error with its status.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    error: ApiError,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Self {
        let error = ApiError {
            code,
            message: message.into(),
            detail: None,
            hint: None,
        };
        Self { status, error }
    }

    /// What to do about it.
    pub(crate) fn hint(mut self, hint: &str) -> Self {
        self.error.hint = Some(hint.to_owned());
        self
    }

    /// What somebody else said of it.
    fn detail(mut self, detail: Option<Cow<'_, str>>) -> Self {
        self.error.detail = detail.map(Cow::into_owned);
        self
    }

    pub(crate) fn no_such_route() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            ErrorCode::NoSuchRoute,
            "There is nothing at this address.",
        )
    }

    pub(crate) fn shutting_down() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::Shutdown,
            "The Podshell server is shutting down.",
        )
        .hint("Try again when it has started anew.")
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let code = self.error.code;
        let mut response = (self.status, Json(self.error)).into_response();
        // For who watches what is refused.
        response.extensions_mut().insert(code);
        response
    }
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        Self::from(&error)
    }
}

impl From<&ClusterError> for Failure {
    fn from(error: &ClusterError) -> Self {
        let (status, code) = match error {
            ClusterError::NoNamespace { .. } => (StatusCode::NOT_FOUND, ErrorCode::NoNamespace),
            ClusterError::NoPod { .. } => (StatusCode::NOT_FOUND, ErrorCode::NoPod),
            ClusterError::NoContainer { .. } => (StatusCode::NOT_FOUND, ErrorCode::NoContainer),
            ClusterError::NotRunning { .. } | ClusterError::Gone(_) => {
                (StatusCode::CONFLICT, ErrorCode::NotRunning)
            }
            ClusterError::NoLog { .. } => (StatusCode::CONFLICT, ErrorCode::NoLog),
            ClusterError::NoPreviousLog { .. } => (StatusCode::CONFLICT, ErrorCode::NoPreviousLog),
            ClusterError::PodUnfit { .. } => (StatusCode::CONFLICT, ErrorCode::PodUnfit),
            ClusterError::Denied(_) => (StatusCode::FORBIDDEN, ErrorCode::Denied),
            ClusterError::PodSecurity { .. } => (StatusCode::FORBIDDEN, ErrorCode::PodSecurity),
            ClusterError::Proxy(_) | ClusterError::NoUpgrade(_) => {
                (StatusCode::BAD_GATEWAY, ErrorCode::ProxyRefused)
            }
            ClusterError::MayNot { .. } | ClusterError::Api { status: 403, .. } => {
                (StatusCode::FORBIDDEN, ErrorCode::Forbidden)
            }
            // 401 is for our own sign-in; here it is the server's credentials that don't do.
            ClusterError::Api { status: 401, .. } => {
                (StatusCode::BAD_GATEWAY, ErrorCode::ClusterCredentials)
            }
            ClusterError::Api { .. } => (StatusCode::BAD_GATEWAY, ErrorCode::ClusterRefused),
            ClusterError::TooManyLists => (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Busy),
            ClusterError::Silent => (StatusCode::GATEWAY_TIMEOUT, ErrorCode::ClusterSilent),
            ClusterError::Unreachable(_) => {
                (StatusCode::BAD_GATEWAY, ErrorCode::ClusterUnreachable)
            }
        };
        Self::new(status, code, error.to_string())
            .detail(error.detail())
            .hint(error.hint())
    }
}

impl From<session::UnknownShell> for Failure {
    fn from(error: session::UnknownShell) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            ErrorCode::UnknownShell,
            error.to_string(),
        )
    }
}

impl From<UnknownProfile> for Failure {
    fn from(error: UnknownProfile) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            ErrorCode::UnknownProfile,
            error.to_string(),
        )
    }
}

impl From<UnknownMode> for Failure {
    fn from(error: UnknownMode) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            ErrorCode::UnknownMode,
            error.to_string(),
        )
    }
}
