//! A shell on the page: mints an id, opens a connection, and ties it to a terminal.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use gloo_timers::callback::{Interval, Timeout};
use leptos::prelude::*;
use podshell_shared::terminal::{EndReason, Exit, Size};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;

use crate::{
    api,
    connection::{Connection, End, Output, Phase},
    dom::{self, Listener},
    failure::{Failure, Kind},
    route::Target,
    screen::{Event, Screen},
    socket::Socket,
};

/// How often the connection's deadlines are looked at, in ms.
const TICK: u32 = 1000;
/// How soon to look again whether a full socket has drained, in ms.
const DRAIN: u32 = 10;

/// How far a shell is, for the state line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// The server is asked for an id.
    Asking,
    /// The connection is being opened.
    Opening,
    /// The server starts the shell.
    Starting,
    /// The shell runs.
    Connected,
    /// The session ended as sessions do.
    Ended(Exit),
    /// The connection was lost.
    Lost(Failure),
    /// There was no shell to begin with.
    Failed(Failure),
}

impl Status {
    /// Whether nothing more will happen by itself.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self, Self::Ended(_) | Self::Lost(_) | Self::Failed(_))
    }

    fn of(phase: &Phase) -> Self {
        let ended = |reason, message| {
            Self::Ended(Exit {
                reason,
                code: None,
                message,
            })
        };
        match phase.clone() {
            Phase::Opening => Self::Opening,
            Phase::Starting => Self::Starting,
            Phase::Connected => Self::Connected,
            Phase::Over(end) => match end {
                End::Exit(exit) => Self::Ended(exit),
                End::Closed {
                    code: PROCESS_EXITED,
                    ..
                } => ended(EndReason::Exited, String::new()),
                End::Left => ended(EndReason::Closed, String::new()),
                End::Unopened | End::Unstarted | End::Closed { bound: false, .. } => {
                    Self::Failed(Failure::from_end(end))
                }
                End::Dropped | End::Silent | End::Garbled(_) | End::Closed { .. } => {
                    Self::Lost(Failure::from_end(end))
                }
            },
        }
    }
}

/// The code of the frame that closes a session whose process ended.
const PROCESS_EXITED: u16 = 1;

/// What the page shows of a session.
#[derive(Clone, Copy)]
pub(crate) struct View {
    pub(crate) status: RwSignal<Status>,
    pub(crate) size: RwSignal<Size>,
    /// In ms.
    pub(crate) round_trip: RwSignal<Option<u32>>,
    pub(crate) toast: RwSignal<Option<String>>,
    /// Whether there is anything on the terminal to be read.
    pub(crate) drawn: RwSignal<bool>,
}

impl View {
    pub(crate) fn new() -> Self {
        Self {
            status: RwSignal::new(Status::Asking),
            size: RwSignal::default(),
            round_trip: RwSignal::default(),
            toast: RwSignal::default(),
            drawn: RwSignal::default(),
        }
    }
}

/// A terminal and, while it lasts, its connection. Dropping it ends the shell.
pub(crate) struct Session {
    me: Weak<Self>,
    target: Target,
    view: View,
    screen: Screen,
    live: RefCell<Option<Live>>,
    /// Counts the shells begun, so that what was asked for an earlier one is known for late.
    attempt: Cell<u32>,
    on_leave: Box<dyn Fn()>,
    _page_hidden: Listener,
}

struct Live {
    connection: Connection,
    socket: Socket,
    drain: Option<Timeout>,
    _ticker: Interval,
}

impl Session {
    /// Opens a terminal in `host` and begins a shell; `on_leave` is called when the user asks
    /// for a way out of the terminal.
    pub(crate) fn open(
        target: Target,
        host: &HtmlElement,
        label: &str,
        view: View,
        on_leave: impl Fn() + 'static,
    ) -> Rc<Self> {
        let session = Rc::new_cyclic(|me: &Weak<Self>| Self {
            me: me.clone(),
            target,
            view,
            screen: Screen::open(host, label, with(me, Self::screen_event)),
            live: RefCell::default(),
            attempt: Cell::default(),
            on_leave: Box::new(on_leave),
            _page_hidden: Listener::new(&window(), "pagehide", with(me, |me, _| me.leave())),
        });
        session
            .view
            .size
            .set(session.screen.size().unwrap_or_default());
        session.begin();
        session
    }

    /// The terminal.
    pub(crate) fn screen(&self) -> &Screen {
        &self.screen
    }

    /// Begins another shell in the same terminal.
    pub(crate) fn begin_again(&self) {
        self.leave();
        self.screen.begin_again();
        self.begin();
    }

