//! Sends a call as whoever makes it, and again where the API server asks for that: with other credentials after 401, later after
//! 429 and 503, as client-go does (`rest/with_retry.go`).

use std::{
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode, header::RETRY_AFTER};
use kube::client::Body;
use tokio::time::{Instant, sleep};
use tower::{BoxError, Service, ServiceExt as _};

use super::Authorize;

/// How long a call may wait for better times: whoever makes it waits no more than 10 s.
const PATIENCE: Duration = Duration::from_secs(6);

/// A service whose calls are made as somebody.
#[derive(Clone, Debug)]
pub(in crate::cluster) struct Authorized<S> {
    inner: S,
    authorize: Authorize,
}

impl<S> Authorized<S> {
    pub(in crate::cluster) fn new(inner: S, authorize: Authorize) -> Self {
        Self { inner, authorize }
    }
}

impl<S, B> Service<Request<Body>> for Authorized<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // Each call asks a clone of its own, perhaps more than once.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Self { inner, authorize } = self.clone();
        Box::pin(async move {
            let begun = Instant::now();
            let mut request = request;
            let mut is_renewed = false;
            loop {
                let again = copy(&request);
                let shown = authorize.request(&mut request).await?;
                let answer = inner.clone().oneshot(request).await.map_err(Into::into)?;
                let Some(next) = again else {
                    return Ok(answer);
                };
                let is_refused = answer.status() == StatusCode::UNAUTHORIZED;
                if is_refused && !is_renewed && authorize.renew(shown.as_ref()).await? {
                    is_renewed = true;
                } else if let Some(wait) = wait(&answer)
                    && begun.elapsed() + wait <= PATIENCE
                {
                    sleep(wait).await;
                } else {
                    return Ok(answer);
                }
                request = next;
            }
        })
    }
}

/// The same request once more, if that can be had.
fn copy(request: &Request<Body>) -> Option<Request<Body>> {
    let mut copy = Request::new(request.body().try_clone()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    Some(copy)
}

/// How long the API server asks to wait before it is asked again, if it does.
fn wait<B>(answer: &Response<B>) -> Option<Duration> {
    let status = answer.status();
    if status != StatusCode::TOO_MANY_REQUESTS && !status.is_server_error() {
        return None;
    }
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        sync::{Arc, Mutex},
    };

    use tower::service_fn;

    use super::*;

    /// Makes a call of an API server that answers so, one after the other: gives the last answer's status, and how often and how
    /// long it took.
    async fn called(answers: &[(u16, Option<&str>)]) -> (u16, usize, Duration) {
        let made = |&(status, retry): &(u16, Option<&str>)| {
            let answer = Response::builder().status(status);
            let answer = match retry {
                Some(retry) => answer.header(RETRY_AFTER, retry),
                None => answer,
            };
            answer.body(()).unwrap()
        };
        let answers: VecDeque<_> = answers.iter().map(made).collect();
        let calls = answers.len();
        let answers = Arc::new(Mutex::new(answers));
        let left = Arc::clone(&answers);
        let server = service_fn(move |request: Request<Body>| {
            assert_eq!(request.uri().path(), "/pods");
            let next = answers.lock().unwrap().pop_front();
            async move { Ok::<_, BoxError>(next.expect("one call too many")) }
        });
        let begun = Instant::now();
        let mut service = Authorized::new(server, Authorize::default());
        let request = Request::get("https://api.test/pods").body(Body::empty());
        let answer = service.call(request.unwrap()).await.unwrap();
        let calls = calls - left.lock().unwrap().len();
        (answer.status().as_u16(), calls, begun.elapsed())
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn who_is_asked_to_come_later_does() {
        let later = called(&[(429, Some("1")), (503, Some("2")), (200, None)]).await;
        assert_eq!(later, (200, 3, 3 * SECOND));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_than_whoever_calls() {
        let late = called(&[(429, Some("7")), (200, None)]).await;
        assert_eq!(late, (429, 1, Duration::ZERO));
        let late = called(&[(429, Some("4")), (429, Some("4")), (200, None)]).await;
        assert_eq!(late, (429, 2, 4 * SECOND));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_asked_for_is_not_done() {
        for answer in [
            (429, None),
            (503, None),
            (503, Some("tomorrow")),
            (403, Some("1")),
            (401, None),
            (200, Some("1")),
        ] {
            let (status, calls, _) = called(&[answer, (200, None)]).await;
            assert_eq!((status, calls), (answer.0, 1), "{answer:?}");
        }
    }
}
