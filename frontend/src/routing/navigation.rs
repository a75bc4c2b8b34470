//! Where the user is: the browser's history as a signal, and links that change it without loading the page anew.

use leptos::{ev::MouseEvent, prelude::*};
use wasm_bindgen::JsValue;
use web_sys::Url;

use crate::{
    browser::{dom, listener::Listener},
    routing::route::Route,
};

/// The current route, as a context.
#[derive(Clone, Copy)]
struct CurrentRoute(RwSignal<Route>);

/// Reads the address, and follows the browser's back and forward buttons.
pub(crate) fn provide_navigation() {
    let current = RwSignal::new(read());
    provide_context(CurrentRoute(current));
    let listener = Listener::new(&window(), "popstate", move |_| current.set(read()));
    // Lives as long as the page.
    StoredValue::new_local(listener);
}

/// The current route.
pub(crate) fn use_route() -> Signal<Route> {
    expect_context::<CurrentRoute>().0.into()
}

/// Goes to another address of the page, relative to the document's base.
pub(crate) fn use_navigate() -> impl Fn(&str) + Copy + Send + Sync + 'static {
    let CurrentRoute(current) = expect_context();
    move |href| {
        if push(href).is_ok() {
            current.set(read());
        }
    }
}

/// Goes to another address of the page, which takes the place of this one in the browser's history.
pub(crate) fn use_redirect() -> impl Fn(&str) + Copy + Send + Sync + 'static {
    let CurrentRoute(current) = expect_context();
    move |href| {
        if replace(href).is_ok() {
            current.set(read());
        }
    }
}

/// A link within the page. `href` is relative to the document's base.
#[component]
pub(crate) fn Link(
    /// Where it leads.
    #[prop(into)]
    href: Signal<String>,
    children: Children,
) -> impl IntoView {
    let CurrentRoute(current) = expect_context();
    let follow = move |event: MouseEvent| {
        // A new tab or window is the browser's business.
        let plain = event.button() == 0
            && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
        if plain && !event.default_prevented() && push(&href.get_untracked()).is_ok() {
            event.prevent_default();
            current.set(read());
        }
    };
    view! {
        <a href=href on:click=follow>
            {children()}
        </a>
    }
}

fn push(href: &str) -> Result<(), JsValue> {
    let address = Url::new_with_base(href, &dom::base())?;
    let history = window().history()?;
    history.push_state_with_url(&JsValue::NULL, "", Some(&address.href()))
}

fn replace(href: &str) -> Result<(), JsValue> {
    let address = Url::new_with_base(href, &dom::base())?;
    let history = window().history()?;
    history.replace_state_with_url(&JsValue::NULL, "", Some(&address.href()))
}

fn read() -> Route {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let query = location.search().unwrap_or_default();
    let base = dom::base_path();
    match path.strip_prefix(&base) {
        Some(path) => Route::parse(path, &query),
        None if path == base.trim_end_matches('/') => Route::parse("", &query),
        None => Route::Unknown,
    }
}
