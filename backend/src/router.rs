//! Every route, on one page.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, State},
    http::{
        HeaderName, HeaderValue, Request, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware,
    routing::{get, post},
};
use podshell_shared::{multiplex, terminal::PROTOCOL};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::{
    catch_panic::CatchPanicLayer,
    set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer,
    trace::{DefaultOnFailure, TraceLayer},
};
use tracing::{Level, Span, debug_span};

use crate::{
    api::{debug_containers, health, logs, mint, openapi, pods, rights, sessions, turns},
    app::App,
    auth::{self, Guard, Principal},
    config::Config,
    front_door::Places,
    metrics::Metrics,
    page::assets,
    request_watch, wire,
};

/// Where SockJS is. The page uses the second for a `WebSocket`, so that `trunk serve` can tell them from HTTP: it forwards
/// each by a prefix of its own.
const SOCKJS: [&str; 2] = ["/api/sockjs", "/ws/api/sockjs"];
/// How long a request that anyone may make may be, in bytes, and how long it may take.
const SMALL: usize = 1 << 10;
/// A token of the cluster has claims.
const TOKEN: usize = 16 << 10;
const SMALL_WITHIN: Duration = Duration::from_secs(10);

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is waited for at the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections {
    /// Those that are served, until they are closed, for a reason that their clients are told.
    pub(crate) served: TaskTracker,
    /// Cancelled when none is served any more.
    pub(crate) over: CancellationToken,
    /// Each until its client has been told, or has not come to be.
    pub(crate) tasks: TaskTracker,
}

/// What is served beside the page, for probes and for Prometheus: without a key, and by any name.
pub(crate) fn for_watchers(app: &App, places: Places) -> Router {
    let metrics = async move |State(metrics): State<Arc<Metrics>>| {
        let kind = [(CONTENT_TYPE, OPEN_METRICS)];
        (kind, metrics.text(places.taken()))
    };
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics))
        .with_state(app.clone())
}

