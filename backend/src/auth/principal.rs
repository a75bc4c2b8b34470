//! Who makes a request: found out once for each, before anything is done for it.

use std::{sync::Arc, time::SystemTime};

use axum::{
    extract::{FromRef, FromRequestParts, Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{header::SET_COOKIE, request::Parts};
use podshell_shared::api::ErrorCode;

use super::{
    Auth, offered,
    rates::{TooOften, rest},
    signed_out, unauthorized,
};
use crate::{
    cluster::{CallAs, Cluster, ClusterError},
    error::Failure,
    session::Identity,
};

/// Who makes a request, and whom the cluster is to take them for.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    pub(crate) identity: Identity,
    pub(crate) call_as: CallAs,
    /// When the sign-in ends, whatever is done with it; [`None`] where nobody knows.
    pub(crate) until: Option<SystemTime>,
}

/// Why nobody knows who makes a request.
#[derive(Debug)]
pub(crate) enum Unidentified {
    /// It brings nothing that tells.
    SignedOut,
    /// It brings something that is not good any more, or never was.
    Refused,
    /// It does not come from the proxy that signs people in.
    NotByProxy,
    /// It brings something new more often than anyone may.
    TooOften(TooOften),
    /// It comes from somebody whom nobody may impersonate.
    Reserved(String),
    /// The cluster could not tell.
    Cluster(ClusterError),
}

impl Unidentified {
    /// The answer to such a request.
    pub(super) fn response(&self, auth: &Auth) -> Response {
        match self {
            Self::SignedOut | Self::Refused => signed_out(auth),
            Self::NotByProxy => unauthorized(
                auth,
                ErrorCode::NotByProxy,
                "This request does not come from the proxy that signs people in here.",
            ),
            Self::Reserved(name) => Failure::new(
                StatusCode::FORBIDDEN,
                ErrorCode::ReservedUser,
                format!("Nobody can be {name:?} here: such names are Kubernetes' own."),
            )
            .hint("Ask your administrator: the proxy in front of Podshell says that this is your user or one of your groups.")
            .into_response(),
            Self::TooOften(too_often) => too_often.response(),
            Self::Cluster(error) => Failure::from(error).into_response(),
        }
    }
}

impl Principal {
    /// Who makes a request, if that was found out.
    pub(crate) fn of(parts: &Parts) -> Option<&Self> {
        let Identified(identified) = parts.extensions.get()?;
        identified.as_ref().ok()
    }
}

/// Whether a request brings nothing that tells who makes it.
pub(crate) fn is_signed_out(parts: &Parts) -> bool {
    match parts.extensions.get() {
        Some(Identified(Err(why))) => matches!(**why, Unidentified::SignedOut),
        _ => false,
    }
}

/// What was found out about a request.
#[derive(Clone, Debug)]
pub(super) struct Identified(pub(super) Result<Principal, Arc<Unidentified>>);

/// Finds out who makes a request.
pub(crate) async fn identify(
    State(auth): State<Arc<Auth>>,
    request: Request,
    next: Next,
) -> Response {
    identify_by(&auth, None, request, next).await
}

/// Finds out who opens a terminal's connection, for which a browser can show its key by a subprotocol alone.
pub(crate) async fn identify_connection(
    State(auth): State<Arc<Auth>>,
    request: Request,
    next: Next,
) -> Response {
    let offer = offered(request.headers()).map(str::to_owned);
    identify_by(&auth, offer.as_deref(), request, next).await
}

async fn identify_by(auth: &Auth, offer: Option<&str>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let (identified, renewed) = match auth.identify(&parts, offer).await {
        Ok((principal, renewed)) => (Ok(principal), renewed),
        Err(why) => {
            if matches!(why, Unidentified::TooOften(_)) {
                rest().await;
            }
            (Err(Arc::new(why)), None)
        }
    };
    parts.extensions.insert(Identified(identified));
    let mut response = next.run(Request::from_parts(parts, body)).await;
    for cookie in renewed.into_iter().flatten() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Who calls; 401 if nobody knows. What takes a principal needs no other guard.
impl<S> FromRequestParts<S> for Principal
where
    Arc<Auth>: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let auth = Arc::<Auth>::from_ref(state);
        match parts.extensions.get() {
            Some(Identified(Ok(principal))) => Ok(principal.clone()),
            Some(Identified(Err(why))) => Err(why.response(&auth)),
            None => Err(signed_out(&auth)),
        }
    }
}

/// The cluster, with the rights of who calls.
#[derive(Debug)]
pub(crate) struct CallersCluster(pub(crate) Cluster);

impl<S> FromRequestParts<S> for CallersCluster
where
    Arc<Auth>: FromRef<S>,
    Cluster: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let principal = Principal::from_request_parts(parts, state).await?;
        let cluster = Cluster::from_ref(state).acting_as(&principal.call_as);
        cluster
            .map(Self)
            .map_err(|error| Failure::from(&error).into_response())
    }
}
