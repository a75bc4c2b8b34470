//! Requests of a session over plain HTTP that say something: one after the other, and what nobody takes does not stay.

use std::time::Duration;

use axum::{
    body::{Body, HttpBody as _},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::{
    builder::Config,
    frame::Batch,
    framing::{Framing, Message},
    liveness::HEARTBEATS_UNTIL_LOST,
    progress::Progress,
    queue::Incoming,
    registry::{HttpSession, Registry},
    room::{LONG, Room},
    transports::answer_headers,
};

const TEXT: &str = "text/plain; charset=UTF-8";
/// So many requests of a session may wait for their turn, their bodies unread. SockJS's own client never makes a second
/// before the first is answered.
const WAITING: usize = 4;

/// Whose turn it is to say something in a session.
#[derive(Debug)]
pub(crate) struct Turns {
    places: Semaphore,
    turn: Semaphore,
}

/// The right to say something. What is left unsaid when it is dropped early is lost, and the session with it.
struct Turn<'a> {
    session: Option<&'a HttpSession>,
    _turn: SemaphorePermit<'a>,
    _place: SemaphorePermit<'a>,
}

impl Turns {
    pub(crate) fn new() -> Self {
        Self {
            places: Semaphore::new(1 + WAITING),
            turn: Semaphore::new(1),
        }
    }
}

impl<'a> Turn<'a> {
    /// Waits for it, first come first served.
    async fn take(session: &'a HttpSession, config: &Config) -> Result<Self, Box<Response>> {
        let Turns { places, turn } = session.turns();
        let Ok(place) = places.try_acquire() else {
            let why = "Too many requests of this session send at once.";
            return Err((StatusCode::TOO_MANY_REQUESTS, why).into_response().into());
        };
        let over = session.over();
        let turn = tokio::select! {
            biased;
            turn = timeout(config.heartbeat * HEARTBEATS_UNTIL_LOST, turn.acquire()) => turn,
            () = over.cancelled() => {
                check_not_lost(session)?;
                return Err(StatusCode::NO_CONTENT.into_response().into());
            }
        };
        // Nothing of it was read, so the session can go on. (The semaphore is never closed.)
        let Ok(Ok(turn)) = turn else {
            return Err(StatusCode::SERVICE_UNAVAILABLE.into_response().into());
        };
        Ok(Self {
            session: Some(session),
            _turn: turn,
            _place: place,
        })
    }

    /// All is said that can be.
    fn done(mut self) {
        self.session = None;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.session {
            session.lose();
        }
    }
}

/// Answers a request that says something.
pub(crate) async fn send(
    transport: &str,
    name: &str,
    parts: &Parts,
    body: Body,
    config: &Config,
    registry: &Registry,
) -> Response {
    let identity = config.identity(parts);
    let there = registry.find(name);
    let Some(session) = there.filter(|session| session.is_of(identity.as_deref())) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    session.liveness().sign();
    let turn = match Turn::take(&session, config).await {
        Ok(turn) => turn,
        Err(refusal) => return *refusal,
    };
    let is_jsonp = transport == "jsonp_send";
    let is_form = is_jsonp && is_form(&parts.headers);
    let said = say(&session, body, is_form, config).await;
    turn.done();
    if let Err(why) = said {
        return *why;
    }
    let mut headers = answer_headers(&parts.headers, config);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(TEXT));
    if is_jsonp {
        (headers, "ok").into_response()
    } else {
        (StatusCode::NO_CONTENT, headers).into_response()
    }
}

