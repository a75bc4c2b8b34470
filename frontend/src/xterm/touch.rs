//! Swipes in a terminal: they scroll what was printed, and where a program has the screen or the mouse they are the wheel.
//!
//! xterm.js 6 knows touch neither way (its issue 5489).

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use leptos::leptos_dom::helpers::{
    AnimationFrameRequestHandle, request_animation_frame_with_handle,
};
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlElement, PointerEvent, WheelEvent, WheelEventInit};

use crate::{
    browser::{clock, dom, listener::Listener},
    xterm::bindings::{self, Xterm},
};

/// A finger that has moved less is tapping, in pixels.
const SLOP: f64 = 8.0;
/// How fast a finger was when it left is told by so many milliseconds before.
const RECENT: f64 = 80.0;
/// What is left of the speed after a millisecond of gliding.
const FRICTION: f64 = 0.997;
/// Below this nothing glides, in pixels a millisecond.
const SLOW: f64 = 0.05;

/// Listens to the fingers on a terminal while it lives.
pub(crate) struct Touch {
    _listeners: [Listener; 4],
    swiping: Rc<Swiping>,
}

struct Swiping {
    terminal: Xterm,
    host: HtmlElement,
    finger: RefCell<Option<Finger>>,
    /// What has been moved and is no whole line yet, in pixels.
    rest: Cell<f64>,
    gliding: Cell<Option<AnimationFrameRequestHandle>>,
}

/// The one finger that is on the terminal.
#[derive(Clone, Debug, Default)]
struct Finger {
    id: i32,
    x: f64,
    y: f64,
    /// Whether it swipes, rather than taps or presses.
    swipes: bool,
    path: Path,
}

/// Where a finger was last, with the times of the events in ms: those at which they are heard come later if the page is busy.
#[derive(Clone, Debug, Default)]
struct Path(Vec<(f64, f64)>);

impl Path {
    fn push(&mut self, y: f64, now: f64) {
        self.0.retain(|(_, at)| now - at <= RECENT);
        self.0.push((y, now));
    }

    /// How fast the finger leaves, in pixels a millisecond, down if positive.
    fn speed(&self, now: f64) -> f64 {
        let mut recent = self.0.iter().filter(|(_, at)| now - at <= RECENT);
        let Some((first, last)) = recent.clone().next().zip(recent.next_back()) else {
            return 0.0;
        };
        let took = last.1 - first.1;
        if took > 0.0 {
            (last.0 - first.0) / took
        } else {
            0.0
        }
    }
}

impl Touch {
    /// Lets fingers on `host` move what the terminal shows.
    pub(crate) fn listen(terminal: &Xterm, host: &HtmlElement) -> Self {
        let swiping = Rc::new(Swiping {
            terminal: terminal.clone(),
            host: host.clone(),
            finger: RefCell::default(),
            rest: Cell::default(),
            gliding: Cell::default(),
        });
        let on = |event, act: fn(&Rc<Swiping>, &PointerEvent)| {
            let swiping = Rc::clone(&swiping);
            Listener::new(host, event, move |event| {
                let event: &PointerEvent = event.unchecked_ref();
                if event.pointer_type() == "touch" {
                    act(&swiping, event);
                }
            })
        };
        Self {
            _listeners: [
                on("pointerdown", |swiping, event| swiping.down(event)),
                on("pointermove", |swiping, event| swiping.moved(event)),
                on("pointerup", Swiping::up),
                on("pointercancel", |swiping, _| drop(swiping.finger.take())),
            ],
            swiping,
        }
    }
}

impl Drop for Touch {
    fn drop(&mut self) {
        self.swiping.stop();
    }
}

impl Swiping {
    fn down(&self, event: &PointerEvent) {
        self.stop();
        self.rest.set(0.0);
        let mut path = Path::default();
        path.push(event.client_y().into(), event.time_stamp());
        // Two fingers are for the browser, which makes all larger.
        let finger = event.is_primary().then(|| Finger {
            id: event.pointer_id(),
            x: event.client_x().into(),
            y: event.client_y().into(),
            swipes: false,
            path,
        });
        self.finger.replace(finger);
    }

