//! A terminal's page: header, terminal, state line, and what to do when the session has ended.

use std::rc::{Rc, Weak};

use leptos::{ev::MouseEvent, html, prelude::*};
use web_sys::EventTarget;

use podshell_shared::target::{Mode, TargetRequest};

use crate::{
    browser::{dom, viewport},
    i18n::{LanguageSwitch, use_language},
    pages::{
        settings::dialogue::SettingsButton,
        terminal::{composer::Composer, ended::EndedPanel, status_bar::StatusBar},
    },
    routing::navigation::Link,
    session::status::Status,
    ui::{dialogue::DialogueBox, notice::NoticeBar},
    workspace::{open_panes::use_workspace, pane::Pane},
    xterm::screen_keys::ComposerInput,
};

/// A terminal that fills the window.
#[component]
pub(crate) fn TerminalPage(target: TargetRequest) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let workspace = use_workspace();
    let pane = workspace.open(&target);
    let view = pane.view;
    let host = NodeRef::<html::Div>::new();
    let way_out = NodeRef::<html::Span>::new();
    let left = target.clone();
    on_cleanup(move || workspace.leave(&left));

    let TargetRequest {
        namespace,
        pod,
        container,
        ..
    } = target.clone();
    let crumbs = (namespace, pod, container);
    let attached = target.mode == Mode::Attach;
    let titled = Rc::clone(&pane);
    Effect::new(move |_| document().set_title(&format!("{} – Podshell", titled.title())));
    let named = Rc::clone(&pane);
    Effect::new(move |_| {
        let words = words();
        let label = format!("{} {}. {}", words.terminal, named.name(), words.way_out);
        named.controller.terminal().set_label(&label);
    });
    let shown = StoredValue::new_local(Rc::downgrade(&pane));
    // The page may be another by now.
    let shown_pane = move || shown.try_with_value(Weak::upgrade).flatten();
    pane.controller
        .on_return_focus(move || focus_first_link(way_out));
    Effect::new(move |_| {
        let Some(host) = host.get() else { return };
        host.append_child(&pane.element).expect("it is an element");
        // A notice that was here has gone with the page.
        pane.controller.terminal().cover(0.0);
        pane.focus();
    });
    let focus = move || {
        if let Some(pane) = shown_pane() {
            pane.focus();
        }
    };
    let clicked = move |event: MouseEvent| {
        if dom::is_click_on_control(&event) {
            focus();
        }
    };
    // What lies beside the text is no part of xterm.js.
    let beside = move |event: MouseEvent| {
        let terminal = host.get_untracked().map(EventTarget::from);
        let ground = terminal_ground(host);
        if [event.current_target(), terminal, ground].contains(&event.target()) {
            // Or the browser would take the keyboard away again.
            event.prevent_default();
            focus();
        }
    };
    let send = move |sent: ComposerInput<'_>| {
        if let Some(pane) = shown_pane() {
            pane.controller.send(sent);
        }
    };
    let covers = move |height: f64| {
        if let Some(pane) = shown_pane() {
            pane.controller.terminal().cover(height);
        }
    };
    StoredValue::new_local(viewport::follow());
    let begin_again = move || {
        if let Some(pane) = shown_pane() {
            pane.controller.begin_again();
        }
    };
    let take_back = move || {
        if let Some(pane) = shown_pane() {
            pane.controller.take_back();
        }
    };

    let covered = move || view.status.with(Status::is_ended) && !view.drawn.get();
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
            </header>
            <div class="stage" class:stage--covered=covered on:mousedown=beside>
                <div class="stage__ground">
                    <NoticeBar notices=view.notices covers leave=focus />
                    <div class="terminal-host" data-testid="terminal" node_ref=host></div>
                </div>
                <EndedPanel view target=target.clone() begin_again take_back />
            </div>
            <StatusBar view mode=target.mode />
            <Composer modifiers=view.modifiers send />
            <DialogueBox dialogues=view.dialogues />
        </div>
    }
}

/// What lies under the terminal.
fn terminal_ground(host: NodeRef<html::Div>) -> Option<EventTarget> {
    let ground = host.get_untracked()?.parent_element()?;
    Some(ground.into())
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
