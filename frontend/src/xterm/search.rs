//! Search in what a terminal shows and has above its screen.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::Object;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

use crate::xterm::{
    bindings::{Xterm, object},
    theme,
};

#[wasm_bindgen(module = "/src/xterm/search.js")]
extern "C" {
    #[wasm_bindgen(js_name = loadSearch, catch)]
    async fn load_search(
        terminal: &Xterm,
        found: &Closure<dyn FnMut(i32, u32)>,
    ) -> Result<SearchAddon, JsValue>;

    /// xterm.js's own search.
    type SearchAddon;

    #[wasm_bindgen(method, js_name = findNext, catch)]
    fn find_next(this: &SearchAddon, text: &str, options: &Object) -> Result<bool, JsValue>;

    #[wasm_bindgen(method, js_name = findPrevious, catch)]
    fn find_previous(this: &SearchAddon, text: &str, options: &Object) -> Result<bool, JsValue>;

    #[wasm_bindgen(method, js_name = clearDecorations)]
    fn clear_decorations(this: &SearchAddon);
}

/// What is searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) text: String,
    pub(crate) is_case_sensitive: bool,
    /// Whether the text is a regular expression.
    pub(crate) is_expression: bool,
}

/// In which direction the next match is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toward {
    Older,
    Newer,
    /// The newest one, from where it was looked for last: the text is being typed.
    Typed,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing was searched for.
    Unasked,
    /// The expression is none.
    BadExpression,
    /// So many, of which one is shown: the number from the top, beginning with 1.
    Matches { shown: Option<u32>, count: u32 },
}

/// The search of a terminal.
pub(super) struct Search {
    terminal: Xterm,
    addon: RefCell<Option<SearchAddon>>,
    is_loading: Cell<bool>,
    found: RwSignal<Found>,
    told: Closure<dyn FnMut(i32, u32)>,
}

impl Search {
    /// A search that tells what it finds.
    pub(super) fn new(terminal: &Xterm, found: RwSignal<Found>) -> Self {
        Self {
            terminal: terminal.clone(),
            addon: RefCell::default(),
            is_loading: Cell::new(false),
            found,
            told: Closure::new(move |index: i32, count| {
                let shown = u32::try_from(index).ok().map(|index| index + 1);
                // Its terminal may be about to go.
                let _ = found.try_set(Found::Matches { shown, count });
            }),
        }
    }

    /// Loads what is needed, once; false if that can't be had, or is being had already.
    pub(super) async fn load(self: Rc<Self>) -> bool {
        if self.addon.borrow().is_some() {
            return true;
        }
        if self.is_loading.replace(true) {
            return false;
        }
        let loaded = load_search(&self.terminal, &self.told).await;
        self.is_loading.set(false);
        let is_there = loaded.is_ok();
        if let Ok(addon) = loaded {
            self.addon.replace(Some(addon));
        }
        is_there
    }

    /// Looks for a match, once it is loaded.
    pub(super) fn find(&self, query: &Query, toward: Toward) {
        let addon = self.addon.borrow();
        let Some(addon) = &*addon else { return };
        if query.text.is_empty() {
            addon.clear_decorations();
            self.terminal.clear_selection();
            let _ = self.found.try_set(Found::Unasked);
            return;
        }
        if toward == Toward::Typed {
            // The add-on counts anew for another text, but not for other options.
            addon.clear_decorations();
        }
        let colour = |token| JsValue::from(theme::hex_colour(token));
        let decorations = object(&[
            ("matchBackground", colour("--match")),
            ("activeMatchBackground", colour("--match-now")),
            ("activeMatchBorder", colour("--term-text")),
            ("matchOverviewRuler", colour("--match")),
            ("activeMatchColorOverviewRuler", colour("--match-now")),
        ]);
        let options = object(&[
            ("regex", query.is_expression.into()),
            ("caseSensitive", query.is_case_sensitive.into()),
            ("incremental", (toward == Toward::Typed).into()),
            ("decorations", decorations.into()),
        ]);
        let text = &query.text;
        let found = match toward {
            Toward::Newer => addon.find_next(text, &options),
            Toward::Older | Toward::Typed => addon.find_previous(text, &options),
        };
        // An expression that is being typed is none at times.
        if found.is_err() {
            addon.clear_decorations();
            let _ = self.found.try_set(Found::BadExpression);
        }
    }

    /// Marks nothing any more; what was found last stays selected.
    pub(super) fn end(&self) {
        if let Some(addon) = &*self.addon.borrow() {
            addon.clear_decorations();
        }
    }
}
