//! A row of the pod list.

use js_sys::Date;
use leptos::prelude::*;
use podshell_shared::api::{Container, Pod};
use wasm_bindgen::JsValue;

use podshell_shared::{
    log::LogRequest,
    target::{Mode, TargetRequest},
};

use crate::{
    i18n::use_language,
    pages::pods::{
        marked::marked,
        pod_summary::{self, Severity},
        store::{Entry, PodStore},
    },
    routing::navigation::Link,
    ui::icon::Icon,
    workspace::open_panes::use_workspace,
};

/// A pod, and a way to a shell in each of its containers.
#[component]
pub(crate) fn PodRow(
    /// `namespace/name`.
    key: String,
    entry: Signal<Entry>,
    /// Its place in the list.
    place: Signal<usize>,
    store: PodStore,
) -> impl IntoView {
    let now = store.now;
    let language = use_language();
    let words = move || language.get().words();
    // A part of the row changes only if what it shows does.
    let part =
        |read: fn(&Pod) -> String| Memo::new(move |_| entry.with(|entry| read(entry.as_ref())));
    let namespace = part(|pod| pod.namespace.clone());
    let name = part(|pod| pod.name.clone());
    let labels = part(|pod| {
        // What is too long for its column can be read, too.
        let lines = std::iter::once(&pod.name).chain(&pod.labels);
        lines.map(|line| &**line).collect::<Vec<_>>().join("\n")
    });
    let ready = part(|pod| {
        let (ready, all) = pod.readiness();
        format!("{ready}/{all}")
    });
    let status = part(|pod| pod.status.clone());
    let severity = part(|pod| severity_class(pod_summary::severity(pod)).to_owned());
    let restarts = part(|pod| pod_summary::restarts(pod).to_string());
    let restarted = part(|pod| pod.restarted.clone().unwrap_or_default());
    let since = move |time: &str| {
        let seconds = (now.get() - Date::parse(time)) / 1000.0;
        // Not a number where the time is missing.
        (!seconds.is_nan()).then(|| pod_summary::age(seconds.max(0.0) as u64))
    };
    let restarts = move || match since(&restarted.get()) {
        Some(age) => language.get().restarts_ago(&restarts.get(), &age),
        None => restarts.get(),
    };
    let node = part(|pod| pod.node.clone().unwrap_or_default());
    let created = part(|pod| pod.created.clone().unwrap_or_default());
    let age = move || since(&created.get()).unwrap_or_default();
    let born = move || {
        let born = created.get();
        if born.is_empty() {
            return born;
        }
        Date::new(&JsValue::from(born))
            .to_locale_string("default", &JsValue::UNDEFINED)
            .into()
    };
    let words_of_filter =
        Memo::new(move |_| store.filter.with(|filter| pod_summary::words(filter)));
    let found = move |text: Memo<String>| move || marked(&text.get(), &words_of_filter.get());
    let containers = Memo::new(move |_| entry.with(|entry| pod_summary::running(entry.as_ref())));
    let why = Memo::new(move |_| {
        entry.with(|entry| pod_summary::why_not(entry.as_ref(), language.get()))
    });
    let logged = Memo::new(move |_| {
        entry.with(|entry| {
            let first = pod_summary::with_log(entry.as_ref()).into_iter().next();
            first.map(|container| container.name)
        })
    });
    let debugged = Memo::new(move |_| entry.with(|entry| pod_summary::debuggable(entry.as_ref())));
    let shells = move || {
        let at = (namespace.get(), name.get());
        let containers = containers.get();
        if containers.is_empty() {
            let log = logged.get();
            let log = log.map(|container| view! { <LogWord at=at.clone() container /> });
            let debug = debugged
                .get()
                .map(|container| view! { <DebugLink at=at.clone() container /> });
            return view! {
                <span class="pod-row__why" title=why>{why}</span>
                {log}
                {debug}
            }
            .into_any();
        }
        let shell = |container| view! { <ContainerLink at=at.clone() container /> };
        containers.into_iter().map(shell).collect_view().into_any()
    };
    let selected = key.clone();
    let is_selected =
        Memo::new(move |_| store.selected.with(|key| key.as_ref() == Some(&selected)));
    let choice = key.clone();
    view! {
        // The first is that of the headings.
        <tr
            class="pod-row"
            class:pod-row--selected=is_selected
            class:pod-row--enterable=move || containers.with(|containers| !containers.is_empty())
            data-testid="pod-row"
            data-pod=key
            aria-rowindex=move || (place.get() + 2).to_string()
            aria-selected=move || is_selected.get().to_string()
            on:pointerdown=move |_| store.selected.set(Some(choice.clone()))
        >
            <th scope="row" class="pod-row__name" title=labels>
                {found(name)}
                <small class="pod-row__namespace-below">{namespace}</small>
            </th>
            <td class="pod-row__namespace" data-label=move || words().namespace title=namespace>{found(namespace)}</td>
            <td class="pod-row__number" data-label=move || words().ready>{ready}</td>
            <td class="pod-row__status" data-label=move || words().status>
                <span class=move || format!("pod-row__phase pod-row__phase--{}", severity.get())>{status}</span>
            </td>
            <td class="pod-row__number pod-row__restarts" data-label=move || words().restarts>{restarts}</td>
            <td class="pod-row__number" data-label=move || words().age title=born>{age}</td>
            <td class="pod-row__node" data-label=move || words().node title=node>{found(node)}</td>
            <td class="pod-row__shells"><div class="pod-row__containers">{shells}</div></td>
        </tr>
    }
}

