//! The controller of one log: it reads it for as long as somebody looks, and draws its lines on a terminal.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use leptos::prelude::*;
use podshell_shared::{
    log::{LogOptions, LogRequest},
    log_lines::LogLine,
};
use web_sys::{AbortController, HtmlElement};

use crate::{
    log::{
        drawn::Drawn,
        kept_lines::KeptLines,
        keys::{self, Act},
        line, local_time,
        reading::Reading,
        view::{LogChoice, LogView},
    },
    session::{
        loss::Loss,
        questions::Questions,
        status::Status,
        view::{Activity, TerminalView, set_if_changed},
    },
    settings::Preferences,
    xterm::{
        search::{Query, Toward},
        terminal::Terminal,
        terminal_event::TerminalEvent,
    },
};

/// A log on a terminal.
pub(crate) struct LogController {
    pub(super) me: Weak<Self>,
    /// Whose log it is; what is wanted of it, the view's choice says.
    pub(super) request: LogRequest,
    pub(super) view: TerminalView,
    pub(super) log: LogView,
    pub(super) preferences: Preferences,
    terminal: Rc<Terminal>,
    questions: Rc<Questions>,
    pub(super) kept: RefCell<KeptLines>,
    pub(super) reading: RefCell<Option<Reading>>,
    pub(super) drawn: Rc<Drawn>,
    /// Counts the tries to read: an earlier one is over.
    pub(super) attempt: Cell<u32>,
    /// Whether one goes on.
    pub(super) is_read: Cell<bool>,
    /// Ends the answer that is being read.
    pub(super) abort: RefCell<Option<AbortController>>,
    on_return_focus: RefCell<Option<Box<dyn Fn()>>>,
    pub(super) loss: Loss,
}

impl LogController {
    /// Makes a terminal in `host` that is to show a log. It is read once it is [seen](Self::set_seen).
    pub(crate) fn open(
        request: LogRequest,
        host: &HtmlElement,
        view: TerminalView,
        log: LogView,
        preferences: Preferences,
    ) -> Rc<Self> {
        let controller = Rc::new_cyclic(|me: &Weak<Self>| {
            let told = me.clone();
            let terminal = Rc::new(Terminal::open(
                host,
                &preferences.looks.get_untracked(),
                preferences.clipboard_keys,
                view.found,
                move |event| {
                    if let Some(me) = told.upgrade() {
                        me.terminal_event(event);
                    }
                },
            ));
            let scrolled = me.clone();
            terminal.on_scroll(move || {
                if let Some(me) = scrolled.upgrade() {
                    me.look_where_it_is();
                }
            });
            Self {
                me: me.clone(),
                request,
                view,
                log,
                preferences,
                questions: Questions::new(Rc::clone(&terminal), view, preferences),
                terminal,
                kept: RefCell::default(),
                reading: RefCell::default(),
                drawn: Rc::default(),
                attempt: Cell::default(),
                is_read: Cell::default(),
                abort: RefCell::default(),
                on_return_focus: RefCell::default(),
                loss: Loss::default(),
            }
        });
        set_if_changed(view.size, controller.terminal.size().unwrap_or_default());
        controller.terminal.hide_cursor();
        controller
    }

    /// The terminal.
    pub(crate) fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// Says what to do when the user asks for a way out of the log.
    pub(crate) fn on_return_focus(&self, leave: Box<dyn Fn()>) {
        *self.on_return_focus.borrow_mut() = Some(leave);
    }

    /// Whether somebody looks at it: only then it is read. What was printed meanwhile is read afterwards.
    pub(crate) fn set_seen(&self, is_seen: bool) {
        let is_over = self.view.status.with_untracked(Status::is_ended);
        if is_seen && !self.is_read.get() && !is_over {
            self.read_on();
        } else if !is_seen {
            self.stop();
        }
    }

