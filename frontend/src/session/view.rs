//! What the page shows of a session: signals, which outlive the page that shows them.

use leptos::prelude::*;
use podshell_client::transport::Transport;
use podshell_shared::terminal::Size;

use crate::{
    session::status::Status,
    ui::{dialogue::Dialogues, notice::Notices},
    xterm::screen_keys::Modifiers,
};

/// What the page shows of a session.
#[derive(Clone, Copy)]
pub(crate) struct TerminalView {
    pub(crate) status: RwSignal<Status>,
    pub(crate) size: RwSignal<Size>,
    /// The transport of the connection, once there is one.
    pub(crate) transport: RwSignal<Option<Transport>>,
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
}

impl TerminalView {
    pub(crate) fn new() -> Self {
        Self {
            status: RwSignal::new(Status::Asking),
            size: RwSignal::default(),
            transport: RwSignal::default(),
            round_trip: RwSignal::default(),
            title: RwSignal::default(),
            notices: Notices::new(),
            dialogues: Dialogues::new(),
            modifiers: Modifiers::new(),
            drawn: RwSignal::default(),
        }
    }
}

/// Sets a signal if that changes it, for nobody is to be woken for nothing.
pub(crate) fn set_if_changed<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|shown| *shown != value) {
        signal.set(value);
    }
}
