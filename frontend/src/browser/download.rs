//! Giving the user a text as a file.

use gloo_timers::callback::Timeout;
use js_sys::{Array, JsString};
use leptos::prelude::document;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

/// For how long the browser may take to begin with it, in ms: until then the text is kept.
const BEGINS_WITHIN: u32 = 60_000;

/// Has the browser save a text under a name, as it saves whatever is downloaded.
///
/// # Errors
///
/// The browser has no room for it.
pub(crate) fn save(name: &str, text: &JsString) -> Result<(), JsValue> {
    let kind = BlobPropertyBag::new();
    kind.set_type("text/plain;charset=utf-8");
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(text), &kind)?;
    let address = Url::create_object_url_with_blob(&blob)?;
    let link: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&address);
    link.set_download(name);
    link.click();
    Timeout::new(BEGINS_WITHIN, move || {
        // It is gone with the page, if not now.
        Url::revoke_object_url(&address).ok();
    })
    .forget();
    Ok(())
}
