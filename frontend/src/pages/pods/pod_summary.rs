//! What the pod list says about a pod in few words: status, restarts, age, and whether a filter wants it.

use podshell_shared::{
    api::{Container, ContainerKind, ContainerState, Pod, Why},
    target::{Mode, TargetRequest},
};

use crate::i18n::{Language, Words};

/// Why a container waits that every one passes through.
pub(crate) const ORDINARY: [&str; 4] = ["", "Waiting", "ContainerCreating", "PodInitializing"];

/// How urgent a status is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// All as it should be.
    Good,
    /// On its way.
    Waits,
    /// Over, as it should be.
    Done,
    /// Somebody should look.
    Bad,
}

/// Why a container does not run, as Kubernetes has it; empty for one that runs.
pub(crate) fn reason(container: &Container) -> &str {
    match &container.state {
        ContainerState::Running => "",
        ContainerState::Waiting { reason } | ContainerState::Terminated { reason, .. } => reason,
    }
}

/// A terminal in a container of a pod.
pub(crate) fn target(pod: &Pod, container: &str, mode: Mode) -> TargetRequest {
    TargetRequest {
        namespace: pod.namespace.clone(),
        pod: pod.name.clone(),
        container: container.to_owned(),
        mode,
    }
}

/// A pod's containers, the one first that is meant where none is named.
pub(crate) fn default_first(pod: &Pod) -> Vec<Container> {
    let mut containers = pod.containers.clone();
    if let Some(default) = &pod.default_container {
        containers.sort_by_key(|container| container.name != *default);
    }
    containers
}

/// All of a pod's containers, in the order in which they matter: the default one first, those last that run before the others.
pub(crate) fn all_containers(pod: &Pod) -> Vec<Container> {
    let mut containers = default_first(pod);
    containers.sort_by_key(|container| container.kind == ContainerKind::Init);
    containers
}

/// Whether there may be something to be seen beside a container: it runs, or may again, and is no debug container itself.
pub(crate) fn is_debuggable(pod: &Pod, container: &Container) -> bool {
    let lives = match container.state {
        ContainerState::Running => true,
        ContainerState::Waiting { .. } => container.restarts > 0,
        ContainerState::Terminated { code, .. } => code != 0 && crashes(pod),
    };
    lives && container.kind != ContainerKind::Ephemeral && pod.status != "Terminating"
}

/// How a container fares.
pub(crate) fn severity_of(container: &Container) -> Severity {
    let lasts = matches!(
        container.kind,
        ContainerKind::Regular | ContainerKind::Sidecar
    );
    match &container.state {
        ContainerState::Running if lasts && !container.ready => Severity::Waits,
        ContainerState::Running => Severity::Good,
        ContainerState::Waiting { reason } if ORDINARY.contains(&reason.as_str()) => {
            Severity::Waits
        }
        ContainerState::Terminated { code: 0, .. } => Severity::Done,
        ContainerState::Waiting { .. } | ContainerState::Terminated { .. } => Severity::Bad,
    }
}

/// Why no shell can be opened in a pod, in the user's language as far as it is not Kubernetes's own words; nothing where its
/// status says it.
pub(crate) fn why_not(pod: &Pod, language: Language) -> String {
    match &pod.why {
        Some(Why::Said { reason, message }) => match why_text(reason, language.words()) {
            Some(text) => language.with_detail(text, message),
            None => message.clone(),
        },
        // These words say no more than the code.
        Some(Why::Crashed { reason, code, .. }) if matches!(&**reason, "Error" | "Completed") => {
            language.crashed("", *code)
        }
        Some(Why::Crashed { reason, code, .. }) => language.crashed(reason, *code),
        None => {
            let mut reasons = pod.containers.iter().map(reason);
            let first = reasons.find(|reason| !reason.is_empty() && *reason != pod.status);
            first.unwrap_or_default().to_owned()
        }
    }
}

/// When a container that has crashed is to be started again, if that is known.
pub(crate) fn starts_again(pod: &Pod) -> Option<&str> {
    match &pod.why {
        Some(Why::Crashed { again, .. }) => again.as_deref(),
        _ => None,
    }
}