    /// Reads it from the beginning, as it is wanted now.
    pub(crate) fn begin_again(&self) {
        self.stop();
        self.reading.take();
        self.kept.borrow_mut().clear();
        self.terminal.clear();
        self.log.count.set(0);
        set_if_changed(self.log.unseen, None);
        set_if_changed(self.view.drawn, false);
        self.take_status(Status::Asking);
        self.read_on();
    }

    /// Goes to the newest line and stays there, or leaves it.
    pub(crate) fn follow(&self, follows: bool) {
        if follows {
            self.terminal.scroll_to_end();
        } else {
            self.terminal.scroll_lines(-1);
        }
        self.look_where_it_is();
    }

    /// Changes how it is wanted, and shows it so.
    pub(crate) fn choose(&self, change: impl FnOnce(&mut LogChoice)) {
        let before = self.log.choice.get_untracked();
        self.log.choice.update(change);
        let after = self.log.choice.get_untracked();
        let asks = |choice: &LogChoice| (choice.previous, choice.since);
        if asks(&before) != asks(&after) {
            self.begin_again();
            return;
        }
        let shows = |choice: &LogChoice| {
            let LogChoice {
                times,
                wraps,
                column,
                ..
            } = *choice;
            (times, wraps, column, choice.filter())
        };
        if shows(&before) != shows(&after) {
            self.draw_anew();
        }
        if before.text != after.text {
            self.find(Toward::Typed);
        }
    }

    /// Shows it as an address asks for it. One that asks for nothing leaves it as it is.
    pub(crate) fn ask_for(&self, options: &LogOptions) {
        if *options != LogOptions::default() {
            self.choose(|choice| choice.take(options));
        }
    }

    /// Looks for what is searched for.
    pub(crate) fn find(&self, toward: Toward) {
        let query = Query {
            text: self.log.choice.with_untracked(|choice| choice.text.clone()),
            ..Query::default()
        };
        self.terminal.find(&query, toward);
    }

    /// Ends it.
    pub(crate) fn close(&self) {
        self.stop();
        self.kept.borrow_mut().clear();
    }

    fn terminal_event(&self, event: TerminalEvent) {
        match event {
            TerminalEvent::Input(text) => {
                if let Some(act) = keys::act(&text) {
                    self.act(act);
                }
            }
            TerminalEvent::Copied(text) => self.questions.copy(&text),
            TerminalEvent::Link(link) => self.questions.ask_for_link(link),
            TerminalEvent::Rendered(end) => {
                self.drawn.drawn_to(end);
                self.look_where_it_is();
            }
            TerminalEvent::Resized(size) => {
                self.view.size.set(size);
                if !self.log.choice.with_untracked(|choice| choice.wraps) {
                    self.draw_anew();
                }
            }
            TerminalEvent::ReturnFocus => {
                if let Some(leave) = &*self.on_return_focus.borrow() {
                    leave();
                }
            }
            // Nobody hears what is typed, and a log rings no bell.
            TerminalEvent::Bytes(_)
            | TerminalEvent::Pasted(_)
            | TerminalEvent::ClipboardRequest(_)
            | TerminalEvent::Titled(_)
            | TerminalEvent::Rang => {}
        }
    }

    fn act(&self, act: Act) {
        let size = self.view.size.get_untracked();
        let rows = i32::from(size.rows).max(2) - 1;
        match act {
            Act::Follow => self.follow(true),
            Act::Top => self.terminal.scroll_lines(i32::MIN / 2),
            Act::Lines(lines) => self.terminal.scroll_lines(lines),
            Act::Pages(pages) => self.terminal.scroll_lines(pages * rows),
            Act::Sideways(halves) => {
                let by = isize::try_from(halves).unwrap_or_default() * (size.cols / 2) as isize;
                self.choose(|choice| {
                    if !choice.wraps {
                        choice.column = choice.column.saturating_add_signed(by);
                    }
                });
            }
            Act::Search => {
                self.view.searches.set(true);
                self.view.searches.notify();
            }
            Act::Older => self.find(Toward::Older),
            Act::Newer => self.find(Toward::Newer),
            Act::Times => self.choose(|choice| choice.times = !choice.times),
            Act::Wrap => self.choose(|choice| {
                choice.wraps = !choice.wraps;
                choice.column = 0;
            }),
            Act::Previous => self.choose(|choice| choice.previous = !choice.previous),
            Act::OnlyMatches => self.choose(|choice| choice.only = !choice.only),
            Act::Again => {
                if self.view.status.with_untracked(Status::is_ended) {
                    self.begin_again();
                }
            }
        }
    }

