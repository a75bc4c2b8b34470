//! The sign-in page: what it asks for depends on the server, and it stands in the place of what the user wanted.

use leptos::{html, prelude::*};
use podshell_shared::api::SignInMethod;

use crate::{
    account::{Why, use_account},
    browser::dom,
    i18n::{LanguageSwitch, use_language},
    pages::sign_in::{provider::ByProvider, token_form::TokenForm},
    workspace::open_panes::use_workspace,
};

/// Asks the user to sign in.
#[component]
pub(crate) fn SignInPage(
    /// How one signs in.
    method: SignInMethod,
) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    Effect::new(move || document().set_title(&format!("{} – Podshell", words().sign_in)));
    let way = match method {
        SignInMethod::Token => view! { <TokenForm /> }.into_any(),
        SignInMethod::Proxy => view! { <ByProxy /> }.into_any(),
        SignInMethod::Oidc | SignInMethod::Unknown | SignInMethod::Link => {
            view! { <ByProvider /> }.into_any()
        }
    };
    view! {
        <header class="bar bar--plain">
            <span class="spacer"></span>
            <LanguageSwitch />
        </header>
        <main class="sign-in">
            <section class="sign-in__card" data-testid="sign-in-page" data-method=name(method) aria-labelledby="sign-in-title">
                <h1 id="sign-in-title" class="brand sign-in__brand">
                    <span class="brand__prompt" aria-hidden="true">"❯_"</span>
                    "Podshell"
                    <span class="visually-hidden">" – " {move || words().sign_in}</span>
                </h1>
                <Reason />
                {way}
                <Look />
            </section>
        </main>
    }
}

/// The method's name, for programs.
fn name(method: SignInMethod) -> &'static str {
    match method {
        SignInMethod::Token => "token",
        SignInMethod::Proxy => "proxy",
        SignInMethod::Oidc | SignInMethod::Unknown | SignInMethod::Link => "oidc",
    }
}

/// Why somebody who was signed in has to do so again.
#[component]
fn Reason() -> impl IntoView {
    let language = use_language();
    let account = use_account();
    let workspace = use_workspace();
    // They have ended with it, or are about to.
    let shells = workspace.terminals().len();
    let said = move || {
        let words = language.get().words();
        match account.why() {
            Why::New | Why::NotByProxy => None,
            Why::Expired => {
                let shells = (shells > 0).then(|| language.get().shells_ended(shells));
                Some((words.sign_in_ended, shells.unwrap_or_default()))
            }
            Why::SignedOut => Some((words.signed_out, words.shells_of_mine_ended.to_owned())),
        }
    };
    move || {
        let (title, more) = said()?;
        Some(view! {
            <p class="sign-in__reason" data-testid="sign-in-reason" role="status">
                <strong>{title}</strong> {more}
            </p>
        })
    }
}

/// The way back to what shells have left on their screens, if there are any.
#[component]
fn Look() -> impl IntoView {
    let language = use_language();
    let account = use_account();
    let workspace = use_workspace();
    let any = workspace
        .list()
        .iter()
        .any(|(_, pane)| pane.view().drawn.get_untracked());
    any.then(|| {
        view! {
            <button class="sign-in__wide" data-testid="look" on:click=move |_| account.look()>
                {move || language.get().words().look}
            </button>
        }
    })
}

/// A proxy has signed people in before they come here, or has not.
#[component]
fn ByProxy() -> impl IntoView {
    let language = use_language();
    let account = use_account();
    let words = move || language.get().words();
    let button = NodeRef::<html::Button>::new();
    Effect::new(move |_| {
        if let Some(button) = button.get() {
            button.focus().ok();
        }
    });
    let text = move || match account.why() {
        Why::NotByProxy => words().not_by_proxy,
        Why::New | Why::Expired | Why::SignedOut => words().by_proxy,
    };
    view! {
        <p role="alert"><strong>{move || words().not_signed_in}</strong></p>
        <p class="sign-in__note">{text}</p>
        <button
            class="button--primary sign-in__wide"
            data-testid="reload"
            node_ref=button
            on:click=move |_| dom::reload()
        >
            {move || words().reload}
            <kbd aria-hidden="true">"Enter"</kbd>
        </button>
    }
}
