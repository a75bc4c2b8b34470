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
        entry::Entry,
        pod_summary::{self, Severity},
        store::PodStore,
    },
    ui::{age as spans, icon::Icon, searched_words::marked},
    workspace::open_panes::{Workspace, use_workspace},
};

/// The longest that a kubelet holds a container back that crashes, in s.
const HELD_BACK: f64 = 300.0;

/// A pod, and a way to a shell in each of its containers.
#[component]
pub(crate) fn PodRow(
    /// `namespace/name`.
    key: String,
    entry: Signal<Entry>,
    /// Its line in the list.
    line: Signal<usize>,
    store: PodStore,
    /// The words of the filter.
    searched: Memo<Vec<String>>,
) -> impl IntoView {
    let language = use_language();
    let workspace = use_workspace();
    let rights = Memo::new(move |_| entry.with(|entry| store.rights.of(&entry.as_ref().namespace)));
    // All at once: signals for each part would take longer to make, while one scrolls, than a row takes to be drawn anew.
    let cells = move || {
        let show = |entry: &Entry, searched: &Vec<String>| {
            Cells {
                pod: entry.as_ref(),
                searched,
                language: language.get(),
                store,
                rights: rights.get(),
                workspace,
            }
            .draw()
        };
        entry.with(|entry| searched.with(|searched| show(entry, searched)))
    };
    let is_enterable =
        move || rights.get().exec && entry.with(|entry| pod_summary::is_enterable(entry.as_ref()));
    let selected = key.clone();
    let is_selected =
        Memo::new(move |_| store.selected.with(|key| key.as_ref() == Some(&selected)));
    let choice = key.clone();
    let gone = key.clone();
    let is_gone = move || store.leaving.with(|leaving| leaving.contains(&gone));
    view! {
        // The first is that of the headings.
        <tr
            role="row"
            class="pod-row"
            class:pod-row--selected=is_selected
            class:pod-row--enterable=is_enterable
            class:pod-row--gone=is_gone
            data-testid="pod-row"
            data-pod=key
            aria-rowindex=move || (line.get() + 2).to_string()
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
    store: PodStore,
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
        let restarted = age(self.store.now, pod.restarted.as_deref());
        let restarts = move || match restarted() {
            Some(age) => language.restarts_ago(&restarts, &age),
            None => restarts.clone(),
        };
        let created = pod.created.as_deref();
        let born = created.and_then(|time| language.time(Date::parse(time)));
        let age = age(self.store.now, created);
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
            <td role="cell" class="pod-row__shells"><div class="pod-row__containers">{self.ways_in()}</div> {self.fold()}</td>
        }
    }

    /// What shows all of its containers, with how many of them have no way in here.
    fn fold(&self) -> impl IntoView + use<> {
        let Self {
            pod,
            language,
            store,
            ..
        } = *self;
        let key = format!("{}/{}", pod.namespace, pod.name);
        let shown = if self.rights.exec {
            pod_summary::running(pod).len()
        } else {
            0
        };
        let more = pod.containers.len().saturating_sub(shown);
        let more = (more > 0).then(|| format!("+{more}"));
        let opens = key.clone();
        let is_open = move || store.unfolded.with(|open| open.as_ref() == Some(&opens));
        let label = language.containers_of(&pod.name);
        view! {
            <button
                class="fold"
                data-testid="fold"
                title=label.clone()
                aria-label=label
                aria-expanded=move || is_open().to_string()
                on:click=move |_| store.fold(&key)
            >
                {more}
                {Icon::Down.draw()}
            </button>
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
        let ended = pod_summary::end(pod).filter(|_| !is_refused);
        let ended = ended.map(|(code, at)| {
            let at = age(self.store.now, at);
            move || capital(&language.ended_with(code, at().as_deref()))
        });
        let why = if is_refused {
            language.may_not_enter(&pod.namespace)
        } else {
            pod_summary::why_not(pod, language)
        };
        let again = pod_summary::starts_again(pod).filter(|_| !is_refused);
        let again = again_in(self.store.now, again);
        let why = move || match (&ended, again()) {
            (Some(ended), _) => ended(),
            (None, Some(time)) => language.starts_again(&why, &time),
            (None, None) => why.clone(),
        };
        let words = language.words();
        let whole_why = why.clone();
        let attached = containers.into_iter().next().filter(|_| rights.attach);
        let attach = attached.map(|container| {
            let label = format!("{}: {}", words.attach_title, container.name);
            let target = self.target(&container.name, Mode::Attach);
            by_word(target.page(), "attach", label, words.attach)
        });
        let log = pod_summary::with_log(pod).into_iter().next();
        let log = log.filter(|_| rights.log).map(|container| {
            let log = self.log(&container.name);
            by_word(
                log.page(),
                "open-log",
                language.log_of(&pod.name),
                words.log.name,
            )
        });
        // What is there says why, and offers a debug container beside it.
        let debuggable = pod_summary::debuggable(pod).filter(|_| rights.allow_debugging());
        let debug = debuggable.map(|container| {
            let label = format!("{}: {}", words.debug, pod.name);
            let target = self.target(&container, Mode::Exec(None));
            by_word(target.page(), "debug-link", label, words.debug)
        });
        view! {
            <span class="pod-row__why" title=whole_why>
                {is_refused.then(|| Icon::Lock.draw())}
                {why}
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
            let label = format!("{}: {name}", words.attach_title);
            let target = self.target(&name, Mode::Attach);
            by_sign(target.page(), "attach", label, Icon::Attach)
        });
        let log = self.rights.log.then(|| {
            let log = self.log(&name);
            by_sign(log.page(), "open-log", language.log_of(&name), Icon::Log)
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
        pod_summary::target(self.pod, container, mode)
    }

    fn log(&self, container: &str) -> LogRequest {
        LogRequest::new(&self.pod.namespace, &self.pod.name, container)
    }
}

/// How long ago a time is; nothing where it is missing. It follows `now`, in ms since 1970.
pub(super) fn age(
    now: RwSignal<f64>,
    time: Option<&str>,
) -> impl Fn() -> Option<String> + Clone + use<> {
    let time = time.map(Date::parse);
    move || {
        let seconds = (now.get() - time?) / 1000.0;
        // Not a number where it is no time.
        (!seconds.is_nan()).then(|| spans::age(seconds.max(0.0) as u64))
    }
}

/// How long it is until a time; nothing where it is missing or past. It follows `now`, in ms since 1970.
fn again_in(now: RwSignal<f64>, time: Option<&str>) -> impl Fn() -> Option<String> + Clone + use<> {
    let time = time.map(Date::parse);
    move || {
        let seconds = (time? - now.get()) / 1000.0;
        // No more than a kubelet waits: a clock that is far off says nothing.
        (0.0..=HELD_BACK)
            .contains(&seconds)
            .then(|| spans::age(seconds.ceil() as u64))
    }
}

/// A sentence, of what stands elsewhere within one.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

/// A way by a word, where there is room for one.
pub(super) fn by_word(
    href: String,
    test_id: &'static str,
    label: String,
    word: &'static str,
) -> impl IntoView {
    view! {
        <a href=href class="debug-link" data-testid=test_id aria-label=label>{word}</a>
    }
}

/// A way by a sign.
fn by_sign(href: String, test_id: &'static str, label: String, icon: Icon) -> impl IntoView {
    view! {
        <a href=href class="attach-link" data-testid=test_id aria-label=label.clone() title=label>
            {icon.draw()}
        </a>
    }
}

/// The part of a class's name that colours it.
pub(super) fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Good => "good",
        Severity::Waits => "waits",
        Severity::Done => "done",
        Severity::Bad => "bad",
    }
}
