//! Putting text on the clipboard, by whichever way the browser allows.

use std::{cell::Cell, rc::Rc};

use leptos::prelude::{document, window};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ClipboardEvent, HtmlDocument};

use crate::browser::listener::Listener;

/// Puts text on the clipboard, and tells whether it is there.
///
/// The clipboard's API is there for secure origins only, and may refuse; the old way wants a user who has just done
/// something. So it begins at once, and not when somebody waits for the answer.
pub(crate) fn write(text: &str) -> impl Future<Output = bool> + use<> {
    let clipboard = window().navigator().clipboard();
    let asked = (!clipboard.is_undefined()).then(|| clipboard.write_text(text));
    let copied = asked.is_none() && copy(text);
    let text = text.to_owned();
    async move {
        match asked {
            Some(asked) => JsFuture::from(asked).await.is_ok() || copy(&text),
            None => copied,
        }
    }
}

/// Copies as the browser's menu does, with this text in place of what is selected.
fn copy(text: &str) -> bool {
    let taken = Rc::new(Cell::new(false));
    let _listener = {
        let (taken, text) = (Rc::clone(&taken), text.to_owned());
        // xterm.js would put its selection there.
        Listener::capturing(&document(), "copy", move |event| {
            event.stop_propagation();
            event.prevent_default();
            let data = event.unchecked_ref::<ClipboardEvent>().clipboard_data();
            taken.set(data.is_some_and(|data| data.set_data("text/plain", &text).is_ok()));
        })
    };
    let document = document().unchecked_into::<HtmlDocument>();
    document.exec_command("copy").is_ok_and(|done| done) && taken.get()
}