/// What Kubernetes means by a word for why a pod or a container waits or has been ended.
fn why_text(reason: &str, words: &Words) -> Option<&'static str> {
    let text = match reason {
        "ImagePullBackOff" | "ErrImagePull" | "RegistryUnavailable" => words.why.no_image,
        "InvalidImageName" => words.why.bad_image_name,
        "ErrImageNeverPull" => words.why.never_pulled,
        "CreateContainerConfigError" => words.why.no_config,
        "CreateContainerError" | "RunContainerError" => words.why.not_started,
        "Unschedulable" => words.why.no_node,
        "SchedulingGated" => words.why.held_back,
        "Evicted" => words.why.evicted,
        _ => return None,
    };
    Some(text)
}

/// How a pod's regular containers have ended, and when, if all have and nothing else is to be said of the pod: the first that
/// failed, else the first.
pub(crate) fn end(pod: &Pod) -> Option<(i32, Option<&str>)> {
    let regular = pod
        .containers
        .iter()
        .filter(|container| container.kind == ContainerKind::Regular);
    let ends = regular.map(|container| match &container.state {
        ContainerState::Terminated { code, at, .. } => Some((*code, at.as_deref())),
        ContainerState::Running | ContainerState::Waiting { .. } => None,
    });
    let ends: Vec<_> = ends.collect::<Option<_>>()?;
    let failed = ends.iter().find(|(code, _)| *code != 0);
    failed
        .or(ends.first())
        .copied()
        .filter(|_| pod.why.is_none())
}

/// The container beside which a debug container may tell more: one that crashes, of a pod that has not ended.
pub(crate) fn debuggable(pod: &Pod) -> Option<String> {
    let mut containers = pod.containers.iter();
    let crashed = containers.find(|container| {
        container.restarts > 0
            || matches!(container.state, ContainerState::Terminated { code, .. } if code != 0)
    });
    crashed
        .filter(|_| crashes(pod))
        .map(|container| container.name.clone())
}

/// Whether a container of it has ended that is to be started again.
fn crashes(pod: &Pod) -> bool {
    matches!(pod.why, Some(Why::Crashed { .. }))
}

/// How a pod fares.
pub(crate) fn severity(pod: &Pod) -> Severity {
    let (ready, all) = pod.readiness();
    match pod.status.as_str() {
        "Running" if ready == all => Severity::Good,
        "Running" | "NotReady" | "Pending" | "ContainerCreating" | "PodInitializing"
        | "Terminating" => Severity::Waits,
        "Completed" | "Succeeded" => Severity::Done,
        // So many init containers of all are done.
        status if status.starts_with("Init:") && status.contains('/') => Severity::Waits,
        // Failed, or why: Evicted, CrashLoopBackOff, Init:Error…
        _ => Severity::Bad,
    }
}

/// How often the pod's containers were restarted, together.
pub(crate) fn restarts(pod: &Pod) -> i32 {
    pod.containers
        .iter()
        .map(|container| container.restarts)
        .fold(0, i32::saturating_add)
}

/// The containers in which a shell can be opened, the one first that is meant where none is named.
pub(crate) fn running(pod: &Pod) -> Vec<Container> {
    let mut containers = default_first(pod);
    containers.retain(|container| container.state == ContainerState::Running);
    containers
}

/// The containers that have printed something, or may have. The one first that is meant where none is named.
pub(crate) fn with_log(pod: &Pod) -> Vec<Container> {
    let mut containers = default_first(pod);
    containers.retain(has_log);
    containers
}

/// Whether a container has printed something, or may have: it has begun to run.
pub(crate) fn has_log(container: &Container) -> bool {
    let waits = matches!(container.state, ContainerState::Waiting { .. });
    !waits || container.restarts > 0
}

/// Whether there is a container in which a shell can be opened.
pub(crate) fn is_enterable(pod: &Pod) -> bool {
    let mut containers = pod.containers.iter();
    containers.any(|container| container.state == ContainerState::Running)
}

