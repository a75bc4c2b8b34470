//! `pods/exec` and `pods/attach`: answers the request as an API server and a kubelet would, then hands the connection to its
//! session.

mod conversation;
mod frame;
mod session;
mod streams;

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{self, Path, Query, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use self::session::Session;
use crate::{
    access::Action,
    cluster::Shared,
    fault::{self, Plan},
    main_process::Place,
    pod::Container,
    record::{ExecState, Mode, Protocol},
    status::{ApiError, ExecEnd},
    store::Stored,
    users::User,
};

/// The query of an exec or attach request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    container: String,
    command: Vec<String>,
    stdin: bool,
    stdout: bool,
    stderr: bool,
    tty: bool,
}

impl Options {
    fn parse(query: Vec<(String, String)>) -> Self {
        let mut options = Self::default();
        for (key, value) in query {
            // As the API machinery reads a bool.
            let yes = !matches!(value.as_str(), "" | "0" | "false");
            match key.as_str() {
                "container" => options.container = value,
                "command" => options.command.push(value),
                "stdin" => options.stdin = yes,
                "stdout" => options.stdout = yes,
                "stderr" => options.stderr = yes,
                "tty" => options.tty = yes,
                _ => {}
            }
        }
        // A terminal has no stderr; the kubelet drops it without a word.
        options.stderr &= !options.tty;
        options
    }
}

/// A request that has been let through: what to run or attach to, where, and what goes wrong with it.
#[derive(Debug)]
struct Granted {
    id: u64,
    mode: Mode,
    place: Place,
    options: Options,
    container: Container,
    protocol: Protocol,
    plan: Plan,
    /// What there is to say instead of running anything.
    end: Option<ExecEnd>,
}

/// `GET` or `POST /api/v1/namespaces/{namespace}/pods/{name}/exec`
pub(crate) async fn exec(
    State(shared): State<Arc<Shared>>,
    Path((namespace, pod)): Path<(String, String)>,
    Query(query): Query<Vec<(String, String)>>,
    request: extract::Request,
) -> Response {
    let options = Options::parse(query);
    answer(shared, Mode::Exec, namespace, pod, options, request).await
}

/// `GET` or `POST /api/v1/namespaces/{namespace}/pods/{name}/attach`
pub(crate) async fn attach(
    State(shared): State<Arc<Shared>>,
    Path((namespace, pod)): Path<(String, String)>,
    Query(query): Query<Vec<(String, String)>>,
    request: extract::Request,
) -> Response {
    let mut options = Options::parse(query);
    // Not a parameter of attach.
    options.command.clear();
    answer(shared, Mode::Attach, namespace, pod, options, request).await
}

async fn answer(
    shared: Arc<Shared>,
    mode: Mode,
    namespace: String,
    pod: String,
    mut options: Options,
    request: extract::Request,
) -> Response {
    // The connection is taken over; there is no body.
    let request = request.map(drop);
    let stored = shared.store.get(&namespace, &pod);
    if options.container.is_empty()
        && let Some(stored) = &stored
        && let Ok(only) = stored.spec.default_container()
    {
        only.clone_into(&mut options.container);
    }
    let Options {
        container,
        command,
        tty,
        ..
    } = &options;
    let audit_id = request.headers().get("audit-id");
    let audit_id = audit_id.and_then(|id| id.to_str().ok());
    let user = User::calling().name;
    let id = shared.records.add(
        &user, audit_id, mode, &namespace, &pod, container, command, *tty,
    );
    let place = Place {
        namespace,
        pod,
        container: container.clone(),
    };
    let grant = grant(&shared, id, mode, place, options, stored, &request).await;
    let answer = match grant {
        Ok(granted) => accept(shared.clone(), granted, request),
        Err(refused) => refused,
    };
    let code = answer.status();
    if code != StatusCode::SWITCHING_PROTOCOLS {
        shared.records.update(id, |record| {
            record.state = ExecState::Refused(code.as_u16());
        });
    }
    answer
}

