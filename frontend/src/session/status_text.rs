//! How a terminal fares: a name for programs, and words for people.

use podshell_shared::terminal::EndReason;

use podshell_shared::target::Mode;

use crate::{error::Kind, i18n::Language, session::status::Status};

/// The state's name, in the page's own terms.
pub(crate) fn state_name(status: &Status) -> &'static str {
    match status {
        Status::Asking | Status::Opening | Status::Starting => "connecting",
        Status::Connected => "connected",
        Status::Reconnecting { .. } => "reconnecting",
        Status::Ended(_) => "ended",
        Status::Lost(_) => "lost",
        Status::Failed(_) => "failed",
    }
}

/// How a terminal fares, in words.
pub(crate) fn state_text(status: &Status, mode: &Mode, language: Language) -> String {
    let words = language.words();
    match status {
        Status::Asking => words.asking.to_owned(),
        Status::Opening => words.opening.to_owned(),
        Status::Starting if *mode == Mode::Attach => words.starting_attach.to_owned(),
        Status::Starting => words.starting.to_owned(),
        Status::Connected => words.connected.to_owned(),
        Status::Reconnecting { .. } => words.reconnecting.to_owned(),
        Status::Ended(exit) => {
            let how = match exit.reason {
                EndReason::Exited => language.exited(mode, exit.code),
                reason => language.failure(Kind::Ended(reason)).title.to_owned(),
            };
            format!("{}: {how}", words.ended)
        }
        // It is elsewhere, not lost.
        Status::Lost(failure) if status.is_taken_over() => failure.title(language).to_owned(),
        Status::Lost(failure) => format!("{}: {}", words.lost, failure.title(language)),
        Status::Failed(failure) => format!("{}: {}", words.failed, failure.title(language)),
    }
}