    fn moved(&self, event: &PointerEvent) {
        let mut finger = self.finger.borrow_mut();
        let Some(finger) = finger
            .as_mut()
            .filter(|finger| finger.id == event.pointer_id())
        else {
            return;
        };
        let y = f64::from(event.client_y());
        if !finger.swipes && (y - finger.y).abs() < SLOP {
            return;
        }
        finger.swipes = true;
        finger.path.push(y, event.time_stamp());
        let by = y - finger.y;
        (finger.x, finger.y) = (event.client_x().into(), y);
        self.scroll(by, finger.x, finger.y);
    }

    fn up(self: &Rc<Self>, event: &PointerEvent) {
        let finger = self
            .finger
            .take()
            .filter(|finger| finger.swipes && finger.id == event.pointer_id());
        let Some(finger) = finger.filter(|_| !self.is_wheel() && !dom::prefers_stillness()) else {
            return;
        };
        self.glide(finger.path.speed(event.time_stamp()), clock::now());
    }

    /// Goes on as fast as the finger left, ever slower.
    fn glide(self: &Rc<Self>, speed: f64, since: f64) {
        if speed.abs() < SLOW {
            return;
        }
        let me = Rc::clone(self);
        let frame = request_animation_frame_with_handle(move || {
            let now = clock::now();
            let passed = (now - since).clamp(0.0, 100.0);
            me.scroll(speed * passed, 0.0, 0.0);
            me.glide(speed * FRICTION.powf(passed), now);
        });
        self.gliding.set(frame.ok());
    }

    fn stop(&self) {
        if let Some(frame) = self.gliding.take() {
            frame.cancel();
        }
    }

    /// Whether a swipe is the wheel: there is nothing above the screen, or the program scrolls itself.
    fn is_wheel(&self) -> bool {
        bindings::is_alternate(&self.terminal) || bindings::reports_wheel(&self.terminal)
    }

    /// Moves what is shown down by so many pixels, by whole lines; a wheel turns where the finger is.
    fn scroll(&self, by: f64, x: f64, y: f64) {
        let height = self.line_height();
        let moved = self.rest.get() + by;
        let lines = (moved / height).trunc();
        self.rest.set(moved - lines * height);
        let lines = lines as i32;
        if !self.is_wheel() {
            if lines != 0 {
                self.terminal.scroll_by(-lines);
            }
            return;
        }
        for _ in 0..lines.abs() {
            let wheel = WheelEventInit::new();
            wheel.set_delta_y(-f64::from(lines.signum()));
            wheel.set_delta_mode(WheelEvent::DOM_DELTA_LINE);
            wheel.set_client_x(x as i32);
            wheel.set_client_y(y as i32);
            wheel.set_cancelable(true);
            let wheel = WheelEvent::new_with_event_init_dict("wheel", &wheel);
            // xterm.js knows what the wheel is for the program.
            let turned = wheel.and_then(|wheel| self.terminal.get_element().dispatch_event(&wheel));
            turned.expect("the event is complete");
        }
    }

    fn line_height(&self) -> f64 {
        let screen = self.host.query_selector(".xterm-screen").ok().flatten();
        let height = screen.map_or(0, |screen| screen.client_height());
        (f64::from(height) / f64::from(self.terminal.get_rows())).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finger_is_as_fast_as_it_leaves() {
        let mut path = Path::default();
        assert_eq!(path.speed(0.0), 0.0);
        // Slow at first, then a pixel a millisecond.
        for (y, at) in [(0.0, 0.0), (1.0, 500.0), (11.0, 510.0), (61.0, 560.0)] {
            path.push(y, at);
        }
        assert_eq!(path.speed(565.0), 1.0);
        // Who rests before leaving throws nothing.
        assert_eq!(path.speed(700.0), 0.0);
        assert!(path.0.len() < 4);
    }
}
