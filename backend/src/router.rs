//! Every route, on one page.

use axum::{
    Router,
    http::{
        HeaderName, HeaderValue, Request,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    middleware,
    routing::get,
};
use podshell_shared::terminal::PROTOCOL;
use tokio_util::task::TaskTracker;
use tower_http::{
    catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer, trace::TraceLayer,
};
use tracing::{Span, debug_span};

use crate::{
    access,
    config::Config,
    http::{debug, health, mint, pods, ui},
    server::App,
    wire,
};

/// All that the server answers. `connections` runs the tasks of the SockJS sessions.
pub(crate) fn router(app: &App, config: &Config, connections: &TaskTracker) -> Router {
    let terminals = |app: App| {
        sockjs::Builder::new(move |session| wire::serve(session, app.clone()))
            .raw_protocols([PROTOCOL])
            .heartbeat(config.heartbeat)
            .max_message_size(wire::MAX_MESSAGE)
            .max_waiting(wire::MAX_WAITING)
            .track(connections.clone())
            .into_router()
    };
    let with_key = Router::new()
        .route(
            "/api/v1/pod/{namespace}/{pod}/shell/{container}",
            get(mint::mint),
        )
        .route("/api/pod/{pod}/shell", get(mint::mint_short))
        .route(
            "/api/v1/pod/{namespace}/{pod}/debug/{container}",
            get(debug::state).post(debug::add),
        )
        .route("/api/v1/pods", get(pods::list))
        .nest_service("/api/sockjs", terminals(app.clone()))
        // the same for development behind `trunk serve`, which forwards HTTP and WebSockets by
        // different prefixes; the page uses it everywhere
        .nest_service("/ws/api/sockjs", terminals(app.clone()))
        .fallback(ui::serve)
        .layer(middleware::from_fn_with_state(
            app.clone(),
            access::require_key,
        ));
    let routes = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .merge(with_key)
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
        .layer(TraceLayer::new_for_http().make_span_with(request_span))
}

/// The path alone: ids and tokens stand in queries.
fn request_span<B>(request: &Request<B>) -> Span {
    debug_span!("request", method = %request.method(), path = request.uri().path())
}
