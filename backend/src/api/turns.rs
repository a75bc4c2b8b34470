//! How many requests may ask the API server at once: each takes connections to it, and descriptors that
//! shells and their clean-up need are not for them.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use tokio::{sync::Semaphore, time::timeout};

use podshell_shared::api::ErrorCode;

use crate::error::Failure;

/// How long a request waits for its turn; one that is served takes about as long at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// Lets a request through when it is its turn.
pub(crate) async fn wait(
    State(turns): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Response {
    match timeout(PATIENCE, turns.acquire()).await {
        Ok(_turn) => next.run(request).await,
        Err(_) => Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::Busy,
            "Too many requests wait for the cluster.",
        )
        .hint("Try again in a moment.")
        .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use axum::{Router, body::Body, middleware::from_fn_with_state, routing::get};
    use tokio::{join, time::Instant};
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_told() {
        let turns = Arc::new(Semaphore::new(1));
        let routes = Router::new()
            .route("/", get(async || "here"))
            .route("/long", get(pending::<()>))
            .layer(from_fn_with_state(Arc::clone(&turns), wait));
        let ask = async |path: &str| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            routes.clone().oneshot(request).await.unwrap().status()
        };
        assert_eq!(ask("/").await, 200);
        let begun = Instant::now();
        // Who gave up gives the turn back.
        let long = async { timeout(PATIENCE * 2, ask("/long")).await.is_err() };
        let (_, second) = join!(long, ask("/"));
        assert_eq!(second, 503);
        assert_eq!(begun.elapsed(), PATIENCE * 2);
        assert_eq!(ask("/").await, 200);
    }
}