/// Reads what the client says and passes it on, or answers why not. What can't be passed on any more ends the session:
/// nobody would say it again.
async fn say(
    session: &HttpSession,
    body: Body,
    is_form: bool,
    config: &Config,
) -> Result<(), Box<Response>> {
    check_not_lost(session)?;
    let limit = config.heartbeat * HEARTBEATS_UNTIL_LOST;
    let longest = Framing::SockJs.longest(config.max_message_size);
    let (body, room) = match read(session, body, longest, limit).await {
        Ok(read) => read,
        Err(StatusCode::PAYLOAD_TOO_LARGE) => return Err(too_long(session)),
        Err(status) => {
            session.lose();
            return Err(status.into_response().into());
        }
    };
    session.liveness().sign();
    let refused = |why| {
        let answer = (StatusCode::INTERNAL_SERVER_ERROR, why).into_response();
        Err(answer.into())
    };
    let payload = payload(body, is_form);
    if payload.is_empty() {
        return refused("Payload expected.");
    }
    match Batch::read(payload) {
        Ok(messages) => {
            let messages = messages.map(|message| Incoming {
                message: Message::Text(message),
                room: room.clone(),
            });
            pass_on(session, messages, config.max_message_size, limit).await
        }
        Err(_) => refused("Broken JSON encoding."),
    }
}

/// Gives messages to the application as it takes them, each within `limit`.
async fn pass_on(
    session: &HttpSession,
    messages: impl Iterator<Item = Incoming>,
    longest: usize,
    limit: Duration,
) -> Result<(), Box<Response>> {
    let over = session.over();
    let Some(inbox) = session.inbox() else {
        return check_not_lost(session);
    };
    for incoming in messages {
        if incoming.message.len() > longest {
            return Err(too_long(session));
        }
        tokio::select! {
            biased;
            put = timeout(limit, inbox.put(incoming)) => {
                if put.is_err() {
                    session.lose();
                    let why = "The application takes nothing.";
                    return Err((StatusCode::SERVICE_UNAVAILABLE, why).into_response().into());
                }
                // Refused if the application dropped its receiver: then it wants no messages.
            }
            () = over.cancelled() => return check_not_lost(session),
        }
    }
    Ok(())
}

/// The client has said more at once than it may.
fn too_long(session: &HttpSession) -> Box<Response> {
    session.refuse();
    StatusCode::PAYLOAD_TOO_LARGE.into_response().into()
}

/// Reads what the client says, once there is room for it if it is long; or tells why not.
async fn read(
    session: &HttpSession,
    body: Body,
    longest: usize,
    limit: Duration,
) -> Result<(Bytes, Option<Room>), StatusCode> {
    let length = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if length > longest {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let is_known = body.size_hint().exact().is_some();
    // Else it says only at its end how long it is.
    let most = if is_known { length } else { longest };
    let mut body = Limited::new(body, longest);
    let (mut whole, mut room) = (BytesMut::with_capacity(length.min(LONG)), None);
    let mut progress = Progress::new(limit);
    loop {
        let frame = tokio::select! {
            biased;
            frame = body.frame() => frame,
            () = progress.late() => return Err(StatusCode::REQUEST_TIMEOUT),
        };
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|error| {
            if error.is::<LengthLimitError>() {
                StatusCode::PAYLOAD_TOO_LARGE
            } else {
                StatusCode::BAD_REQUEST
            }
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if progress.come(data.len()) {
            session.liveness().sign();
        }
        if whole.len() + data.len() > LONG && room.is_none() {
            let taken = timeout(limit, session.share().take(most, limit)).await;
            room = Some(
                taken
                    .ok()
                    .flatten()
                    .ok_or(StatusCode::SERVICE_UNAVAILABLE)?,
            );
            whole.reserve(length.saturating_sub(whole.len()));
            progress.restart();
        }
        whole.extend_from_slice(&data);
    }
    if let Some(room) = &mut room {
        room.shrink(whole.len());
    }
    Ok((whole.freeze(), room))
}

/// What is said too late for a session that was closed on this side, nobody wants any more. For one that is lost it is lost
/// too.
fn check_not_lost(session: &HttpSession) -> Result<(), Box<Response>> {
    if session.is_lost() {
        Err(StatusCode::NOT_FOUND.into_response().into())
    } else {
        Ok(())
    }
}

/// What the client says, without a copy of it if it is plain UTF-8.
fn payload(body: Bytes, is_form: bool) -> String {
    if is_form {
        let data = form_urlencoded::parse(&body).find(|(name, _)| name == "d");
        data.map(|(_, data)| data.into_owned()).unwrap_or_default()
    } else {
        String::from_utf8(body.into())
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    })
}
