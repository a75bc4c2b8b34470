//! How a log is wanted: from which run, since when, with times, and what is searched for in it.

use leptos::{ev::KeyboardEvent, ev::MouseEvent, html, prelude::*};
use wasm_bindgen_futures::spawn_local;

use crate::{
    i18n::{Words, use_language},
    log::view::{LogChoice, LogView},
    pages::shown_pane::ShownPane,
    session::view::TerminalView,
    ui::icon::Icon,
    workspace::log_pane::LogPane,
    xterm::search::{Found, Toward},
};

/// Since when lines may be wanted, in seconds.
const SINCE: [u32; 5] = [300, 900, 3600, 6 * 3600, 24 * 3600];

/// The bar above a log.
#[component]
pub(super) fn Toolbar(
    view: TerminalView,
    log: LogView,
    shown: ShownPane<LogPane>,
) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let choice = log.choice;
    // The keyboard stays in the log, whose keys do the same.
    let stay = |event: MouseEvent| event.prevent_default();
    let follows = move || log.unseen.with(Option::is_none);
    let button = move |name: fn(&Words) -> &'static str,
                       title: fn(&Words) -> &'static str,
                       key: &'static str,
                       is_on: Signal<bool>,
                       act: fn(ShownPane<LogPane>, bool)| {
        view! {
            <button
                class="log__toggle"
                aria-pressed=move || is_on.get().to_string()
                title=move || format!("{} ({key})", title(words()))
                on:mousedown=stay
                on:click=move |_| act(shown, !is_on.get_untracked())
            >
                {move || name(words())}
            </button>
        }
    };
    let of = move |part: fn(&LogChoice) -> bool| Signal::derive(move || choice.with(part));
    let since = move |event: web_sys::Event| {
        let chosen = event_target_value(&event).parse().ok();
        shown.with(|pane| pane.controller.choose(|choice| choice.since = chosen));
        shown.focus();
    };
    view! {
        <div class="log__bar" role="toolbar" aria-label=move || words().log.name>
            {button(
                |words| words.log.follow,
                |words| words.log.follow_title,
                "F",
                Signal::derive(follows),
                |shown, is_on| shown.with(|pane| pane.controller.follow(is_on)),
            )}
            {button(
                |words| words.log.previous,
                |words| words.log.previous_title,
                "P",
                of(|choice| choice.previous),
                |shown, is_on| shown.with(|pane| pane.controller.choose(|choice| choice.previous = is_on)),
            )}
            <select
                class="field log__since"
                aria-label=move || words().log.since
                prop:value=move || choice.with(|choice| choice.since.map(|since| since.to_string()).unwrap_or_default())
                on:change=since
            >
                <option value="">{move || words().log.ever}</option>
                {SINCE.map(|seconds| view! {
                    <option
                        value=seconds.to_string()
                        selected=move || choice.with(|choice| choice.since == Some(seconds))
                    >
                        {move || language.get().since(seconds)}
                    </option>
                })}
                // An address may say anything.
                {move || choice.with(|choice| choice.since).filter(|since| !SINCE.contains(since)).map(|seconds| view! {
                    <option value=seconds.to_string() selected=true>{language.get().since(seconds)}</option>
                })}
            </select>
            {button(
                |words| words.log.times,
                |words| words.log.times_title,
                "T",
                of(|choice| choice.times),
                |shown, is_on| shown.with(|pane| pane.controller.choose(|choice| choice.times = is_on)),
            )}
            {button(
                |words| words.log.wrap,
                |words| words.log.wrap_title,
                "W",
                of(|choice| choice.wraps),
                |shown, is_on| shown.with(|pane| pane.controller.choose(|choice| {
                    choice.wraps = is_on;
                    choice.column = 0;
                })),
            )}
            <SearchField view log shown />
            {button(
                |words| words.log.only,
                |words| words.log.only_title,
                "M",
                of(|choice| choice.only),
                |shown, is_on| shown.with(|pane| pane.controller.choose(|choice| choice.only = is_on)),
            )}
        </div>
    }
    .into_any()
}

/// The field in which one searches, with the ways from one match to the next.
#[component]
fn SearchField(view: TerminalView, log: LogView, shown: ShownPane<LogPane>) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let field = NodeRef::<html::Input>::new();
    let find = move |toward: Toward| shown.with(|pane| pane.controller.find(toward));
    // What searches is loaded when somebody does.
    let load = move || {
        shown.with(|pane| {
            let loaded = pane.controller.terminal().load_search();
            spawn_local(async move {
                if loaded.await {
                    find(Toward::Typed);
                }
            });
        });
    };
    Effect::new(move |_| {
        if view.searches.get()
            && let Some(field) = field.get()
        {
            field.focus().ok();
            field.select();
        }
    });
    let key = move |event: KeyboardEvent| {
        if event.is_composing() {
            return;
        }
        match &*event.key() {
            "Enter" if event.shift_key() => find(Toward::Newer),
            "Enter" => find(Toward::Older),
            "Escape" => shown.focus(),
            _ => return,
        }
        event.prevent_default();
    };
    let found = move || match view.found.get() {
        Found::Matches { shown, count } if log.choice.with(|choice| !choice.text.is_empty()) => {
            language.get().matches(shown, count)
        }
        _ => String::new(),
    };
    let button = move |icon: Icon, name: fn(&Words) -> &'static str, toward: Toward| {
        view! {
            <button
                class="icon-button"
                title=move || name(words())
                aria-label=move || name(words())
                on:mousedown=move |event| event.prevent_default()
                on:click=move |_| find(toward)
            >
                {icon.draw()}
            </button>
        }
    };
    view! {
        <div class="log__search" role="search">
            <input
                class="field log__field"
                type="text"
                spellcheck="false"
                autocomplete="off"
                autocapitalize="off"
                aria-label=move || words().log.search
                placeholder=move || words().log.search
                node_ref=field
                on:focus=move |_| load()
                on:input:target=move |event| {
                    let text = event.target().value();
                    shown.with(|pane| pane.controller.choose(|choice| choice.text = text));
                }
                on:keydown=key
            />
            <output class="search-box__count" role="status">{found}</output>
            {button(Icon::Up, |words| words.older, Toward::Older)}
            {button(Icon::Down, |words| words.newer, Toward::Newer)}
        </div>
    }
    .into_any()
}
