//! What the page shows of a log, beside what it shows of each terminal.

use leptos::prelude::*;
use podshell_shared::log::LogOptions;

/// What the page shows of a log: signals, which outlive the page that shows them.
#[derive(Clone, Copy)]
pub(crate) struct LogView {
    /// How it is wanted.
    pub(crate) choice: RwSignal<LogChoice>,
    /// How many lines are kept.
    pub(crate) count: RwSignal<usize>,
    /// How many have come since its reader went up from the newest; [`None`] for who stays there.
    pub(crate) unseen: RwSignal<Option<usize>>,
    /// Whether the container has ended, and its next run is looked for.
    pub(crate) waits: RwSignal<bool>,
}

/// How a log is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogChoice {
    /// Whether it is that of the run before this one.
    pub(crate) previous: bool,
    /// Lines of so many seconds back; all of them if there is no such number.
    pub(crate) since: Option<u32>,
    /// Whether each line begins with its time.
    pub(crate) times: bool,
    /// Whether long lines go on below.
    pub(crate) wraps: bool,
    /// Whether only lines are shown in which this occurs.
    pub(crate) only: bool,
    /// What is searched for.
    pub(crate) text: String,
    /// The first column that is shown, where lines do not wrap.
    pub(crate) column: usize,
}

impl LogChoice {
    /// As an address asks for it.
    pub(crate) fn of(options: &LogOptions) -> Self {
        let mut choice = Self {
            previous: false,
            since: None,
            times: false,
            wraps: true,
            only: false,
            text: String::new(),
            column: 0,
        };
        choice.take(options);
        choice
    }

    /// Takes what an address says.
    pub(super) fn take(&mut self, options: &LogOptions) {
        self.previous = options.previous;
        self.since = options.since;
        self.times = options.timestamps;
    }

    /// What an address says of it.
    pub(crate) fn options(&self) -> LogOptions {
        LogOptions {
            previous: self.previous,
            since: self.since,
            timestamps: self.times,
            ..LogOptions::default()
        }
    }

    /// What a line has to have in it to be shown, in lower case; [`None`] if all are.
    pub(super) fn filter(&self) -> Option<String> {
        (self.only && !self.text.is_empty()).then(|| self.text.to_lowercase())
    }
}

impl LogView {
    pub(crate) fn new(options: &LogOptions) -> Self {
        Self {
            choice: RwSignal::new(LogChoice::of(options)),
            count: RwSignal::default(),
            unseen: RwSignal::default(),
            waits: RwSignal::default(),
        }
    }
}
