//! How high the page is while a keyboard on the screen covers its foot.
//!
//! Where the browser makes the page less high by itself (`interactive-widget` in `index.html`), there is nothing to do. Safari
//! covers it, and moves it up: there it is told in `--visible-height`, and moved back.

use leptos::prelude::{document, window};
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlElement, VisualViewport};

use crate::browser::listener::Listener;

/// The property, for the style sheet.
const HEIGHT: &str = "--visible-height";

/// Follows the visible height while it lives.
pub(crate) fn follow() -> Option<[Listener; 2]> {
    let viewport = window().visual_viewport()?;
    Some(["resize", "scroll"].map(|event| {
        let viewport = viewport.clone();
        Listener::new(&viewport.clone(), event, move |_| set(&viewport))
    }))
}

fn set(viewport: &VisualViewport) {
    let page = window()
        .inner_height()
        .ok()
        .and_then(|height| height.as_f64());
    let height = covered_to(
        viewport.height(),
        viewport.scale(),
        page.unwrap_or_default(),
    );
    let root = document()
        .document_element()
        .and_then(|root| root.dyn_into::<HtmlElement>().ok());
    let Some(style) = root.map(|root| root.style()) else {
        return;
    };
    match height {
        Some(height) => {
            style
                .set_property(HEIGHT, &format!("{height}px"))
                .expect("a property takes any value");
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
        None => drop(style.remove_property(HEIGHT)),
    }
}

/// How high the page is to be, if something covers its foot. Who has made it larger with two fingers sees less, but nothing is
/// covered.
fn covered_to(visible: f64, scale: f64, page: f64) -> Option<f64> {
    let visible = visible * scale;
    // The rounding of what is larger.
    (visible < page - 2.0 * scale).then_some(visible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_covers_the_page_makes_it_less_high() {
        assert_eq!(covered_to(844.0, 1.0, 844.0), None);
        assert_eq!(covered_to(500.0, 1.0, 844.0), Some(500.0));
        // Made larger.
        assert_eq!(covered_to(421.7, 2.0, 844.0), None);
        assert_eq!(covered_to(250.0, 2.0, 844.0), Some(500.0));
    }
}
