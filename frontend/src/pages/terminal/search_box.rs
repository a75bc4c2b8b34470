//! The box in which one searches in a terminal.

use leptos::{ev::KeyboardEvent, html, prelude::*};
use wasm_bindgen_futures::spawn_local;

use crate::{
    i18n::use_language,
    pages::shown_pane::ShownPane,
    session::view::TerminalView,
    ui::icon::Icon,
    workspace::terminal_pane::TerminalPane,
    xterm::search::{Found, Query, Toward},
};

/// It, while somebody searches.
#[component]
pub(super) fn SearchBox(view: TerminalView, shown: ShownPane<TerminalPane>) -> impl IntoView {
    move || {
        view.searches
            .get()
            .then(|| view! { <OpenBox view shown /> })
    }
}

#[component]
fn OpenBox(view: TerminalView, shown: ShownPane<TerminalPane>) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let field = NodeRef::<html::Input>::new();
    let query = RwSignal::new(Query::default());
    let find = move |toward: Toward| {
        // The box may be gone by the time that what searches is there.
        let Some(query) = query.try_get_untracked() else {
            return;
        };
        shown.with(|pane| pane.controller.terminal().find(&query, toward));
    };
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            field.focus().ok();
            field.select();
        }
    });
    // What was typed before it was there is searched for then.
    shown.with(|pane| {
        let loaded = pane.controller.terminal().load_search();
        spawn_local(async move {
            if loaded.await {
                find(Toward::Typed);
            }
        });
    });
    let change = move |change: &dyn Fn(&mut Query)| {
        query.update(|query| change(query));
        find(Toward::Typed);
    };
    let close = move || {
        view.searches.set(false);
        shown.with(|pane| pane.controller.terminal().end_search());
        shown.focus();
    };
    on_cleanup(move || shown.with(|pane| pane.controller.terminal().end_search()));
    let key = move |event: KeyboardEvent| {
        if event.is_composing() {
            return;
        }
        match &*event.key() {
            "Enter" if event.shift_key() => find(Toward::Newer),
            "Enter" => find(Toward::Older),
            "Escape" => close(),
            _ => return,
        }
        event.prevent_default();
    };
    let found = move || match view.found.get() {
        Found::Unasked => String::new(),
        Found::BadExpression => words().bad_expression.to_owned(),
        Found::Matches { shown, count } => language.get().matches(shown, count),
    };
    let is_bad = move || (view.found.get() == Found::BadExpression).to_string();
    let button = move |icon: Icon, name: Signal<&'static str>, toward: Toward| {
        view! {
            <button
                class="icon-button"
                title=name
                aria-label=name
                on:mousedown=move |event| event.prevent_default()
                on:click=move |_| find(toward)
            >
                {icon.draw()}
            </button>
        }
    };
    let toggle =
        move |sign: &'static str, name: Signal<&'static str>, part: fn(&mut Query) -> &mut bool| {
            let is_on = move || *part(&mut query.get());
            view! {
                <button
                    class="icon-button"
                    title=name
                    aria-label=name
                    aria-pressed=move || is_on().to_string()
                    on:mousedown=move |event| event.prevent_default()
                    on:click=move |_| change(&|query| *part(query) = !*part(query))
                >
                    {sign}
                </button>
            }
        };
    view! {
        <div class="search-box" role="search" data-testid="search-box">
            <input
                class="field search-box__field"
                type="text"
                spellcheck="false"
                autocomplete="off"
                autocapitalize="off"
                aria-label=move || words().search_terminal
                placeholder=move || words().search_terminal
                aria-invalid=is_bad
                node_ref=field
                on:input:target=move |event| {
                    let text = event.target().value();
                    change(&|query| query.text.clone_from(&text));
                }
                on:keydown=key
            />
            <output class="search-box__count" role="status">{found}</output>
            {button(Icon::Up, Signal::derive(move || words().older), Toward::Older)}
            {button(Icon::Down, Signal::derive(move || words().newer), Toward::Newer)}
            {toggle("Aa", Signal::derive(move || words().match_case), |query| &mut query.is_case_sensitive)}
            {toggle(".*", Signal::derive(move || words().expression), |query| &mut query.is_expression)}
            <button
                class="icon-button"
                title=move || words().close
                aria-label=move || words().close
                on:click=move |_| close()
            >
                {Icon::Close.draw()}
            </button>
        </div>
    }
    .into_any()
}
