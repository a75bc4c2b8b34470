//! The page on the whole screen, where all keys can be the shell's.

use js_sys::{Array, Function, Promise, Reflect};
use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// Gives the page the whole screen, or takes it back.
pub(crate) fn toggle() {
    let document = document();
    let keyboard = Reflect::get(&window().navigator(), &"keyboard".into());
    let keyboard = keyboard.ok().filter(JsValue::is_object);
    let is_full = document.fullscreen_element().is_some();
    if is_full {
        document.exit_fullscreen();
    } else if let Some(root) = document.document_element() {
        ask(&root, "requestFullscreen", &Array::new());
    }
    // Chromium gives a page that has the whole screen all keys but that which leaves it. With this one, too, which leaves it when it
    // is held down (WICG Keyboard Lock).
    if let Some(keyboard) = keyboard {
        if is_full {
            ask(&keyboard, "unlock", &Array::new());
        } else {
            ask(
                &keyboard,
                "lock",
                &Array::of1(&Array::of1(&"Escape".into())),
            );
        }
    }
}

/// Whether the page may have it.
pub(crate) fn is_allowed() -> bool {
    document().fullscreen_enabled()
}

/// Asks for something that the browser may refuse: then all is as it was.
fn ask(object: &JsValue, method: &str, with: &Array) {
    let method = Reflect::get(object, &method.into());
    let method = method
        .ok()
        .and_then(|method| method.dyn_into::<Function>().ok());
    if let Some(Ok(answer)) = method.map(|method| method.apply(object, with)) {
        spawn_local(async move {
            JsFuture::from(Promise::resolve(&answer)).await.ok();
        });
    }
}
