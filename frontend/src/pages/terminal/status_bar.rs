//! The state line of a terminal: how it fares, and the figures around it.

use leptos::prelude::*;
use podshell_client::transport::Transport;
use podshell_shared::terminal::Size;

use podshell_shared::target::Mode;

use crate::{
    error::name_of,
    i18n::use_language,
    pages::terminal::connection_details::transport_name,
    session::{
        status::Status,
        status_text::{state_name, state_text},
        view::TerminalView,
    },
};

/// Who types notices a round trip that is longer, in ms.
const SLOW: u32 = 300;

/// The state line: how the terminal fares.
#[component]
pub(crate) fn StatusBar(
    view: TerminalView,
    mode: Mode,
    /// Which terminal it is.
    #[prop(optional, into)]
    name: Signal<String>,
    /// Shows what is known of its connection.
    #[prop(optional)]
    details: Option<Callback<()>>,
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
    let transport = move || Some(view.connection.get()?.transport);
    let transport_text = move || Some(transport_name(transport()?, words()));
    let connected = move || view.status.with(|status| *status == Status::Connected);
    let is_slow = move || {
        view.round_trip
            .get()
            .is_some_and(|ms| ms > SLOW)
            .then_some("")
    };
    let round_trip = move || view.round_trip.get().map(|ms| format!("{ms} ms"));
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
                data-transport=move || transport().map(Transport::name)
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
                {details.map(|details| view! {
                    <button
                        class="status-bar__figure status-bar__details"
                        title=move || words().connection
                        // The keyboard stays in the terminal, and comes back there.
                        on:mousedown=|event| event.prevent_default()
                        on:click=move |_| details.run(())
                    >
                        <span class="visually-hidden">{move || words().connection} " "</span>
                        <span data-slow=is_slow>{round_trip}</span>
                        " "
                        <span>{transport_text}</span>
                    </button>
                })}
            </Show>
            <ScreenFigures view />
        </footer>
    }
}

/// How large the screen is, and the way out of it: the end of a state line.
#[component]
pub(crate) fn ScreenFigures(view: TerminalView) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let cells = move || {
        let Size { rows, cols } = view.size.get();
        format!("{cols}×{rows}")
    };
    view! {
        <span class="status-bar__figure" title=move || words().size>{cells}</span>
        <span class="status-bar__hint"><kbd>"Shift Esc"</kbd> " " {move || words().way_out}</span>
    }
}
