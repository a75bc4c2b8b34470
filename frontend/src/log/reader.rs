//! How a log is read for its controller: answer after answer, for as long as somebody looks.

use std::rc::{Rc, Weak};

use gloo_timers::{callback::Timeout, future::TimeoutFuture};
use js_sys::Date;
use leptos::prelude::*;
use podshell_shared::{
    log::LogRequest,
    terminal::{EndReason, Exit},
};
use wasm_bindgen_futures::spawn_local;
use web_sys::AbortController;

use crate::{
    browser::clock,
    error::Failure,
    log::{
        controller::LogController,
        reading::{Next, Reading, Why},
        view::LogChoice,
    },
    net::{api, body::Broken, streams::StreamSlot},
    session::{loss, status::Status, view::set_if_changed},
};

/// An answer that has not ended for so long comes from a container that runs, in ms.
const LASTS: u32 = 2000;

impl LogController {
    /// Reads on where it was left, in the background.
    pub(super) fn read_on(&self) {
        let attempt = self.attempt.get() + 1;
        self.attempt.set(attempt);
        self.is_read.set(true);
        set_if_changed(self.log.waits, false);
        self.reading.borrow_mut().get_or_insert_with(|| {
            let options = self.log.choice.with_untracked(LogChoice::options);
            let looks = self.preferences.looks;
            Reading::new(options, looks.with_untracked(|looks| looks.scrollback))
        });
        let me = self.me.clone();
        spawn_local(async move {
            loop {
                let slot = StreamSlot::take();
                let next = Self::read_once(&me, attempt, slot.is_some()).await;
                drop(slot);
                let Some(next) = next else { return };
                let Some(pause) = Self::current(&me, attempt).and_then(|me| me.settle(next)) else {
                    return;
                };
                if !Self::wait(&me, attempt, pause, next).await {
                    return;
                }
            }
        });
    }

    /// It, if this is the latest try to read.
    fn current(me: &Weak<Self>, attempt: u32) -> Option<Rc<Self>> {
        me.upgrade().filter(|me| me.attempt.get() == attempt)
    }

    /// Reads one answer to its end; [`None`] if this is not the latest try any more, or all is said.
    async fn read_once(me: &Weak<Self>, attempt: u32, may_follow: bool) -> Option<Next> {
        let current = || Self::current(me, attempt);
        let request = current()?.next_request(may_follow)?;
        let abort = AbortController::new().ok()?;
        current()?.abort.replace(Some(abort.clone()));
        let answer = api::log(&request.path(), &abort).await;
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(failure) => return current()?.refused(failure),
        };
        current()?.begins(request.options.follow);
        loop {
            let part = answer.next().await;
            let me = current()?;
            let now = clock::now();
            match part {
                Ok(Some(bytes)) => {
                    let lines = me.reading.borrow_mut().as_mut()?.take(&bytes, now);
                    me.put(lines);
                }
                Ok(None) => {
                    let (last, next) = me.reading.borrow_mut().as_mut()?.complete(now);
                    me.put(last.into_iter().collect());
                    return Some(next);
                }
                Err(Broken) => return Some(me.reading.borrow_mut().as_mut()?.broke(now)),
            }
            // Nobody holds the log while this waits.
            let drawn = Rc::clone(&me.drawn);
            drop(me);
            drawn.room().await;
        }
    }

    /// What to ask for now.
    fn next_request(&self, may_follow: bool) -> Option<LogRequest> {
        let reading = self.reading.borrow();
        let reading = reading.as_ref()?;
        let age = reading
            .last_time()
            .map(|time| Date::now() - Date::parse(time));
        let age = age.filter(|age| !age.is_nan());
        Some(LogRequest {
            options: reading.options(clock::now(), age, may_follow),
            ..self.request.clone()
        })
    }

    fn begins(&self, follows: bool) {
        if let Some(reading) = &mut *self.reading.borrow_mut() {
            reading.begin(clock::now(), follows);
        }
        self.take_status(Status::Connected);
        // The log of a container that has ended is over at once.
        let (me, abort) = (self.me.clone(), self.abort.borrow().clone());
        let lasts = move || {
            let me = me.upgrade().filter(|me| *me.abort.borrow() == abort);
            if let Some(me) = me {
                set_if_changed(me.log.waits, false);
            }
        };
        Timeout::new(LASTS, lasts).forget();
    }

    /// There is no answer: it is asked again, or that is all.
    fn refused(&self, failure: Failure) -> Option<Next> {
        // Who has read none of it yet is told at once.
        if failure.may_pass() && self.kept.borrow().count() > 0 {
            return Some(self.reading.borrow_mut().as_mut()?.broke(clock::now()));
        }
        self.is_read.set(false);
        self.take_status(Status::Failed(failure));
        None
    }

    /// What follows from an answer's end: the pause until the next, in ms, if there is to be one.
    fn settle(&self, next: Next) -> Option<u32> {
        match next {
            Next::Over => {
                self.is_read.set(false);
                set_if_changed(self.log.waits, false);
                let ended = Exit::new(EndReason::Exited, "");
                self.take_status(Status::Ended(ended));
                None
            }
            Next::Again(pause, why) => {
                self.abort.take();
                set_if_changed(self.log.waits, why == Why::NextRun);
                Some(pause)
            }
        }
    }

    /// Waits, and counts the seconds down where that is news. Gives false if this is not the latest try any more.
    async fn wait(me: &Weak<Self>, attempt: u32, pause: u32, next: Next) -> bool {
        let is_lost = matches!(next, Next::Again(_, Why::Lost));
        let mut rest = pause;
        while rest > 0 {
            let Some(me) = Self::current(me, attempt) else {
                return false;
            };
            if is_lost {
                let seconds = Some(rest.div_ceil(1000));
                me.take_status(Status::Reconnecting { seconds });
            }
            drop(me);
            let step = rest.min(1000);
            TimeoutFuture::new(step).await;
            rest -= step;
        }
        let Some(me) = Self::current(me, attempt) else {
            return false;
        };
        if is_lost {
            me.take_status(Status::Reconnecting { seconds: None });
        }
        true
    }

    /// How it fares is shown, and a loss is told of where it lasts.
    pub(super) fn take_status(&self, status: Status) {
        let (me, view, language) = (self.me.clone(), self.view, self.preferences.language);
        self.loss.follow(&status, view, move || {
            loss::notice(view, language, move || {
                if let Some(me) = me.upgrade() {
                    me.stop();
                    me.read_on();
                }
            })
        });
        set_if_changed(view.status, status);
    }

    /// Reads no more for now.
    pub(super) fn stop(&self) {
        self.attempt.set(self.attempt.get() + 1);
        self.is_read.set(false);
        self.drawn.stop_waiting();
        if let Some(abort) = self.abort.take() {
            abort.abort();
        }
    }
}