/// What a filter looks at, each on a line: the pod's namespace, name, node and labels, its containers and their images.
pub(crate) fn texts(pod: &Pod) -> String {
    let containers = pod.containers.iter();
    let containers = containers.flat_map(|container| [&container.name, &container.image]);
    let texts = [&pod.namespace, &pod.name].into_iter();
    let texts = texts.chain(&pod.node).chain(&pod.labels).chain(containers);
    let texts: Vec<_> = texts.map(|text| text.to_lowercase()).collect();
    texts.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::searched_words::{all_occur, words};

    fn pod(status: &str, states: impl IntoIterator<Item = ContainerState>) -> Pod {
        Pod {
            namespace: "shop".to_owned(),
            name: "web-0".to_owned(),
            status: status.to_owned(),
            labels: vec!["app=Web".to_owned(), "tier=front".to_owned()],
            containers: states
                .into_iter()
                .map(|state| Container {
                    name: "app".to_owned(),
                    image: "web:1".to_owned(),
                    kind: ContainerKind::Regular,
                    ready: state == ContainerState::Running,
                    restarts: 2,
                    restarted: None,
                    sees: None,
                    state,
                })
                .collect(),
            ..Pod::default()
        }
    }

    #[test]
    fn severities() {
        let running = || [ContainerState::Running];
        let waits = || {
            [ContainerState::Waiting {
                reason: String::new(),
            }]
        };
        assert_eq!(severity(&pod("Running", running())), Severity::Good);
        for status in [
            "Running",
            "NotReady",
            "Pending",
            "ContainerCreating",
            "PodInitializing",
            "Init:0/1",
            "Terminating",
        ] {
            let severity = severity(&pod(status, waits()));
            assert_eq!(severity, Severity::Waits, "{status}");
        }
        for status in ["Completed", "Succeeded"] {
            assert_eq!(severity(&pod(status, waits())), Severity::Done, "{status}");
        }
        for status in [
            "Failed",
            "Unknown",
            "Evicted",
            "NodeLost",
            "CrashLoopBackOff",
            "Init:ErrImagePull",
            "Error",
            "ExitCode:3",
        ] {
            assert_eq!(severity(&pod(status, running())), Severity::Bad, "{status}");
        }
    }

    #[test]
    fn containers_fare_by_what_they_do_and_what_they_are_for() {
        let of = |kind, ready, state| {
            let mut pod = pod("Running", [state]);
            pod.containers[0].kind = kind;
            pod.containers[0].ready = ready;
            severity_of(&pod.containers[0])
        };
        let waits = |reason: &str| ContainerState::Waiting {
            reason: reason.to_owned(),
        };
        let ended = |code| ContainerState::Terminated {
            reason: "Completed".to_owned(),
            code,
            at: None,
        };
        let (regular, debug) = (ContainerKind::Regular, ContainerKind::Ephemeral);
        for (kind, ready, state, severity) in [
            (regular, true, ContainerState::Running, Severity::Good),
            (regular, false, ContainerState::Running, Severity::Waits),
            // Nobody asks whether it is ready.
            (debug, false, ContainerState::Running, Severity::Good),
            (regular, false, waits("ContainerCreating"), Severity::Waits),
            (regular, false, waits("CrashLoopBackOff"), Severity::Bad),
            (ContainerKind::Init, true, ended(0), Severity::Done),
            (debug, false, ended(137), Severity::Bad),
        ] {
            assert_eq!(
                of(kind, ready, state.clone()),
                severity,
                "{kind:?} {state:?}"
            );
        }
    }

    #[test]
    fn why_a_pod_cannot_be_entered_is_said_in_the_users_language() {
        let of = |reason: &str, language| {
            let mut pod = pod("Pending", []);
            pod.why = Some(Why::Said {
                reason: reason.to_owned(),
                message: "0/2 nodes are available".to_owned(),
            });
            why_not(&pod, language)
        };
        let (english, chinese) = (Language::ENGLISH, Language::CHINESE);
        let why = of("Unschedulable", english);
        assert_eq!(why, "No node can take it: 0/2 nodes are available");
        let why = of("Unschedulable", chinese);
        assert_eq!(why, "没有可用的节点：0/2 nodes are available");
        // What nobody knows is Kubernetes's own.
        assert_eq!(of("Odd", chinese), "0/2 nodes are available");
    }

    #[test]
    fn a_pods_end_is_that_of_what_failed_and_of_all() {
        let ended = |code| ContainerState::Terminated {
            reason: String::new(),
            code,
            at: None,
        };
        let end = |states: &[ContainerState]| {
            let pod = pod("Completed", states.iter().cloned());
            end(&pod).map(|(code, _)| code)
        };
        assert_eq!(end(&[ended(0), ended(3)]), Some(3));
        assert_eq!(end(&[ended(0), ended(0)]), Some(0));
        assert_eq!(end(&[ended(0), ContainerState::Running]), None);
        assert_eq!(end(&[]), None);
    }

    #[test]
    fn nothing_is_to_be_seen_beside_what_has_ended_or_is_about_to() {
        let waits = ContainerState::Waiting {
            reason: "CrashLoopBackOff".to_owned(),
        };
        let ended = ContainerState::Terminated {
            reason: String::new(),
            code: 1,
            at: None,
        };
        for (status, state, wanted) in [
            ("Running", ContainerState::Running, true),
            ("CrashLoopBackOff", waits, true),
            ("Error", ended.clone(), false),
            ("Terminating", ContainerState::Running, false),
        ] {
            let pod = pod(status, [state]);
            assert_eq!(is_debuggable(&pod, &pod.containers[0]), wanted, "{status}");
        }
        let mut crashing = pod("Error", [ended]);
        crashing.why = Some(Why::Crashed {
            reason: "Error".to_owned(),
            code: 1,
            again: None,
        });
        assert!(is_debuggable(&crashing, &crashing.containers[0]));
        assert_eq!(
            debuggable(&crashing).as_ref(),
            Some(&crashing.containers[0].name)
        );
        assert_eq!(why_not(&crashing, Language::ENGLISH), "Exit code 1");
    }

    #[test]
    fn init_containers_stand_last() {
        let running = ContainerState::Running;
        let mut pod = pod("Running", [running.clone(), running.clone(), running]);
        for (at, (name, kind)) in [
            ("proxy", ContainerKind::Regular),
            ("migrate", ContainerKind::Init),
            ("debug-7bejq", ContainerKind::Ephemeral),
        ]
        .into_iter()
        .enumerate()
        {
            pod.containers[at].name = name.to_owned();
            pod.containers[at].kind = kind;
        }
        let names: Vec<_> = all_containers(&pod)
            .into_iter()
            .map(|one| one.name)
            .collect();
        assert_eq!(names, ["proxy", "debug-7bejq", "migrate"]);
    }

    #[test]
    fn restarts_are_those_of_all_containers() {
        let running = ContainerState::Running;
        assert_eq!(restarts(&pod("Running", [running.clone(), running])), 4);
    }

    #[test]
    fn the_default_container_is_offered_first() {
        let mut pod = pod(
            "Running",
            [ContainerState::Running, ContainerState::Running],
        );
        pod.containers[0].name = "istio-proxy".to_owned();
        let names = |pod: &Pod| {
            let containers = default_first(pod).into_iter();
            containers.map(|one| one.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&pod), ["istio-proxy", "app"]);
        pod.default_container = Some("app".to_owned());
        assert_eq!(names(&pod), ["app", "istio-proxy"]);
    }

    #[test]
    fn all_words_of_a_filter_count() {
        let mut pod = pod("Running", [ContainerState::Running]);
        pod.node = Some("GPU-1".to_owned());
        for (filter, wanted) in [
            ("", true),
            ("  ", true),
            ("WEB", true),
            ("shop tier=front", true),
            ("shop back", false),
            ("app=web web-0", true),
            ("gpu-1", true),
            ("web:1", true),
        ] {
            assert_eq!(
                all_occur(&words(filter), &texts(&pod)),
                wanted,
                "{filter:?}"
            );
        }
    }
}
