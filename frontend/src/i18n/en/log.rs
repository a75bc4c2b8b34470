//! The words of logs in English.

use crate::i18n::log_words::LogWords;

/// They.
pub(super) static LOG: LogWords = LogWords {
    name: "Log",
    mark: "log",
    follow: "Follow",
    follow_title: "Stay at the newest line",
    previous: "Previous",
    previous_title: "The run before the last restart",
    since: "Since when",
    ever: "All",
    times: "Times",
    times_title: "Show when each line was printed",
    wrap: "Wrap",
    wrap_title: "Go on below where a line is too long; else ← and → move it",
    search: "Search the log",
    only: "Only matches",
    only_title: "Show only lines with what is searched for",
    empty: "Nothing has been printed yet.",
    ended: "This is all of the log.",
    again: "Read again",
    follows: "Following",
    paused: "Paused",
    reads: "Reading",
    waits: "The container has ended. Waiting for its next run",
    whole: "All read",
    asks: "Asking for the log",
    in_log: "In a log",
    keys_move: "lines, screens, oldest, newest",
    keys_search: "search, next match, previous",
};