    fn begin(&self) {
        let attempt = self.attempt.get() + 1;
        self.attempt.set(attempt);
        self.view.round_trip.set(None);
        self.view.toast.set(None);
        self.view.status.set(Status::Asking);
        let (me, target) = (self.me.clone(), self.target.clone());
        spawn_local(async move {
            let minted = api::mint(&target).await;
            let Some(me) = me.upgrade().filter(|me| me.attempt.get() == attempt) else {
                return;
            };
            match minted {
                Ok(minted) => me.connect(minted.id),
                Err(failure) => me.view.status.set(Status::Failed(failure)),
            }
        });
    }

    fn connect(&self, id: String) {
        let on_text = with(&self.me, |me, text: String| me.receive(&text));
        let on_close = with(&self.me, |me, ()| me.step(Connection::socket_closed));
        let on_tick = with(&self.me, |me, ()| {
            me.step(|connection| connection.tick(dom::now()));
        });
        let socket = match Socket::open(&dom::base(), on_text, move || on_close(())) {
            Ok(socket) => socket,
            Err(error) => {
                let failure = Failure::new(Kind::NoSocket, format!("{error:?}"));
                self.view.status.set(Status::Failed(failure));
                return;
            }
        };
        *self.live.borrow_mut() = Some(Live {
            connection: Connection::new(id, self.screen.size(), dom::now()),
            socket,
            drain: None,
            _ticker: Interval::new(TICK, move || on_tick(())),
        });
        self.settle();
    }

    fn receive(&self, text: &str) {
        let outputs = self.step(|connection| connection.receive(text, dom::now()));
        for output in outputs.into_iter().flatten() {
            match output {
                Output::Draw { data, end } => {
                    self.screen.write(&data, end);
                    if !self.view.drawn.get_untracked() {
                        self.view.drawn.set(true);
                    }
                }
                Output::Skipped(bytes) => self.screen.remark(&format!("… {bytes} B …")),
                Output::Toast(text) => self.view.toast.set(Some(text)),
            }
        }
    }

    fn screen_event(&self, event: Event) {
        match event {
            Event::Input(text) => {
                let over = self.view.status.with_untracked(Status::is_over);
                if over && text == "\r" {
                    self.begin_again();
                } else {
                    self.step(|connection| connection.type_in(text));
                }
            }
            Event::Rendered(end) => {
                self.step(|connection| connection.rendered(end));
            }
            Event::Resized(size) => {
                self.view.size.set(size);
                self.step(|connection| connection.resize(size));
            }
            Event::Leave => (self.on_leave)(),
        }
    }

    /// Ends the shell: the user is gone, or wants another.
    fn leave(&self) {
        self.attempt.update(|attempt| attempt + 1);
        self.step(Connection::leave);
    }

    /// Does something to the connection, if there is one, and then what follows from it.
    fn step<T>(&self, act: impl FnOnce(&mut Connection) -> T) -> Option<T> {
        let result = act(&mut self.live.borrow_mut().as_mut()?.connection);
        self.settle();
        Some(result)
    }

    /// Sends the frames that are due, drops a connection that is over, and brings the state
    /// line up to date.
    fn settle(&self) {
        let mut slot = self.live.borrow_mut();
        let Some(live) = slot.as_mut() else { return };
        while let Some(frame) = live.connection.next_frame(live.socket.buffered()) {
            live.socket.send(&frame);
        }
        if live.connection.has_input() && live.drain.is_none() {
            let drained = with(&self.me, Self::drained);
            live.drain = Some(Timeout::new(DRAIN, move || drained(())));
        }
        let status = Status::of(live.connection.phase());
        let round_trip = live.connection.round_trip().map(|ms| ms.round() as u32);
        let over = if status.is_over() { slot.take() } else { None };
        drop(slot);
        drop(over);
        self.show(status, round_trip);
    }

    /// The socket may have room for more input.
    fn drained(&self, (): ()) {
        if let Some(live) = self.live.borrow_mut().as_mut() {
            live.drain = None;
        }
        self.settle();
    }

    fn show(&self, status: Status, round_trip: Option<u32>) {
        if self.view.round_trip.get_untracked() != round_trip {
            self.view.round_trip.set(round_trip);
        }
        if self.view.status.with_untracked(|shown| *shown != status) {
            if status == Status::Connected {
                self.screen.focus();
            }
            self.view.status.set(status);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(Live {
            connection, socket, ..
        }) = self.live.get_mut()
        {
            connection.leave();
            while let Some(frame) = connection.next_frame(0) {
                socket.send(&frame);
            }
        }
    }
}

/// A callback that does nothing once the session is gone.
fn with<E, T, F>(me: &Weak<Session>, call: F) -> impl Fn(E) + use<E, T, F>
where
    F: Fn(&Session, E) -> T,
{
    let me = me.clone();
    move |event| {
        if let Some(me) = me.upgrade() {
            call(&me, event);
        }
    }
}
