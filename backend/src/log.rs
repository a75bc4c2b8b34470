//! The log: what goes to standard error, and what never does.

use std::io::{self, IsTerminal as _};

use tracing::{Metadata, level_filters::LevelFilter};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{FilterExt as _, filter_fn},
    layer::{Filter, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

/// Whose words are known: our own, and of `tower_http` no more than what our request span and its own lines hold.
const KNOWN: [&str; 2] = ["podshell", "tower_http"];

/// Begins to write what `PODSHELL_LOG` asks for, by default warnings and what matters of our own, until what is returned is
/// dropped.
///
/// It is written by a thread of its own, and what that one can't write in time is lost: a terminal that stands still
/// (Ctrl-S), or a pipe that nobody reads, is to hold up nothing else.
pub(crate) fn start() -> WorkerGuard {
    let (writer, guard) = tracing_appender::non_blocking(io::stderr());
    let asked = EnvFilter::try_from_env("PODSHELL_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,podshell=info"));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(io::stderr().is_terminal())
        // It would be written to where nothing can be written.
        .log_internal_errors(false)
        .with_filter(safe(asked));
    tracing_subscriber::registry().with(lines).init();
    guard
}

/// What was asked for, of what is safe.
fn safe<S>(asked: EnvFilter) -> impl Filter<S> {
    // Without a hint all that libraries could say is built up for each message that they handle, and only then thrown away.
    asked.and(filter_fn(is_safe).with_max_level_hint(LevelFilter::TRACE))
}

/// Libraries tell each message, header and address that they handle at their most talkative: keystrokes, keys and ids.
/// Whatever is asked for, they may say no more than what they say to everyone.
fn is_safe(of: &Metadata<'_>) -> bool {
    let room = of.target().split("::").next().unwrap_or_default();
    // At any level it shows whole answers that it does not understand: pods with all that is in them, pages of proxies.
    if room == "kube_client" {
        return false;
    }
    *of.level() <= LevelFilter::INFO || KNOWN.contains(&room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_asked_for_costs_nothing() {
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(io::sink)
            .with_filter(safe(EnvFilter::new("warn,podshell=info")));
        let subscriber = tracing_subscriber::registry().with(lines);
        tracing::subscriber::with_default(subscriber, || {
            assert_eq!(LevelFilter::current(), LevelFilter::INFO);
        });
    }
}
