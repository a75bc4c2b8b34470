//! The pod list's page.

use gloo_timers::callback::Interval;
use leptos::{ev::KeyboardEvent, html, prelude::*};
use web_sys::HtmlElement;

use crate::{
    account::{Why, use_account},
    browser::{dom, listener::Listener},
    error::{Failure, Kind},
    i18n::use_language,
    pages::pods::{
        debug_dialogue::use_debug,
        entry::is_enterable,
        first_visit::FirstVisit,
        keys::ListKeys,
        known_namespaces::KNOWN_NAMESPACES,
        lines::Lines,
        namespace_field::NamespaceField,
        store::{Cluster, PodStore},
        table::PodTable,
    },
    routing::{
        list_address::ListAddress,
        navigation::{use_navigate, use_redirect, use_redirect_soon, use_route},
        route::Route,
    },
    ui::{command::Command, error_panel::ErrorPanel, searched_words},
    workspace::{open_panes::use_workspace, open_terminals::OpenTerminals},
};

/// Of the namespaces that were named before so many are offered.
const OFFERED: usize = 6;
/// Begins a command that starts a pod with a shell.
const TOOLBOX: &str = "kubectl run toolbox --image=busybox";

/// How often the page asks what is new while somebody can see it, in ms. Each time it is answered at once: a browser has few
/// connections to a host, and one that waits would be one less.
const REFRESH_EVERY: u32 = 1000;

/// The list of pods, each container a way to a shell.
#[component]
pub(crate) fn PodsPage(
    /// The keys that lead anywhere.
    go_to_keys: Signal<String>,
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
    let lines = Memo::new(move |_| wanted.with(|wanted| store.lines(wanted)));
    let keys = ListKeys::new(store, use_workspace(), wanted, lines);
    let (go, debug) = (use_navigate(), use_debug());
    let main = NodeRef::<html::Main>::new();
    let focus = move || {
        // The list may have gone meanwhile.
        if let Some(main) = main.try_get_untracked().flatten() {
            main.focus().ok();
        }
    };
    let is_there = Memo::new(move |_| store.cluster.with(Option::is_some));
    // Keys are for who is in the list: who comes is. Where there is none yet, that need not lay out what is there, which the
    // next frame does anyway.
    Effect::new(move |_| match is_there.get_untracked() {
        true => focus(),
        false => request_animation_frame(move || {
            // Who has gone to something in it meanwhile stays there.
            let is_in = |main: HtmlElement| dom::has_focus(&main);
            if !main.try_get_untracked().flatten().is_some_and(is_in) {
                focus();
            }
        }),
    });
    view! {
        <main
            class="page"
            data-region="list"
            tabindex="-1"
            node_ref=main
            on:keydown=move |event| keys.key(&event, go, |target| debug.beside(target))
        >
            <h1 class="visually-hidden">"Podshell"</h1>
            <Show when=move || is_there.get() && !account.is_out()>
                <FirstVisit go_to_keys leave=focus />
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
                (Some(cluster), _) => view! { <List store cluster wanted lines /> }.into_any(),
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
            <span class="hints__wide"><kbd>"D"</kbd> {move || words().hint_debug}</span>
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
        {is_refused.then(|| view! { <NameANamespace store /> })}
    }
}

/// The ways on for who may not list what they asked for: a namespace, or what whoever runs the cluster has to do.
#[component]
fn NameANamespace(store: PodStore) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let account = use_account();
    let shown = store.namespace.get_untracked();
    let mut known = KNOWN_NAMESPACES.all();
    known.retain(|namespace| Some(namespace) != shown.as_ref());
    known.truncate(OFFERED);
    let used_before = (!known.is_empty()).then(|| {
        let links = known.into_iter().map(|namespace| {
            let address = ListAddress {
                namespace: Some(namespace.clone()),
                search: String::new(),
            };
            view! { <a class="button" href=address.href()>{namespace}</a> }
        });
        view! {
            <p class="button-row name-a-namespace__known">
                <span>{move || words().used_before}</span>
                {links.collect_view()}
            </p>
        }
    });
    let command = move || {
        let user = account.me()?.user?;
        let command = binding(&user, shown.as_deref())?;
        let is_one = shown.is_some();
        let asks = move || {
            let words = words();
            if is_one {
                words.ask_admins_one
            } else {
                words.ask_admins
            }
        };
        Some(view! {
            <p>{asks}</p>
            <Command text=command id="copy-binding" />
        })
    };
    view! {
        <section class="name-a-namespace">
            <p>{move || words().name_a_namespace}</p>
            <NamespaceField store />
            {used_before}
            {command}
        </section>
    }
}

/// What gives a user the right to see pods, in one namespace or in all; nothing for whom no shell could name.
fn binding(user: &str, namespace: Option<&str>) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:@/+".contains(&byte);
    if user.is_empty() || !user.bytes().all(is_plain) {
        return None;
    }
    let letters = user.bytes().map(|byte| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(byte.to_ascii_lowercase()),
        _ => '-',
    });
    let name: String = letters.collect();
    let name = name.trim_matches('-');
    Some(match namespace {
        Some(namespace) => format!(
            "kubectl create rolebinding {name}-view --clusterrole=view --user={user} --namespace={namespace}"
        ),
        None => format!(
            "kubectl create clusterrolebinding {name}-view --clusterrole=view --user={user}"
        ),
    })
}

/// Filter and table.
#[component]
fn List(
    store: PodStore,
    cluster: Cluster,
    /// Where the wanted pods are among all.
    wanted: Memo<Vec<usize>>,
    /// How their lines lie.
    lines: Memo<Lines>,
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
    let searched = Memo::new(move |_| store.filter.with(|filter| searched_words::words(filter)));
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
            <span class="pod-toolbar__filter">
            <input
                type="search"
                class="field"
                data-testid="filter"
                autocomplete="off"
                spellcheck="false"
                aria-label=move || words().filter
                placeholder=move || words().filter_hint
                prop:value=move || store.filter.get()
                on:input:target=move |event| typed(event.target().value())
                on:keydown=esc
            />
            <kbd aria-hidden="true">"/"</kbd>
            </span>
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
                        <a href="./" class="button button--primary">{words().all_namespaces}</a>
                        <p>{words().start_something}</p>
                        <Command text=format!("{TOOLBOX} --namespace={namespace} -- sleep 1d") id="copy-toolbox" />
                    }.into_any(),
                    None => view! {
                        <h3>{words().no_pods}</h3>
                        <p>{words().no_pods_hint}</p>
                        <p>{words().start_something}</p>
                        <Command text=format!("{TOOLBOX} -- sleep 1d") id="copy-toolbox" />
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
        <PodTable store wanted lines searched />
    }
}

#[cfg(test)]
mod tests {
    use super::binding;

    #[test]
    fn who_may_see_nothing_is_told_what_would_let_them() {
        assert_eq!(
            binding("ada@example.org", None).as_deref(),
            Some(
                "kubectl create clusterrolebinding ada-example-org-view --clusterrole=view --user=ada@example.org"
            )
        );
        assert_eq!(
            binding("system:serviceaccount:shop:bot", Some("shop")).as_deref(),
            Some(
                "kubectl create rolebinding system-serviceaccount-shop-bot-view --clusterrole=view \
                 --user=system:serviceaccount:shop:bot --namespace=shop"
            )
        );
        for odd in ["", "a b", "$(reboot)", "x;y", "李"] {
            assert_eq!(binding(odd, None), None, "{odd:?}");
        }
    }
}
