//! A row of the pod list.

use js_sys::Date;
use leptos::prelude::*;
use podshell_shared::api::{Container, Pod, Rights};

use podshell_shared::{
    log::LogRequest,
    target::{Mode, TargetRequest},
};

use crate::{
    i18n::{Language, use_language},
    pages::pods::{
        marked::marked,
        pod_summary::{self, Severity},
        store::{Entry, PodStore},
    },
    ui::icon::Icon,
    workspace::open_panes::{Workspace, use_workspace},
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
    /// The words of the filter.
    searched: Memo<Vec<String>>,
) -> impl IntoView {
    let language = use_language();
    let workspace = use_workspace();
    // All at once: signals for each part would take longer to make, while one scrolls, than a row takes to be drawn anew.
    let cells = move || {
        let show = |entry: &Entry, searched: &Vec<String>| {
            Cells {
                pod: entry.as_ref(),
                searched,
                language: language.get(),
                now: store.now,
                rights: store.rights.of(&entry.as_ref().namespace),
                workspace,
            }
            .draw()
        };
        entry.with(|entry| searched.with(|searched| show(entry, searched)))
    };
    let is_enterable = move || {
        entry.with(|entry| {
            let pod = entry.as_ref();
            pod_summary::is_enterable(pod) && store.rights.of(&pod.namespace).exec
        })
    };
    let selected = key.clone();
    let is_selected =
        Memo::new(move |_| store.selected.with(|key| key.as_ref() == Some(&selected)));
    let choice = key.clone();
    view! {
        // The first is that of the headings.
        <tr
            role="row"
            class="pod-row"
            class:pod-row--selected=is_selected
            class:pod-row--enterable=is_enterable
            data-testid="pod-row"
            data-pod=key
            aria-rowindex=move || (place.get() + 2).to_string()
            aria-selected=move || is_selected.get().to_string()
            on:pointerdown=move |_| store.selected.set(Some(choice.clone()))
        >
            {cells}
        </tr>
    }
}

/// What a row shows, and in which words.
struct Cells<'a> {
    pod: &'a Pod,
    searched: &'a [String],
    language: Language,
    /// In ms since 1970; ages follow it.
    now: RwSignal<f64>,
    /// What may be done in its namespace.
    rights: Rights,
    workspace: Workspace,
}

