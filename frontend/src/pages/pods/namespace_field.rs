//! The field that names the one namespace whose pods are listed.

use leptos::{
    ev::{Event, SubmitEvent},
    html,
    prelude::*,
};
use podshell_shared::names::is_label;

use crate::{
    i18n::use_language,
    pages::pods::{known_namespaces::KNOWN_NAMESPACES, store::PodStore},
    routing::{list_address::ListAddress, navigation::use_navigate},
};

/// So many are offered.
const OFFERED: usize = 200;
const LIST: &str = "namespaces";

/// Names a namespace, or none for all of them; offers those that were named before, and those that are listed.
#[component]
pub(super) fn NamespaceField(store: PodStore) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let navigate = use_navigate();
    let field = NodeRef::<html::Input>::new();
    let go = move || {
        let Some(field) = field.get_untracked() else {
            return;
        };
        let named = field.value().trim().to_lowercase();
        if !named.is_empty() && !is_label(&named) {
            field.set_custom_validity(language.get_untracked().words().bad_namespace);
            field.report_validity();
            return;
        }
        let named = Some(named).filter(|named| !named.is_empty());
        if named != store.namespace.get_untracked() {
            let search = store.filter.get_untracked();
            let namespace = named;
            navigate(&ListAddress { namespace, search }.href());
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        go();
    };
    let typed = move |_: Event| {
        if let Some(field) = field.get_untracked() {
            field.set_custom_validity("");
        }
    };
    // Who may not list all is to name one.
    let placeholder = move || match store.cluster.get() {
        Some(_) => words().all_namespaces,
        None => words().namespace,
    };
    // Looked for when somebody is about to choose.
    let offered = RwSignal::new(Vec::new());
    let offer = move |_| offered.set(offered_by(store));
    view! {
        <form class="namespace-field" data-testid="namespace-form" novalidate on:submit=submit>
            <input
                class="field namespace-field__input"
                data-testid="namespace"
                type="text"
                list=LIST
                maxlength="63"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                node_ref=field
                aria-label=move || words().namespace
                placeholder=placeholder
                prop:value=move || store.namespace.get().unwrap_or_default()
                on:focus=offer
                on:input=typed
                on:change=move |_| go()
            />
            <datalist id=LIST>
                <For each=move || offered.get() key=String::clone let:name>
                    <option value=name></option>
                </For>
            </datalist>
        </form>
    }
    .into_any()
}

fn offered_by(store: PodStore) -> Vec<String> {
    let mut offered = KNOWN_NAMESPACES.all();
    let mut add = |name: &str| {
        if offered.len() < OFFERED && !offered.iter().any(|known| known == name) {
            offered.push(name.to_owned());
        }
    };
    store.cluster.with_untracked(|cluster| {
        let namespaces = cluster.iter().flat_map(|cluster| &cluster.namespaces);
        namespaces.for_each(|name| add(name));
    });
    store.pods.with_untracked(|known| {
        // By namespace, so that each is met once.
        let mut last = "";
        for entry in known.pods() {
            let namespace = &*entry.as_ref().namespace;
            if namespace != last {
                add(namespace);
                last = namespace;
            }
        }
    });
    offered
}
