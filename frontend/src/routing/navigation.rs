//! Where the user is: the browser's history as a signal, which the page's links change without loading it anew.

use gloo_timers::callback::Timeout;
use leptos::{ev::MouseEvent, prelude::*};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Element, HtmlAnchorElement, Url};

use crate::{
    browser::{dom, listener::Listener},
    routing::route::Route,
};

/// How long nothing else may be wanted until an address is another, in ms: browsers take few such changes in a while.
const SOON: u32 = 300;

/// The current route, as a context, and the address that is to take its place soon.
#[derive(Clone, Copy)]
struct CurrentRoute(RwSignal<Route>, Soon);

/// An address, and when its time has come.
type Soon = StoredValue<Option<(String, Timeout)>, LocalStorage>;

/// Reads the address, and follows links within the page and the browser's back and forward buttons.
pub(crate) fn provide_navigation() {
    let route = RwSignal::new(read());
    let soon = StoredValue::new_local(None);
    let current = CurrentRoute(route, soon);
    provide_context(current);
    let back = Listener::new(&window(), "popstate", move |_| {
        // What it was to take the place of is here no more.
        soon.set_value(None);
        route.set(read());
    });
    // Whoever is in between comes first, and may have done all.
    let link = Listener::new(&window(), "click", move |event| {
        let event: MouseEvent = event.unchecked_into();
        if let Some(href) = followed(&event)
            && current.push(&href).is_ok()
        {
            event.prevent_default();
            route.set(read());
        }
    });
    // They live as long as the page.
    StoredValue::new_local([back, link]);
}

/// Where a click leads to within the page. A link that names a `target` or is `rel="external"` is the browser's business.
fn followed(event: &MouseEvent) -> Option<String> {
    // As is a new tab or window.
    let is_plain = event.button() == 0
        && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
    if !is_plain || event.default_prevented() {
        return None;
    }
    let at: Element = event.target()?.dyn_into().ok()?;
    let link = at
        .closest("a[href]:not([target], [rel~=external])")
        .ok()??;
    let href = link.dyn_into::<HtmlAnchorElement>().ok()?.href();
    href.starts_with(&dom::base()).then_some(href)
}

/// The current route.
pub(crate) fn use_route() -> Signal<Route> {
    expect_context::<CurrentRoute>().0.into()
}

/// Goes to another address of the page, relative to the document's base.
pub(crate) fn use_navigate() -> impl Fn(&str) + Copy + Send + Sync + 'static {
    let current: CurrentRoute = expect_context();
    move |href| {
        if current.push(href).is_ok() {
            current.0.set(read());
        }
    }
}

/// Goes to another address of the page, which takes the place of this one in the browser's history.
pub(crate) fn use_redirect() -> impl Fn(&str) + Copy + Send + Sync + 'static {
    let current: CurrentRoute = expect_context();
    move |href| current.replace(href)
}

/// Does the same once nothing else has been wanted for a while, or the user goes elsewhere: for what changes as one types. The
/// address stays as it is if [`None`] is wanted.
pub(crate) fn use_redirect_soon() -> impl Fn(Option<String>) + Copy + Send + Sync + 'static {
    let current: CurrentRoute = expect_context();
    let CurrentRoute(_, soon) = current;
    move |href| {
        let come = || Timeout::new(SOON, move || current.replace_now());
        soon.set_value(href.map(|href| (href, come())));
    }
}

impl CurrentRoute {
    /// Goes to another address, and leaves this one behind as it was to be.
    fn push(self, href: &str) -> Result<(), JsValue> {
        self.replace_now();
        let address = Url::new_with_base(href, &dom::base())?;
        let history = window().history()?;
        history.push_state_with_url(&JsValue::NULL, "", Some(&address.href()))
    }

    /// Has another address take the place of this one.
    fn replace(self, href: &str) {
        let Self(current, soon) = self;
        soon.set_value(None);
        if replace(href).is_ok() {
            current.set(read());
        }
    }

    /// Does so with the one that is to take its place soon, if there is one.
    fn replace_now(self) {
        let Self(_, soon) = self;
        if let Some((href, _)) = soon.try_update_value(Option::take).flatten() {
            self.replace(&href);
        }
    }
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
