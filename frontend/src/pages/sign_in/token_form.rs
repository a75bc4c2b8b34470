//! The form in which a token of the cluster is brought.

use leptos::{attr::custom::custom_attribute, ev::SubmitEvent, html, prelude::*};
use podshell_shared::api::SignIn;
use wasm_bindgen_futures::spawn_local;

use crate::{
    account::use_account,
    error::{Failure, Kind},
    i18n::{Language, use_language},
    net::{api, server_time},
    pages::sign_in::token,
    ui::command::Command,
};

/// What makes a token.
const COMMAND: &str = "kubectl create token NAME --duration 8h";
/// What is said of a token that was refused is the field's description.
const REFUSED: &str = "token-refused";
/// So is what kind of token it is to be.
const KIND: &str = "token-kind";

/// Why a token did not sign in.
#[derive(Clone)]
struct Refused {
    failure: Failure,
    /// When it had ended, in ms since 1970, as it says itself.
    ended: Option<f64>,
}

impl Refused {
    /// What is said of it: a headline, and what to do.
    fn text(&self, language: Language) -> (&'static str, String) {
        let advice = self.failure.advice(language);
        let ended = self
            .ended
            .and_then(|at| Some(language.token_ended(&language.time(at)?)));
        let advice = match ended {
            Some(ended) => format!("{ended}{advice}"),
            None => advice,
        };
        (self.failure.title(language), advice)
    }
}

/// Field, button, and how to get a token.
#[component]
pub(super) fn TokenForm() -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let account = use_account();
    let field = NodeRef::<html::Input>::new();
    let refused = RwSignal::new(None::<Refused>);
    let shown = RwSignal::new(false);
    let busy = RwSignal::new(false);
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            field.focus().ok();
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(input) = field.get_untracked().filter(|_| !busy.get_untracked()) else {
            return;
        };
        let token = token::cleaned(&input.value());
        if token.is_empty() {
            input.focus().ok();
            return;
        }
        busy.set(true);
        shown.set(false);
        spawn_local(async move {
            let ended = token::end(&token).filter(|end| *end < server_time::now());
            let answer = api::sign_in(&SignIn { token }).await;
            busy.set(false);
            match answer {
                Ok(_) => {
                    // The page goes on, and nothing on it is to have the token.
                    input.set_value("");
                    account.has_signed_in();
                }
                Err(failure) => {
                    let is_refused = failure.kind == Kind::TokenRefused;
                    let ended = ended.filter(|_| is_refused);
                    // What scripts are to do stands in the server's.
                    let hint = failure.hint.clone().filter(|_| !is_refused);
                    let failure = Failure { hint, ..failure };
                    refused.set(Some(Refused { failure, ended }));
                    // The next one is pasted in its place.
                    input.focus().ok();
                    input.select();
                }
            }
        });
    };
    let why = move || {
        let (title, advice) = refused.get()?.text(language.get());
        Some(view! { <strong>{title}{move || words().stop}</strong> {advice} })
    };
    let is_wrong = move || refused.with(Option::is_some);
    view! {
        <form class="sign-in__form" data-testid="token-form" on:submit=submit>
            // A screen reader hears of what comes into an element that it knows.
            <p id=REFUSED class="sign-in__refused" role="alert">{why}</p>
            <label class="sign-in__label" for="token">{move || words().token}</label>
            <div class="secret-field" class:secret-field--wrong=is_wrong>
                <input
                    id="token"
                    class="secret-field__input"
                    data-testid="token"
                    type=move || if shown.get() { "text" } else { "password" }
                    node_ref=field
                    placeholder="eyJhbGciOi…"
                    autocomplete="off"
                    autocapitalize="off"
                    {..custom_attribute("autocorrect", "off")}
                    spellcheck="false"
                    aria-invalid=move || is_wrong().to_string()
                    aria-describedby=format!("{REFUSED} {KIND}")
                />
                <button
                    type="button"
                    class="button--link"
                    data-testid="show-token"
                    aria-pressed=move || shown.get().to_string()
                    aria-controls="token"
                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                >
                    {move || if shown.get() { words().hide } else { words().show_token }}
                </button>
            </div>
            <p id=KIND class="sign-in__note">{move || words().token_kind}</p>
            <div class="button-row">
                <button class="button--primary" type="submit" data-testid="sign-in" aria-busy=move || busy.get().to_string()>
                    {move || words().sign_in}
                    <kbd aria-hidden="true">"Enter"</kbd>
                </button>
            </div>
        </form>
        <p class="sign-in__note">{move || words().no_token}</p>
        <Command text=COMMAND id="copy-command" />
    }
}
