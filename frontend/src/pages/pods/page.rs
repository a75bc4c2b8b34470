//! The pod list's page.

use gloo_timers::callback::Interval;
use leptos::{ev::KeyboardEvent, html, prelude::*};

use crate::{
    account::{Why, use_account},
    browser::{dom, listener::Listener},
    error::{Failure, Kind},
    i18n::use_language,
    pages::pods::{
        first_visit::FirstVisit,
        keys::ListKeys,
        namespace_field::NamespaceField,
        pod_summary,
        store::{Cluster, PodStore, is_enterable},
        table::PodTable,
    },
    routing::{
        list_address::ListAddress,
        navigation::{use_navigate, use_redirect, use_redirect_soon, use_route},
        route::Route,
    },
    ui::error_panel::ErrorPanel,
    workspace::{open_panes::use_workspace, open_terminals::OpenTerminals},
};

/// How often the page asks what is new while somebody can see it, in ms. Each time it is answered at once: a browser has few
/// connections to a host, and one that waits would be one less.
const REFRESH_EVERY: u32 = 1000;

/// The list of pods, each container a way to a shell.
#[component]
pub(crate) fn PodsPage(
    /// The keys that lead anywhere.
    go_to_keys: &'static str,
) -> impl IntoView {
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
    let wanted = Memo::new(move |_| store.wanted());
    let keys = ListKeys {
        store,
        workspace: use_workspace(),
        wanted,
    };
    let go = use_navigate();
    let main = NodeRef::<html::Main>::new();
    let focus = move || {
        if let Some(main) = main.get() {
            main.focus().ok();
        }
    };
    // Keys are for who is in the list: who comes is.
    Effect::new(move |_| focus());
    let is_there = Memo::new(move |_| store.cluster.with(Option::is_some));
    view! {
        <main
            class="page"
            data-region="list"
            tabindex="-1"
            node_ref=main
            on:keydown=move |event| keys.key(&event, go)
        >
            <h1 class="visually-hidden">"Podshell"</h1>
            <Show when=move || is_there.get() && !account.is_out()>
                <FirstVisit go_to_keys leave=move || untrack(focus) />
            </Show>
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
                (Some(cluster), _) => view! { <List store cluster wanted /> }.into_any(),
            }}
        </main>
        <Hints />
    }
}

/// What keys do, at the foot.
#[component]
fn Hints() -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    view! {
        <footer class="hints" aria-hidden="true">
            <span><kbd>"↑"</kbd> <kbd>"↓"</kbd> {move || words().hint_choose}</span>
            <span><kbd>"Enter"</kbd> {move || words().hint_shell}</span>
            <span><kbd>"→"</kbd> {move || words().hint_containers}</span>
            <span><kbd>"V"</kbd> <kbd>"H"</kbd> {move || words().hint_split}</span>
            <span><kbd>"L"</kbd> {move || words().log.mark}</span>
            <span><kbd>"A"</kbd> {move || words().hint_attach}</span>
            <span class="spacer"></span>
            <span><kbd>"?"</kbd> {move || words().help}</span>
            <span><kbd>"/"</kbd> {move || words().hint_search}</span>
        </footer>
    }
}

/// Shows what the address names, and has it name what is shown. Who comes back to the list by one that names nothing sees what
/// they saw last.
fn follow_address(store: PodStore) {
    let route = use_route();
    let redirect = use_redirect();
    let redirect_soon = use_redirect_soon();
    let last = untrack(|| store.address());
    match route.get_untracked() {
        Route::Pods(named) if named == ListAddress::default() && named != last => {
            redirect(&last.href());
        }
        Route::Pods(named) => store.show(named),
        _ => {}
    }
    Effect::new(move |_| {
        if let Route::Pods(named) = route.get() {
            store.show(named);
        }
    });
    Effect::new(move |_| {
        let shown = store.address();
        let is_elsewhere = |route: &Route| matches!(route, Route::Pods(named) if *named != shown);
        redirect_soon(route.with_untracked(is_elsewhere).then(|| shown.href()));
    });
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
fn List(
    store: PodStore,
    cluster: Cluster,
    /// Where the wanted pods are among all.
    wanted: Memo<Vec<usize>>,
) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let total = move || store.pods.with(|known| known.pods().len());
    let enterable = Memo::new(move |_| {
        let refused = store.rights.without_shells();
        store.pods.with(|known| {
            let pods = known.pods().iter();
            pods.filter(|entry| is_enterable((*entry).as_ref(), &refused))
                .count()
        })
    });
    let count = move || {
        let counted = language.get().count(wanted.with(Vec::len), total());
        format!("{counted}{}", language.get().enterable(enterable.get()))
    };
    // Who has named one knows.
    let is_narrowed =
        !cluster.namespaces.is_empty() && store.namespace.with_untracked(Option::is_none);
    let namespaces = cluster.namespaces.join(", ");
    let stale = move || {
        let failure = store.failure.get()?;
        let title = failure.title(language.get());
        Some(view! {
            <p class="banner banner--warning banner--with-button" role="alert" data-testid="stale">
                <span><strong>{words().stale}</strong> " " {title}</span>
                <button
                    data-testid="refresh"
                    aria-busy=move || store.refreshing.get().to_string()
                    on:click=move |_| store.refresh_now()
                >
                    {move || words().retry}
                </button>
            </p>
        })
    };
    let searched = Memo::new(move |_| store.filter.with(|filter| pod_summary::words(filter)));
    let esc = move |event: KeyboardEvent| {
        if event.key() == "Escape" && !event.is_composing() {
            store.filter.set(String::new());
        }
    };
    let typed = move |text: String| {
        store.filter.set(text);
        // Enter means the first that is left.
        store.selected.set(None);
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
        <div class="pod-toolbar" role="search">
            <input
                type="search"
                class="field pod-toolbar__filter"
                data-testid="filter"
                autocomplete="off"
                spellcheck="false"
                aria-label=move || words().filter
                placeholder=move || words().filter_hint
                prop:value=move || store.filter.get()
                on:input:target=move |event| typed(event.target().value())
                on:keydown=esc
            />
            <NamespaceField store />
            <button
                data-testid="only-enterable"
                aria-pressed=move || store.only_enterable.get().to_string()
                on:click=move |_| store.only_enterable.update(|only| *only = !*only)
            >
                {move || words().only_enterable}
            </button>
            <span class="spacer"></span>
            <span class="pod-toolbar__count" role="status">
                <span class="pod-toolbar__live" data-stale=move || store.failure.get().is_some().to_string()></span>
                {count}
            </span>
        </div>
        <OpenTerminals searched />
        <Show when=move || total() == 0>
            <section class="pod-list__empty">
                {move || match store.namespace.get() {
                    Some(namespace) => view! {
                        <h3>{language.get().no_pods_in(&namespace)}</h3>
                        <p>{words().no_pods_hint_in}</p>
                        <a href="./" class="button">{words().all_namespaces}</a>
                    }.into_any(),
                    None => view! {
                        <h3>{words().no_pods}</h3>
                        <p>{words().no_pods_hint}</p>
                    }.into_any(),
                }}
            </section>
        </Show>
        <Show when=move || total() != 0 && wanted.with(Vec::is_empty)>
            <section class="pod-list__empty">
                <p>{move || words().no_match}</p>
                <button on:click=move |_| {
                    store.filter.set(String::new());
                    store.only_enterable.set(false);
                }>
                    {move || words().clear_filter}
                </button>
            </section>
        </Show>
        // A screen reader hears which row keys are for.
        <p class="visually-hidden" role="status">{move || store.selected.get()}</p>
        <PodTable store wanted searched />
    }
}
