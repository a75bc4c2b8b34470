//! All that the palette could offer: what is open, what was, what the list has, and what can be done.

use leptos::prelude::*;
use podshell_shared::{
    log::LogRequest,
    target::{Mode, TargetRequest},
};

use crate::{
    browser::full_screen,
    i18n::Language,
    pages::{
        pods::{pod_summary, store::PodStore},
        settings::dialogue::SETTINGS,
        workspace::{
            commands::{Command, Commands},
            palette_options::{Action, Group, Offer},
            tab_name::tab_name,
        },
    },
    routing::{list_address::ListAddress, pane_target::PaneTarget},
    session::recent_shells,
    workspace::{
        layout::{Axis, Layout},
        pane::PaneId,
    },
};

/// All that could be offered.
pub(super) fn all_offers(commands: Commands, store: PodStore, language: Language) -> Vec<Offer> {
    let words = language.words();
    let workspace = commands.workspace;
    let mut offers = Vec::new();
    let panes = workspace.list();
    // Who opens it is in one already: the last one is where they go.
    let here = commands.here();
    let mut by_use = workspace.layout(Layout::by_use);
    by_use.sort_by_key(|id| Some(*id) == here);
    let known = |id: &PaneId| panes.iter().find(|(known, _)| known == id);
    for (id, pane) in by_use.iter().filter_map(known) {
        let target = pane.target();
        let (first, rest) = tab_name(&target, words);
        let own = format!("{first} {rest}").trim_end().to_owned();
        // What the user calls a tab wins; of its panes, each is told from the others.
        let title = match workspace.name_of_tab(*id) {
            Some(name) if workspace.is_alone(*id) => name,
            Some(name) => format!("{name}: {own}"),
            None => own,
        };
        let program = pane.view().title.get().unwrap_or_default();
        let [namespace, pod, container] = target.names();
        offers.push(Offer {
            group: Group::Running,
            title,
            detail: format!("{namespace} / {pod} / {container} {program}")
                .trim_end()
                .to_owned(),
            keys: String::new(),
            action: Action::Go(*id),
        });
    }
    let open = |group: Group, target: TargetRequest| Offer {
        group,
        title: target.pod.clone(),
        detail: format!("{} / {}", target.namespace, target.container),
        keys: String::new(),
        action: Action::Open(target.into()),
    };
    let is_running = |target: &TargetRequest| {
        let target = PaneTarget::from(target.clone());
        panes.iter().any(|(_, pane)| pane.target() == target)
    };
    let recent = recent_shells::all().into_iter();
    offers.extend(
        recent
            .filter(|target| !is_running(target))
            .map(|target| open(Group::Recent, target)),
    );
    let refused = store.rights.without_shells();
    let shown = store.namespace.get();
    let in_list = |search: &str| {
        let address = ListAddress {
            namespace: shown.clone(),
            search: search.to_owned(),
        };
        address.href()
    };
    // They come last: Enter leads to what may say why.
    let mut closed = Vec::new();
    store.pods.with(|known| {
        for entry in known.pods() {
            let pod = entry.as_ref();
            let log_of =
                |container: &str| LogRequest::new(&pod.namespace, &pod.name, container).into();
            let logs = pod_summary::with_log(pod);
            if !pod_summary::is_enterable(pod) {
                let why = pod_summary::why_not(pod, language);
                let action = match logs.first() {
                    Some(container) => Action::Open(log_of(&container.name)),
                    None => Action::Find(in_list(&pod.name)),
                };
                let said = [&*pod.namespace, &*pod.status, &*why];
                let said: Vec<_> = said.into_iter().filter(|said| !said.is_empty()).collect();
                closed.push(Offer {
                    group: Group::Pods,
                    title: pod.name.clone(),
                    detail: said.join(" – "),
                    keys: String::new(),
                    action,
                });
            }
            for container in pod_summary::running(pod) {
                let target = pod_summary::target(pod, &container.name, Mode::Exec(None));
                let mut offer = open(Group::Pods, target);
                if refused.contains(&pod.namespace) {
                    let why = language.may_not_enter(&pod.namespace);
                    offer.detail = format!("{} – {why}", offer.detail);
                }
                offers.push(offer);
            }
            offers.extend(logs.iter().map(|container| Offer {
                group: Group::Logs,
                title: language.log_of(&pod.name),
                detail: format!("{} / {}", pod.namespace, container.name),
                keys: String::new(),
                action: Action::Open(log_of(&container.name)),
            }));
        }
    });
    offers.extend(closed);
    let command = |title: &str, keys: String, action: Action| Offer {
        group: Group::Commands,
        title: title.to_owned(),
        detail: String::new(),
        keys,
        action,
    };
    let run = |does: Command| command(does.name(words), commands.keys(does), Action::Do(does));
    let closed = workspace.closed().join(", ");
    if !closed.is_empty() {
        let undo = command(words.undo_close, String::new(), Action::UndoClose);
        offers.push(Offer {
            detail: closed,
            ..undo
        });
    }
    if here.is_some() {
        offers.extend(
            [
                Command::Split(Axis::Horizontal),
                Command::Split(Axis::Vertical),
                Command::Duplicate,
                Command::Search,
                Command::Log,
                Command::SaveText,
                Command::Zoom,
                Command::Equal,
                Command::Close,
            ]
            .map(run),
        );
        offers.push(command(words.pods, String::new(), Action::List));
    }
    offers.push(command(words.settings, String::new(), Action::Settings));
    offers.push(run(Command::Help));
    if full_screen::is_allowed() {
        offers.push(run(Command::FullScreen));
    }
    offers.extend(SETTINGS.iter().map(|item| Offer {
        detail: words.settings.to_owned(),
        ..command((item.name)(words), String::new(), Action::Setting(item.id))
    }));
    offers
}
