//! What moves a client: it makes the connections that the client asks for, sends what it says, and keeps its time.

use std::rc::Rc;

use gloo_timers::callback::{Interval, Timeout};
use podshell_client::{Action, Client};

use crate::{
    browser::{clock, dom},
    net::{api, connection::Connection, connection_event::ConnectionEvent},
};

/// How often the client's deadlines are looked at, in ms.
const TICK: u32 = 1000;

/// What a driver tells whoever has it.
pub(crate) enum DriverEvent {
    /// It is time to tick the client.
    Tick,
    /// The connection tells something.
    Connection(ConnectionEvent),
    /// A connection is being opened that is to go on with the session of this handle.
    Resuming(String),
}

/// A client with its connection and its timers.
pub(crate) struct Driver {
    pub(crate) client: Client,
    connection: Option<Connection>,
    /// When the client wants to be ticked, and what will do that.
    alarm: Option<(f64, Timeout)>,
    tell: Rc<dyn Fn(DriverEvent)>,
    _ticker: Interval,
}

impl Driver {
    /// Drives a client, and tells of what happens to it.
    pub(crate) fn new(client: Client, tell: impl Fn(DriverEvent) + 'static) -> Self {
        let tell: Rc<dyn Fn(DriverEvent)> = Rc::new(tell);
        let on_tick = Rc::clone(&tell);
        Self {
            client,
            connection: None,
            alarm: None,
            tell,
            _ticker: Interval::new(TICK, move || on_tick(DriverEvent::Tick)),
        }
    }

    /// Does what the client wants to be done, and sets the alarm for what comes next.
    pub(crate) fn perform_actions(&mut self) {
        while let Some(action) = self.client.next_action() {
            match action {
                Action::Disconnect => self.connection = None,
                Action::Connect(transport) => {
                    let tell = Rc::clone(&self.tell);
                    let on_event = move |event| tell(DriverEvent::Connection(event));
                    let query = self.client.connection_query();
                    self.connection =
                        Connection::open(transport, &dom::base(), query, on_event).ok();
                    if let Some(handle) = query.filter(|_| self.client.is_resuming()) {
                        (self.tell)(DriverEvent::Resuming(handle.to_owned()));
                    }
                    if self.connection.is_none() {
                        self.client.connection_closed(clock::now());
                    }
                }
                Action::Leave(key) => api::leave(&key),
                Action::Send(message) => {
                    if let Some(connection) = &self.connection {
                        connection.send(&message);
                    }
                }
            }
        }
        let due = self.client.next_tick();
        if self.alarm.as_ref().map(|(at, _)| *at) != due {
            self.alarm = due.map(|at| {
                let tell = Rc::clone(&self.tell);
                let wait = (at - clock::now()).max(0.0).ceil() as u32;
                (at, Timeout::new(wait, move || tell(DriverEvent::Tick)))
            });
        }
    }
}
