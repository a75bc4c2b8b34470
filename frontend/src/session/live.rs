//! A connection being driven: its socket, and the timers that tick it.

use std::rc::Weak;

use gloo_timers::callback::{Interval, Timeout};

use podshell_client::{Connection, Step};

use super::{Session, with};
use crate::{api, dom, socket::Socket};

/// A connection with its socket and its timers.
pub(super) struct Live {
    pub(super) connection: Connection,
    socket: Option<Socket>,
    /// When the connection wants to be ticked, and what will do that.
    alarm: Option<(f64, Timeout)>,
    _ticker: Interval,
}

impl Live {
    /// A connection that is to be driven; `ticker` is what ticks it every second.
    pub(super) fn new(connection: Connection, ticker: Interval) -> Self {
        Self {
            connection,
            socket: None,
            alarm: None,
            _ticker: ticker,
        }
    }

    /// Does what the connection wants to be done, and sets the alarm for what comes next.
    pub(super) fn take_steps(&mut self, session: &Weak<Session>) {
        while let Some(step) = self.connection.next_step() {
            match step {
                Step::HangUp => self.socket = None,
                Step::Open(transport) => {
                    let tell = with(session, Session::hear);
                    let query = self.connection.query();
                    self.socket = Socket::open(transport, &dom::base(), query, tell).ok();
                    if let Some(session) = session.upgrade()
                        && let Some(handle) = query.filter(|_| self.connection.resumes())
                    {
                        session.ask_whether_it_lives(handle);
                    }
                    if self.socket.is_none() {
                        self.connection.line_closed(dom::now());
                    }
                }
                Step::Leave(key) => api::leave(&key),
                Step::Send(message) => {
                    if let Some(socket) = &self.socket {
                        socket.send(&message);
                    }
                }
            }
        }
        let due = self.connection.due();
        if self.alarm.as_ref().map(|(at, _)| *at) != due {
            self.alarm = due.map(|at| {
                let ring = with(session, |me, ()| me.tick());
                let wait = (at - dom::now()).max(0.0).ceil() as u32;
                (at, Timeout::new(wait, move || ring(())))
            });
        }
    }
}
