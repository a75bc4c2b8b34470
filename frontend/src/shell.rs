//! A shell's page: header, terminal, state line, and what to do when the shell is over.

use std::rc::Rc;

use leptos::{html, prelude::*};
use podshell_shared::terminal::{EndReason, Exit, Size};
use serde_json::Value;

use crate::{
    failure::{Failure, FailureBox, Kind, news},
    i18n::{Language, LanguageSwitch, use_language},
    navigation::Link,
    route::Target,
    session::{Session, Status, View},
};

/// A terminal that fills the window.
#[component]
pub(crate) fn ShellPage(target: Target) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let view = View::new();
    let host = NodeRef::<html::Div>::new();
    let way_out = NodeRef::<html::Span>::new();
    // dropped with this page, which ends the shell
    let session = StoredValue::new_local(None::<Rc<Session>>);

    let Target {
        namespace,
        pod,
        container,
        ..
    } = target.clone();
    let title = format!("{pod}/{container}");
    let label = {
        let title = title.clone();
        move || format!("{} {title}. {}", words().terminal, words().way_out)
    };
    document().set_title(&format!("{title} – Podshell"));

    Effect::new(move |_| {
        let label = label();
        let Some(host) = host.get() else { return };
        if let Some(session) = session.with_value(Clone::clone) {
            session.screen().set_label(&label);
        } else {
            let leave = move || focus_first_link(way_out);
            let opened = Session::open(target.clone(), &host, &label, view, leave);
            session.set_value(Some(opened));
        }
    });
    let begin_again = move || {
        if let Some(session) = session.with_value(Clone::clone) {
            session.begin_again();
        }
    };

    let covered = move || view.status.with(Status::is_over) && !view.drawn.get();
    view! {
        <div class="shell-page">
            <header class="bar">
                <nav class="crumbs" aria-label=move || words().pods>
                    <span node_ref=way_out><Link href="./">{move || words().pods}</Link></span>
                    <span class="crumb namespace">{namespace}</span>
                    <span class="crumb">{pod}</span>
                    <h1 class="crumb">{container}</h1>
                </nav>
                <span class="spacer"></span>
                <span class="help">{move || words().way_out}</span>
                <LanguageSwitch />
            </header>
            <div class="stage" class:covered=covered>
                <div class="terminal" data-testid="terminal" node_ref=host></div>
                <Over view begin_again />
            </div>
            <StateBar view />
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

/// What is said under the terminal, or in its place, when nothing more will happen by itself.
#[component]
fn Over(view: View, begin_again: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    move || {
        let status = view.status.get();
        if !status.is_over() {
            return ().into_any();
        }
        let button = NodeRef::<html::Button>::new();
        Effect::new(move |_| {
            // with nothing to read, there is nothing to do in the terminal
            if let Some(button) = button.get()
                && !view.drawn.get_untracked()
            {
                button.focus().ok();
            }
        });
        let retry = matches!(status, Status::Failed(_));
        let ways = view! {
            <button
                class="primary"
                data-testid=if retry { "retry" } else { "new-shell" }
                node_ref=button
                on:click=move |_| begin_again()
            >
                {move || if retry { words().retry } else { words().new_shell }}
                <kbd>{move || words().enter}</kbd>
            </button>
            <Link href="./" attr:class="button">{move || words().back}</Link>
        };
        match status {
            Status::Ended(Exit {
                reason: EndReason::Exited,
                code,
                message,
            }) => {
                let more = news(&message, &Language::English.exited(code)).map(str::to_owned);
                view! {
                    <section class="over">
                        <div>
                            <h2>{move || language.get().exited(code)}</h2>
                            {more.map(|more| view! { <p>{more}</p> })}
                        </div>
                        <div class="actions">{ways}</div>
                    </section>
                }
                .into_any()
            }
            Status::Ended(Exit {
                reason, message, ..
            }) => {
                let failure = Failure::new(Kind::Ended(reason), message);
                view! { <FailureBox failure>{ways}</FailureBox> }.into_any()
            }
            Status::Lost(failure) | Status::Failed(failure) => {
                view! { <FailureBox failure>{ways}</FailureBox> }.into_any()
            }
            Status::Asking | Status::Opening | Status::Starting | Status::Connected => {
                ().into_any()
            }
        }
    }
}

/// The state line: how the shell fares.
#[component]
fn StateBar(view: View) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let state = move || view.status.with(state_name);
    let text = move || {
        view.status
            .with(|status| state_text(status, language.get()))
    };
    let code = move || {
        view.status.with(|status| match status {
            Status::Ended(exit) => exit.code,
            _ => None,
        })
    };
    let reason = move || {
        view.status.with(|status| match status {
            Status::Ended(exit) => reason_name(exit.reason),
            Status::Lost(failure) | Status::Failed(failure) => {
                Some(failure.reason.clone()).filter(|reason| !reason.is_empty())
            }
            _ => None,
        })
    };
    let size = move || {
        let Size { rows, cols } = view.size.get();
        format!("{rows}x{cols}")
    };
    let connected = move || view.status.with(|status| *status == Status::Connected);
    let round_trip = move || view.round_trip.get().map(|ms| format!("{ms} ms"));
    let cells = move || {
        let Size { rows, cols } = view.size.get();
        format!("{cols}×{rows}")
    };
    view! {
        <footer class="state-bar">
            <p
                class="state"
                role="status"
                data-testid="state-line"
                data-state=state
                data-exit-code=code
                data-reason=reason
                data-size=size
            >
                {text}
            </p>
            {move || view.toast.get().map(|toast| view! { <p class="toast" role="status">{toast}</p> })}
            <span class="spacer"></span>
            // beside the status, lest a screen reader reads out every measurement
            <Show when=connected>
                <span class="figure" title=move || words().round_trip>{round_trip}</span>
                <span class="figure">"WebSocket"</span>
            </Show>
            <span class="figure" title=move || words().size>{cells}</span>
        </footer>
    }
}

fn state_name(status: &Status) -> &'static str {
    match status {
        Status::Asking | Status::Opening | Status::Starting => "connecting",
        Status::Connected => "connected",
        Status::Ended(_) => "ended",
        Status::Lost(_) => "lost",
        Status::Failed(_) => "failed",
    }
}

fn state_text(status: &Status, language: Language) -> String {
    let words = language.words();
    match status {
        Status::Asking => words.asking.to_owned(),
        Status::Opening => words.opening.to_owned(),
        Status::Starting => words.starting.to_owned(),
        Status::Connected => words.connected.to_owned(),
        Status::Ended(exit) => {
            let how = match exit.reason {
                EndReason::Exited => language.exited(exit.code),
                reason => language.failure(Kind::Ended(reason)).title.to_owned(),
            };
            format!("{}: {how}", words.ended)
        }
        Status::Lost(failure) => format!("{}: {}", words.lost, failure.title(language)),
        Status::Failed(failure) => format!("{}: {}", words.failed, failure.title(language)),
    }
}

/// A reason as the protocol spells it.
fn reason_name(reason: EndReason) -> Option<String> {
    match serde_json::to_value(reason) {
        Ok(Value::String(name)) => Some(name),
        _ => None,
    }
}
