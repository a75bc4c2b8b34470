//! The terminal's colours and fonts, which are the style sheet's: read from its tokens, and anew whenever they change.

use js_sys::{Array, Object};
use leptos::prelude::{document, window};
use wasm_bindgen::prelude::*;
use web_sys::{CssStyleDeclaration, Element, HtmlElement, MutationObserver, MutationObserverInit};

use crate::{
    browser::listener::Listener,
    xterm::bindings::{Xterm, object, set},
};

/// Names of xterm.js's theme, with the token that has the colour.
const COLOURS: [(&str, &str); 22] = [
    ("background", "--term"),
    ("foreground", "--term-text"),
    ("cursor", "--cursor"),
    ("cursorAccent", "--term"),
    ("selectionBackground", "--selection"),
    ("selectionInactiveBackground", "--selection-away"),
    ("black", "--ansi-0"),
    ("red", "--ansi-1"),
    ("green", "--ansi-2"),
    ("yellow", "--ansi-3"),
    ("blue", "--ansi-4"),
    ("magenta", "--ansi-5"),
    ("cyan", "--ansi-6"),
    ("white", "--ansi-7"),
    ("brightBlack", "--ansi-8"),
    ("brightRed", "--ansi-9"),
    ("brightGreen", "--ansi-10"),
    ("brightYellow", "--ansi-11"),
    ("brightBlue", "--ansi-12"),
    ("brightMagenta", "--ansi-13"),
    ("brightCyan", "--ansi-14"),
    ("brightWhite", "--ansi-15"),
];
/// The token of the fonts that have one width.
const FONTS: &str = "--mono";
/// The token of the contrast that a program's text has at least.
const CONTRAST: &str = "--term-contrast";

/// What of the system changes the tokens.
const SYSTEM: &str = "(prefers-color-scheme: dark)";
/// The attributes of the root that choose a theme, `light` or `dark`, and a contrast, `more`; and the one that changes with tokens
/// that are not the style sheet's.
const ATTRIBUTES: [&str; 3] = ["data-theme", "data-contrast", "data-colours"];

/// The options of a terminal that are the style sheet's; none if that could not be loaded.
pub(crate) fn options() -> Vec<(&'static str, JsValue)> {
    let Some(style) = root().and_then(|root| style_of(&root)) else {
        return Vec::new();
    };
    let token = |name| style.get_property_value(name).unwrap_or_default();
    let mut options = Vec::new();
    if let Ok(contrast) = token(CONTRAST).trim().parse::<f64>() {
        options.push(("minimumContrastRatio", contrast.into()));
    }
    if let Some(colours) = colours() {
        options.push(("theme", colours.into()));
    }
    options
}

/// The fonts that have one width, the first that the system has being used; none if the style sheet could not be loaded.
pub(crate) fn fonts() -> Option<String> {
    let style = style_of(&root()?)?;
    let fonts = style.get_property_value(FONTS).unwrap_or_default();
    Some(fonts.trim().to_owned()).filter(|fonts| !fonts.is_empty())
}

/// A colour of the style sheet as `#rrggbb`, for what takes nothing else.
pub(crate) fn hex_colour(token: &str) -> Option<String> {
    let probe = probe(token)?;
    document().body()?.append_child(&probe).ok()?;
    let colour = style_of(&probe).and_then(|style| style.get_property_value("color").ok());
    probe.remove();
    hex(&colour?)
}

/// `rgb(1, 2, 3)` as `#010203`.
fn hex(rgb: &str) -> Option<String> {
    let numbers = rgb.split_once('(')?.1.trim_end_matches(')');
    let mut parts = numbers
        .split(',')
        .map(|part| part.trim().parse::<u8>().ok());
    let [red, green, blue] = [parts.next()??, parts.next()??, parts.next()??];
    Some(format!("#{red:02x}{green:02x}{blue:02x}"))
}

