//! From Kubernetes' pods to what the page shows of them.

mod status;
mod why;

use k8s_openapi::api::core::v1::{self, ContainerStateTerminated, ContainerStatus};
use podshell_shared::api::{Container, ContainerKind, ContainerState, Pod};

use super::{ClusterError, words};

/// Names the container that is meant where none is named: what kubectl goes by.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";
/// Why a pod has ended whose node has not been heard of for too long.
const NODE_LOST: &str = "NodeLost";

/// What the page shows of a pod.
pub(super) fn summary(pod: v1::Pod) -> Pod {
    let default_container = named_default(&pod).map(str::to_owned);
    let column = status::column(&pod);
    let (why, restarted) = (why::why(&pod), why::restarted(&pod));
    let spec = pod.spec.unwrap_or_default();
    let status = pod.status.unwrap_or_default();

    let regular = spec.containers.into_iter().map(|container| {
        (
            container.name,
            container.image,
            ContainerKind::Regular,
            None,
        )
    });
    let init = spec.init_containers.into_iter().flatten().map(|container| {
        let kind = if is_sidecar(&container) {
            ContainerKind::Sidecar
        } else {
            ContainerKind::Init
        };
        (container.name, container.image, kind, None)
    });
    let ephemeral = spec
        .ephemeral_containers
        .into_iter()
        .flatten()
        .map(|container| {
            let sees = container.target_container_name;
            (
                container.name,
                container.image,
                ContainerKind::Ephemeral,
                sees.filter(|name| !name.is_empty()),
            )
        });
    let statuses: Vec<ContainerStatus> = [
        status.container_statuses,
        status.init_container_statuses,
        status.ephemeral_container_statuses,
    ]
    .into_iter()
    .flatten()
    .flatten()
    .collect();
    // A pod without a node has no containers yet that could say what they wait for.
    let unscheduled = status
        .conditions
        .into_iter()
        .flatten()
        .find(|condition| condition.type_ == "PodScheduled" && condition.status == "False")
        .and_then(|condition| condition.reason)
        // Nor may one have them that ended before it had any.
        .or(status.reason);

    let containers = regular
        .chain(init)
        .chain(ephemeral)
        .map(|(name, image, kind, sees)| {
            let status = statuses.iter().find(|status| status.name == name);
            Container {
                image: image.unwrap_or_default(),
                kind,
                ready: status.is_some_and(|status| status.ready),
                restarts: status.map_or(0, |status| status.restart_count),
                restarted: status.and_then(why::last_end).map(|time| time.to_string()),
                sees,
                state: state(status, unscheduled.as_deref()),
                name,
            }
        })
        .collect();

    let selector = spec.node_selector.unwrap_or_default();
    Pod {
        namespace: pod.metadata.namespace.unwrap_or_default(),
        name: pod.metadata.name.unwrap_or_default(),
        status: column,
        why,
        restarted,
        default_container,
        created: pod
            .metadata
            .creation_timestamp
            .map(|time| time.0.to_string()),
        node: spec.node_name,
        os: spec
            .os
            .map(|os| os.name)
            .or_else(|| selector.get("kubernetes.io/os").cloned()),
        labels: pod
            .metadata
            .labels
            .into_iter()
            .flatten()
            .map(|(key, value)| format!("{key}={value}"))
            .collect(),
        containers,
    }
}

/// Whether an init container goes on beside the regular ones.
fn is_sidecar(init: &v1::Container) -> bool {
    init.restart_policy.as_deref() == Some("Always")
}

/// What Kubernetes says of the pod as a whole, if it does: why, and more about it.
pub(super) fn reason_and_message(pod: &v1::Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let reason = status.reason.as_deref().filter(|text| !text.is_empty())?;
    let message = status.message.as_deref().unwrap_or_default();
    Some(words::fit(&match message {
        "" => reason.to_owned(),
        message => format!("{reason}: {message}"),
    }))
}

/// Whether none of a pod's containers will run again, as far as is known: it came to its end, was evicted, or its node is lost.
pub(super) fn is_over(pod: &v1::Pod) -> bool {
    last_phase(pod).is_some() || reason_and_message(pod).is_some()
}

/// A pod's phase, if that is one that is left no more: all its containers have come to their end.
pub(super) fn last_phase(pod: &v1::Pod) -> Option<&str> {
    let phase = pod.status.as_ref()?.phase.as_deref();
    phase.filter(|phase| matches!(*phase, "Succeeded" | "Failed"))
}

/// All containers of a pod, by their names.
fn names(pod: &v1::Pod) -> impl Iterator<Item = &str> {
    let spec = pod.spec.iter();
    spec.flat_map(|spec| {
        let regular = spec.containers.iter().map(|one| one.name.as_str());
        let init = spec.init_containers.iter().flatten();
        let ephemeral = spec.ephemeral_containers.iter().flatten();
        regular
            .chain(init.map(|one| one.name.as_str()))
            .chain(ephemeral.map(|one| one.name.as_str()))
    })
}

