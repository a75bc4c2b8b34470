//! A terminal on the page: mints an id, drives a client, and ties it to a screen.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use js_sys::{Date, Math};
use leptos::prelude::*;
use podshell_client::{Client, End, ResumePoint, ServerInfo, transport::Transport};
use podshell_shared::{
    api::SessionLife,
    terminal::{EndReason, Exit},
};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlElement, PageTransitionEvent};

use podshell_shared::target::{Mode, TargetRequest};

use crate::{
    browser::{clock, dom, listener::Listener},
    net::{api, connection, preferred_transport, server_info},
    session::{
        driver::Driver,
        loss::{self, Loss},
        questions::Questions,
        recent_shells::RECENT_SHELLS,
        saved_session::{self, SavedName, SavedSession},
        status::Status,
        title,
        view::{Connection, TerminalView, set_if_changed},
    },
    settings::Preferences,
    xterm::{prompt::Running, screen_keys::ComposerInput, terminal::Terminal},
};

/// A terminal and, while it lasts, its client. Dropping it ends the shell.
pub(crate) struct TerminalController {
    me: Weak<Self>,
    pub(crate) target: TargetRequest,
    /// Where the next page of this tab finds it.
    saved_name: SavedName,
    pub(crate) view: TerminalView,
    pub(crate) preferences: Preferences,
    pub(crate) terminal: Rc<Terminal>,
    pub(crate) questions: Rc<Questions>,
    pub(crate) driver: RefCell<Option<Driver>>,
    /// Counts the shells begun, so that what was asked for an earlier one is known for late.
    attempt: Cell<u32>,
    /// What the server has told of itself.
    info: Cell<Option<ServerInfo>>,
    /// Whether a page before this one left what is on it, and not the session that it goes on with.
    keeps_old: Cell<bool>,
    /// When output came last, on the page's clock, in ms; at first, when it was opened.
    pub(crate) printed_at: Cell<f64>,
    /// Whether this goes on with the session of a page that was here before, as far as is known.
    restored: Cell<bool>,
    /// What the program was called there, which may be another user's until the server goes on with the session.
    restored_title: RefCell<Option<String>>,
    /// What is done when the user wants the keyboard back for the page that shows this.
    pub(crate) on_return_focus: RefCell<Option<Box<dyn Fn()>>>,
    loss: Loss,
    _listeners: [Listener; 3],
}

impl TerminalController {
    /// Opens a terminal in `host` and begins a shell, or goes on with the one that was here before the page
    /// was loaded anew.
    pub(crate) fn open(
        target: TargetRequest,
        saved_name: SavedName,
        host: &HtmlElement,
        view: TerminalView,
        preferences: Preferences,
    ) -> Rc<Self> {
        let saved = saved_session::take(&saved_name);
        let session = Rc::new_cyclic(|me: &Weak<Self>| {
            let on_event = callback(me, Self::terminal_event);
            let terminal = Rc::new(Terminal::open(
                host,
                &preferences.looks.get_untracked(),
                preferences.clipboard_keys,
                view.found,
                on_event,
            ));
            Self {
                me: me.clone(),
                target,
                saved_name,
                view,
                preferences,
                questions: Questions::new(Rc::clone(&terminal), view, preferences),
                terminal,
                driver: RefCell::default(),
                attempt: Cell::default(),
                info: Cell::default(),
                keeps_old: Cell::default(),
                printed_at: Cell::new(clock::now()),
                restored: Cell::new(saved.is_some()),
                restored_title: RefCell::default(),
                on_return_focus: RefCell::default(),
                loss: Loss::default(),
                _listeners: [
                    Listener::new(
                        &window(),
                        "pageshow",
                        callback(me, |me, event| me.page_shown(&event)),
                    ),
                    Listener::new(
                        &window(),
                        "online",
                        callback(me, |me, _| {
                            me.step(|client| client.network_changed(clock::now()))
                        }),
                    ),
                    Listener::new(
                        &document(),
                        "visibilitychange",
                        callback(me, |me, _| {
                            if dom::is_visible() {
                                me.step(|client| client.user_returned(clock::now()));
                            }
                        }),
                    ),
                ],
            }
        });
        set_if_changed(view.size, session.terminal.size().unwrap_or_default());
        session.ask_for_info();
        match saved {
            Some(saved) => session.restore(saved),
            None => session.begin(),
        }
        session
    }

    /// The terminal.
    pub(crate) fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// Says what to do when the user asks for a way out of the terminal.
    pub(crate) fn on_return_focus(&self, leave: Box<dyn Fn()>) {
        *self.on_return_focus.borrow_mut() = Some(leave);
    }

    /// The program that would end with it: something else than the shell itself, as far as the terminal tells.
    pub(crate) fn running(&self) -> Option<Running> {
        let ends = self.target.mode != Mode::Attach
            && self.view.status.with_untracked(|status| {
                matches!(status, Status::Connected | Status::Reconnecting { .. })
            });
        ends.then(|| self.terminal.running()).flatten()
    }