impl Cells<'_> {
    fn draw(&self) -> impl IntoView + use<> {
        let Self { pod, language, .. } = *self;
        let found = |text: &str| marked(text, self.searched);
        let node = pod.node.clone().unwrap_or_default();
        // What is too long for its column can be read, too.
        let lines = std::iter::once(&pod.name).chain(&pod.labels);
        let labels = lines.map(|line| &**line).collect::<Vec<_>>().join("\n");
        let (ready, all) = pod.readiness();
        let severity = severity_class(pod_summary::severity(pod));
        let restarts = pod_summary::restarts(pod).to_string();
        let restarted = self.age(pod.restarted.as_deref());
        let restarts = move || match restarted() {
            Some(age) => language.restarts_ago(&restarts, &age),
            None => restarts.clone(),
        };
        let created = pod.created.as_deref();
        let born = created.and_then(|time| language.time(Date::parse(time)));
        let age = self.age(created);
        view! {
            <th role="rowheader" scope="row" class="pod-row__name" title=labels>
                {found(&pod.name)}
                <small class="pod-row__namespace-below">{pod.namespace.clone()}</small>
            </th>
            <td role="cell" class="pod-row__namespace" title=pod.namespace.clone()>
                {found(&pod.namespace)}
            </td>
            <td role="cell" class="pod-row__number">{format!("{ready}/{all}")}</td>
            <td role="cell" class="pod-row__status">
                <span class=format!("pod-row__phase pod-row__phase--{severity}")>{pod.status.clone()}</span>
            </td>
            <td role="cell" class="pod-row__number pod-row__restarts">{restarts}</td>
            <td role="cell" class="pod-row__number" title=born>{age}</td>
            <td role="cell" class="pod-row__node" title=node>{found(&node)}</td>
            <td role="cell" class="pod-row__shells"><div class="pod-row__containers">{self.ways_in()}</div></td>
        }
    }

    /// How long ago a time is; nothing where it is missing.
    fn age(&self, time: Option<&str>) -> impl Fn() -> Option<String> + use<> {
        let (now, time) = (self.now, time.map(Date::parse));
        move || {
            let seconds = (now.get() - time?) / 1000.0;
            // Not a number where it is no time.
            (!seconds.is_nan()).then(|| pod_summary::age(seconds.max(0.0) as u64))
        }
    }

    /// Its containers that run, or why none can be entered and what can be done then.
    fn ways_in(&self) -> AnyView {
        let Self {
            pod,
            language,
            rights,
            ..
        } = *self;
        let containers = pod_summary::running(pod);
        if !containers.is_empty() && rights.exec {
            let containers = containers.into_iter();
            let container = |container| self.container(container);
            return containers.map(container).collect_view().into_any();
        }
        let is_refused = !containers.is_empty();
        let why = if is_refused {
            language.may_not_enter(&pod.namespace)
        } else {
            pod_summary::why_not(pod, language)
        };
        let attached = containers.into_iter().next().filter(|_| rights.attach);
        let attach = attached.map(|container| {
            let title = format!("{}: {}", language.words().attach_title, container.name);
            view! {
                <a
                    href=self.target(&container.name, Mode::Attach).page()
                    class="debug-link"
                    data-testid="attach"
                    aria-label=title.clone()
                    title=title
                >
                    {language.words().attach}
                </a>
            }
        });
        let log = pod_summary::with_log(pod).into_iter().next();
        let log = log.filter(|_| rights.log).map(|container| {
            view! {
                <a
                    href=self.log(&container.name).page()
                    class="debug-link"
                    data-testid="open-log"
                    aria-label=language.log_of(&pod.name)
                >
                    {language.words().log.name}
                </a>
            }
        });
        // What is there says why, and offers a debug container beside it.
        let debug = pod_summary::debuggable(pod).map(|container| {
            let debug = language.words().debug;
            view! {
                <a
                    href=self.target(&container, Mode::Exec(None)).page()
                    class="debug-link"
                    data-testid="debug-link"
                    aria-label=format!("{debug}: {}", pod.name)
                >
                    {debug}
                </a>
            }
        });
        view! {
            <span class="pod-row__why" title=why>
                {is_refused.then(|| Icon::Lock.draw())}
                {why.clone()}
            </span>
            {attach}
            {log}
            {debug}
        }
        .into_any()
    }

    /// A container that runs: a link to its shell, and what else can be had of it.
    fn container(&self, container: Container) -> impl IntoView + use<> {
        let Self { pod, language, .. } = *self;
        let words = language.words();
        let Container { name, image, .. } = container;
        let key = format!("{}/{}", pod.namespace, pod.name);
        let shell = self.target(&name, Mode::Exec(None));
        let runs_here = self.workspace.has(&shell);
        let open = if runs_here {
            words.running_here
        } else {
            words.open_shell
        };
        let mark = language.kind(container.kind);
        let mark = mark.map(|mark| view! { <small class="container-link__mark">{mark}</small> });
        let attach = self.rights.attach.then(|| {
            let title = format!("{}: {name}", words.attach_title);
            view! {
                <a
                    href=self.target(&name, Mode::Attach).page()
                    class="attach-link"
                    data-testid="attach"
                    data-pod=key.clone()
                    data-container=name.clone()
                    aria-label=title.clone()
                    title=title
                >
                    {Icon::Attach.draw()}
                </a>
            }
        });
        let log = self.rights.log.then(|| {
            let title = language.log_of(&name);
            view! {
                <a
                    href=self.log(&name).page()
                    class="attach-link"
                    data-testid="open-log"
                    aria-label=title.clone()
                    title=title
                >
                    {Icon::Log.draw()}
                </a>
            }
        });
        view! {
            <span class="pod-row__container">
                <a
                    href=shell.page()
                    class="button container-link"
                    data-runs=runs_here
                    data-testid="open-shell"
                    data-pod=key
                    data-container=name.clone()
                    title=format!("{open}: {name}\n{image}")
                >
                    <span class="container-link__name">{name.clone()}</span>
                    {mark}
                </a>
                {attach}
                {log}
            </span>
        }
    }

    fn target(&self, container: &str, mode: Mode) -> TargetRequest {
        TargetRequest {
            namespace: self.pod.namespace.clone(),
            pod: self.pod.name.clone(),
            container: container.to_owned(),
            mode,
        }
    }

    fn log(&self, container: &str) -> LogRequest {
        LogRequest::new(&self.pod.namespace, &self.pod.name, container)
    }
}

fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Good => "good",
        Severity::Waits => "waits",
        Severity::Done => "done",
        Severity::Bad => "bad",
    }
}
