//! By which transport to connect: from the best down until one opens, and another one now and then where none does.

use crate::{
    transport::Transport,
    types::{Action, ServerInfo},
};

/// How long opening a connection may take while there is another transport to try and nothing is known of the network, in ms.
const OPENS_WITHIN: f64 = 5_000.0;
/// The least that it may take on a fast network, in ms: a server may be busy.
const LEAST: f64 = 2_000.0;
/// How long opening a connection may take, in ms.
const LAST_OPENS_WITHIN: f64 = 15_000.0;
/// One in so many tries to reconnect takes another transport: the network may be another one.
const OTHER_EVERY: u32 = 4;

/// How far the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    /// To be opened.
    Wanted,
    Opening,
    Open,
}

/// The connection, as far as it is known here, and the transports that were tried.
#[derive(Debug)]
pub(crate) struct TransportFallback {
    state: State,
    /// The connection before this one has to be closed first.
    must_disconnect: bool,
    /// Since when it has been opening, or open.
    since: f64,
    transport: Transport,
    /// The transport that served last.
    proven: Transport,
    /// How many transports have failed.
    failed: usize,
    /// How long opening a connection may take while there is another transport to try, in ms.
    opens_within: f64,
    /// Whether the server takes any `WebSocket`, as far as is known.
    has_web_sockets: bool,
}

impl TransportFallback {
    /// A connection that is to be opened now, or later.
    pub(crate) fn new(is_wanted: bool, transport: Transport, now: f64) -> Self {
        Self {
            state: if is_wanted {
                State::Wanted
            } else {
                State::Closed
            },
            must_disconnect: false,
            since: now,
            transport,
            proven: transport,
            failed: 0,
            opens_within: OPENS_WITHIN,
            has_web_sockets: true,
        }
    }

    /// The server has told of itself. Opening may take as long as `sockjs-client` lets it: two round trips, each four times
    /// as long as this one was, or 300 ms longer where it was short; but never less than [`LEAST`].
    pub(crate) fn server_info(&mut self, info: ServerInfo) {
        let ServerInfo {
            websocket,
            round_trip,
        } = info;
        let one = if round_trip > 100.0 {
            4.0 * round_trip
        } else {
            300.0 + round_trip
        };
        self.opens_within = (2.0 * one).clamp(LEAST, LAST_OPENS_WITHIN);
        self.has_web_sockets = websocket;
    }

    /// Whether the server does not offer this transport.
    pub(crate) fn is_not_offered(&self) -> bool {
        self.state != State::Open && !self.is_offered(self.transport)
    }

    fn is_offered(&self, transport: Transport) -> bool {
        self.has_web_sockets || !transport.is_web_socket()
    }

    /// The transport in use, or to be used next.
    pub(crate) fn transport(&self) -> Transport {
        self.transport
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// How long it has been opening, or open.
    pub(crate) fn age(&self, now: f64) -> f64 {
        now - self.since
    }

    /// Whether the first connection takes too long to open.
    pub(crate) fn is_overdue(&self, now: f64) -> bool {
        if self.state == State::Open {
            return false;
        }
        let limit = if self.is_last() {
            LAST_OPENS_WITHIN
        } else {
            self.opens_within
        };
        self.age(now) > limit
    }

    /// Opens a new connection.
    pub(crate) fn connect(&mut self, now: f64) {
        self.disconnect();
        self.state = State::Wanted;
        self.since = now;
    }

    /// Closes the connection.
    pub(crate) fn disconnect(&mut self) {
        self.must_disconnect |= matches!(self.state, State::Opening | State::Open);
        self.state = State::Closed;
    }

    /// The connection is open; tells whether that was waited for.
    pub(crate) fn opened(&mut self, now: f64) -> bool {
        let expected = self.state == State::Opening;
        if expected {
            self.state = State::Open;
            self.since = now;
        }
        expected
    }

    /// The server has answered over this transport: it works here.
    pub(crate) fn confirm_transport(&mut self) {
        self.proven = self.transport;
    }

    /// Connects by the next transport, if any has not been tried yet.
    pub(crate) fn fall_back(&mut self, now: f64) -> bool {
        // One that was refused may have been so for its subprotocol; one that hangs would hang without it too.
        let none_gets_through = self.transport.is_web_socket() && self.is_overdue(now);
        loop {
            if self.is_last() {
                return false;
            }
            self.failed += 1;
            self.transport = self.transport.after(1);
            let hangs = none_gets_through && self.transport.is_web_socket();
            if !hangs && self.is_offered(self.transport) {
                self.connect(now);
                return true;
            }
        }
    }

    fn is_last(&self) -> bool {
        self.failed + 1 == Transport::ALL.len()
    }

    /// Chooses the transport for a try to reconnect, of which this is the `n`th.
    pub(crate) fn choose(&mut self, n: u32) {
        self.transport = self.proven;
        if n > 0 && n.is_multiple_of(OTHER_EVERY) {
            // Each in its turn, the best first.
            let others = Transport::ALL
                .into_iter()
                .filter(|other| *other != self.proven && self.is_offered(*other));
            let turn = (n / OTHER_EVERY - 1) as usize;
            self.transport = others.cycle().nth(turn).unwrap_or(self.proven);
        }
    }

    /// What is to be done next.
    pub(crate) fn next_action(&mut self) -> Option<Action> {
        if std::mem::take(&mut self.must_disconnect) {
            return Some(Action::Disconnect);
        }
        (self.state == State::Wanted).then(|| {
            self.state = State::Opening;
            Action::Connect(self.transport)
        })
    }
}
