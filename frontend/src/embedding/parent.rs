//! The way to the page around this one. Nobody else is heard, and nobody else hears.

use js_sys::{JSON, Reflect};
use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{MessageEvent, Window};

use super::message::{Heard, Said, origins};
use crate::browser::listener::Listener;

/// Where the server puts the origins of the pages that may show this one.
const LISTED: &str = "meta[name=podshell-embedders]";

/// The page around this one.
#[derive(Clone)]
pub(crate) struct Parent {
    /// Missing where there is none.
    window: Option<Window>,
    /// Its origin; where the browser does not tell that, all that it may have: the browser hands a message to no other.
    origins: Vec<String>,
}

impl Parent {
    /// Finds it; [`None`] if it may not show this page.
    pub(crate) fn find() -> Option<Self> {
        let listed = listed()?;
        let own = window();
        let parent = own.parent().ok().flatten();
        let parent = parent.filter(|parent| !parent.loose_eq(&own));
        let origins = match ancestor() {
            _ if parent.is_none() => Vec::new(),
            Some(origin) if listed.contains(&origin) => vec![origin],
            Some(_) => return None,
            None => listed,
        };
        Some(Self {
            window: parent,
            origins,
        })
    }

    /// Whether there is one.
    pub(crate) fn is_there(&self) -> bool {
        self.window.is_some()
    }

    /// Says something to it.
    pub(crate) fn say(&self, said: &Said) {
        let text = serde_json::to_string(said).expect("strings and numbers are always JSON");
        let message = JSON::parse(&text).unwrap_or_default();
        for (window, origin) in self.window.iter().flat_map(|window| {
            let origins = self.origins.iter();
            origins.map(move |origin| (window, origin))
        }) {
            // It fails for what is no origin, which the server would not list.
            window.post_message(&message, origin).ok();
        }
    }

    /// Calls back with what it says, until this is dropped.
    pub(crate) fn listen(&self, hear: impl Fn(Heard) + 'static) -> Listener {
        let Self {
            window: parent,
            origins,
        } = self.clone();
        Listener::new(&window(), "message", move |event| {
            let event: &MessageEvent = event.unchecked_ref();
            let from = event.source().map(JsValue::from);
            let is_parent = from.is_some() && from == parent.clone().map(JsValue::from);
            if !is_parent || !origins.contains(&event.origin()) {
                return;
            }
            // Of what is no JSON, `undefined` comes out.
            let text = JSON::stringify(&event.data()).ok();
            let text = text.and_then(|text| text.as_string());
            let heard = text.and_then(|text| Heard::read(&text));
            if let Some(heard) = heard {
                hear(heard);
            }
        })
    }
}

/// The origins of the pages that may show this one; [`None`] where there are none.
fn listed() -> Option<Vec<String>> {
    let meta = document().query_selector(LISTED).ok().flatten()?;
    let listed = origins(&meta.get_attribute("content")?);
    (!listed.is_empty()).then_some(listed)
}

/// The origin of the page around this one, in browsers that tell.
fn ancestor() -> Option<String> {
    let ancestors = Reflect::get(&window().location(), &"ancestorOrigins".into()).ok()?;
    Reflect::get_u32(&ancestors, 0).ok()?.as_string()
}