/// Everything that is checked before the upgrade, in a real API server's order.
async fn grant(
    shared: &Shared,
    id: u64,
    mode: Mode,
    place: Place,
    mut options: Options,
    stored: Option<Stored>,
    request: &Request<()>,
) -> Result<Granted, Response> {
    let refuse = |error: ApiError| error.into_response();
    let plan = shared.faults.plan(&place.container);
    // Even no time at all is a millisecond to a timer.
    if !plan.delay_upgrade.is_zero() {
        tokio::time::sleep(plan.delay_upgrade).await;
    }
    if let Some((code, message)) = plan.refuse {
        return Err(refuse(fault::refusal(code, message)));
    }
    if let Some((code, kind, text)) = plan.answer {
        let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return Err((code, [(header::CONTENT_TYPE, kind)], text).into_response());
    }
    // Since 1.35 a GET needs both verbs.
    let verbs: &[&str] = match *request.method() {
        Method::GET => &["get", "create"],
        _ => &["create"],
    };
    for verb in verbs {
        let action = Action {
            verb,
            resource: "pods",
            subresource: Some(match mode {
                Mode::Exec => "exec",
                Mode::Attach => "attach",
            }),
            namespace: Some(&place.namespace),
            name: Some(&place.pod),
        };
        shared.access.check(action).map_err(refuse)?;
    }
    let stored = stored.ok_or_else(|| refuse(ApiError::not_found("pods", &place.pod)))?;
    let container = find_container(&stored, &place).map_err(refuse)?;
    if mode == Mode::Exec && options.command.is_empty() {
        let message = "you must specify at least one command for the container";
        return Err(refuse(ApiError::bad_request(message)));
    }
    if !is_upgrade(request.headers()) {
        return Err(refuse(ApiError::bad_request("Upgrade request required")));
    }
    let supported = plan.protocols.as_ref().unwrap_or(&shared.protocols);
    let Some(protocol) = negotiate(request.headers(), supported) else {
        // The kubelet's WebSocket server says no more than this.
        return Err(StatusCode::FORBIDDEN.into_response());
    };
    if mode == Mode::Attach {
        // What the container was started with counts, not what the client wants.
        options.tty = container.main_process().tty;
    }

    let mut end = None;
    if let Some(message) = kubelet_refuses(&stored, mode, &place, &options) {
        match protocol {
            // The API server has upgraded before it asks the kubelet.
            Protocol::V5 => end = Some(ExecEnd::NotUpgraded(message)),
            Protocol::V4 => {
                return Err((StatusCode::INTERNAL_SERVER_ERROR, message).into_response());
            }
        }
    } else if mode == Mode::Exec
        && let Some(code) = plan.exit_code
    {
        let command = options.command.clone();
        end = Some(ExecEnd::Exited { code, command });
    }
    Ok(Granted {
        id,
        mode,
        place,
        options,
        container,
        protocol,
        plan,
        end,
    })
}

fn find_container(stored: &Stored, place: &Place) -> Result<Container, ApiError> {
    let Place { pod, container, .. } = place;
    if container.is_empty() {
        let names = stored.spec.default_container().err().unwrap_or_default();
        let mut message = format!("a container name must be specified for pod {pod}");
        if !names.is_empty() {
            message = format!("{message}, choose one of: [{}]", names.join(" "));
        }
        return Err(ApiError::bad_request(message));
    }
    let found = stored.spec.find_container(container).cloned();
    found.ok_or_else(|| {
        ApiError::bad_request(format!("container {container} is not valid for pod {pod}"))
    })
}

/// What the kubelet says, and the container runtime behind it, if they don't let the client in.
fn kubelet_refuses(
    stored: &Stored,
    mode: Mode,
    place: &Place,
    options: &Options,
) -> Option<String> {
    let Place {
        namespace,
        pod,
        container,
    } = place;
    if !stored.accepts_exec(container) {
        return Some(match mode {
            Mode::Exec => format!("container not found (\"{container}\")"),
            Mode::Attach => format!("container {container} not found in pod {pod}_{namespace}"),
        });
    }
    // Of an exec, the kubelet itself drops stderr.
    (options.tty && options.stderr).then(|| {
        "rpc error: code = InvalidArgument desc = tty and stderr cannot both be true".to_owned()
    })
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    let has = |name, token: &str| tokens(headers, name).any(|t| t.eq_ignore_ascii_case(token));
    has(header::CONNECTION, "upgrade")
        && has(header::UPGRADE, "websocket")
        && has(header::SEC_WEBSOCKET_VERSION, "13")
        && headers.contains_key(header::SEC_WEBSOCKET_KEY)
}

/// The newest protocol that both sides know, whatever the client's order.
fn negotiate(headers: &HeaderMap, supported: &[Protocol]) -> Option<Protocol> {
    [Protocol::V5, Protocol::V4]
        .into_iter()
        .filter(|protocol| supported.contains(protocol))
        .find(|protocol| {
            tokens(headers, header::SEC_WEBSOCKET_PROTOCOL).any(|token| token == protocol.name())
        })
}

fn tokens(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

/// Answers 101 and leaves the rest to the session's own task.
fn accept(shared: Arc<Shared>, granted: Granted, mut request: Request<()>) -> Response {
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY);
    let accept = derive_accept_key(key.map_or(&[], |key| key.as_bytes()));
    let protocol = granted.protocol;
    let upgrade = hyper::upgrade::on(&mut request);
    let tasks = shared.tasks.clone();
    tasks.spawn(Session::new(shared, granted).run(upgrade));

    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(
        header::SEC_WEBSOCKET_PROTOCOL,
        HeaderValue::from_static(protocol.name()),
    );
    if let Ok(accept) = accept.parse() {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}
