//! A pane of whichever kind: all kinds there are.

use std::{ops::Deref, rc::Rc};

use podshell_shared::target::TargetRequest;

use crate::{
    routing::pane_target::PaneTarget,
    session::saved_session::SavedName,
    settings::Preferences,
    workspace::{log_pane::LogPane, pane::Pane, terminal_pane::TerminalPane},
};

/// A pane: what shows it has to know its kind, all others what a [`Pane`] is.
#[derive(Clone)]
pub(crate) enum AnyPane {
    Terminal(Rc<TerminalPane>),
    Log(Rc<LogPane>),
}

impl AnyPane {
    /// Opens a pane that stands nowhere yet. A session is saved by this name, and gone on with if one was.
    pub(super) fn open(
        target: &PaneTarget,
        saved_name: impl FnOnce(&TargetRequest) -> SavedName,
        preferences: Preferences,
    ) -> Self {
        match target {
            PaneTarget::Terminal(target) => {
                Self::Terminal(TerminalPane::open(target, saved_name(target), preferences))
            }
            PaneTarget::Log(log) => Self::Log(LogPane::open(log, preferences)),
        }
    }

    /// The pane of a session, if it is one.
    pub(crate) fn session(self) -> Option<Rc<TerminalPane>> {
        match self {
            Self::Terminal(terminal) => Some(terminal),
            Self::Log(_) => None,
        }
    }
}

impl Deref for AnyPane {
    type Target = dyn Pane;

    fn deref(&self) -> &(dyn Pane + 'static) {
        match self {
            Self::Terminal(terminal) => &**terminal,
            Self::Log(log) => &**log,
        }
    }
}
