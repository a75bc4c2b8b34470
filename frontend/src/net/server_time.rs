//! The server's time, as its answers tell it: pods' ages count from that, whatever the browser's clock says.

use std::cell::Cell;

use gloo_net::http::Response;
use js_sys::Date;

/// Below this the browser's clock is taken to be right, in ms: an answer tells whole seconds, and has been on its way.
const CLOSE: f64 = 3_000.0;

thread_local! {
    /// By how much the server's clock is ahead of the browser's, in ms.
    static AHEAD: Cell<f64> = const { Cell::new(0.0) };
}

/// Now, in ms since 1970; by the browser's clock until there is an answer.
pub(crate) fn now() -> f64 {
    Date::now() + AHEAD.get()
}

/// Takes the time of an answer that has just come (RFC 9110, section 6.6.1).
pub(super) fn learn(answer: &Response) {
    if let Some(date) = answer.headers().get("date") {
        AHEAD.set(ahead(Date::parse(&date), Date::now()));
    }
}

/// By how much a told time is ahead of another; not at all if it is none, or close.
fn ahead(told: f64, here: f64) -> f64 {
    let ahead = told - here;
    if ahead.abs() > CLOSE { ahead } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::ahead;

    #[test]
    fn a_clock_that_is_off_is_off_by_more_than_an_answers_way() {
        assert_eq!(ahead(1_000.0, 2_900.0), 0.0);
        assert_eq!(ahead(600_000.0, 0.0), 600_000.0);
        assert_eq!(ahead(0.0, 600_000.0), -600_000.0);
        assert_eq!(ahead(f64::NAN, 600_000.0), 0.0);
    }
}