    /// Lines have come.
    pub(super) fn put(&self, lines: Vec<LogLine>) {
        if lines.is_empty() {
            return;
        }
        let most = self
            .preferences
            .looks
            .with_untracked(|looks| looks.scrollback as usize);
        let choice = self.log.choice.get_untracked();
        let filter = choice.filter();
        let mut text = String::new();
        let mut shown = 0;
        let mut kept = self.kept.borrow_mut();
        for line in lines {
            let line = LogLine {
                text: line::clean(&line.text).into_owned(),
                ..line
            };
            if is_wanted(&line, filter.as_deref()) {
                self.line(&mut text, &line, &choice);
                shown += 1;
            }
            kept.push(line, most);
        }
        let count = kept.count();
        drop(kept);
        set_if_changed(self.log.waits, false);
        set_if_changed(self.view.drawn, true);
        set_if_changed(self.log.count, count);
        self.log.unseen.maybe_update(|unseen| {
            let is_up = unseen.is_some();
            *unseen = unseen.map(|unseen| unseen + shown);
            is_up && shown > 0
        });
        self.view.happened(Activity::Output);
        self.write(&text);
    }

    /// Shows all lines as they are wanted now, the newest of them in sight if that was so.
    fn draw_anew(&self) {
        let choice = self.log.choice.get_untracked();
        let filter = choice.filter();
        let mut text = String::new();
        for line in self.kept.borrow().iter() {
            if is_wanted(line, filter.as_deref()) {
                self.line(&mut text, line, &choice);
            }
        }
        self.terminal.clear();
        self.write(&text);
    }

    fn write(&self, text: &str) {
        if !text.is_empty() {
            // Where it ends is told when it is drawn.
            let end = self.drawn.put(text.len());
            self.terminal.print(text, end);
        }
    }

    /// Adds a line as it is drawn.
    fn line(&self, text: &mut String, line: &LogLine, choice: &LogChoice) {
        let mut room = usize::from(self.view.size.get_untracked().cols);
        if choice.times && !line.time.is_empty() {
            let time = local_time::shown(&line.time);
            room = room.saturating_sub(time.len() + 1);
            text.push_str("\u{1b}[2m");
            text.push_str(&time);
            text.push_str("\u{1b}[22m ");
        }
        let coloured = match line::level(&line.text) {
            Some((from, to, colour)) => format!(
                "{}\u{1b}[{colour}m{}\u{1b}[39m{}",
                &line.text[..from],
                &line.text[from..to],
                &line.text[to..]
            ),
            None => line.text.clone(),
        };
        if choice.wraps {
            text.push_str(&coloured);
        } else {
            text.push_str(&line::cut(&coloured, choice.column, room, Terminal::cells));
        }
        text.push_str("\u{1b}[0m\r\n");
    }

    /// Whether its reader is where the newest line is.
    fn look_where_it_is(&self) {
        let is_at_end = self.terminal.is_at_end();
        self.log.unseen.maybe_update(|unseen| {
            let was_at_end = unseen.is_none();
            if is_at_end {
                *unseen = None;
            } else if was_at_end {
                *unseen = Some(0);
            }
            was_at_end != is_at_end
        });
    }
}

fn is_wanted(line: &LogLine, filter: Option<&str>) -> bool {
    filter.is_none_or(|filter| line::plain(&line.text).to_lowercase().contains(filter))
}

impl Drop for LogController {
    fn drop(&mut self) {
        self.close();
    }
}
