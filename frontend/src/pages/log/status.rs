//! The state line of a log: how it fares, and how many lines there are.

use leptos::prelude::*;

use crate::{
    i18n::use_language,
    log::view::LogView,
    pages::terminal::status_bar::ScreenFigures,
    session::{status::Status, status_text::state_name, view::TerminalView},
};

/// The state line: how the log fares.
#[component]
pub(crate) fn LogStatus(view: TerminalView, log: LogView, name: Signal<String>) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let text = move || {
        let words = words();
        match view.status.get() {
            Status::Connected if log.waits.get() => words.log.waits.to_owned(),
            Status::Connected if log.choice.with(|choice| choice.previous) => {
                words.log.reads.to_owned()
            }
            Status::Connected if log.unseen.with(Option::is_some) => words.log.paused.to_owned(),
            Status::Connected => words.log.follows.to_owned(),
            Status::Reconnecting { .. } => words.reconnecting.to_owned(),
            Status::Ended(_) => words.log.whole.to_owned(),
            Status::Failed(failure) | Status::Lost(failure) => {
                format!("{}: {}", words.failed, failure.title(language.get()))
            }
            Status::Asking | Status::Opening | Status::Starting => words.log.asks.to_owned(),
        }
    };
    let pause = move || match view.status.get() {
        Status::Reconnecting {
            seconds: Some(seconds),
        } => language.get().in_seconds(seconds),
        _ => String::new(),
    };
    view! {
        <footer class="status-bar">
            <p
                class="session-state"
                role="status"
                data-testid="log-state"
                data-state=move || view.status.with(state_name)
            >
                // One piece for the eye; a screen reader need not count down with it.
                <span>{text}<span aria-hidden="true">{pause}</span></span>
            </p>
            <strong class="status-bar__name">{name}</strong>
            <span class="spacer"></span>
            <span class="status-bar__figure">{move || language.get().lines(log.count.get())}</span>
            <ScreenFigures view />
        </footer>
    }
}
