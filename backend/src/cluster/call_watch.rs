//! Tells whoever counts of each call to the API server: what it was, how it went, and how long it took.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use http::{Method, Request, Response};
use kube::client::Body;
use tokio::time::{Duration, Instant};
use tower::Service;

/// How a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It was answered well, or its connection was taken over.
    Good,
    /// The API server said no: what was asked for is not there, not allowed, or not possible.
    Refused,
    /// The API server failed, or there was no answer.
    Failed,
}

/// A call that was made.
#[derive(Clone, Copy, Debug)]
pub struct CallReport {
    /// What was done: Kubernetes' verb, or `exec`, `attach` and `log`.
    pub verb: &'static str,
    /// How it went.
    pub outcome: CallOutcome,
    /// Until the answer began.
    pub time: Duration,
}

/// Whoever counts calls.
pub trait CallWatcher: fmt::Debug + Send + Sync {
    /// A call was made.
    fn called(&self, report: CallReport);
}

/// A service whose calls are told.
#[derive(Clone)]
pub(super) struct Watched<S> {
    inner: S,
    watcher: Option<Arc<dyn CallWatcher>>,
}

impl<S> Watched<S> {
    pub(super) fn new(inner: S, watcher: Option<Arc<dyn CallWatcher>>) -> Self {
        Self { inner, watcher }
    }
}

impl<S, B> Service<Request<Body>> for Watched<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: 'static,
    B: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let verb = verb(&request);
        let begun = Instant::now();
        let answer = self.inner.call(request);
        let watcher = self.watcher.clone();
        Box::pin(async move {
            let answer = answer.await;
            if let Some(watcher) = watcher {
                watcher.called(CallReport {
                    verb,
                    outcome: outcome(answer.as_ref().ok().map(|answer| answer.status().as_u16())),
                    time: begun.elapsed(),
                });
            }
            answer
        })
    }
}

fn verb<B>(request: &Request<B>) -> &'static str {
    let path = request.uri().path();
    match *request.method() {
        _ if path.ends_with("/exec") => "exec",
        _ if path.ends_with("/attach") => "attach",
        _ if path.ends_with("/log") => "log",
        Method::POST => "create",
        Method::PATCH => "patch",
        _ if path.ends_with("/pods") && is_watch(request.uri().query()) => "watch",
        _ if path.ends_with("/pods") => "list",
        _ => "get",
    }
}

fn is_watch(query: Option<&str>) -> bool {
    let mut parts = query.unwrap_or_default().split('&');
    parts.any(|part| part == "watch=true")
}

fn outcome(status: Option<u16>) -> CallOutcome {
    match status {
        Some(0..400) => CallOutcome::Good,
        Some(400..500) => CallOutcome::Refused,
        _ => CallOutcome::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_have_the_verbs_of_kubernetes() {
        let of = verb::<()>;
        let verb = |method: Method, path: &str| {
            let request = Request::builder().method(method).uri(path);
            of(&request.body(()).unwrap())
        };
        let pod = "/api/v1/namespaces/shop/pods/web-0";
        assert_eq!(verb(Method::GET, pod), "get");
        assert_eq!(verb(Method::GET, "/api/v1/pods?limit=1"), "list");
        assert_eq!(verb(Method::GET, "/api/v1/namespaces/shop/pods"), "list");
        let watch = "/api/v1/pods?watch=true&resourceVersion=7";
        assert_eq!(verb(Method::GET, watch), "watch");
        assert_eq!(verb(Method::GET, &format!("{pod}/exec?command=sh")), "exec");
        assert_eq!(
            verb(Method::GET, &format!("{pod}/attach?tty=true")),
            "attach"
        );
        assert_eq!(
            verb(Method::PATCH, &format!("{pod}/ephemeralcontainers")),
            "patch"
        );
        assert_eq!(
            verb(Method::GET, &format!("{pod}/log?container=app")),
            "log"
        );
        let reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        assert_eq!(verb(Method::POST, reviews), "create");
    }

    #[test]
    fn what_the_api_server_says_is_no_failure() {
        assert_eq!(outcome(Some(101)), CallOutcome::Good);
        assert_eq!(outcome(Some(201)), CallOutcome::Good);
        assert_eq!(outcome(Some(403)), CallOutcome::Refused);
        assert_eq!(outcome(Some(503)), CallOutcome::Failed);
        assert_eq!(outcome(None), CallOutcome::Failed);
    }
}
