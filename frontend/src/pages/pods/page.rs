//! The pod list's page.

use gloo_timers::callback::Interval;
use leptos::prelude::*;

use crate::{
    account::{Why, use_account},
    browser::{dom, listener::Listener},
    error::Failure,
    i18n::{LanguageSwitch, use_language},
    pages::{
        pods::{
            row::PodRow,
            store::{Cluster, PodStore},
        },
        sign_in::user_box::UserBox,
    },
    ui::{
        dialogue::{DialogueBox, Dialogues},
        error_panel::ErrorPanel,
    },
    workspace::open_terminals::OpenTerminals,
};

/// How often the list is fetched while somebody can see it, in ms.
const REFRESH_EVERY: u32 = 5000;
/// So many pods are shown at first: a browser is slow with more rows.
const AT_FIRST: usize = 500;

/// The list of pods, each container a way to a shell.
#[component]
pub(crate) fn PodsPage() -> impl IntoView {
    let store: PodStore = expect_context();
    let language = use_language();
    Effect::new(move || {
        document().set_title(&format!("{} – Podshell", language.get().words().pods))
    });

    let account = use_account();
    let refresh_if_seen = move || {
        if dom::is_visible() && !untrack(|| account.is_out()) {
            store.refresh();
        }
    };
    if !untrack(|| account.is_out()) {
        store.open();
    }
    Effect::new(move |_| {
        if let Some(failure) = store.failure.get() {
            account.refused(&failure);
        }
    });
    // Both end with this page.
    StoredValue::new_local((
        Interval::new(REFRESH_EVERY, refresh_if_seen),
        Listener::new(&document(), "visibilitychange", move |_| refresh_if_seen()),
    ));

    let failure = move || store.failure.get();
    let dialogues = Dialogues::new();
    view! {
        <Header store dialogues />
        <main class="page">
            {move || match (store.cluster.get(), failure()) {
                _ if account.is_out() => view! {
                    <SignInAgain />
                    <OpenTerminals />
                }.into_any(),
                (None, None) => view! {
                    <p class="page__loading" role="status">{move || language.get().words().loading}</p>
                }.into_any(),
                (None, Some(failure)) => view! {
                    <OpenTerminals />
                    <NoList store failure />
                }.into_any(),
                (Some(cluster), _) => view! { <List store cluster /> }.into_any(),
            }}
        </main>
        <DialogueBox dialogues />
    }
}

/// Brand, cluster, language, user.
#[component]
fn Header(store: PodStore, dialogues: Dialogues) -> impl IntoView {
    let cluster = move || {
        let name = store.cluster.get()?.name;
        let title = name.clone();
        Some(view! { <span class="cluster-name" title=title>{name}</span> })
    };
    view! {
        <header class="bar">
            <h1 class="brand">
                <span class="brand__prompt" aria-hidden="true">"❯_"</span>
                <span class="brand__name">"Podshell"</span>
            </h1>
            {cluster}
            <span class="spacer"></span>
            <LanguageSwitch />
            <UserBox dialogues />
        </header>
    }
}

/// In place of the list, for who is not signed in any more and looks at what their shells have left.
#[component]
fn SignInAgain() -> impl IntoView {
    let language = use_language();
    let account = use_account();
    view! {
        <p class="banner banner--warning banner--with-button">
            <span>{move || language.get().words().sign_in_ended}</span>
            <button data-testid="sign-in-again" on:click=move |_| account.ask(Why::Expired)>
                {move || language.get().words().sign_in}
            </button>
        </p>
    }
}

/// In place of a list that never came.
#[component]
fn NoList(store: PodStore, failure: Failure) -> impl IntoView {
    let language = use_language();
    view! {
        <ErrorPanel failure>
            <button class="button--primary" data-testid="retry" on:click=move |_| store.refresh()>
                {move || language.get().words().retry}
            </button>
        </ErrorPanel>
    }
}

/// Filter and table.
#[component]
fn List(store: PodStore, cluster: Cluster) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let wanted = Memo::new(move |_| store.wanted());
    let unlimited = RwSignal::new(false);
    let shown = move || {
        let mut entries = wanted.get();
        if !unlimited.get() {
            entries.truncate(AT_FIRST);
        }
        entries
    };
    let total = move || store.entries.with(Vec::len);
    let count = move || language.get().count(wanted.with(Vec::len), total());
    let cut = move || !unlimited.get() && wanted.with(Vec::len) > AT_FIRST;
    let stale = move || {
        let failure = store.failure.get()?;
        let title = failure.title(language.get());
        Some(view! {
            <p class="banner banner--warning" role="alert" data-testid="stale">
                <strong>{words().stale}</strong> " " {title}
            </p>
        })
    };
    view! {
        {cluster.demo.then(|| view! {
            <p class="banner" role="note" data-testid="demo-banner">{move || words().demo}</p>
        })}
        {cluster.only.map(|namespace| view! {
            <p class="banner" role="note" data-testid="only-banner">
                {move || language.get().only(&namespace)}
            </p>
        })}
        {stale}
        <OpenTerminals />
        <div class="pod-toolbar">
            <h2 class="pod-toolbar__title">{move || words().pods}</h2>
            <span class="pod-toolbar__count" role="status">{count}</span>
            <input
                type="search"
                class="field pod-toolbar__filter"
                data-testid="filter"
                autocomplete="off"
                spellcheck="false"
                aria-label=move || words().filter
                placeholder=move || words().filter_hint
                prop:value=move || store.filter.get()
                on:input:target=move |event| store.filter.set(event.target().value())
            />
            <button
                data-testid="refresh"
                aria-busy=move || store.refreshing.get().to_string()
                on:click=move |_| store.refresh()
            >
                {move || words().refresh}
            </button>
        </div>
        <Show when=move || total() == 0>
            <section class="pod-list__empty">
                <h3>{move || words().no_pods}</h3>
                <p>{move || words().no_pods_hint}</p>
            </section>
        </Show>
        <Show when=move || total() != 0 && wanted.with(Vec::is_empty)>
            <section class="pod-list__empty">
                <p>{move || words().no_match}</p>
                <button on:click=move |_| store.filter.set(String::new())>
                    {move || words().clear_filter}
                </button>
            </section>
        </Show>
        <table class="pod-list" data-testid="pod-list" hidden=move || wanted.with(Vec::is_empty)>
            <thead class="pod-list__head">
                <tr>
                    <th scope="col" class="pod-list__heading">{move || words().namespace}</th>
                    <th scope="col" class="pod-list__heading">{move || words().name}</th>
                    <th scope="col" class="pod-list__heading pod-list__heading--number">{move || words().ready}</th>
                    <th scope="col" class="pod-list__heading">{move || words().status}</th>
                    <th scope="col" class="pod-list__heading pod-list__heading--number">{move || words().restarts}</th>
                    <th scope="col" class="pod-list__heading pod-list__heading--number">{move || words().age}</th>
                    <th scope="col" class="pod-list__heading">{move || words().node}</th>
                    <th scope="col" class="pod-list__heading">{move || words().open_shell}</th>
                </tr>
            </thead>
            <tbody class="pod-list__body">
                <For each=shown key=|entry| entry.key.clone() let:entry>
                    <PodRow entry now=store.now.into() />
                </For>
            </tbody>
        </table>
        <Show when=cut>
            <p class="pod-list__more">
                <button on:click=move |_| unlimited.set(true)>{move || words().show_all}</button>
            </p>
        </Show>
    }
}