/// The default container, if the pod names one that it has, and that is not its first.
fn named_default(pod: &v1::Pod) -> Option<&str> {
    let annotations = pod.metadata.annotations.as_ref()?;
    let named = annotations.get(DEFAULT_CONTAINER)?.as_str();
    let is_first = names(pod).next() == Some(named);
    (!is_first && names(pod).any(|name| name == named)).then_some(named)
}

fn state(status: Option<&ContainerStatus>, unscheduled: Option<&str>) -> ContainerState {
    let state = status
        .and_then(|status| status.state.clone())
        .unwrap_or_default();
    if state.running.is_some() {
        ContainerState::Running
    } else if let Some(terminated) = state.terminated {
        ContainerState::Terminated {
            reason: terminated.reason.unwrap_or_else(|| "Terminated".to_owned()),
            code: terminated.exit_code,
            at: terminated.finished_at.map(|time| time.0.to_string()),
        }
    } else {
        ContainerState::Waiting {
            reason: state
                .waiting
                .and_then(|waiting| waiting.reason)
                .unwrap_or_else(|| unscheduled.unwrap_or("Waiting").to_owned()),
        }
    }
}

/// A container that runs.
pub(super) struct RunningContainer {
    /// Its name.
    pub(super) name: String,
    /// Whether it runs on Windows.
    pub(super) windows: bool,
    /// Its image, by its digest where the node tells it.
    pub(super) image: String,
}

/// Finds a container of `pod` that runs: the one of this name, or its default one.
pub(super) fn find_running(
    pod: v1::Pod,
    name: Option<String>,
) -> Result<RunningContainer, ClusterError> {
    let default = || named_default(&pod).or_else(|| names(&pod).next());
    let name = name
        .or_else(|| default().map(str::to_owned))
        .unwrap_or_default();
    let of_pod = reason_and_message(&pod);
    let is_lost = of_pod
        .as_deref()
        .is_some_and(|of_pod| of_pod.starts_with(NODE_LOST));
    let digest = status(&pod, &name).map(|status| status.image_id.clone());
    let pod = summary(pod);
    let windows = pod.os.as_deref() == Some("windows");
    let containers = pod.containers;
    let (what, why) = match containers.iter().find(|one| one.name == name) {
        None => {
            return Err(ClusterError::NoContainer {
                there: containers.into_iter().map(|one| one.name).collect(),
                pod: pod.name,
                container: name,
            });
        }
        Some(container) => match &container.state {
            // So it was when it was last heard of.
            ContainerState::Running if is_lost => ("can't be reached", of_pod.unwrap_or_default()),
            ContainerState::Running => {
                let named = container.image.clone();
                let image = digest.filter(|id| !id.is_empty()).unwrap_or(named);
                return Ok(RunningContainer {
                    name,
                    windows,
                    image,
                });
            }
            ContainerState::Waiting { .. } | ContainerState::Terminated { .. }
                if of_pod.is_some() =>
            {
                ("has ended", of_pod.unwrap_or_default())
            }
            ContainerState::Waiting { reason } => ("waits", reason.clone()),
            ContainerState::Terminated { reason, code, .. } => {
                ("has ended", format!("{reason}, exit code {code}"))
            }
        },
    };
    Err(ClusterError::NotRunning {
        container: name,
        pod: pod.name,
        what,
        why,
    })
}

/// Checks that a container of `pod` has a log: of the run that goes on, else of the last one; or of the `previous` one.
pub(super) fn check_log(pod: v1::Pod, container: &str, previous: bool) -> Result<(), ClusterError> {
    let status = status(&pod, container);
    let of = |pod: Pod| (pod.name, container.to_owned());
    let has_last = status.is_some_and(|status| {
        let last = status.last_state.as_ref();
        last.is_some_and(|last| last.terminated.is_some())
    });
    let of_pod = reason_and_message(&pod);
    let pod = summary(pod);
    let Some(found) = pod.containers.iter().find(|one| one.name == container) else {
        return Err(ClusterError::NoContainer {
            there: pod.containers.into_iter().map(|one| one.name).collect(),
            pod: pod.name,
            container: container.to_owned(),
        });
    };
    match &found.state {
        _ if previous && !has_last => {
            let (pod, container) = of(pod);
            Err(ClusterError::NoPreviousLog { pod, container })
        }
        ContainerState::Waiting { reason } if !has_last => {
            let (what, why) = match of_pod {
                Some(why) => ("has ended", why),
                None => ("waits", reason.clone()),
            };
            let (pod, container) = of(pod);
            Err(ClusterError::NoLog {
                pod,
                container,
                what,
                why,
            })
        }
        _ => Ok(()),
    }
}

