//! The time of a line as its reader's clock has it.

use std::cell::RefCell;

use js_sys::Date;
use wasm_bindgen::JsValue;

thread_local! {
    /// The minute that was asked for last, as the log has it and as the reader has it: lines come in order.
    static LAST: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// So much of a time names its minute: `2026-11-26T17:20`.
const MINUTE: usize = 16;

/// `17:20:08.123`, with the day before it if that is not today; what is no time stays as it is.
pub(super) fn shown(time: &str) -> String {
    let Some((minute, rest)) = time.split_at_checked(MINUTE) else {
        return time.to_owned();
    };
    let local = LAST.with_borrow_mut(|last| match last {
        Some((of, local)) if of == minute => Some(local.clone()),
        last => {
            let local = local_minute(time)?;
            *last = Some((minute.to_owned(), local.clone()));
            Some(local)
        }
    });
    let Some(local) = local else {
        return time.to_owned();
    };
    // Seconds are the same everywhere.
    let seconds = rest.get(..3).unwrap_or_default();
    let digits = rest.get(4..).unwrap_or_default();
    let digits: String = digits
        .chars()
        .take_while(char::is_ascii_digit)
        .chain("000".chars())
        .take(3)
        .collect();
    format!("{local}{seconds}.{digits}")
}

/// The minute in which a time is, with its day if that is not today.
fn local_minute(time: &str) -> Option<String> {
    let date = Date::new(&JsValue::from(time));
    if date.get_time().is_nan() {
        return None;
    }
    let minute = format!("{:02}:{:02}", date.get_hours(), date.get_minutes());
    let day = |date: &Date| (date.get_full_year(), date.get_month() + 1, date.get_date());
    let (year, month, of_month) = day(&date);
    if (year, month, of_month) == day(&Date::new_0()) {
        return Some(minute);
    }
    Some(format!("{year}-{month:02}-{of_month:02} {minute}"))
}
