//! The pod list's page.

use gloo_timers::callback::Interval;
use leptos::prelude::*;

use crate::{
    account::{Why, use_account},
    browser::{dom, listener::Listener},
    error::{Failure, Kind},
    i18n::{LanguageSwitch, use_language},
    pages::{
        pods::{
            namespace_field::NamespaceField,
            store::{Cluster, PodStore},
            table::PodTable,
        },
        sign_in::user_box::UserBox,
    },
    routing::{
        navigation::{use_redirect, use_route},
        route::Route,
    },
    ui::{
        dialogue::{DialogueBox, Dialogues},
        error_panel::ErrorPanel,
    },
    workspace::open_terminals::OpenTerminals,
};

/// How often the page asks what is new while somebody can see it, in ms. Each time it is answered at once: a browser has few
/// connections to a host, and one that waits would be one less.
const REFRESH_EVERY: u32 = 1000;

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
            store.follow();
        }
    };
    follow_address(store);
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

/// Shows the namespace that the address names. Who comes back to the list without one sees what they saw last.
fn follow_address(store: PodStore) {
    let route = use_route();
    let redirect = use_redirect();
    let last = store.namespace.get_untracked();
    match route.get_untracked() {
        Route::Pods(None) if last.is_some() => redirect(&Route::pods(last.as_deref())),
        Route::Pods(named) => store.select(named),
        _ => {}
    }
    Effect::new(move |_| {
        if let Route::Pods(named) = route.get() {
            store.select(named);
        }
    });
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
    // Who may not list all may yet list some; and who has named one may want another.
    let is_refused = failure.kind == Kind::Forbidden;
    view! {
        <ErrorPanel failure>
            <button class="button--primary" data-testid="retry" on:click=move |_| store.refresh_now()>
                {move || language.get().words().retry}
            </button>
        </ErrorPanel>
        {is_refused.then(|| view! {
            <section class="name-a-namespace">
                <p>{move || language.get().words().name_a_namespace}</p>
                <NamespaceField store />
            </section>
        })}
    }
}

/// Filter and table.
#[component]
fn List(store: PodStore, cluster: Cluster) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let wanted = Memo::new(move |_| store.wanted());
    let total = move || store.pods.with(|known| known.pods().len());
    let count = move || language.get().count(wanted.with(Vec::len), total());
    // Who has named one knows.
    let is_narrowed =
        !cluster.namespaces.is_empty() && store.namespace.with_untracked(Option::is_none);
    let namespaces = cluster.namespaces.join(", ");
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
        {is_narrowed.then(|| view! {
            <p class="banner" role="note" data-testid="only-banner">
                {move || language.get().only(&namespaces)}
            </p>
        })}
        {stale}
        <OpenTerminals />
        <div class="pod-toolbar">
            <h2 class="pod-toolbar__title">{move || words().pods}</h2>
            <span class="pod-toolbar__count" role="status">{count}</span>
            <NamespaceField store />
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
                on:click=move |_| store.refresh_now()
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
        <PodTable store wanted />
    }
}
