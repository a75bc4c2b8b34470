//! A client being driven: its socket, and the timers that tick it.

use std::rc::Weak;

use gloo_timers::callback::{Interval, Timeout};

use podshell_client::{Action, Client};

use super::{Session, with};
use crate::{
    browser::{clock, dom},
    net::{api, connection::Socket},
};

/// A client with its socket and its timers.
pub(super) struct Live {
    pub(super) client: Client,
    socket: Option<Socket>,
    /// When the client wants to be ticked, and what will do that.
    alarm: Option<(f64, Timeout)>,
    _ticker: Interval,
}

impl Live {
    /// A client that is to be driven; `ticker` is what ticks it every second.
    pub(super) fn new(client: Client, ticker: Interval) -> Self {
        Self {
            client,
            socket: None,
            alarm: None,
            _ticker: ticker,
        }
    }

    /// Does what the client wants to be done, and sets the alarm for what comes next.
    pub(super) fn take_steps(&mut self, session: &Weak<Session>) {
        while let Some(step) = self.client.next_action() {
            match step {
                Action::Disconnect => self.socket = None,
                Action::Connect(transport) => {
                    let tell = with(session, Session::hear);
                    let query = self.client.connection_query();
                    self.socket = Socket::open(transport, &dom::base(), query, tell).ok();
                    if let Some(session) = session.upgrade()
                        && let Some(handle) = query.filter(|_| self.client.is_resuming())
                    {
                        session.ask_whether_it_lives(handle);
                    }
                    if self.socket.is_none() {
                        self.client.connection_closed(clock::now());
                    }
                }
                Action::Leave(key) => api::leave(&key),
                Action::Send(message) => {
                    if let Some(socket) = &self.socket {
                        socket.send(&message);
                    }
                }
            }
        }
        let due = self.client.next_tick();
        if self.alarm.as_ref().map(|(at, _)| *at) != due {
            self.alarm = due.map(|at| {
                let ring = with(session, |me, ()| me.tick());
                let wait = (at - clock::now()).max(0.0).ceil() as u32;
                (at, Timeout::new(wait, move || ring(())))
            });
        }
    }
}
