//! Sign-in by a provider: it does so at a page of its own, and sends people back to where they were.

use leptos::{html, prelude::*};
use wasm_bindgen::JsValue;

use crate::{
    browser::dom,
    error::Kind,
    i18n::{Language, use_language},
};

/// What the server puts behind the address of the page when a sign-in did not come to its end, and why.
const FAILED: &str = "#sign-in-failed=";

/// Why a sign-in did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Failed {
    /// It was not begun in this browser, or too long ago.
    NotBegun,
    /// Nobody can be this user here.
    Reserved(String),
    /// The provider could not be asked, or its answer was not accepted.
    Provider,
    /// The provider, or the user there, said no, by this code of RFC 6749 or OpenID Connect.
    Denied(String),
}

impl Failed {
    fn read(hash: &str) -> Option<Self> {
        let why = hash.strip_prefix(FAILED)?;
        let why = js_sys::decode_uri_component(why).map_or_else(|_| String::new(), String::from);
        Some(Self::of(&why))
    }

    fn of(why: &str) -> Self {
        match why.split_once(':') {
            Some(("reserved", name)) => Self::Reserved(name.to_owned()),
            _ if why == "not-begun" => Self::NotBegun,
            // What stands in an address may be anybody's: no more of it is shown than a code can be.
            _ if why == "provider" || !is_code(why) => Self::Provider,
            _ => Self::Denied(why.to_owned()),
        }
    }

    /// A headline, and what to do.
    fn text(&self, language: Language) -> (&'static str, String) {
        let words = language.words();
        let failed = language.failure(Kind::SignInFailed);
        match self {
            Self::NotBegun => (failed.title, words.sign_in_not_begun.to_owned()),
            Self::Provider => (failed.title, failed.hint.to_owned()),
            Self::Denied(code) => (failed.title, format!("{} {code}", words.sign_in_denied)),
            Self::Reserved(name) => {
                let reserved = language.failure(Kind::ReservedUser);
                (reserved.title, format!("{name}: {}", reserved.hint))
            }
        }
    }
}

/// Whether this can be an error's code.
fn is_code(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(is_part)
}

/// Takes out of the address what stands there of a sign-in: a reload is to show it no more.
fn take_failure() -> Option<Failed> {
    let failed = Failed::read(&window().location().hash().ok()?)?;
    let here = dom::here();
    // A browser that refuses shows it once more.
    let replaced = window()
        .history()
        .and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(&here)));
    replaced.ok();
    Some(failed)
}

/// The way to the provider, and what became of the last one.
#[component]
pub(super) fn ByProvider() -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let failed = take_failure();
    let here = String::from(js_sys::encode_uri_component(&dom::here()));
    let link = NodeRef::<html::A>::new();
    Effect::new(move |_| {
        if let Some(link) = link.get() {
            link.focus().ok();
        }
    });
    let failure = move || {
        let (title, more) = failed.as_ref()?.text(language.get());
        Some(view! {
            <p class="sign-in__refused" data-testid="sign-in-failed" role="alert">
                <strong>{title}{move || words().stop}</strong> {more}
            </p>
        })
    };
    view! {
        {failure}
        <p class="sign-in__note">{move || words().as_yourself}</p>
        <a
            class="button button--primary sign-in__wide"
            data-testid="sign-in"
            rel="external"
            href=format!("api/v1/sign-in/oidc?to={here}")
            node_ref=link
        >
            {move || words().sign_in}
            <kbd aria-hidden="true">"Enter"</kbd>
        </a>
        <p class="sign-in__note">{move || words().recorded}</p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_an_address_is_no_more_than_a_reason() {
        assert_eq!(Failed::of("not-begun"), Failed::NotBegun);
        assert_eq!(Failed::of("provider"), Failed::Provider);
        assert_eq!(
            Failed::of("access_denied"),
            Failed::Denied("access_denied".to_owned())
        );
        let reserved = Failed::Reserved("system:admin".to_owned());
        assert_eq!(Failed::of("reserved:system:admin"), reserved);
        for text in [
            "",
            "Call +1 555 0100",
            "https://evil.example",
            &"x".repeat(65),
        ] {
            assert_eq!(Failed::of(text), Failed::Provider, "{text}");
        }
    }
}
