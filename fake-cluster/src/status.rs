//! `metav1.Status` in the words of a real API server, as an HTTP answer and as the last message of an exec.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Status, StatusCause, StatusDetails};

use crate::{access::Action, record::Protocol};

/// A refusal before any upgrade: an HTTP status code and the `Status` that goes with it.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) code: StatusCode,
    body: Box<Status>,
}

impl ApiError {
    /// Any refusal, with the reason that the API machinery gives to `code`.
    pub(crate) fn new(code: StatusCode, message: impl Into<String>) -> Self {
        let reason = match code {
            StatusCode::BAD_REQUEST => "BadRequest",
            StatusCode::UNAUTHORIZED => "Unauthorized",
            StatusCode::FORBIDDEN => "Forbidden",
            StatusCode::NOT_FOUND => "NotFound",
            StatusCode::CONFLICT => "Conflict",
            StatusCode::GONE => "Expired",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "UnsupportedMediaType",
            StatusCode::UNPROCESSABLE_ENTITY => "Invalid",
            StatusCode::TOO_MANY_REQUESTS => "TooManyRequests",
            StatusCode::INTERNAL_SERVER_ERROR => "InternalError",
            StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailable",
            StatusCode::GATEWAY_TIMEOUT => "Timeout",
            _ => "Unknown",
        };
        Self {
            code,
            body: Box::new(Status {
                status: Some("Failure".to_owned()),
                message: Some(message.into()),
                reason: Some(reason.to_owned()),
                code: Some(code.as_u16().into()),
                ..Status::default()
            }),
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// `pods "x" not found`
    pub(crate) fn not_found(resource: &str, name: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            format!("{resource} \"{name}\" not found"),
        )
        .about(resource, Some(name))
    }

    /// `Pod "web-0" is invalid: spec.…: Required value`; there is at least one cause.
    pub(crate) fn invalid(kind: &str, name: &str, causes: Vec<StatusCause>) -> Self {
        let mut errors: Vec<String> = causes
            .iter()
            .map(|cause| {
                let part = |part: &Option<String>| part.clone().unwrap_or_default();
                format!("{}: {}", part(&cause.field), part(&cause.message))
            })
            .collect();
        let errors = match errors.len() {
            1 => errors.remove(0),
            _ => format!("[{}]", errors.join(", ")),
        };
        let message = format!("{kind} \"{name}\" is invalid: {errors}");
        let mut error =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, message).about(kind, Some(name));
        if let Some(details) = &mut error.body.details {
            details.causes = Some(causes);
        }
        error
    }

    /// `pods "web-0" is forbidden: User "…" cannot create resource "pods/exec" in API group "" in the namespace "…": reason`
    pub(crate) fn forbidden(user: &str, action: Action<'_>, reason: &str) -> Self {
        let Action {
            verb,
            resource,
            subresource,
            namespace,
            name,
        } = action;
        let object = match name {
            Some(name) => format!("{resource} \"{name}\""),
            None => resource.to_owned(),
        };
        let what = match subresource {
            Some(subresource) => format!("{resource}/{subresource}"),
            None => resource.to_owned(),
        };
        let scope = match namespace {
            Some(namespace) if !namespace.is_empty() => format!("in the namespace \"{namespace}\""),
            _ => "at the cluster scope".to_owned(),
        };
        let because = if reason.is_empty() {
            String::new()
        } else {
            format!(": {reason}")
        };
        Self::new(
            StatusCode::FORBIDDEN,
            format!(
                "{object} is forbidden: User \"{user}\" cannot {verb} resource \"{what}\" in API group \"\" {scope}{because}"
            ),
        )
        .about(resource, name)
    }

    /// The `Status` alone, as a watch sends it inside an ERROR event.
    pub(crate) fn into_status(self) -> Status {
        *self.body
    }

    fn about(mut self, resource: &str, name: Option<&str>) -> Self {
        self.body.details = Some(StatusDetails {
            kind: Some(resource.to_owned()),
            name: name.map(str::to_owned),
            ..StatusDetails::default()
        });
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.code, Json(self.body)).into_response()
    }
}

/// How an exec ends for its client: the `Status` on channel 3.
#[derive(Clone, Debug)]
pub(crate) enum ExecEnd {
    /// The command ended with this code.
    Exited { code: i32, command: Vec<String> },
    /// The command never ran, or nothing could be attached to; what the kubelet said.
    NotStarted(String),
    /// The kubelet refused to upgrade; v5 clients only, others see the kubelet's own HTTP answer.
    NotUpgraded(String),
}

impl ExecEnd {
    /// The `Status` as the API server (which ends v5 itself) or the kubelet (which answers v4 directly) words it.
    pub(crate) fn status(&self, protocol: Protocol) -> Status {
        match self {
            Self::Exited { code: 0, .. } => Status {
                status: Some("Success".to_owned()),
                ..Status::default()
            },
            Self::Exited { code, command } => {
                let detail = match protocol {
                    Protocol::V5 => format!("command terminated with exit code {code}"),
                    Protocol::V4 => format!(
                        "error executing command [{}], exit code {code}",
                        command.join(" ")
                    ),
                };
                Status {
                    status: Some("Failure".to_owned()),
                    message: Some(format!(
                        "command terminated with non-zero exit code: {detail}"
                    )),
                    reason: Some("NonZeroExitCode".to_owned()),
                    details: Some(StatusDetails {
                        causes: Some(vec![StatusCause {
                            reason: Some("ExitCode".to_owned()),
                            message: Some(code.to_string()),
                            ..StatusCause::default()
                        }]),
                        ..StatusDetails::default()
                    }),
                    ..Status::default()
                }
            }
            Self::NotStarted(kubelet) => match protocol {
                // The API server wraps what the kubelet had already wrapped.
                Protocol::V5 => internal_error(&format!("Internal error occurred: {kubelet}")),
                Protocol::V4 => internal_error(kubelet),
            },
            Self::NotUpgraded(kubelet) => {
                internal_error(&format!("unable to upgrade connection: {kubelet}"))
            }
        }
    }
}

fn internal_error(message: &str) -> Status {
    Status {
        status: Some("Failure".to_owned()),
        message: Some(format!("Internal error occurred: {message}")),
        reason: Some("InternalError".to_owned()),
        details: Some(StatusDetails {
            causes: Some(vec![StatusCause {
                message: Some(message.to_owned()),
                ..StatusCause::default()
            }]),
            ..StatusDetails::default()
        }),
        code: Some(500),
        ..Status::default()
    }
}
