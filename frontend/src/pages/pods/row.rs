//! A row of the pod list.

use js_sys::Date;
use leptos::prelude::*;
use podshell_shared::api::{Container, ContainerState, Pod};
use wasm_bindgen::JsValue;

use podshell_shared::target::{Mode, TargetRequest};

use crate::{
    i18n::use_language,
    pages::pods::{
        pod_summary::{self, Severity},
        store::Entry,
    },
    routing::navigation::Link,
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
    /// Now, in ms since 1970.
    now: Signal<f64>,
) -> impl IntoView {
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
    let phase = part(|pod| pod.phase.clone());
    let reason = part(|pod| {
        pod_summary::waiting_reason(pod)
            .unwrap_or_default()
            .to_owned()
    });
    let severity = part(|pod| severity_class(pod_summary::severity(pod)).to_owned());
    let restarts = part(|pod| pod_summary::restarts(pod).to_string());
    let node = part(|pod| pod.node.clone().unwrap_or_default());
    let created = part(|pod| pod.created.clone().unwrap_or_default());
    let age = move || {
        let born = Date::parse(&created.get());
        let seconds = (now.get() - born) / 1000.0;
        // Not a number where the time of creation is missing.
        if seconds.is_nan() {
            String::new()
        } else {
            pod_summary::age(seconds.max(0.0) as u64)
        }
    };
    let born = move || {
        let born = created.get();
        if born.is_empty() {
            return born;
        }
        Date::new(&JsValue::from(born))
            .to_locale_string("default", &JsValue::UNDEFINED)
            .into()
    };
    let containers =
        Memo::new(move |_| entry.with(|entry| pod_summary::default_first(entry.as_ref())));
    let shells = move || {
        let at = (namespace.get(), name.get());
        let shell = |container| view! { <ContainerLink at=at.clone() container /> };
        containers.get().into_iter().map(shell).collect_view()
    };
    view! {
        // The first is that of the headings.
        <tr class="pod-row" data-testid="pod-row" data-pod=key aria-rowindex=move || (place.get() + 2).to_string()>
            <td class="pod-row__namespace" data-label=move || words().namespace title=namespace>{namespace}</td>
            <th scope="row" class="pod-row__name" title=labels>{name}</th>
            <td class="pod-row__number" data-label=move || words().ready>{ready}</td>
            <td class="pod-row__status" data-label=move || words().status title=reason>
                <span class=move || format!("pod-row__phase pod-row__phase--{}", severity.get())>{phase}</span>
                <span class="pod-row__reason">{reason}</span>
            </td>
            <td class="pod-row__number" data-label=move || words().restarts>{restarts}</td>
            <td class="pod-row__number" data-label=move || words().age title=born>{age}</td>
            <td class="pod-row__node" data-label=move || words().node title=node>{node}</td>
            <td class="pod-row__shells"><div class="pod-row__containers">{shells}</div></td>
        </tr>
    }
}

/// A container: a link to its shell, or why it has none.
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
    if container.state == ContainerState::Running {
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
        let (key_attach, name_attach) = (key.clone(), name.clone());
        let attach_title = {
            let name = name.clone();
            move || format!("{}: {name}", language.get().words().attach_title)
        };
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
                    attr:title=attach_title
                >
                    {move || language.get().words().attach}
                </Link>
            </span>
        }
        .into_any()
    } else {
        let reason = pod_summary::reason(&container).to_owned();
        let title = {
            let reason = reason.clone();
            move || format!("{}: {reason}", language.get().words().not_running)
        };
        view! {
            <button
                class="container-link"
                disabled
                data-testid="open-shell"
                data-pod=key
                data-container=name
                title=title
            >
                <span class="container-link__name">{shown}</span>
                {mark}
                <small class="container-link__mark">{reason}</small>
            </button>
        }
        .into_any()
    }
}

fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Good => "good",
        Severity::Neutral => "neutral",
        Severity::Bad => "bad",
    }
}
