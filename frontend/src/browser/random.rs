//! Random numbers that nobody can guess.

use leptos::prelude::window;

/// A number from 0 up to below 1 that nobody can guess.
pub(crate) fn number() -> f64 {
    let mut bytes = [0; 4];
    match window().crypto() {
        Ok(crypto) if crypto.get_random_values_with_u8_array(&mut bytes).is_ok() => {
            f64::from(u32::from_ne_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
        }
        _ => js_sys::Math::random(),
    }
}
