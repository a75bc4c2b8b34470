//! What is known of a terminal's connection, for who wonders how far away it is or is asked for it.

use std::rc::Rc;

use gloo_timers::callback::Interval;
use leptos::prelude::*;
use podshell_client::{Traffic, transport::Transport};

use crate::{
    i18n::{Language, Words, amount, use_language},
    session::{status::Status, status_text::state_text},
    ui::{
        copy_button::CopyButton,
        dialogue::{Choice, Dialogue},
    },
    workspace::{
        any_pane::AnyPane,
        open_panes::{Workspace, use_workspace},
        pane::PaneId,
        terminal_pane::TerminalPane,
    },
};

/// How often what has gone each way is read anew, in ms.
const COUNTED_EVERY: u32 = 1_000;

/// What a transport is called.
pub(crate) fn transport_name(transport: Transport, words: &Words) -> &'static str {
    match transport {
        Transport::WebSocketBinary => words.web_socket,
        Transport::WebSocketText => words.web_socket_text,
        Transport::XhrStreaming => words.xhr_streaming,
        Transport::EventSource => words.event_source,
        Transport::XhrPolling => words.xhr_polling,
    }
}

/// Shows it, over the terminal that it is about, which has that name.
pub(crate) fn open(id: PaneId, pane: &TerminalPane, name: String, language: Language) {
    let words = language.words();
    pane.view.dialogues.ask(Dialogue {
        title: words.connection.to_owned(),
        body: Box::new(move || view! { <Details id name=name.clone() /> }.into_any()),
        choices: vec![Choice::cancel(words.close)],
    });
}

/// What is known, as it changes, and a button that copies it.
#[component]
fn Details(id: PaneId, name: String) -> impl IntoView {
    let language = use_language();
    let workspace = use_workspace();
    let traffic = RwSignal::new(count(workspace, id));
    // It ends with the dialogue.
    StoredValue::new_local(Interval::new(COUNTED_EVERY, move || {
        traffic.set(count(workspace, id));
    }));
    let facts = Memo::new(move |_| {
        let pane = workspace.pane(id).and_then(AnyPane::session);
        let facts = |pane: Rc<TerminalPane>| facts(&pane, &name, traffic.get(), language.get());
        pane.map(facts).unwrap_or_default()
    });
    let rows = move || {
        let row = |(name, value): (&'static str, String)| {
            view! {
                <dt>{name}</dt>
                <dd>{value}</dd>
            }
        };
        facts.get().into_iter().map(row).collect_view()
    };
    let session = workspace.pane(id).and_then(AnyPane::session);
    let kubectl = session.and_then(|pane| pane.target.kubectl());
    let text = move || {
        let line = |(name, value): &(&'static str, String)| format!("{name}: {value}\n");
        facts.with_untracked(|facts| facts.iter().map(line).collect())
    };
    view! {
        <dl class="facts">{rows}</dl>
        <div class="button-row">
            <CopyButton text class="" id="copy-details" />
            {kubectl.map(|kubectl| view! {
                <CopyButton text=move || kubectl.clone() class="" id="copy-kubectl" name=|words| words.copy_kubectl />
            })}
        </div>
    }
}

/// What has gone each way; [`None`] once there is no session.
fn count(workspace: Workspace, id: PaneId) -> Option<Traffic> {
    let pane = workspace.pane(id)?.session()?;
    pane.controller.ask(|client| client.traffic())
}

/// Each with its name.
fn facts(
    pane: &TerminalPane,
    name: &str,
    traffic: Option<Traffic>,
    language: Language,
) -> Vec<(&'static str, String)> {
    let words = language.words();
    let view = pane.view;
    let state = view
        .status
        .with(|status| state_text(status, &pane.target.mode, language));
    let is_connected = view.status.with(|status| *status == Status::Connected);
    let connection = view.connection.get().filter(|_| is_connected);
    let transport = connection.map(|connection| transport_name(connection.transport, words));
    let since = connection.and_then(|connection| language.time(connection.since));
    let round_trip = view.round_trip.get().filter(|_| is_connected);
    let amount = |of: fn(Traffic) -> u64| traffic.map(|traffic| amount(of(traffic)));
    let known = [
        (words.container, Some(name.to_owned())),
        (words.status, Some(state)),
        (words.connected_since, since),
        (words.transport, transport.map(str::to_owned)),
        (words.round_trip, round_trip.map(|ms| format!("{ms} ms"))),
        (words.output_received, amount(|traffic| traffic.output)),
        (words.input_sent, amount(|traffic| traffic.input)),
    ];
    let known = known
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    known.collect()
}
