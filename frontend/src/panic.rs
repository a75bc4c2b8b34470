//! What the user sees when the page itself breaks.

use leptos::prelude::document;
use wasm_bindgen::JsValue;

use crate::browser::dom::remove_placeholder;

/// Makes a panic show itself on the page, and in full in the console.
pub(crate) fn show_panics() {
    std::panic::set_hook(Box::new(|info| {
        web_sys::console::error_1(&info.to_string().into());
        // Nothing is left to tell it to.
        show(&info.to_string()).ok();
    }));
}

/// Only the browser's own means are used: the page's state may be what broke.
fn show(what: &str) -> Result<(), JsValue> {
    let document = document();
    let Some(body) = document.body() else {
        return Ok(());
    };
    // Its place is taken, and boot.js has no more to say.
    remove_placeholder();
    let element = |name: &str, text: &str| {
        let element = document.create_element(name)?;
        element.set_text_content(Some(text));
        Ok::<_, JsValue>(element)
    };
    let shown = element("section", "")?;
    shown.set_class_name("failure failure--crash");
    shown.set_attribute("role", "alert")?;
    shown.set_attribute("data-testid", "failure")?;
    let reload = element("a", "Reload · 重新加载")?;
    reload.set_attribute("href", &document.url()?)?;
    reload.set_class_name("button");
    shown.append_with_node_4(
        &element("h2", "Something went wrong on this page · 页面出错")?.into(),
        &element(
            "p",
            "This is a bug in Podshell. Your shells on this page have ended.",
        )?
        .into(),
        &element("pre", what)?.into(),
        &reload.into(),
    )?;
    body.append_child(&shown)?;
    Ok(())
}