/// The way to the log of a pod that can't be entered.
#[component]
fn LogWord(
    /// Namespace and pod.
    at: (String, String),
    container: String,
) -> impl IntoView {
    let language = use_language();
    let label = at.1.clone();
    view! {
        <Link
            href=LogRequest::new(at.0, at.1, container).page()
            attr:class="debug-link"
            attr:data-testid="open-log"
            attr:aria-label=move || language.get().log_of(&label)
        >
            {move || language.get().words().log.name}
        </Link>
    }
}

/// The way to a container that does not run: what is there says why, and offers a debug container beside it.
#[component]
fn DebugLink(
    /// Namespace and pod.
    at: (String, String),
    container: String,
) -> impl IntoView {
    let language = use_language();
    let (namespace, pod) = at;
    let label = pod.clone();
    let target = TargetRequest {
        namespace,
        pod,
        container,
        mode: Mode::Exec(None),
    };
    view! {
        <Link
            href=target.page()
            attr:class="debug-link"
            attr:data-testid="debug-link"
            attr:aria-label=move || format!("{}: {label}", language.get().words().debug)
        >
            {move || language.get().words().debug}
        </Link>
    }
}

/// A container that runs: a link to its shell.
#[component]
fn ContainerLink(
    /// Namespace and pod.
    at: (String, String),
    container: Container,
) -> impl IntoView {
    let language = use_language();
    let (namespace, pod) = at;
    let key = format!("{namespace}/{pod}");
    let kind = container.kind;
    let mark = move || {
        let mark = language.get().kind(kind);
        mark.map(|mark| view! { <small class="container-link__mark">{mark}</small> })
    };
    let name = container.name.clone();
    let shown = name.clone();
    let target = TargetRequest {
        namespace,
        pod,
        container: container.name.clone(),
        mode: Mode::Exec(None),
    };
    let attached = TargetRequest {
        mode: Mode::Attach,
        ..target.clone()
    };
    let log = LogRequest::new(&target.namespace, &target.pod, &name);
    let log_title = {
        let name = name.clone();
        move || language.get().log_of(&name)
    };
    let log_label = log_title.clone();
    let (key_attach, name_attach) = (key.clone(), name.clone());
    let attach_title = {
        let name = name.clone();
        move || format!("{}: {name}", language.get().words().attach_title)
    };
    let attach_label = attach_title.clone();
    let workspace = use_workspace();
    let own = target.clone();
    let runs_here = move || workspace.has(&own);
    let here = runs_here.clone();
    let title = move || {
        let words = language.get().words();
        let open = if here() {
            words.running_here
        } else {
            words.open_shell
        };
        format!("{open}: {}\n{}", container.name, container.image)
    };
    view! {
        <span class="pod-row__container">
            <Link
                href=target.page()
                attr:class="button container-link"
                attr:data-runs=runs_here
                attr:data-testid="open-shell"
                attr:data-pod=key
                attr:data-container=name
                attr:title=title
            >
                <span class="container-link__name">{shown}</span>
                {mark}
            </Link>
            <Link
                href=attached.page()
                attr:class="attach-link"
                attr:data-testid="attach"
                attr:data-pod=key_attach
                attr:data-container=name_attach
                attr:aria-label=attach_label
                attr:title=attach_title
            >
                {Icon::Attach.draw()}
            </Link>
            <Link
                href=log.page()
                attr:class="attach-link"
                attr:data-testid="open-log"
                attr:aria-label=log_label
                attr:title=log_title
            >
                {Icon::Log.draw()}
            </Link>
        </span>
    }
    .into_any()
}

fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Good => "good",
        Severity::Waits => "waits",
        Severity::Done => "done",
        Severity::Bad => "bad",
    }
}
