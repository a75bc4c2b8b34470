//! Small helpers around the browser's API.

use std::cell::Cell;

use leptos::prelude::{document, window};
use wasm_bindgen::prelude::*;
use web_sys::{Element, Event, EventTarget, Storage};

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

/// The address that relative addresses start from.
pub(crate) fn base() -> String {
    let base = document().base_uri().ok().flatten();
    base.unwrap_or_default()
}

/// Whether the user can see the page.
pub(crate) fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Whether the user wants nothing to move by itself.
pub(crate) fn prefers_stillness() -> bool {
    let query = window().match_media("(prefers-reduced-motion: reduce)");
    query.ok().flatten().is_some_and(|query| query.matches())
}

/// Whether the browser runs on Windows, as far as it tells.
pub(crate) fn is_windows() -> bool {
    let agent = window().navigator().user_agent();
    agent.is_ok_and(|agent| agent.contains("Windows"))
}

/// Whether nothing on the page has the keyboard.
pub(crate) fn has_no_focus() -> bool {
    let body = document().body();
    let focused = document().active_element();
    focused.is_none_or(|focused| body.is_some_and(|body| focused.is_same_node(Some(&body))))
}

/// Whether something in an element has the keyboard.
pub(crate) fn has_focus(element: &Element) -> bool {
    element.contains(document().active_element().as_deref())
}

/// Whether a control was clicked, rather than pressed by who goes by keyboard: browsers show those where they are.
pub(crate) fn is_click_on_control(event: &Event) -> bool {
    let on = event.target().and_then(|on| on.dyn_into::<Element>().ok());
    let control = on.and_then(|on| on.closest("button, label").ok().flatten());
    let focused = document().active_element();
    let shown = focused.and_then(|focused| focused.matches(":focus-visible").ok());
    control.is_some() && shown != Some(true)
}

/// What is kept for as long as the tab is open; [`None`] in a browser that keeps nothing.
pub(crate) fn tab_storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

/// What is kept for good; [`None`] in a browser that keeps nothing.
pub(crate) fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// A number from 0 up to below 1 that nobody can guess.
pub(crate) fn random() -> f64 {
    let mut bytes = [0; 4];
    match window().crypto() {
        Ok(crypto) if crypto.get_random_values_with_u8_array(&mut bytes).is_ok() => {
            f64::from(u32::from_ne_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
        }
        _ => js_sys::Math::random(),
    }
}

/// Milliseconds on a clock that only goes forward, and goes on while the computer sleeps.
pub(crate) fn now() -> f64 {
    thread_local!(static CLOCK: Cell<Clock> = Cell::default());
    let steady = window().performance().map(|clock| clock.now());
    let mut clock = CLOCK.get();
    let now = clock.read(steady.unwrap_or_default(), js_sys::Date::now());
    CLOCK.set(clock);
    now
}

/// The wall clock is so much ahead of the steady one only if that stood still, in ms.
const STOOD_STILL: f64 = 5_000.0;

/// A steady clock that makes up for where it stood still, as browsers' do while the computer sleeps.
#[derive(Clone, Copy, Default)]
struct Clock {
    steady: f64,
    wall: f64,
    asleep: f64,
}

impl Clock {
    fn read(&mut self, steady: f64, wall: f64) -> f64 {
        let missed = (wall - self.wall) - (steady - self.steady);
        if self.wall > 0.0 && missed > STOOD_STILL {
            self.asleep += missed;
        }
        (self.steady, self.wall) = (steady, wall);
        self.steady + self.asleep
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn the_clock_goes_on_in_sleep_and_never_back() {
        let mut clock = Clock::default();
        let morning = 1_700_000_000_000.0;
        assert_eq!(clock.read(10.0, morning), 10.0);
        assert_eq!(clock.read(20.0, morning + 10.5), 20.0);
        assert_eq!(clock.read(30.0, morning + 60_020.0), 60_029.5);
        // somebody sets the wall clock back
        assert_eq!(clock.read(40.0, morning), 60_039.5);
        assert_eq!(clock.read(50.0, morning + 10.0), 60_049.5);
    }
}
