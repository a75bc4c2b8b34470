//! Configures a SockJS server and makes its router.

use std::{fmt, future::Future, net::IpAddr, pin::Pin, sync::Arc, time::Duration};

use axum::{Router, response::Response};
use http::request::Parts;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    address::{Addresses, Place},
    endpoints,
    guard::Guard,
    iframe,
    room::Rooms,
    session::Session,
};

/// How a session is closed whose handler has returned.
pub(crate) const HANDLER_RETURNED: (u16, &str) = (3000, "Go away!");
/// How sessions are closed when the server shuts down. 1001 is "going away" (RFC 6455, section 7.4.1).
pub(crate) const SHUTDOWN: (u16, &str) = (1001, "Server shutting down");
/// Keeps the arithmetic on instants in range, whatever is asked for.
const LONGEST_HEARTBEAT: Duration = Duration::from_secs(24 * 60 * 60);

/// A SockJS server to be. [`into_router`](Self::into_router) makes it.
#[derive(Debug, Clone)]
pub struct Builder {
    config: Config,
}

/// What every request and session of a server shares.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) handler: Handler,
    pub(crate) heartbeat: Duration,
    pub(crate) close_timeout: Duration,
    pub(crate) max_message_size: usize,
    pub(crate) max_waiting: usize,
    pub(crate) rooms: Rooms,
    pub(crate) shutdown: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) allow_origin: OriginFilter,
    pub(crate) raw_protocols: Vec<&'static str>,
    pub(crate) websocket: bool,
    pub(crate) response_limit: usize,
    pub(crate) disconnect_delay: Duration,
    pub(crate) cookie_needed: bool,
    /// The page for clients of other origins; with it the transports that need such.
    pub(crate) legacy: Option<iframe::Page>,
    pub(crate) addresses: Option<(Arc<Addresses>, AddressOf)>,
    pub(crate) guard: Option<Arc<dyn Guard>>,
}

impl Config {
    /// A place for a session of the client that sent `parts`; `None` if it has too many.
    pub(crate) fn enter(&self, parts: &Parts) -> Option<Place> {
        match &self.addresses {
            Some((addresses, address_of)) => addresses.enter(address_of(parts)),
            None => Some(Place::default()),
        }
    }

    /// Asks the application whether the client that sent `parts` may open a session.
    pub(crate) fn admit(&self, parts: &mut Parts) -> Result<(), Box<Response>> {
        match &self.guard {
            Some(guard) => guard.admit(parts),
            None => Ok(()),
        }
    }

    /// What shows whose client sent `parts`.
    pub(crate) fn identity(&self, parts: &Parts) -> Option<Vec<u8>> {
        self.guard.as_ref()?.identity(parts)
    }
}

pub(crate) type Handler =
    Arc<dyn Fn(Session) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;
pub(crate) type OriginFilter = Arc<dyn Fn(&str) -> bool + Send + Sync>;
pub(crate) type AddressOf = Arc<dyn Fn(&Parts) -> Option<IpAddr> + Send + Sync>;