/// All that the server answers.
pub(crate) fn router(app: &App, config: &Config, connections: &Connections) -> Router {
    // Some of them may be connections that were lost and are not known to be.
    let per_address = config.max_sessions_per_user.saturating_mul(2);
    let as_configured = |builder: sockjs::Builder| {
        let of_addresses = app.clone();
        builder
            .guard(Guard::new(
                Arc::clone(&app.auth),
                app.minting.clone(),
                app.sessions.clone(),
            ))
            .heartbeat(config.heartbeat)
            .max_sessions_per_address(per_address, move |parts| {
                auth::client_address(of_addresses.auth.proxies(), parts)
            })
            .shutdown(connections.over.clone())
            .track(connections.tasks.clone())
    };
    let (of_sessions, served) = (app.clone(), connections.served.clone());
    let serve = move |session| served.track_future(wire::serve(session, of_sessions.clone()));
    let terminals = as_configured(sockjs::Builder::new(serve))
        .raw_protocols([PROTOCOL])
        .max_message_size(wire::MAX_MESSAGE)
        .room_for_long_messages(wire::ROOM_FOR_LONG)
        .max_waiting(wire::MAX_WAITING);
    let (of_sessions, served) = (app.clone(), connections.served.clone());
    let serve =
        move |session| served.track_future(wire::multiplex::serve(session, of_sessions.clone()));
    let multiplexes = as_configured(sockjs::Builder::new(serve))
        .websocket(false)
        .max_message_size(wire::multiplex::MAX_MESSAGE)
        .max_waiting(wire::multiplex::MAX_WAITING);
    let turns = Arc::new(Semaphore::new(app.times.budget.calls));
    let turns = middleware::from_fn_with_state(turns, turns::wait);
    let mints = Router::new()
        .route(
            "/api/v1/pod/{namespace}/{pod}/shell/{container}",
            get(mint::mint),
        )
        .route("/api/pod/{pod}/shell", get(mint::mint_short))
        .layer(turns.clone())
        .layer(middleware::from_fn_with_state(app.clone(), mint::limit));
    let with_key = Router::new()
        .route(
            "/api/v1/pod/{namespace}/{pod}/debug/{container}",
            get(debug_containers::state).post(debug_containers::add),
        )
        .route("/api/v1/pod/{namespace}/{pod}", get(pods::one))
        .route("/api/v1/logs/{namespace}/{pod}/{container}", get(logs::log))
        .route("/api/v1/rights/{namespace}", get(rights::rights))
        .layer(turns)
        .merge(mints)
        // What asks the cluster is shared.
        .route("/api/v1/pods", get(pods::list))
        // Costs the cluster nothing.
        .route("/api/v1/debug", get(debug_containers::options))
        .route("/api/v1/sessions/{handle}", get(sessions::life))
        .route("/api/v1/sign-out", post(auth::sign_in::sign_out))
        .route("/api/v1/me", get(auth::sign_in::me))
        .layer(middleware::from_extractor_with_state::<Principal, _>(
            app.clone(),
        ))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            request_watch::watch,
        ));
    let without_key = Router::new()
        .route(
            "/api/v1/sign-in",
            get(auth::sign_in::method).post(auth::sign_in::sign_in),
        )
        .layer(DefaultBodyLimit::max(TOKEN))
        .route("/api/v1/sessions/leave", post(sessions::leave))
        // Anyone may ask, so it costs little.
        .layer(DefaultBodyLimit::max(SMALL))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            SMALL_WITHIN,
        ));
    let guarded = Router::new()
        .nest_service(SOCKJS[0], terminals.clone().into_router())
        .nest_service(SOCKJS[1], terminals.into_router())
        .nest_service(&format!("/{}", multiplex::PATH), multiplexes.into_router());
    let with_key = with_key.layer(middleware::from_fn_with_state(app.clone(), auth::identify));
    let guarded = guarded
        .layer(middleware::from_fn_with_state(
            app.clone(),
            request_watch::watch,
        ))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            auth::identify_connection,
        ));
    let routes = Router::new()
        .merge(without_key)
        .route("/api/v1/sign-in/oidc", get(auth::oidc::begin))
        .merge(with_key)
        .merge(guarded)
        .layer(middleware::from_fn(auth::require_own_origin))
        // Where another site's page leads a browser, by design; what counts is the browser's cookie.
        .route("/api/v1/sign-in/oidc/callback", get(auth::oidc::callback))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/api/v1/openapi.json", get(openapi::describe))
        // The page itself is no secret.
        .fallback(assets::serve)
        // Inside of what takes the base path off, so that it sees which route it is.
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(request_span)
                // That an answer was a 5xx says nothing that its reason does not; and anyone can
                // get one from `/readyz`, as often as they like.
                .on_failure(DefaultOnFailure::new().level(Level::DEBUG)),
        )
        .with_state(app.clone());
    let prefix = config.base_path.prefix();
    let based = if prefix.is_empty() {
        routes
    } else {
        Router::new().nest_service(prefix, routes)
    };
    let default = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    based
        .layer(middleware::from_fn_with_state(
            app.clone(),
            auth::require_own_host,
        ))
        .layer(default(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(default(REFERRER_POLICY, "no-referrer"))
        .layer(default(CACHE_CONTROL, "no-store"))
        .layer(default(
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ))
        .layer(default(
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ))
        .layer(default(
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ))
        .layer(CatchPanicLayer::new())
}

/// The route, not the path: ids stand in queries, and the names of SockJS sessions in paths.
fn request_span<B>(request: &Request<B>) -> Span {
    let path = request.uri().path();
    let route = match request.extensions().get::<MatchedPath>() {
        Some(route) => route.as_str(),
        None if SOCKJS.iter().any(|prefix| path.starts_with(prefix)) => "SockJS",
        None if path.trim_start_matches('/').starts_with(multiplex::PATH) => "SockJS",
        None => "the page",
    };
    debug_span!("request", method = %request.method(), route)
}
