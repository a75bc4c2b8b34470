//! What the page shows of a session: signals, which outlive the page that shows them.

use leptos::prelude::*;
use podshell_client::transport::Transport;
use podshell_shared::terminal::Size;

use crate::{
    browser::dom,
    session::status::Status,
    ui::{dialogue::Dialogues, notice::Notices},
    xterm::{screen_keys::Modifiers, search::Found},
};

/// What the page shows of a session.
#[derive(Clone, Copy)]
pub(crate) struct TerminalView {
    pub(crate) status: RwSignal<Status>,
    pub(crate) size: RwSignal<Size>,
    /// The latest connection over which the program was there, once there was one.
    pub(crate) connection: RwSignal<Option<Connection>>,
    /// In ms.
    pub(crate) round_trip: RwSignal<Option<u32>>,
    /// What the program calls itself.
    pub(crate) title: RwSignal<Option<String>>,
    pub(crate) notices: Notices,
    pub(crate) dialogues: Dialogues,
    /// Ctrl and Alt on the screen.
    pub(crate) modifiers: Modifiers,
    /// Whether there is anything on the terminal to be read.
    pub(crate) drawn: RwSignal<bool>,
    /// Whether the user searches in it, and what was found.
    pub(crate) searches: RwSignal<bool>,
    pub(crate) found: RwSignal<Found>,
    /// Whether the user looks at it, and whether it is the pane that has the keyboard.
    pub(crate) is_seen: RwSignal<bool>,
    pub(crate) has_keyboard: RwSignal<bool>,
    /// What has happened in it since somebody looked.
    pub(crate) activity: RwSignal<Activity>,
}

/// A connection to a program.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Connection {
    pub(crate) transport: Transport,
    /// Since when the program is there, in ms since 1970.
    pub(crate) since: f64,
    /// Whether all that is on the terminal is of its user, as the server has found.
    pub(crate) is_own: bool,
}

/// What has happened in a terminal that nobody looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Activity {
    /// Nothing.
    #[default]
    Quiet,
    /// A program has written something.
    Output,
    /// A program has rung the bell.
    Bell,
}

impl TerminalView {
    pub(crate) fn new() -> Self {
        Self {
            status: RwSignal::new(Status::Asking),
            size: RwSignal::default(),
            connection: RwSignal::default(),
            round_trip: RwSignal::default(),
            title: RwSignal::default(),
            notices: Notices::new(),
            dialogues: Dialogues::new(),
            modifiers: Modifiers::new(),
            drawn: RwSignal::default(),
            searches: RwSignal::default(),
            found: RwSignal::new(Found::Unasked),
            is_seen: RwSignal::default(),
            has_keyboard: RwSignal::default(),
            activity: RwSignal::default(),
        }
    }

    /// Something has happened in it: news for whoever does not look.
    pub(crate) fn happened(self, activity: Activity) {
        // Output is told where it is seen, but a bell calls for who is elsewhere.
        let is_seen = || {
            let is_elsewhere = activity == Activity::Bell && !dom::is_visible();
            self.is_seen.get_untracked() && !is_elsewhere
        };
        let is_news = self.activity.get_untracked() < activity && !is_seen();
        if is_news {
            self.activity.set(activity);
        }
    }
}

/// Sets a signal if that changes it, for nobody is to be woken for nothing.
pub(crate) fn set_if_changed<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|shown| *shown != value) {
        signal.set(value);
    }
}
