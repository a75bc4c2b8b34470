//! A terminal's page: header, and the stage with the terminal below it.

use std::rc::Rc;

use leptos::{ev::MouseEvent, html, prelude::*};

use podshell_shared::target::{Mode, TargetRequest};

use crate::{
    account::use_account,
    browser::dom,
    i18n::{LanguageSwitch, use_language},
    pages::{
        settings::dialogue::SettingsButton,
        sign_in::user_box::UserBox,
        terminal::{
            ended::Ways,
            stage::{ShownPane, Stage},
        },
    },
    routing::navigation::Link,
    session::status::Status,
    workspace::{open_panes::use_workspace, pane::Pane},
};

/// A terminal that fills the window.
#[component]
pub(crate) fn TerminalPage(target: TargetRequest) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let account = use_account();
    let pane = use_workspace().open(&target);
    let view = pane.view;
    let shown = ShownPane::new(&pane);
    let way_out = NodeRef::<html::Span>::new();

    let TargetRequest {
        namespace,
        pod,
        container,
        mode,
    } = target;
    let crumbs = (namespace, pod, container);
    let attached = mode == Mode::Attach;
    let titled = Rc::clone(&pane);
    Effect::new(move |_| document().set_title(&format!("{} – Podshell", titled.title())));
    pane.controller
        .on_return_focus(move || focus_first_link(way_out));
    // What had failed before is what the user came back to look at.
    Effect::new(move |before: Option<()>| {
        if let Status::Failed(failure) = view.status.get()
            && (before.is_some() || !untrack(|| account.is_out()))
        {
            account.refused(&failure);
        }
    });
    let clicked = move |event: MouseEvent| {
        if dom::is_click_on_control(&event) {
            shown.focus();
        }
    };
    view! {
        <div class="terminal-page">
            <header class="bar bar--slim" on:click=clicked>
                <nav class="crumbs" aria-label=move || words().pods>
                    <span node_ref=way_out><Link href="./">{move || words().pods}</Link></span>
                    <span class="crumbs__part crumbs__part--namespace">{crumbs.0}</span>
                    <span class="crumbs__part">{crumbs.1}</span>
                    <h1 class="crumbs__part crumbs__part--here">{crumbs.2}</h1>
                </nav>
                {attached.then(|| view! {
                    <span class="badge" data-testid="attached" title=move || words().attach_note>
                        {move || words().attached}
                    </span>
                })}
                <span class="spacer"></span>
                {attached.then(|| view! {
                    <span class="bar__note">{move || words().attach_note}</span>
                })}
                <span class="bar__hint">{move || words().way_out}</span>
                <SettingsButton dialogues=view.dialogues />
                <LanguageSwitch />
                <UserBox dialogues=view.dialogues />
            </header>
            <main class="terminal-page__main">
                <Stage pane ways=Ways::OfPage />
            </main>
        </div>
    }
}

fn focus_first_link(place: NodeRef<html::Span>) {
    let link = place
        .get_untracked()
        .and_then(|place| place.query_selector("a").ok().flatten());
    if let Some(link) = link {
        let link: web_sys::HtmlElement = wasm_bindgen::JsCast::unchecked_into(link);
        link.focus().ok();
    }
}
