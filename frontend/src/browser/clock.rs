//! The time, on a clock that only goes forward.

use std::cell::Cell;

use leptos::prelude::window;

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
        // Somebody sets the wall clock back.
        assert_eq!(clock.read(40.0, morning), 60_039.5);
        assert_eq!(clock.read(50.0, morning + 10.0), 60_049.5);
    }
}
