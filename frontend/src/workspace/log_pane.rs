//! A container's log as a pane of the workspace.

use std::rc::{Rc, Weak};

use leptos::prelude::*;
use podshell_shared::log::LogRequest;
use web_sys::HtmlElement;

use crate::{
    browser::resize_listener::ResizeListener,
    log::{controller::LogController, view::LogView},
    routing::pane_target::PaneTarget,
    session::{status::Status, view::TerminalView},
    settings::Preferences,
    workspace::pane::{Pane, screen_element},
    xterm::terminal::Terminal,
};

/// A log, and what is shown of it.
pub(crate) struct LogPane {
    request: LogRequest,
    pub(crate) view: TerminalView,
    pub(crate) log: LogView,
    pub(crate) controller: Rc<LogController>,
    /// What it is in, wherever that is.
    element: HtmlElement,
    preferences: Preferences,
    _resized: ResizeListener,
}

impl LogPane {
    /// Opens a log in an element that stands nowhere yet. The signals that it is shown by belong to the current owner.
    pub(crate) fn open(request: &LogRequest, preferences: Preferences) -> Rc<Self> {
        let view = TerminalView::new();
        let log = LogView::new(&request.options);
        let element = screen_element();
        Rc::new_cyclic(|me: &Weak<Self>| {
            let controller = LogController::open(request.clone(), &element, view, log, preferences);
            let looks = Rc::downgrade(&controller);
            Effect::new(move |before: Option<()>| {
                let wanted = preferences.looks.get();
                // It was opened so.
                if let (Some(()), Some(controller)) = (before, looks.upgrade()) {
                    controller.terminal().set_looks(&wanted);
                }
            });
            let seen = Rc::downgrade(&controller);
            Effect::new(move |_| {
                let is_seen = view.is_seen.get();
                if let Some(controller) = seen.upgrade() {
                    untrack(|| controller.set_seen(is_seen));
                }
            });
            let me = me.clone();
            let resized = ResizeListener::new(&element, move || {
                if let Some(me) = me.upgrade() {
                    me.resize();
                }
            });
            Self {
                request: request.clone(),
                view,
                log,
                controller,
                element,
                preferences,
                _resized: resized,
            }
        })
    }
}

impl Pane for LogPane {
    fn target(&self) -> PaneTarget {
        PaneTarget::Log(LogRequest {
            options: self.log.choice.with_untracked(|choice| choice.options()),
            ..self.request.clone()
        })
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
        let LogRequest { pod, container, .. } = &self.request;
        let language = self.preferences.language.get();
        language.log_of(&format!("{pod}/{container}"))
    }

    fn on_return_focus(&self, leave: Box<dyn Fn()>) {
        self.controller.on_return_focus(leave);
    }

    fn has_ended(&self) -> bool {
        // It is read again at any time.
        self.view.status.with_untracked(Status::is_ended)
    }

    fn close(&self) {
        self.controller.close();
        self.element.remove();
    }
}