    /// Sends what was typed or pressed below the terminal.
    pub(crate) fn send(&self, sent: ComposerInput<'_>) {
        match sent {
            ComposerInput::Line(line) => self.terminal.type_line(line),
            ComposerInput::Typed(text) => self.terminal.type_in(text),
            ComposerInput::Key(key) => self.terminal.press(key, self.view.modifiers),
        }
    }

    /// Ends the session, for good.
    pub(crate) fn close(&self) {
        self.attempt.update(|attempt| attempt + 1);
        if let Some(mut driver) = self.driver.take() {
            driver.client.close();
            driver.perform_actions();
        }
    }

    /// Begins another shell in the same terminal.
    pub(crate) fn begin_again(&self) {
        self.end_session();
        // Where nothing stands, the first line is the next shell's.
        if self.view.drawn.get_untracked() {
            self.terminal.begin_again();
        }
        self.begin();
    }

    /// Takes the session back from the window that has it now.
    pub(crate) fn take_back(&self) {
        self.step(|client| client.return_to_session(clock::now()));
    }

    /// Asks what the server offers. Nothing waits for it: it goes beside the minting, and tells a client that is
    /// opening already how long that should take.
    fn ask_for_info(&self) {
        let me = self.me.clone();
        spawn_local(async move {
            let info = server_info::ask().await;
            let Some((me, info)) = me.upgrade().zip(info) else {
                return;
            };
            me.info.set(Some(info));
            me.step(|client| client.server_info(info, clock::now()));
        });
    }

    /// Asks whether the session that a new connection is for can be gone on with: browsers do not tell why one was
    /// refused. Nothing waits for it.
    pub(crate) fn ask_whether_session_lives(&self, handle: String) {
        let me = self.me.clone();
        spawn_local(async move {
            let end = match api::session_life(&handle).await {
                Ok(SessionLife { lives: false }) => End::Exit(Exit::new(EndReason::NoSession, "")),
                Err(failure) if failure.is_signed_out() => End::SignedOut,
                // It is there, or nobody knows.
                Ok(_) | Err(_) => return,
            };
            if let Some(me) = me.upgrade() {
                me.step(|client| {
                    if client.connection_query() == Some(&handle) {
                        client.refused(end);
                    }
                });
            }
        });
    }

    fn begin(&self) {
        let attempt = self.attempt.get() + 1;
        self.attempt.set(attempt);
        // One that was taken over is still there.
        drop(self.driver.borrow_mut().take());
        set_if_changed(self.view.round_trip, None);
        set_if_changed(self.view.title, None);
        self.view.notices.clear();
        self.questions.begin_again();
        set_if_changed(self.view.status, Status::Asking);
        let transport = preferred_transport::first();
        self.connect(Client::start(
            connection::shows_who_opens_it(transport),
            self.terminal.size(),
            transport,
            Math::random,
            clock::now(),
        ));
        let (me, target) = (self.me.clone(), self.target.clone());
        spawn_local(async move {
            let minted = api::mint(&target).await;
            let Some(me) = me.upgrade().filter(|me| me.attempt.get() == attempt) else {
                return;
            };
            match minted {
                Ok(minted) => {
                    me.step(|client| client.minted(minted.id, clock::now()));
                }
                Err(failure) => {
                    drop(me.driver.borrow_mut().take());
                    me.view.status.set(Status::Failed(failure));
                }
            }
        });
    }

    /// Goes on with what a page before this one saved.
    fn restore(&self, saved: SavedSession) {
        // What can't be restored the program has to draw.
        let redraw = !self.terminal.restore(saved.snapshot);
        set_if_changed(self.view.drawn, true);
        self.connect(Client::resume(
            saved.resume_point,
            redraw,
            self.terminal.size(),
            preferred_transport::first(),
            Math::random,
            clock::now(),
        ));
    }

    /// A callback that does nothing once the session is gone.
    pub(super) fn callback<E, T, F>(&self, call: F) -> impl Fn(E) + Clone + use<E, T, F>
    where
        F: Fn(&Self, E) -> T + Clone,
    {
        callback(&self.me, call)
    }

    /// The program calls its terminal so.
    pub(super) fn entitle(&self, title: &str) {
        if self.restored.get() {
            *self.restored_title.borrow_mut() = Some(title.to_owned());
        } else {
            set_if_changed(self.view.title, title::displayable(title));
        }
    }

    fn connect(&self, mut client: Client) {
        if let Some(info) = self.info.get() {
            client.server_info(info, clock::now());
        }
        let driver = Driver::new(client, self.callback(Self::driver_event));
        *self.driver.borrow_mut() = Some(driver);
        self.settle();
    }

    /// Ends the shell: the user is gone, or wants another.
    fn end_session(&self) {
        self.attempt.update(|attempt| attempt + 1);
        self.step(Client::close);
    }

    /// The browser takes the page away: for good, to load it anew, or to put it aside. Gives how to go on with the session.
    pub(crate) fn leave(&self) -> Option<ResumePoint> {
        let resume_point = self.ask(Client::resume_point).flatten();
        self.step(Client::leave);
        resume_point
    }

