//! A row under a pod that is unfolded: one of its containers, what it is doing, and all that can be done with it.

use leptos::prelude::*;
use podshell_shared::{
    api::{Container, ContainerState, Pod, Rights},
    log::LogRequest,
    target::Mode,
};

use crate::{
    i18n::{Language, use_language},
    pages::pods::{
        debug_dialogue::use_debug,
        entry::Entry,
        lines::Key,
        pod_summary,
        row::{age, by_word, severity_class},
        store::PodStore,
    },
    workspace::open_panes::use_workspace,
};

/// A container.
#[component]
pub(super) fn ContainerRow(
    /// `namespace/name/container`.
    key: String,
    entry: Signal<Entry>,
    /// Its line in the list.
    line: Signal<usize>,
    store: PodStore,
) -> impl IntoView {
    let language = use_language();
    let rights = Memo::new(move |_| entry.with(|entry| store.rights.of(&entry.as_ref().namespace)));
    let (pod, name) = {
        let Key { pod, container } = Key::read(&key);
        (pod.to_owned(), container.unwrap_or_default().to_owned())
    };
    let wanted = name.clone();
    let container = Memo::new(move |_| {
        entry.with(|entry| {
            let mut containers = entry.as_ref().containers.iter();
            containers.find(|one| one.name == wanted).cloned()
        })
    });
    let cells = move || {
        let container = container.get()?;
        let (image, language) = (container.image.clone(), language.get());
        let whole_image = image.clone();
        let mark = mark(&container, language);
        Some(view! {
            <th role="rowheader" scope="row" class="pod-row__name container-row__name">
                {container.name.clone()} " " <small class="container-link__mark">{mark}</small>
            </th>
            <td role="cell" class="container-row__image" aria-colspan="2" title=whole_image>{image}</td>
            <td role="cell" class="container-row__state" aria-colspan="4">
                {state(&container, language, store.now)}
            </td>
            <td role="cell" class="pod-row__shells">
                <div class="pod-row__containers">
                    {entry.with(|entry| ways(entry.as_ref(), &container, rights.get(), language))}
                </div>
            </td>
        })
    };
    let (selected, choice, of) = (key.clone(), key, pod.clone());
    let is_selected =
        Memo::new(move |_| store.selected.with(|key| key.as_ref() == Some(&selected)));
    let is_gone = move || store.leaving.with(|leaving| leaving.contains(&of));
    view! {
        <tr
            role="row"
            class="pod-row container-row"
            class:pod-row--selected=is_selected
            class:pod-row--gone=is_gone
            data-testid="container-row"
            data-pod=pod
            data-container=name
            aria-rowindex=move || (line.get() + 2).to_string()
            aria-selected=move || is_selected.get().to_string()
            on:pointerdown=move |_| store.selected.set(Some(choice.clone()))
        >
            {cells}
        </tr>
    }
    .into_any()
}

/// What kind of container it is, if it is no regular one, and whose processes it sees.
fn mark(container: &Container, language: Language) -> String {
    let sees = container.sees.as_deref().map(|name| language.sees(name));
    let parts = [language.kind(container.kind).map(str::to_owned), sees];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    parts.join(", ")
}

/// What it is doing: Kubernetes' word, and ours about it.
fn state(container: &Container, language: Language, now: RwSignal<f64>) -> impl IntoView + use<> {
    let severity = pod_summary::severity_of(container);
    let is_ready = severity == pod_summary::Severity::Good;
    let word = match &container.state {
        ContainerState::Running => "Running",
        ContainerState::Waiting { .. } | ContainerState::Terminated { .. } => {
            pod_summary::reason(container)
        }
    };
    let ended = match &container.state {
        ContainerState::Terminated { code, at, .. } => Some((*code, at.as_deref())),
        ContainerState::Running | ContainerState::Waiting { .. } => None,
    };
    let since = match ended {
        Some((_, at)) => at,
        None => container.restarted.as_deref(),
    };
    let since = age(now, since);
    let code = ended.map(|(code, _)| code);
    let runs = container.state == ContainerState::Running;
    let more = move || {
        let words = language.words();
        let age = since();
        match code {
            Some(code) => language.ended_with(code, age.as_deref()),
            None if runs && !is_ready => words.not_ready.to_owned(),
            None if runs => age.map_or_else(String::new, |age| language.restarted_ago(&age)),
            None => age.map_or_else(String::new, |age| language.ended_ago(&age)),
        }
    };
    view! {
        <span class=format!("pod-row__phase pod-row__phase--{}", severity_class(severity))>{word.to_owned()}</span>
        " "
        <small class="container-row__more">{more}</small>
    }
}

/// All that can be done with it.
fn ways(
    pod: &Pod,
    container: &Container,
    rights: Rights,
    language: Language,
) -> impl IntoView + use<> {
    let words = language.words();
    let name = &container.name;
    let target = |mode| pod_summary::target(pod, name, mode);
    let of_it = |word: &str| format!("{word}: {} / {name}", pod.name);
    let runs = container.state == ContainerState::Running;
    let shell = (runs && rights.exec).then(|| {
        let shell = target(Mode::Exec(None));
        let runs_here = use_workspace().has(&shell);
        let label = of_it(if runs_here {
            words.running_here
        } else {
            words.open_shell
        });
        view! {
            <a
                href=shell.page()
                class="button container-link"
                data-runs=runs_here
                data-testid="open-shell"
                data-pod=format!("{}/{}", pod.namespace, pod.name)
                data-container=name.clone()
                title=label.clone()
                aria-label=label
            >
                <span class="container-link__name">{words.hint_shell}</span>
            </a>
        }
    });
    let attach = (runs && rights.attach).then(|| {
        let page = target(Mode::Attach).page();
        by_word(page, "attach", of_it(words.attach_title), words.attach)
    });
    let log_of = |previous| {
        let mut log = LogRequest::new(&pod.namespace, &pod.name, name);
        log.options.previous = previous;
        log.page()
    };
    let log = (rights.log && pod_summary::has_log(container)).then(|| {
        by_word(
            log_of(false),
            "open-log",
            of_it(words.log.name),
            words.log.name,
        )
    });
    let has_last = rights.log && container.restarted.is_some();
    let last_log = has_last.then(|| {
        by_word(
            log_of(true),
            "last-log",
            of_it(words.last_log),
            words.last_log,
        )
    });
    let may_debug = rights.allow_debugging() && pod_summary::is_debuggable(pod, container);
    let debug = may_debug.then(|| {
        let (beside, debug) = (target(Mode::Exec(None)), use_debug());
        view! {
            <button
                class="debug-link button--link"
                data-testid="debug-beside"
                aria-label=of_it(words.debug)
                on:click=move |_| debug.beside(&beside)
            >
                {words.debug}
            </button>
        }
    });
    view! {
        {shell}
        {attach}
        {log}
        {last_log}
        {debug}
    }
}
