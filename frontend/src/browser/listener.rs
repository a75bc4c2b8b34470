//! Event listeners that end when they are dropped.

use wasm_bindgen::prelude::*;
use web_sys::{Event, EventTarget};

/// An event listener that is removed when dropped.
pub(crate) struct Listener {
    target: EventTarget,
    event: &'static str,
    callback: Closure<dyn FnMut(Event)>,
    capture: bool,
}

impl Listener {
    /// Listens to `event` on `target`.
    pub(crate) fn new(
        target: &EventTarget,
        event: &'static str,
        callback: impl FnMut(Event) + 'static,
    ) -> Self {
        Self::add(target, event, callback, false)
    }

    /// Listens to `event` on all that is in `target`, before it gets there.
    pub(crate) fn capturing(
        target: &EventTarget,
        event: &'static str,
        callback: impl FnMut(Event) + 'static,
    ) -> Self {
        Self::add(target, event, callback, true)
    }

    fn add(
        target: &EventTarget,
        event: &'static str,
        callback: impl FnMut(Event) + 'static,
        capture: bool,
    ) -> Self {
        let callback = Closure::<dyn FnMut(Event)>::new(callback);
        let function = callback.as_ref().unchecked_ref();
        target
            .add_event_listener_with_callback_and_bool(event, function, capture)
            .expect("listening to an event can't fail");
        Self {
            target: target.clone(),
            event,
            callback,
            capture,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let callback = self.callback.as_ref().unchecked_ref();
        self.target
            .remove_event_listener_with_callback_and_bool(self.event, callback, self.capture)
            .expect("removing a listener can't fail");
    }
}