impl Builder {
    /// A server that runs `handler` for each session, with every setting at its default.
    ///
    /// The handler runs in the task that owns the client's connection. It must not block the thread, and it should return
    /// when [`Session::recv`] fails: a handler that goes on is not stopped.
    pub fn new<F, Fut>(handler: F) -> Self
    where
        F: Fn(Session) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let config = Config {
            handler: Arc::new(move |session| Box::pin(handler(session))),
            heartbeat: Duration::from_secs(25),
            close_timeout: Duration::from_secs(5),
            max_message_size: 64 * 1024,
            max_waiting: 64 * 1024,
            rooms: Rooms::new(64 * 1024 * 1024),
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
            allow_origin: Arc::new(|_| false),
            raw_protocols: Vec::new(),
            websocket: true,
            response_limit: 128 * 1024,
            disconnect_delay: Duration::from_secs(5),
            cookie_needed: false,
            legacy: None,
            addresses: None,
            guard: None,
        };
        Self { config }
    }

    /// The time between two heartbeats; 25 seconds by default, as SockJS has it.
    ///
    /// In a WebSocket the client is asked to answer with each (by a ping, which browsers answer by themselves). It counts as
    /// gone when nothing was heard from it for two heartbeats: not a byte, and no room made for what waits to be sent to it.
    ///
    /// Over plain HTTP the client shows by its requests that it is there, those that send and those that receive. When it has
    /// made none for two heartbeats its streaming response is complete, so that it asks for another (a polling one is complete
    /// with each heartbeat). It counts as gone when it has not done so within
    /// [`disconnect_delay`](Self::disconnect_delay) more, whatever of the response it has taken.
    ///
    /// More than a day counts as a day.
    ///
    /// # Panics
    /// If `every` is zero.
    #[must_use]
    pub fn heartbeat(mut self, every: Duration) -> Self {
        assert!(
            !every.is_zero(),
            "the time between two heartbeats must not be zero"
        );
        self.config.heartbeat = every.min(LONGEST_HEARTBEAT);
        self
    }

    /// How long a closed session may take to send what is queued and to end the connection in order, before the
    /// connection is cut; 5 seconds by default.
    #[must_use]
    pub fn close_timeout(mut self, limit: Duration) -> Self {
        self.config.close_timeout = limit;
        self
    }

    /// The size in bytes of a client's message; 64 KiB by default. What carries messages in SockJS frames, a WebSocket message
    /// or a request's body, may be twice as long.
    ///
    /// Over plain HTTP one request at a time is read and passed on for each session; four more may wait, unread, and what
    /// comes beyond them is refused with 429. One whose messages the application does not take, not one within two
    /// [heartbeats](Self::heartbeat), is answered with 503 and ends the session.
    ///
    /// A longer one ends the session with [`Ended::MessageTooLong`](crate::Ended::MessageTooLong) and the WebSocket close
    /// code 1009.
    #[must_use]
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.config.max_message_size = bytes;
        self
    }

    /// The memory in bytes that all messages of more than 1 MiB share, from their arrival until the application has done with
    /// them; 64 MiB by default. See [`Receiver::recv_with_room`](crate::Receiver::recv_with_room). Reading one takes up to
    /// twice as much for a moment.
    ///
    /// A client whose long message finds no room is not read until there is some. It is cut off after two
    /// [heartbeats](Self::heartbeat), but waits for what its own session has as long as the application does not take that. A
    /// message for which there is room may take as long as it takes, if each 256 KiB of it come within these two heartbeats.
    /// Clones of this builder share.
    #[must_use]
    pub fn room_for_long_messages(mut self, bytes: usize) -> Self {
        self.config.rooms = Rooms::new(bytes);
        self
    }

    /// How many bytes may wait in a session, in each direction; 64 KiB by default. Each message counts 64 bytes more than
    /// its content. A longer one waits alone, or behind others if its place was [reserved](crate::Sender::reserve).
    ///
    /// When so many wait for the client, [`Session::send`] waits. When so many wait for the handler, no more is read from
    /// the client's connection.
    #[must_use]
    pub fn max_waiting(mut self, bytes: usize) -> Self {
        self.config.max_waiting = bytes;
        self
    }

    /// The subprotocols that raw sessions may have, whose clients connect to `/websocket`; none by default.
    ///
    /// The first of those that a client offers and this server knows is agreed on; [`Session::protocol`] tells it. Such a
    /// session carries binary messages too ([`Session::recv_message`], [`Session::send_binary`]). A client that offers none,
    /// or none that is known, gets a session that carries text only, and no `Sec-WebSocket-Protocol` in the response.
    ///
    /// # Panics
    /// If one is not a token (RFC 9110, section 5.6.2), as RFC 6455 demands in section 4.1.
    #[must_use]
    pub fn raw_protocols(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.config.raw_protocols = names.into_iter().collect();
        for name in &self.config.raw_protocols {
            assert!(is_token(name), "{name:?} can't be a subprotocol's name");
        }
        self
    }

    /// Whether there is the websocket transport, with SockJS frames and raw; there are by default. Without them `/info` tells clients to
    /// take another transport.
    #[must_use]
    pub fn websocket(mut self, there: bool) -> Self {
        self.config.websocket = there;
        self
    }

    /// After so many bytes a streaming response is complete, and the client asks for another; 128 KiB by default.
    ///
    /// Browsers keep all of a response until its end.
    #[must_use]
    pub fn response_limit(mut self, bytes: usize) -> Self {
        self.config.response_limit = bytes;
        self
    }

    /// How long a session over plain HTTP lives while none of its client's requests receives; 5 seconds by default. For so
    /// long, too, a closed one tells how it was closed.
    ///
    /// A client that vanishes is noticed within this and two [heartbeats](Self::heartbeat).
    #[must_use]
    pub fn disconnect_delay(mut self, delay: Duration) -> Self {
        self.config.disconnect_delay = delay;
        self
    }

    /// Sets the cookie `JSESSIONID` in every answer about a session over plain HTTP, by which some load balancers know which
    /// server has it: to the value that the client sends, else to `dummy`. It does not by default.
    #[must_use]
    pub fn cookie_needed(mut self, needed: bool) -> Self {
        self.config.cookie_needed = needed;
        self
    }

    /// Offers the transports for browsers that know no CORS, too: htmlfile, jsonp, and the page `/iframe*.html`, which loads
    /// SockJS's client from `client_url`. It does not by default: they let pages of any origin in, past
    /// [`allow_origin`](Self::allow_origin).
    #[must_use]
    pub fn legacy_transports(mut self, client_url: &str) -> Self {
        self.config.legacy = Some(iframe::Page::new(client_url));
        self
    }

    /// How many sessions a client address may have at once; as many as it wants by default. Beyond it new ones are refused
    /// with 429. A session counts from its opening until it is over and, over plain HTTP, has told so, whatever its transport
    /// and whether the handler has taken anything from it or not. Clones of this builder count together.
    ///
    /// `address_of` tells the address of a request: of its connection, which axum has in its `ConnectInfo` extension, or what
    /// a trusted proxy says. One without an address is not counted.
    #[must_use]
    pub fn max_sessions_per_address(
        mut self,
        limit: usize,
        address_of: impl Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        let addresses = Arc::new(Addresses::new(limit));
        self.config.addresses = Some((addresses, Arc::new(address_of)));
        self
    }

    /// Lets `guard` say who may open sessions and ask for `/info`, and to whom a session over plain HTTP belongs. By default
    /// everyone may, and a session belongs to whoever knows its name.
    ///
    /// It is not asked about what tells nothing: greeting, iframe page, CORS preflights, what is not found.
    #[must_use]
    pub fn guard(mut self, guard: impl Guard) -> Self {
        self.config.guard = Some(Arc::new(guard));
        self
    }

    /// Ends all sessions when `token` is cancelled, with `c[1001,"Server shutting down"]` (raw ones with the WebSocket close
    /// code 1001), and refuses new ones with 503.
    ///
    /// [`track`](Self::track) tells when they have ended.
    #[must_use]
    pub fn shutdown(mut self, token: CancellationToken) -> Self {
        self.config.shutdown = token;
        self
    }

    /// Runs the sessions' tasks, one for each, in `tracker`. axum's own graceful shutdown does not wait for them;
    /// [`TaskTracker::wait`] does.
    #[must_use]
    pub fn track(mut self, tracker: TaskTracker) -> Self {
        self.config.tasks = tracker;
        self
    }

    /// Lets pages of the origins for which `filter` is true read the answers, with their cookies (CORS). None by default.
    ///
    /// This does not keep anyone out: browsers let any page open a WebSocket to any server. A server that trusts cookies
    /// has to check the `Origin` header of every request, in middleware.
    #[must_use]
    pub fn allow_origin(mut self, filter: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.config.allow_origin = Arc::new(filter);
        self
    }

    /// The server as a router, to be put under a prefix.
    ///
    /// It answers every path there, what is not SockJS with 404. [`Router::nest_service`] passes it all of them;
    /// [`Router::nest`] all but the prefix with a slash behind it, where SockJS has its greeting too.
    ///
    /// ```
    /// let echo = axum_sockjs::Builder::new(|mut session: axum_sockjs::Session| async move {
    ///     while let Ok(message) = session.recv().await {
    ///         let _ = session.send(message).await;
    ///     }
    /// });
    /// let app: axum::Router = axum::Router::new().nest_service("/echo", echo.into_router());
    /// ```
    pub fn into_router<S>(self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        endpoints::router(Arc::new(self.config))
    }
}

/// Whether a header may have it as a token.
fn is_token(name: &str) -> bool {
    let is_token_char = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
    !name.is_empty() && name.bytes().all(is_token_char)
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("heartbeat", &self.heartbeat)
            .field("close_timeout", &self.close_timeout)
            .field("max_message_size", &self.max_message_size)
            .field("max_waiting", &self.max_waiting)
            .field("shutdown", &self.shutdown)
            .field("tasks", &self.tasks)
            .field("raw_protocols", &self.raw_protocols)
            .field("websocket", &self.websocket)
            .field("response_limit", &self.response_limit)
            .field("disconnect_delay", &self.disconnect_delay)
            .field("cookie_needed", &self.cookie_needed)
            .field("legacy", &self.legacy)
            .finish_non_exhaustive()
    }
}
