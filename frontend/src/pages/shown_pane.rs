//! A pane where a page shows it: held weakly, put into the document, named, and given the keyboard.

use std::rc::{Rc, Weak};

use leptos::{html, prelude::*};

use crate::{
    i18n::use_language, session::view::set_if_changed, workspace::pane::Pane,
    xterm::screen_reader::Labels,
};

/// The pane of the workspace that a page shows. It may be closed meanwhile.
pub(crate) struct ShownPane<P: 'static>(StoredValue<Weak<P>, LocalStorage>);

impl<P> Clone for ShownPane<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for ShownPane<P> {}

impl<P: Pane> ShownPane<P> {
    /// Shows a pane for as long as the current owner lives.
    pub(crate) fn new(pane: &Rc<P>) -> Self {
        Self(StoredValue::new_local(Rc::downgrade(pane)))
    }

    /// It, if it is there.
    pub(crate) fn upgrade(self) -> Option<Rc<P>> {
        self.0.try_with_value(Weak::upgrade).flatten()
    }

    /// Does something with it, if it is there: the page may be another by now.
    pub(crate) fn with(self, act: impl FnOnce(&P)) {
        if let Some(pane) = self.upgrade() {
            act(&pane);
        }
    }

    /// Gives it the keyboard.
    pub(crate) fn focus(self) {
        self.with(Pane::focus);
    }

    /// Names it for screen readers, as `name` has it: that is run anew when what it tracks changes.
    pub(crate) fn call(self, name: impl Fn(&P) -> String + 'static) {
        let language = use_language();
        Effect::new(move |_| {
            let words = language.get().words();
            self.with(|pane| {
                pane.terminal().set_labels(Labels {
                    name: name(pane),
                    way_out: format!("Shift+Esc {}", words.way_out),
                    too_much: words.too_much_output,
                });
            });
        });
    }

    /// Has it stand in `host`, and gives it the keyboard whenever it is the one that `has_keyboard` while none of the page's own
    /// controls has it.
    pub(crate) fn stand_in(self, host: NodeRef<html::Div>, has_keyboard: Signal<bool>) {
        Effect::new(move |_| {
            if let Some(host) = host.get() {
                self.with(|pane| {
                    host.append_child(pane.element()).expect("it is an element");
                });
            }
        });
        Effect::new(move |_| {
            // Once it is on the page.
            let is_there = host.get().is_some();
            let has_keyboard = has_keyboard.get() && is_there;
            let Some(view) = self.upgrade().map(|pane| pane.view()) else {
                return;
            };
            set_if_changed(view.has_keyboard, has_keyboard);
            if has_keyboard {
                // Where there is room for one pane, the browser has none of it before all else has followed.
                queue_microtask(move || {
                    if view.has_keyboard.try_get_untracked() == Some(true) {
                        self.focus();
                    }
                });
            }
        });
    }
}
