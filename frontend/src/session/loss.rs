//! What is said of a lost connection, once it has been lost for a while, and the way to try it at once.

use std::cell::{Cell, RefCell};

use gloo_timers::callback::Timeout;
use leptos::prelude::*;

use crate::{
    i18n::Language,
    session::{status::Status, view::TerminalView},
    ui::{dialogue::Choice, notice::Notice},
};

/// A connection that is back within so many ms is no news.
const TELL_AFTER: u32 = 1_000;

thread_local! {
    /// For how many seconds a session is kept whose connection is lost, once that is known.
    static KEPT: Cell<Option<u32>> = const { Cell::new(None) };
}

/// The server has told for how many seconds a session is kept whose connection is lost.
pub(crate) fn sessions_are_kept(seconds: u32) {
    KEPT.set(Some(seconds));
}

/// What is said of a session that was heard of last at this time, in ms since 1970: until when it is kept; nothing where none is.
pub(crate) fn kept(heard_at: f64, language: Language) -> String {
    let until = |seconds: u32| {
        let until = language.hour(heard_at + f64::from(seconds) * 1000.0);
        until.map(|until| language.kept_until(&until))
    };
    match KEPT.get() {
        Some(0) => String::new(),
        Some(seconds) => until(seconds).unwrap_or_default(),
        None => language.words().sent_later.to_owned(),
    }
}

/// Whether a lost connection is told of.
#[derive(Default)]
pub(crate) struct Loss(RefCell<Option<Timeout>>);

impl Loss {
    /// Tells by `notice` of a connection that this `status` says to be lost, unless it is back soon.
    pub(crate) fn follow(
        &self,
        status: &Status,
        view: TerminalView,
        notice: impl FnOnce() -> Notice + 'static,
    ) {
        let mut told = self.0.borrow_mut();
        if !matches!(status, Status::Reconnecting { .. }) {
            *told = None;
            view.notices.end_loss();
        } else if told.is_none() {
            let tell = move || view.notices.show(notice());
            *told = Some(Timeout::new(TELL_AFTER, tell));
        }
    }
}

/// Says that the connection is lost and when it is tried again, and `try_now` does so at once.
pub(crate) fn notice(
    view: TerminalView,
    language: Signal<Language>,
    try_now: impl Fn() + 'static,
) -> Notice {
    let words = language.get_untracked().words();
    let next_try = move || match view.status.get() {
        _ if !window().navigator().on_line() => language.get().words().offline.to_owned(),
        Status::Reconnecting {
            seconds: Some(seconds),
        } => language.get().next_try(seconds),
        _ => language.get().words().trying.to_owned(),
    };
    Notice::new(words.connection_lost)
        .counts(next_try)
        .choices(vec![Choice::new(words.try_now, try_now)])
        .until_connected()
        .warns()
}
