//! Sessions over plain HTTP, which outlive their requests: which there are, who receives for each, and when they go.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::request::Parts;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    address::Place,
    builder::{Config, HANDLER_RETURNED, SHUTDOWN},
    ended::Ended,
    frame,
    framing::Framing,
    liveness::{HEARTBEATS_UNTIL_LOST, Liveness},
    queue::{Incoming, Rx, Tx},
    room::Share,
    sending::Turns,
    session::{Link, Session},
};

/// How a session is closed whose client stopped receiving in the middle of a response: some of it may be lost.
const INTERRUPTED: (u16, &str) = (1002, "Connection interrupted");
/// How a session is closed whose client sent too much at once; a WebSocket's is 1009, too (RFC 6455, section 7.4.1).
const TOO_LONG: (u16, &str) = (1009, "Message too long");

/// All of a server's sessions over plain HTTP, by the session's part of their URLs.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    sessions: Mutex<HashMap<String, Arc<HttpSession>>>,
}

impl Registry {
    /// The session of this name.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<HttpSession>> {
        self.lock().get(name).cloned()
    }

    /// Opens a session of this name for the client of `parts`, and starts its task. If another request did so first, that
    /// one's.
    pub(crate) fn open(
        self: &Arc<Self>,
        name: String,
        identity: Option<Vec<u8>>,
        parts: Parts,
        place: Place,
        config: &Arc<Config>,
    ) -> Arc<HttpSession> {
        let mut sessions = self.lock();
        let vacant = match sessions.entry(name) {
            Entry::Occupied(opened) => return Arc::clone(opened.get()),
            Entry::Vacant(vacant) => vacant,
        };
        let (session, link, outbox) = Link::new(parts, Framing::SockJs, config);
        let opened = Arc::new(HttpSession {
            link: Mutex::new(link),
            identity,
            liveness: Liveness::new(),
            turns: Turns::new(),
            is_new: AtomicBool::new(true),
            told: CancellationToken::new(),
            receiver: watch::Sender::new(Receiver::gone(outbox)),
        });
        let task = own(
            Arc::clone(self),
            vacant.key().clone(),
            Arc::clone(&opened),
            session,
            Arc::clone(config),
            place,
        );
        config.tasks.spawn(task);
        Arc::clone(vacant.insert(opened))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<HttpSession>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the application's handler, and the session to its end, which is when nobody has received for a while, or the client
/// has not even asked to.
async fn own(
    registry: Arc<Registry>,
    name: String,
    http: Arc<HttpSession>,
    session: Session,
    config: Arc<Config>,
    place: Place,
) {
    let sender = session.sender();
    let listing = Listing {
        registry,
        name,
        http: Arc::clone(&http),
    };
    let handler = async {
        (config.handler)(session).await;
        let (code, reason) = HANDLER_RETURNED;
        sender.close(code, reason);
    };
    let life = async {
        let over = http.over();
        let silence = config.heartbeat * HEARTBEATS_UNTIL_LOST;
        tokio::select! {
            biased;
            () = over.cancelled() => {}
            () = config.shutdown.cancelled() => http.close(SHUTDOWN, Ended::Shutdown),
            () = http.left_for(config.disconnect_delay, Duration::MAX) => http.lose_sight(silence),
            // A response that is not taken can't be complete. Else it would be by now, and another asked for.
            () = http.liveness.lost(silence.saturating_add(config.disconnect_delay)) => {
                http.lose_sight(silence);
            }
        }
        // If nothing else has ended it, it was the application.
        http.lock().end(Ended::ByServer);
        // Until then the client is told how it ended, however often it asks, if it takes that in time. A server that shuts
        // down waits for those only who have not been told.
        tokio::select! {
            () = http.left_for(config.disconnect_delay, config.close_timeout) => {}
            () = async {
                config.shutdown.cancelled().await;
                http.told.cancelled().await;
                http.left_for(Duration::ZERO, config.close_timeout).await;
            } => {}
        }
        drop((listing, place));
    };
    tokio::join!(handler, life);
}

/// A session's place in the registry, which it loses with its task: also if the handler panics.
struct Listing {
    registry: Arc<Registry>,
    name: String,
    http: Arc<HttpSession>,
}

impl Drop for Listing {
    fn drop(&mut self) {
        // Before nobody finds it any more, so that who receives is told.
        self.http.lock().end(Ended::ConnectionLost);
        self.registry.lock().remove(&self.name);
    }
}

/// A session whose client comes with one request after the other.
#[derive(Debug)]
pub(crate) struct HttpSession {
    link: Mutex<Link>,
    /// What its client's requests bring.
    identity: Option<Vec<u8>>,
    /// Each of its requests is a sign of life.
    liveness: Liveness,
    turns: Turns,
    /// Nobody has received yet.
    is_new: AtomicBool,
    /// Cancelled when a response tells how the session was closed.
    told: CancellationToken,
    receiver: watch::Sender<Receiver>,
}

/// The response that carries what is for the client.
#[derive(Debug)]
enum Receiver {
    /// There is one, and it has the outbox.
    There {
        since: Instant,
    },
    Gone {
        since: Instant,
        outbox: Rx,
    },
}

impl Receiver {
    fn gone(outbox: Rx) -> Self {
        let since = Instant::now();
        Self::Gone { since, outbox }
    }
}

impl HttpSession {
    /// Whether a request that brings this is of the client that opened the session.
    pub(crate) fn is_of(&self, identity: Option<&[u8]>) -> bool {
        // In plain time, as `Guard::identity` says.
        self.identity.as_deref() == identity
    }

    /// The way to the application for what the client sends.
    pub(crate) fn inbox(&self) -> Option<Tx<Incoming>> {
        self.lock().inbox()
    }

    /// Its share of the room for long messages.
    pub(crate) fn share(&self) -> Share {
        self.lock().share()
    }

    /// What is for the client, for the one response that carries it; `None` if there is one already.
    pub(crate) fn receive(&self) -> Option<Rx> {
        let since = Instant::now();
        match self.receiver.send_replace(Receiver::There { since }) {
            Receiver::Gone { outbox, .. } => Some(outbox),
            Receiver::There { .. } => None,
        }
    }

    /// Every request of the client tells how long it has been silent.
    pub(crate) fn liveness(&self) -> &Liveness {
        &self.liveness
    }

    /// Whose turn it is of the requests that say something.
    pub(crate) fn turns(&self) -> &Turns {
        &self.turns
    }

    /// Whether the client is still to be told that the session is open: true once.
    pub(crate) fn opens(&self) -> bool {
        self.is_new.swap(false, Ordering::Relaxed)
    }

    /// The response is over.
    pub(crate) fn leave(&self, outbox: Rx) {
        self.receiver.send_replace(Receiver::gone(outbox));
    }

    /// The client went away in the middle of a response.
    pub(crate) fn interrupt(&self, outbox: Rx) {
        self.lose();
        self.leave(outbox);
    }

    /// Something between here and the client was lost.
    pub(crate) fn lose(&self) {
        self.close(INTERRUPTED, Ended::ConnectionLost);
    }

    /// The client has not come back. It may have gone this moment, or may be silent for long.
    fn lose_sight(&self, silence: Duration) {
        let why = if self.liveness.silence() < silence {
            Ended::ConnectionLost
        } else {
            Ended::TimedOut
        };
        self.close(INTERRUPTED, why);
    }

    /// The client sent more at once than it may.
    pub(crate) fn refuse(&self) {
        self.close(TOO_LONG, Ended::MessageTooLong);
    }

    /// The frame that tells the client how the session was closed, which counts as told from here on.
    pub(crate) fn farewell(&self) -> String {
        self.told.cancel();
        let link = self.lock();
        let (code, reason) = link.closed_with().unwrap_or(INTERRUPTED);
        let mut frame = String::new();
        frame::encode_close(&mut frame, code, reason);
        frame
    }

    /// Whether it ended for the client's part, so that what the client still says is missed.
    pub(crate) fn is_lost(&self) -> bool {
        let ended = self.lock().ended();
        !matches!(ended, None | Some(Ended::ByServer | Ended::Shutdown))
    }

    /// Cancelled when the session is closed.
    pub(crate) fn over(&self) -> CancellationToken {
        self.lock().over()
    }

    fn close(&self, (code, reason): (u16, &str), why: Ended) {
        self.lock().end_with(why, code, reason);
    }

    /// Waits until nobody has received for so long, or until one response that receives has been there for as long as
    /// `stuck`, from now on.
    async fn left_for(&self, time: Duration, stuck: Duration) {
        let now = Instant::now();
        let mut receiver = self.receiver.subscribe();
        loop {
            let (since, limit) = match &*receiver.borrow_and_update() {
                Receiver::There { since } => (now.max(*since), stuck),
                Receiver::Gone { since, .. } => (*since, time),
            };
            tokio::select! {
                biased;
                () = sleep(limit.saturating_sub(since.elapsed())) => return,
                // This has the sender.
                _ = receiver.changed() => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
