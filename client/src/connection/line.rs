//! The line under a connection: one socket after another, and by which transport.

use super::Info;
use crate::transport::Transport;

/// How long opening a socket may take while there is another transport to try and nothing is known of the network, in ms.
const OPENS_WITHIN: f64 = 5_000.0;
/// The least that it may take on a fast network, in ms: a server may be busy.
const LEAST: f64 = 2_000.0;
/// How long opening a socket may take, in ms.
const LAST_OPENS_WITHIN: f64 = 15_000.0;
/// One in so many tries to reconnect takes another transport: the network may be another one.
const OTHER_EVERY: u32 = 4;

/// Where the socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Down,
    /// To be opened.
    Wanted,
    Opening,
    Open,
}

/// What is to be done to the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    HangUp,
    Open(Transport),
}

/// The line.
#[derive(Debug)]
pub(super) struct Line {
    state: State,
    /// The socket before this one has to be hung up first.
    hang_up: bool,
    /// When it was last dialled, or opened.
    since: f64,
    transport: Transport,
    /// The transport that served last.
    proven: Transport,
    /// How many transports were tried in vain.
    failed: usize,
    /// How long opening a socket may take while there is another transport to try, in ms.
    opens_within: f64,
    /// Whether the server takes any `WebSocket`, as far as is known.
    has_web_sockets: bool,
}

impl Line {
    /// A line that is to be opened now, or later.
    pub(super) fn new(is_wanted: bool, transport: Transport, now: f64) -> Self {
        Self {
            state: if is_wanted {
                State::Wanted
            } else {
                State::Down
            },
            hang_up: false,
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
    pub(super) fn informed(&mut self, info: Info) {
        let Info {
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

    /// Whether this transport is none that the server offers.
    pub(super) fn is_vain(&self) -> bool {
        self.state != State::Open && !self.is_offered(self.transport)
    }

    fn is_offered(&self, transport: Transport) -> bool {
        self.has_web_sockets || !transport.is_web_socket()
    }

    /// The transport in use, or to be used next.
    pub(super) fn transport(&self) -> Transport {
        self.transport
    }

    pub(super) fn is_down(&self) -> bool {
        self.state == State::Down
    }

    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// How long it has been opening, or open.
    pub(super) fn age(&self, now: f64) -> f64 {
        now - self.since
    }

    /// Whether the first socket takes too long to open.
    pub(super) fn is_stuck(&self, now: f64) -> bool {
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

    /// Opens a new socket.
    pub(super) fn dial(&mut self, now: f64) {
        self.hang_up();
        self.state = State::Wanted;
        self.since = now;
    }

    /// Drops the socket.
    pub(super) fn hang_up(&mut self) {
        self.hang_up |= matches!(self.state, State::Opening | State::Open);
        self.state = State::Down;
    }

    /// The socket is open; tells whether that was waited for.
    pub(super) fn opened(&mut self, now: f64) -> bool {
        let expected = self.state == State::Opening;
        if expected {
            self.state = State::Open;
            self.since = now;
        }
        expected
    }

    /// The server answered over this transport as was hoped.
    pub(super) fn proves_good(&mut self) {
        self.proven = self.transport;
    }

    /// Dials by the next transport, if any has not been tried yet.
    pub(super) fn fall_back(&mut self, now: f64) -> bool {
        // one that was refused may have been so for its subprotocol; one that hangs would hang without it too
        let none_gets_through = self.transport.is_web_socket() && self.is_stuck(now);
        loop {
            if self.is_last() {
                return false;
            }
            self.failed += 1;
            self.transport = self.transport.further(1);
            let hangs = none_gets_through && self.transport.is_web_socket();
            if !hangs && self.is_offered(self.transport) {
                self.dial(now);
                return true;
            }
        }
    }

    fn is_last(&self) -> bool {
        self.failed + 1 == Transport::ALL.len()
    }

    /// Chooses the transport for a try to reconnect, of which this is the `n`th.
    pub(super) fn choose(&mut self, n: u32) {
        self.transport = self.proven;
        if n > 0 && n.is_multiple_of(OTHER_EVERY) {
            // each in its turn, the best first
            let others = Transport::ALL
                .into_iter()
                .filter(|other| *other != self.proven && self.is_offered(*other));
            let turn = (n / OTHER_EVERY - 1) as usize;
            self.transport = others.cycle().nth(turn).unwrap_or(self.proven);
        }
    }

    /// What is to be done next.
    pub(super) fn next_act(&mut self) -> Option<Act> {
        if std::mem::take(&mut self.hang_up) {
            return Some(Act::HangUp);
        }
        (self.state == State::Wanted).then(|| {
            self.state = State::Opening;
            Act::Open(self.transport)
        })
    }
}
