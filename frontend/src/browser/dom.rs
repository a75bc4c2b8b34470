//! What the document and the window tell of themselves.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, Event, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition, Url};

use crate::browser::listener::Listener;

/// The address that relative addresses start from.
pub(crate) fn base() -> String {
    let base = document().base_uri().ok().flatten();
    base.unwrap_or_default()
}

/// The path of that address: below it lies all that this server has.
pub(crate) fn base_path() -> String {
    Url::new(&base()).map_or_else(|_| "/".to_owned(), |base| base.pathname())
}

/// Where the page is, for who comes back from elsewhere: path and query.
pub(crate) fn here() -> String {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    path + &location.search().unwrap_or_default()
}

/// Loads the page anew.
pub(crate) fn reload() {
    // A browser that refuses leaves the page as it is, which says what to do.
    window().location().reload().ok();
}

/// Whether the user can see the page.
pub(crate) fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// The same, for as long as the current owner lives.
pub(crate) fn follow_visibility() -> Signal<bool> {
    let shown = RwSignal::new(is_visible());
    let changes = Listener::new(&document(), "visibilitychange", move |_| {
        shown.try_set(is_visible());
    });
    StoredValue::new_local(changes);
    shown.into()
}

/// Whether the user wants nothing to move by itself.
pub(crate) fn prefers_stillness() -> bool {
    let query = window().match_media("(prefers-reduced-motion: reduce)");
    query.ok().flatten().is_some_and(|query| query.matches())
}

/// Whether the browser runs on Windows, as far as it tells.
pub(crate) fn is_windows() -> bool {
    let agent = window().navigator().user_agent();
    agent.is_ok_and(|agent| agent.contains("Windows"))
}

/// Whether the browser runs on a Mac, as far as it tells.
pub(crate) fn is_mac() -> bool {
    let agent = window().navigator().user_agent();
    agent.is_ok_and(|agent| agent.contains("Macintosh"))
}

/// Brings an element into sight, by as little as that takes.
pub(crate) fn scroll_to(element: &Element) {
    let nearest = ScrollIntoViewOptions::new();
    nearest.set_block(ScrollLogicalPosition::Nearest);
    nearest.set_inline(ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&nearest);
}

/// Whether nothing on the page has the keyboard.
pub(crate) fn has_no_focus() -> bool {
    let body = document().body();
    let focused = document().active_element();
    focused.is_none_or(|focused| body.is_some_and(|body| focused.is_same_node(Some(&body))))
}

/// Whether something in an element has the keyboard.
pub(crate) fn has_focus(element: &Element) -> bool {
    element.contains(document().active_element().as_deref())
}

/// Whether a control was clicked, rather than pressed by who goes by keyboard: browsers show those where they are.
pub(crate) fn is_click_on_control(event: &Event) -> bool {
    let on = event.target().and_then(|on| on.dyn_into::<Element>().ok());
    let control = on.and_then(|on| on.closest("button, label").ok().flatten());
    let focused = document().active_element();
    let shown = focused.and_then(|focused| focused.matches(":focus-visible").ok());
    control.is_some() && shown != Some(true)
}

/// Whether a media query holds, for as long as the current owner lives.
pub(crate) fn follow_query(query: &str) -> Signal<bool> {
    let query = window().match_media(query).ok().flatten();
    let holds = RwSignal::new(query.as_ref().is_some_and(|query| query.matches()));
    let changes = query.map(|query| {
        let told = query.clone();
        Listener::new(&query, "change", move |_| holds.set(told.matches()))
    });
    StoredValue::new_local(changes);
    holds.into()
}

/// Gives the root an attribute with this value, or takes it away.
pub(crate) fn mark_root(attribute: &str, value: &str, is_there: bool) {
    let Some(root) = document().document_element() else {
        return;
    };
    if is_there {
        root.set_attribute(attribute, value)
            .expect("the attribute's name is valid");
    } else {
        root.remove_attribute(attribute)
            .expect("an attribute can be removed");
    }
}

/// Gives a token of the style sheet another value, or has it be the style sheet's.
pub(crate) fn set_token(token: &str, value: Option<&str>) {
    let root = document().document_element();
    let Some(root) = root.and_then(|root| root.dyn_into::<HtmlElement>().ok()) else {
        return;
    };
    let style = root.style();
    match value {
        Some(value) => style.set_property(token, value).ok(),
        None => style.remove_property(token).ok().map(|_| ()),
    };
}

/// Takes away what `index.html` shows until the page is there.
pub(crate) fn remove_placeholder() {
    if let Some(placeholder) = document().get_element_by_id("placeholder") {
        placeholder.remove();
    }
}