    /// Keeps a session that was left, and what is on the screen, for the page that comes in the place of this one. It may take
    /// so many bytes.
    pub(crate) fn save(&self, resume_point: &ResumePoint, room: usize) {
        let looks = self.preferences.looks;
        let mut lines = looks.with_untracked(|looks| looks.scrollback);
        loop {
            let saved = SavedSession {
                resume_point: resume_point.clone(),
                snapshot: self.terminal.snapshot(lines),
            };
            if saved_session::save(&self.saved_name, &saved, room) || lines == 0 {
                break;
            }
            lines /= 2;
        }
    }

    /// What the client tells of itself, if there is one.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&Client) -> T) -> Option<T> {
        Some(question(&self.driver.borrow().as_ref()?.client))
    }

    /// The page is shown: at first, or when the browser puts it back as it was.
    fn page_shown(&self, event: &web_sys::Event) {
        let event: &PageTransitionEvent = event.unchecked_ref();
        if !event.persisted() {
            return;
        }
        drop(saved_session::take(&self.saved_name));
        let closed = |status: &Status| matches!(status, Status::Ended(exit) if exit.reason == EndReason::Closed);
        if self.view.status.with_untracked(closed) {
            // It was taken away before there was a shell to come back to.
            self.begin_again();
        } else {
            self.step(|client| client.return_to_session(clock::now()));
        }
    }

    /// Does something to the client, if there is one, and then what follows from it.
    pub(crate) fn step<T>(&self, act: impl FnOnce(&mut Client) -> T) -> Option<T> {
        let result = act(&mut self.driver.borrow_mut().as_mut()?.client);
        self.settle();
        Some(result)
    }

    /// Does what the client wants to be done. If that has changed how it fares, brings what is shown of it up to date, and
    /// drops one that has ended.
    fn settle(&self) {
        let mut slot = self.driver.borrow_mut();
        let Some(driver) = slot.as_mut() else { return };
        driver.perform_actions();
        if !driver.client.take_status_changed() {
            return;
        }
        let client = &driver.client;
        let status = Status::of(client, clock::now());
        let round_trip = client.round_trip().map(|ms| ms.round() as u32);
        let transport = client.transport();
        let over = if status.is_final() { slot.take() } else { None };
        drop(slot);
        if over.is_some() {
            self.terminal.finish();
        }
        drop(over);
        set_if_changed(self.view.round_trip, round_trip);
        self.take_status(status, transport);
    }

    fn take_status(&self, status: Status, transport: Transport) {
        if self.view.status.with_untracked(|shown| *shown == status) {
            return;
        }
        // Who comes back has time anew, and a session that has ended ends no more.
        self.view.notices.end_idle_warning();
        let try_now = self.callback(|me, ()| {
            me.step(|client| client.user_returned(clock::now()));
        });
        let (view, language) = (self.view, self.preferences.language);
        // The server notices later than the last that came from it, however long this computer slept since.
        let heard_at = self.ask(Client::heard_at).unwrap_or_else(clock::now);
        let heard_at = Date::now() - (clock::now() - heard_at);
        self.loss.follow(&status, view, move || {
            let kept = loss::kept(heard_at, language.get_untracked());
            loss::notice(view, language, move || try_now(())).detail(kept)
        });
        if status == Status::Connected {
            self.restored.set(false);
            if let Some(title) = self.restored_title.take() {
                self.entitle(&title);
            }
            let since = Date::now();
            let connection = Connection {
                transport,
                since,
                is_own: !self.keeps_old.get(),
            };
            self.view.connection.set(Some(connection));
            preferred_transport::remember(transport);
            // A frame's user is known to the page around it alone.
            if !self.saved_name.is_of_frame() {
                RECENT_SHELLS.remember(&self.target.page());
            }
            // Whoever looked elsewhere meanwhile is left alone.
            let is_here = self.view.has_keyboard.get_untracked();
            if is_here && dom::has_no_focus() {
                self.terminal.focus();
            }
        }
        let is_gone = matches!(&status, Status::Lost(failure) if failure.is(EndReason::NoSession));
        if is_gone && self.restored.replace(false) {
            self.restored_title.take();
            let words = self.preferences.language.get_untracked().words();
            self.terminal.begin_again();
            if self.saved_name.is_of_frame() {
                // Nobody here knows whether it was the same user's.
                self.terminal.clear();
            } else {
                self.keeps_old.set(true);
            }
            self.terminal.remark(words.shell_gone, None);
            self.begin();
        } else {
            self.view.status.set(status);
        }
    }
}

impl Drop for TerminalController {
    fn drop(&mut self) {
        self.close();
    }
}

/// The same, of one that is being made.
fn callback<E, T, F>(me: &Weak<TerminalController>, call: F) -> impl Fn(E) + Clone + use<E, T, F>
where
    F: Fn(&TerminalController, E) -> T + Clone,
{
    let me = me.clone();
    move |event| {
        if let Some(me) = me.upgrade() {
            call(&me, event);
        }
    }
}