/// The colours as the browser has computed them. A token by itself is text, of a pair of colours for instance, so that
/// for a moment elements that nobody sees have the colours.
fn colours() -> Option<Object> {
    let probes = COLOURS.map(|(name, token)| (name, probe(token)));
    let place = probe(FONTS)?;
    for (_, probe) in &probes {
        place.append_child(probe.as_ref()?).ok()?;
    }
    let body = document().body()?;
    body.append_child(&place).ok()?;
    let colours = probes.map(|(name, probe)| {
        let style = probe.and_then(|probe| style_of(&probe));
        let colour = style.and_then(|style| style.get_property_value("color").ok());
        (name, JsValue::from(colour))
    });
    place.remove();
    Some(object(&colours))
}

/// An element that is not shown, whose text has the colour of a token.
fn probe(token: &str) -> Option<HtmlElement> {
    let element = document().create_element("span").ok()?;
    let element: HtmlElement = element.unchecked_into();
    element.set_hidden(true);
    let colour = format!("var({token})");
    let style = element.style();
    style.set_property("color", &colour).ok()?;
    // Where the system forces its colours, all would be the same.
    style.set_property("forced-color-adjust", "none").ok()?;
    Some(element)
}

fn root() -> Option<Element> {
    document().document_element()
}

fn style_of(element: &Element) -> Option<CssStyleDeclaration> {
    window().get_computed_style(element).ok().flatten()
}

/// Keeps a terminal's colours those of the style sheet for as long as it lives.
pub(crate) struct ThemeWatch {
    _system: Option<Listener>,
    attribute: MutationObserver,
    _callback: Closure<dyn FnMut()>,
}

impl ThemeWatch {
    /// Watches the system's wishes and the root's attribute.
    pub(crate) fn begin(terminal: &Xterm) -> Self {
        let apply = {
            let terminal = terminal.clone();
            move || {
                let live = terminal.options();
                for (name, value) in options() {
                    set(&live, name, &value);
                }
            }
        };
        let system = window().match_media(SYSTEM).ok().flatten().map(|query| {
            let apply = apply.clone();
            Listener::new(&query, "change", move |_| apply())
        });
        let callback = Closure::<dyn FnMut()>::new(apply);
        let attribute = MutationObserver::new(callback.as_ref().unchecked_ref())
            .expect("a browser with WebAssembly has a MutationObserver");
        if let Some(root) = root() {
            let what = MutationObserverInit::new();
            let names = ATTRIBUTES.map(JsValue::from);
            what.set_attribute_filter(&Array::from_iter(names));
            attribute
                .observe_with_options(&root, &what)
                .expect("attributes can be observed");
        }
        Self {
            _system: system,
            attribute,
            _callback: callback,
        }
    }
}

impl Drop for ThemeWatch {
    fn drop(&mut self) {
        self.attribute.disconnect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_has_each_token() {
        let tokens = include_str!("../../styles/tokens.css");
        let colours = COLOURS.map(|(_, token)| token);
        for token in colours.into_iter().chain([FONTS, CONTRAST]) {
            assert!(tokens.contains(&format!("  {token}: ")), "{token}");
        }
        let page = include_str!("../../styles/pages/terminal.css");
        for attribute in ATTRIBUTES {
            let rule = format!(":root[{attribute}");
            assert!(
                tokens.contains(&rule) || page.contains(&rule),
                "{attribute}"
            );
        }
    }

    #[test]
    fn colours_are_written_as_is_wanted() {
        assert_eq!(hex("rgb(255, 231, 10)").as_deref(), Some("#ffe70a"));
        assert_eq!(hex("rgba(1, 2, 3, 0.5)").as_deref(), Some("#010203"));
        for odd in [
            "",
            "red",
            "rgb(300, 0, 0)",
            "rgb(1, 2)",
            "color(srgb 1 0 0)",
        ] {
            assert_eq!(hex(odd), None, "{odd}");
        }
    }
}
