//! What a session's client and its terminal tell, and what follows from it.

use std::rc::Rc;

use bytes::Bytes;
use js_sys::Uint8Array;
use leptos::prelude::*;
use podshell_client::{Client, ScreenUpdate, TAIL};
use podshell_shared::terminal;

use crate::{
    browser::clock,
    net::connection_event::ConnectionEvent,
    session::{
        controller::TerminalController,
        driver::{Driver, DriverEvent},
        status::Status,
        view::{Activity, set_if_changed},
    },
    ui::{dialogue::Choice, notice::Notice},
    xterm::terminal_event::TerminalEvent,
};

/// Ctrl-C, as it is typed.
const CTRL_C: &str = "\x03";

impl TerminalController {
    pub(crate) fn driver_event(&self, event: DriverEvent) {
        match event {
            DriverEvent::Tick => {
                self.step(|client| client.tick(clock::now()));
            }
            DriverEvent::Connection(event) => self.connection_event(event),
            DriverEvent::Resuming(handle) => self.ask_whether_session_lives(handle),
        }
    }

    fn connection_event(&self, event: ConnectionEvent) {
        let now = clock::now();
        match event {
            ConnectionEvent::Output(bytes) => {
                let (tail, count) = tail(&bytes);
                // Nothing is to be sent because of it: this is the hot path.
                let mut driver = self.driver.borrow_mut();
                let Some(Driver { client, .. }) = driver.as_mut() else {
                    return;
                };
                let length = bytes.length() as usize;
                let end = client.receive_output(length, &tail[..count], now);
                drop(driver);
                self.draw(&bytes, end);
            }
            ConnectionEvent::ServerEvent(event) => {
                let update = self.step(|client| client.receive(event, now));
                if let Some(update) = update.flatten() {
                    self.show(update);
                }
            }
            ConnectionEvent::Closed => {
                self.step(|client| client.connection_closed(now));
            }
        }
    }

    fn show(&self, update: ScreenUpdate) {
        let language = self.preferences.language.get_untracked();
        match update {
            ScreenUpdate::Output { data, end } => self.draw(&Uint8Array::from(&data[..]), end),
            ScreenUpdate::Resumed => self.terminal.resume(),
            ScreenUpdate::Skipped { bytes, end } => {
                self.terminal.remark(&language.skipped(bytes), Some(end));
            }
            ScreenUpdate::Missing { bytes, end } => {
                let redraw = self.terminal.is_alternate();
                self.terminal.remark(&language.missing(bytes), Some(end));
                if redraw {
                    self.step(|client| client.redraw(clock::now()));
                }
            }
            ScreenUpdate::Notice(said) => {
                // It is said where nobody may be looking.
                self.view.happened(Activity::Bell);
                let notice = Notice::new(language.notice(said));
                self.view.notices.show(match said {
                    terminal::Notice::IdleSoon { .. } => notice.until_typed().warns(),
                    terminal::Notice::LifetimeSoon { .. }
                    | terminal::Notice::ShutdownSoon { .. } => {
                        notice.warns().choices(self.way_without_a_page())
                    }
                    _ => notice,
                });
            }
        }
    }

    /// A button that copies the command for who can't wait.
    fn way_without_a_page(&self) -> Vec<Choice> {
        let words = self.preferences.language.get_untracked().words();
        let questions = Rc::downgrade(&self.questions);
        let choice = |command: String| {
            Choice::new(words.copy_kubectl, move || {
                if let Some(questions) = questions.upgrade() {
                    questions.copy(&command);
                }
            })
        };
        self.target.kubectl().map(choice).into_iter().collect()
    }

    fn draw(&self, bytes: &Uint8Array, end: u64) {
        self.terminal.write(bytes, end);
        self.printed_at.set(clock::now());
        set_if_changed(self.view.drawn, true);
        self.view.happened(Activity::Output);
    }

    pub(crate) fn terminal_event(&self, event: TerminalEvent) {
        let event = match event {
            TerminalEvent::Input(text) => TerminalEvent::Input(self.view.modifiers.typed(text)),
            event => event,
        };
        match event {
            TerminalEvent::Input(text) if self.view.status.with_untracked(Status::is_ended) => {
                if text == "\r" && self.view.status.with_untracked(Status::is_taken_over) {
                    self.take_back();
                } else if text == "\r" {
                    self.begin_again();
                }
            }
            TerminalEvent::Input(text) if text == CTRL_C && self.may_drop() => {
                self.view.notices.end_idle_warning();
                self.step(Client::interrupt);
            }
            TerminalEvent::Input(text) => self.type_in(text.into()),
            // Where only text can be said, mouse reports that are none can't.
            TerminalEvent::Bytes(bytes) => {
                let is_binary = |client: &Client| client.transport().is_binary();
                if bytes.is_ascii() || self.ask(is_binary) == Some(true) {
                    self.type_in(bytes.into());
                }
            }
            TerminalEvent::Pasted(text) => self.questions.paste(text),
            TerminalEvent::Copied(text) => self.questions.copy(&text),
            TerminalEvent::Link(link) => self.questions.ask_for_link(link),
            TerminalEvent::ClipboardRequest(request) => {
                self.questions.receive_clipboard_request(request)
            }
            TerminalEvent::Rendered(end) => {
                self.step(|client| client.drawn(end));
            }
            TerminalEvent::Titled(title) => self.entitle(&title),
            TerminalEvent::Rang => self.view.happened(Activity::Bell),
            TerminalEvent::Resized(size) => {
                self.view.size.set(size);
                self.step(|client| client.resize(size));
            }
            TerminalEvent::ReturnFocus => {
                if let Some(leave) = &*self.on_return_focus.borrow() {
                    leave();
                }
            }
        }
    }

    fn type_in(&self, bytes: Bytes) {
        self.view.notices.end_idle_warning();
        if self.step(|client| client.type_in(bytes)) == Some(false) {
            let words = self.preferences.language.get_untracked().words();
            self.view.notices.show(Notice::new(words.too_long));
        }
    }

    /// Whether a Ctrl-C may drop the flood that it interrupts. A full-screen program's output is never
    /// dropped: it may read the Ctrl-C as a key like any other.
    fn may_drop(&self) -> bool {
        self.preferences.instant_interrupt.get_untracked() && !self.terminal.is_alternate()
    }
}

/// The last bytes of output, and how many they are.
fn tail(bytes: &Uint8Array) -> ([u8; TAIL], usize) {
    let length = bytes.length();
    let from = length.saturating_sub(TAIL as u32);
    let mut tail = [0; TAIL];
    // A view of them would be one more object for each frame.
    for (byte, at) in tail.iter_mut().zip(from..length) {
        *byte = bytes.get_index(at);
    }
    (tail, (length - from) as usize)
}
