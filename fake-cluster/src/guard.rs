//! Which requests are let in at all: those with a token of the cluster's, and no web page's.

use std::{fmt, sync::Arc};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

use crate::{
    status::ApiError,
    users::{User, Users},
};

/// Bytes in a token.
const TOKEN: usize = 32;

/// What a request must have to be let in.
pub(crate) struct Guard {
    host: String,
    token: String,
    pub(crate) users: Users,
}

impl Guard {
    /// For a cluster that is called `host`, with its port; the token is a new one.
    pub(crate) fn new(host: String) -> Result<Self, getrandom::Error> {
        let mut bytes = [0; TOKEN];
        getrandom::fill(&mut bytes)?;
        let token = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            host,
            token,
            users: Users::default(),
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.host)
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Who makes a request that may be made.
    fn check(&self, request: &Request) -> Result<User, ApiError> {
        if !self.is_for_us(request) {
            // A web page whose name was made to lead here asks for that name.
            return Err(ApiError::new(
                StatusCode::MISDIRECTED_REQUEST,
                format!("this server is {} and answers to no other name", self.host),
            ));
        }
        if request.headers().contains_key(header::ORIGIN) {
            return Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "web pages are not served: no client of a cluster sends an Origin",
            ));
        }
        self.users.identify(&self.token, request.headers())
    }

    /// Whether `Host` is ours, and so is the request line's if it names one, which then counts instead (RFC 9112, 3.2.2).
    fn is_for_us(&self, request: &Request) -> bool {
        let mut hosts = request.headers().get_all(header::HOST).into_iter();
        let authority = request.uri().authority();
        hosts.next().is_some_and(|host| host == self.host.as_str())
            && hosts.next().is_none()
            && authority.is_none_or(|authority| authority.as_str() == self.host)
    }
}

/// Without the token.
impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// Stands in front of all routes.
pub(crate) async fn guard(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    match guard.check(&request) {
        Ok(user) => user.calls(next.run(request)).await,
        Err(refused) => refused.into_response(),
    }
}
