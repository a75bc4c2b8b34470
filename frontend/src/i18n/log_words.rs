//! The words that are said of logs alone.

/// The words of one language.
pub(crate) struct LogWords {
    /// What a log is called, on its own and behind another name.
    pub(crate) name: &'static str,
    pub(crate) mark: &'static str,
    pub(crate) follow: &'static str,
    pub(crate) follow_title: &'static str,
    pub(crate) previous: &'static str,
    pub(crate) previous_title: &'static str,
    pub(crate) since: &'static str,
    pub(crate) ever: &'static str,
    pub(crate) times: &'static str,
    pub(crate) times_title: &'static str,
    pub(crate) wrap: &'static str,
    pub(crate) wrap_title: &'static str,
    pub(crate) search: &'static str,
    pub(crate) only: &'static str,
    pub(crate) only_title: &'static str,
    pub(crate) empty: &'static str,
    pub(crate) ended: &'static str,
    pub(crate) again: &'static str,
    pub(crate) follows: &'static str,
    pub(crate) paused: &'static str,
    pub(crate) reads: &'static str,
    pub(crate) waits: &'static str,
    pub(crate) whole: &'static str,
    pub(crate) asks: &'static str,
    pub(crate) in_log: &'static str,
    pub(crate) keys_move: &'static str,
    pub(crate) keys_search: &'static str,
}
