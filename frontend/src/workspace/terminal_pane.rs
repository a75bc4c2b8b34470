//! A terminal as a pane of the workspace.

use std::rc::{Rc, Weak};

use leptos::prelude::*;
use web_sys::HtmlElement;

use podshell_shared::target::{Mode, TargetRequest};

use crate::{
    browser::resize_listener::ResizeListener,
    routing::pane_target::PaneTarget,
    session::{
        controller::TerminalController, saved_session::SavedName, status::Status,
        view::TerminalView,
    },
    settings::Preferences,
    workspace::pane::{Pane, screen_element},
    xterm::{prompt::Running, terminal::Terminal},
};

/// A terminal, and what is shown of it.
pub(crate) struct TerminalPane {
    pub(crate) target: TargetRequest,
    pub(crate) view: TerminalView,
    pub(crate) controller: Rc<TerminalController>,
    /// What it is in, wherever that is.
    element: HtmlElement,
    preferences: Preferences,
    _resized: ResizeListener,
}

impl TerminalPane {
    /// Opens a terminal in an element that stands nowhere yet. The signals that it is shown by belong to the current owner.
    pub(crate) fn open(
        target: &TargetRequest,
        saved_name: SavedName,
        preferences: Preferences,
    ) -> Rc<Self> {
        let view = TerminalView::new();
        let element = screen_element();
        Rc::new_cyclic(|me: &Weak<Self>| {
            let controller =
                TerminalController::open(target.clone(), saved_name, &element, view, preferences);
            let looks = Rc::downgrade(&controller);
            Effect::new(move |before: Option<()>| {
                let wanted = preferences.looks.get();
                // It was opened so.
                if let (Some(()), Some(controller)) = (before, looks.upgrade()) {
                    controller.terminal().set_looks(&wanted);
                }
            });
            let me = me.clone();
            let resized = ResizeListener::new(&element, move || {
                if let Some(me) = me.upgrade() {
                    me.resize();
                }
            });
            Self {
                target: target.clone(),
                view,
                controller,
                element,
                preferences,
                _resized: resized,
            }
        })
    }
}

impl Pane for TerminalPane {
    fn target(&self) -> PaneTarget {
        self.target.clone().into()
    }

    fn terminal(&self) -> &Terminal {
        self.controller.terminal()
    }

    fn element(&self) -> &HtmlElement {
        &self.element
    }

    fn view(&self) -> TerminalView {
        self.view
    }

    fn name(&self) -> String {
        let TargetRequest { pod, container, .. } = &self.target;
        let name = format!("{pod}/{container}");
        match self.target.mode {
            Mode::Exec(_) => name,
            Mode::Attach => {
                let words = self.preferences.language.get().words();
                format!("{}: {name}", words.attach)
            }
        }
    }

    fn title(&self) -> String {
        // A program that has ended has no title.
        let has_ended = self.view.status.with(Status::is_ended);
        let program = self.view.title.get().filter(|_| !has_ended);
        let program = program.map(|title| format!("{title} – "));
        format!("{}{}", program.unwrap_or_default(), self.name())
    }

    fn on_return_focus(&self, leave: Box<dyn Fn()>) {
        self.controller.on_return_focus(leave);
    }

    fn printed_at(&self) -> Option<f64> {
        Some(self.controller.printed_at.get())
    }

    fn running(&self) -> Option<Running> {
        self.controller.running()
    }

    fn has_ended(&self) -> bool {
        self.view.status.with_untracked(Status::is_final)
    }

    fn is_past(&self) -> bool {
        self.view.status.with_untracked(Status::is_past)
    }

    fn leave(&self) -> Option<Box<dyn FnOnce(usize) + '_>> {
        let resume_point = self.controller.leave()?;
        Some(Box::new(move |room| {
            self.controller.save(&resume_point, room);
        }))
    }

    fn close(&self) {
        self.controller.close();
        self.element.remove();
    }
}
