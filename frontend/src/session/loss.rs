//! What is said of a lost connection, once it has been lost for a while, and the way to try it at once.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;

use crate::{
    browser::clock,
    session::{controller::TerminalController, status::Status},
    ui::{dialogue::Choice, notice::Notice},
};

/// A connection that is back within so many ms is no news.
const TELL_AFTER: u32 = 1_000;

impl TerminalController {
    /// Tells of a lost connection, unless it is back soon.
    pub(super) fn tell_of_loss(&self, status: &Status) {
        let mut told = self.loss_told.borrow_mut();
        if !matches!(status, Status::Reconnecting { .. }) {
            *told = None;
            self.view.notices.end_loss();
        } else if told.is_none() {
            let tell = self.callback(|me, ()| me.view.notices.show(me.loss()));
            *told = Some(Timeout::new(TELL_AFTER, move || tell(())));
        }
    }

    fn loss(&self) -> Notice {
        let (status, language) = (self.view.status, self.preferences.language);
        let words = language.get_untracked().words();
        let try_now = self.callback(|me, ()| {
            me.step(|client| client.user_returned(clock::now()));
        });
        let next_try = move || match status.get() {
            Status::Reconnecting {
                seconds: Some(seconds),
            } => language.get().next_try(seconds),
            _ => language.get().words().trying.to_owned(),
        };
        Notice::new(words.connection_lost)
            .detail(words.sent_later)
            .counts(next_try)
            .choices(vec![Choice::new(words.try_now, move || try_now(()))])
            .until_connected()
    }
}