/// What the pod tells of one of its containers; nothing if the node has not looked at it yet.
pub(super) fn status<'a>(pod: &'a v1::Pod, container: &str) -> Option<&'a ContainerStatus> {
    let status = pod.status.as_ref()?;
    [
        &status.container_statuses,
        &status.init_container_statuses,
        &status.ephemeral_container_statuses,
    ]
    .into_iter()
    .flatten()
    .flatten()
    .find(|status| status.name == container)
}

/// Which run of a container the pod tells of: each restart makes another.
pub(super) fn run<'a>(pod: &'a v1::Pod, container: &str) -> Option<&'a str> {
    status(pod, container)?.container_id.as_deref()
}

/// The pod as it was before a container of it was restarted: with its end.
pub(super) fn before_restart(mut pod: v1::Pod, container: &str) -> v1::Pod {
    if let Some(status) = &mut pod.status {
        let restarted = [
            &mut status.container_statuses,
            &mut status.init_container_statuses,
        ]
        .into_iter()
        .flatten()
        .flatten()
        .find(|status| status.name == container);
        if let Some(status) = restarted {
            status.state = status.last_state.take();
        }
    }
    pod
}

/// How a container's main process ended, if it does not run.
pub(super) fn end_of(pod: &v1::Pod, container: &str) -> Option<ContainerStateTerminated> {
    let status = status(pod, container)?;
    let state = status.state.as_ref()?;
    match (&state.terminated, &state.waiting) {
        (Some(end), _) => Some(end.clone()),
        // It is to be started again.
        (None, Some(_)) => status.last_state.as_ref()?.terminated.clone(),
        (None, None) => None,
    }
}

/// Whether a container's main process has a stdin and a terminal.
pub(super) fn stdin_and_tty(pod: &v1::Pod, container: &str) -> (bool, bool) {
    let Some(spec) = &pod.spec else {
        return (false, false);
    };
    let init = spec.init_containers.iter().flatten();
    let ephemeral = spec.ephemeral_containers.iter().flatten();
    spec.containers
        .iter()
        .chain(init)
        .map(|one| (&one.name, one.stdin, one.tty))
        .chain(ephemeral.map(|one| (&one.name, one.stdin, one.tty)))
        .find(|(name, ..)| *name == container)
        .map_or((false, false), |(_, stdin, tty)| {
            (stdin.unwrap_or_default(), tty.unwrap_or_default())
        })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A pod with a sidecar before its app, both of which run.
    fn pod(metadata: &Value, status: &Value) -> v1::Pod {
        let running = |name| json!({"name": name, "image": "", "imageID": "", "ready": true, "restartCount": 0, "state": {"running": {}}});
        let mut pod = json!({
            "metadata": {"name": "web-0", "namespace": "shop"},
            "spec": {"containers": [{"name": "istio-proxy"}, {"name": "app"}]},
            "status": {"phase": "Running", "containerStatuses": [running("istio-proxy"), running("app")]},
        });
        for (part, more) in [("metadata", metadata), ("status", status)] {
            for (key, value) in more.as_object().unwrap() {
                pod[part][key] = value.clone();
            }
        }
        serde_json::from_value(pod).unwrap()
    }

    fn with_default(name: &str) -> v1::Pod {
        pod(
            &json!({"annotations": {DEFAULT_CONTAINER: name}}),
            &json!({}),
        )
    }

    #[test]
    fn the_default_container_is_the_one_that_the_pod_names_or_its_first() {
        for (named, default) in [
            ("app", "app"),
            ("istio-proxy", "istio-proxy"),
            ("gone", "istio-proxy"),
            ("", "istio-proxy"),
        ] {
            let found = find_running(with_default(named), None).ok().unwrap();
            assert_eq!(found.name, default, "{named:?}");
            let told = summary(with_default(named)).default_container;
            assert_eq!(told.as_deref(), (default == "app").then_some("app"));
        }
        let named = find_running(with_default("app"), Some("istio-proxy".to_owned()));
        assert_eq!(named.ok().unwrap().name, "istio-proxy");
    }

    #[test]
    fn who_asks_for_a_shell_is_told_what_became_of_the_pod() {
        let why = |status: Value| find_running(pod(&json!({}), &status), None).err().unwrap();
        let evicted = json!({
            "phase": "Failed", "reason": "Evicted", "containerStatuses": null,
            "message": "The node was low on resource: memory.\n",
        });
        assert_eq!(
            why(evicted.clone()).to_string(),
            "Container \"istio-proxy\" of pod \"web-0\" is not running: it has ended (Evicted: The node was low on resource: memory.)."
        );
        let listed = summary(pod(&json!({}), &evicted)).containers;
        let waits = ContainerState::Waiting {
            reason: "Evicted".to_owned(),
        };
        assert!(listed.iter().all(|container| container.state == waits));
        let lost = json!({
            "reason": "NodeLost",
            "message": "Node n1 which was running pod web-0 is unresponsive",
        });
        let lost = why(lost).to_string();
        assert!(
            lost.contains("it can't be reached (NodeLost: Node n1"),
            "{lost}"
        );
    }
}
