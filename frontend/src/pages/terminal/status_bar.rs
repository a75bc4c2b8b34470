//! The state line of a terminal: how it fares, and the figures around it.

use leptos::prelude::*;
use podshell_client::transport::Transport;
use podshell_shared::terminal::Size;

use podshell_shared::target::Mode;

use crate::{
    error::name_of,
    i18n::use_language,
    session::{
        status::Status,
        status_text::{state_name, state_text},
        view::TerminalView,
    },
};

/// The state line: how the terminal fares.
#[component]
pub(crate) fn StatusBar(
    view: TerminalView,
    mode: Mode,
    /// Which terminal it is.
    #[prop(optional, into)]
    name: Signal<String>,
) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let is_attached = mode == Mode::Attach;
    let mode = StoredValue::new(mode);
    let state = move || view.status.with(state_name);
    let text = move || {
        let text =
            |status: &Status| mode.with_value(|mode| state_text(status, mode, language.get()));
        view.status.with(text)
    };
    let pause = move || match view.status.get() {
        Status::Reconnecting { seconds } => seconds.map_or_else(
            || "…".to_owned(),
            |seconds| language.get().in_seconds(seconds),
        ),
        _ => String::new(),
    };
    let code = move || {
        view.status.with(|status| match status {
            Status::Ended(exit) => exit.code,
            _ => None,
        })
    };
    let reason = move || {
        let reason = view.status.with(|status| match status {
            Status::Ended(exit) => name_of(exit.reason),
            Status::Lost(failure) | Status::Failed(failure) => failure.reason.clone(),
            _ => String::new(),
        });
        Some(reason).filter(|reason| !reason.is_empty())
    };
    let size = move || {
        let Size { rows, cols } = view.size.get();
        format!("{rows}x{cols}")
    };
    let transport = move || view.transport.get().map(Transport::name);
    let transport_text = move || {
        view.transport.get().map(|transport| match transport {
            Transport::WebSocketBinary => words().web_socket,
            Transport::WebSocketText => words().web_socket_text,
            Transport::XhrStreaming => words().xhr_streaming,
            Transport::EventSource => words().event_source,
            Transport::XhrPolling => words().xhr_polling,
        })
    };
    let connected = move || view.status.with(|status| *status == Status::Connected);
    let round_trip = move || view.round_trip.get().map(|ms| format!("{ms} ms"));
    let cells = move || {
        let Size { rows, cols } = view.size.get();
        format!("{cols}×{rows}")
    };
    view! {
        <footer class="status-bar">
            <p
                class="session-state"
                role="status"
                data-testid="state-line"
                data-state=state
                data-exit-code=code
                data-reason=reason
                data-size=size
                data-transport=transport
            >
                // One piece for the eye; a screen reader need not count down with it.
                <span>{text}<span aria-hidden="true">{pause}</span></span>
            </p>
            <strong class="status-bar__name">{name}</strong>
            {is_attached.then(|| view! {
                <span class="badge" data-testid="attached" title=move || words().attach_note>
                    {move || words().attached}
                </span>
            })}
            <span class="spacer"></span>
            // Beside the status, lest a screen reader reads out every measurement.
            <Show when=connected>
                <span class="status-bar__figure" title=move || words().round_trip>{round_trip}</span>
                <span class="status-bar__figure" title=move || words().transport>{transport_text}</span>
            </Show>
            <span class="status-bar__figure" title=move || words().size>{cells}</span>
            <span class="status-bar__hint"><kbd>"Shift Esc"</kbd> " " {move || words().way_out}</span>
        </footer>
    }
}
