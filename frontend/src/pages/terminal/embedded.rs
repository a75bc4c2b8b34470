//! A terminal in a frame of another page: the terminal alone, and what that page is told of it.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use podshell_shared::target::TargetRequest;
use web_sys::console;

use crate::{
    browser::viewport,
    embedding::{Heard, Parent, Said},
    error::{Failure, Kind, name_of},
    i18n::use_language,
    net::credential,
    pages::{
        settings::dialogue::{SettingsButton, open_settings},
        shown_pane::ShownPane,
        terminal::{composer::Composer, ended::Ways, stage::Stage, status_bar::StatusBar},
    },
    session::{status::Status, view::set_if_changed},
    settings::Settings,
    ui::error_panel::ErrorPanel,
    workspace::{open_panes::use_workspace, pane::Pane},
    xterm::screen_keys::ComposerInput,
};

/// The version of what the two pages say.
const VERSION: u32 = 1;
/// For how long the other page's first word is waited for, in ms: with a token the shell is opened, without one it may be
/// refused.
const FIRST_WORD_WITHIN: u32 = 500;

/// The terminal alone, if the page around it may show it.
#[component]
pub(crate) fn EmbeddedPage(target: TargetRequest) -> impl IntoView {
    let language = use_language();
    let Some(parent) = Parent::find() else {
        return view! {
            <main class="page">
                <ErrorPanel failure=Failure::plain(Kind::NotEmbeddable)>
                    <a class="button" href=target.page() target="_blank" rel="noopener">
                        {move || language.get().words().open_alone}
                    </a>
                </ErrorPanel>
            </main>
        }
        .into_any();
    };
    let workspace = use_workspace();
    let may_begin = RwSignal::new(!parent.is_there());
    let begin = move || {
        if may_begin.try_get_untracked() == Some(false) {
            may_begin.set(true);
        }
    };
    let opened = target.clone();
    let settings: Settings = expect_context();
    let listener = parent.listen(move |heard| match heard {
        Heard::Hello => begin(),
        Heard::Token(token) => {
            credential::hand_over(token);
            // One that was refused before, or has ended since, is in the way no more.
            if untrack(|| workspace.focused()).is_some() {
                let shown = workspace.show(&opened.clone().into()).session();
                if let Some(pane) = shown
                    && pane.view.status.with_untracked(Status::is_signed_out)
                {
                    pane.controller.begin_again();
                }
            }
            begin();
        }
        Heard::Look(Ok(look)) => settings.embedder.set(look),
        // Nobody but who writes the other page can mend it.
        Heard::Look(Err(why)) => {
            console::warn_1(&format!("podshell:look is not taken. {why}").into());
        }
    });
    let patience = Timeout::new(FIRST_WORD_WITHIN, begin);
    // Both end with this page.
    StoredValue::new_local((listener, patience));
    parent.say(&Said::Hello { version: VERSION });
    let parent = StoredValue::new_local(parent);
    view! {
        <main class="terminal-page terminal-page--embedded">
            {move || {
                may_begin.get().then(|| {
                    let parent = parent.get_value();
                    view! { <EmbeddedTerminal target=target.clone() parent /> }
                })
            }}
        </main>
    }
    .into_any()
}

/// The terminal, once it may begin.
#[component]
fn EmbeddedTerminal(target: TargetRequest, parent: Parent) -> impl IntoView {
    let language = use_language();
    let Some(pane) = use_workspace().show(&target.clone().into()).session() else {
        return ().into_any();
    };
    let view = pane.view;
    let titled = Rc::clone(&pane);
    Effect::new(move |_| document().set_title(&format!("{} – Podshell", titled.title())));
    let menu = NodeRef::new();
    pane.on_return_focus(Box::new(move || {
        let menu: Option<web_sys::HtmlDivElement> = menu.get_untracked();
        let button = menu.and_then(|menu| menu.query_selector("button").ok().flatten());
        if let Some(button) = button {
            let button: web_sys::HtmlElement = wasm_bindgen::JsCast::unchecked_into(button);
            button.focus().ok();
        }
    }));
    tell(parent, view.status.into(), view.title.into());
    // It is all that there is to be seen.
    set_if_changed(view.is_seen, true);
    let shown = ShownPane::new(&pane);
    let send = move |sent: ComposerInput<'_>| shown.with(|pane| pane.controller.send(sent));
    StoredValue::new_local(viewport::follow());
    let name = titled_name(&target);
    let label = move || format!("{} {name}", language.get().words().terminal);
    view! {
        <h1 class="visually-hidden">{label}</h1>
        <div class="embedded-menu" node_ref=menu on:click=move |_| shown.focus()>
            <SettingsButton open=move || open_settings(view.dialogues, language.get_untracked().words(), None, None) />
        </div>
        <Stage pane ways=Ways::OfFrame has_keyboard=true />
        <StatusBar view mode=target.mode />
        <Composer modifiers=view.modifiers send />
    }
    .into_any()
}

/// What the heading calls it.
fn titled_name(target: &TargetRequest) -> String {
    format!("{}/{}", target.pod, target.container)
}

/// Tells the page around this one what becomes of the terminal, each piece of news once.
fn tell(parent: Parent, status: Signal<Status>, title: Signal<Option<String>>) {
    let news = Memo::new(move |_| status.with(news_of));
    let to = parent.clone();
    Effect::new(move |_| {
        if let Some(said) = news.get() {
            to.say(&said);
        }
    });
    Effect::new(move |before: Option<Option<String>>| {
        let title = title.get();
        // Nobody waits to hear that there is none yet.
        if before.map_or(title.is_some(), |before| before != title) {
            let title = title.clone().unwrap_or_default();
            parent.say(&Said::Title { title });
        }
        title
    });
}

/// What is told of a terminal that fares like this; nothing on the way there.
fn news_of(status: &Status) -> Option<Said> {
    match status {
        Status::Connected | Status::Reconnecting { .. } => Some(Said::Ready),
        Status::Ended(exit) => Some(Said::Ended {
            reason: name_of(exit.reason),
            code: exit.code,
        }),
        Status::Lost(failure) | Status::Failed(failure) => Some(Said::Ended {
            reason: failure.reason.clone(),
            code: None,
        }),
        Status::Asking | Status::Opening | Status::Starting => None,
    }
}

#[cfg(test)]
mod tests {
    use podshell_shared::terminal::{EndReason, Exit};

    use super::*;

    #[test]
    fn what_is_under_way_is_no_news() {
        assert_eq!(news_of(&Status::Asking), None);
        assert_eq!(news_of(&Status::Connected), Some(Said::Ready));
        // It is the same shell.
        let reconnecting = Status::Reconnecting { seconds: Some(1) };
        assert_eq!(news_of(&reconnecting), Some(Said::Ready));
        let exit = Exit {
            code: Some(7),
            ..Exit::new(EndReason::Exited, "")
        };
        let ended = Said::Ended {
            reason: "exited".to_owned(),
            code: Some(7),
        };
        assert_eq!(news_of(&Status::Ended(exit)), Some(ended));
    }
}
