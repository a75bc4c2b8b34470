//! From Kubernetes' pods to what the page shows of them.

use k8s_openapi::api::core::v1::{self, ContainerStateTerminated, ContainerStatus};
use podshell_shared::api::{Container, ContainerKind, ContainerState, Pod};

use super::ClusterError;

/// What the page shows of a pod.
pub(super) fn summary(pod: v1::Pod) -> Pod {
    let spec = pod.spec.unwrap_or_default();
    let status = pod.status.unwrap_or_default();
    let deleted = pod.metadata.deletion_timestamp.is_some();

    let regular = spec
        .containers
        .into_iter()
        .map(|container| (container.name, container.image, ContainerKind::Regular));
    let init = spec
        .init_containers
        .into_iter()
        .flatten()
        .map(|container| (container.name, container.image, ContainerKind::Init));
    let ephemeral = spec
        .ephemeral_containers
        .into_iter()
        .flatten()
        .map(|container| (container.name, container.image, ContainerKind::Ephemeral));
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
        .and_then(|condition| condition.reason);

    let containers = regular
        .chain(init)
        .chain(ephemeral)
        .map(|(name, image, kind)| {
            let status = statuses.iter().find(|status| status.name == name);
            Container {
                image: image.unwrap_or_default(),
                kind,
                ready: status.is_some_and(|status| status.ready),
                restarts: status.map_or(0, |status| status.restart_count),
                state: state(status, unscheduled.as_deref()),
                name,
            }
        })
        .collect();

    let selector = spec.node_selector.unwrap_or_default();
    Pod {
        namespace: pod.metadata.namespace.unwrap_or_default(),
        name: pod.metadata.name.unwrap_or_default(),
        phase: if deleted {
            "Terminating".to_owned()
        } else {
            status.phase.unwrap_or_else(|| "Unknown".to_owned())
        },
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

/// Finds a container of `pod` that runs: the one of this name, or its first.
pub(super) fn find_running(
    pod: v1::Pod,
    name: Option<String>,
) -> Result<RunningContainer, ClusterError> {
    let first = || pod.spec.as_ref()?.containers.first();
    let name = name
        .or_else(|| first().map(|container| container.name.clone()))
        .unwrap_or_default();
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
            ContainerState::Running => {
                let named = container.image.clone();
                let image = digest.filter(|id| !id.is_empty()).unwrap_or(named);
                return Ok(RunningContainer {
                    name,
                    windows,
                    image,
                });
            }
            ContainerState::Waiting { reason } => ("waits", reason.clone()),
            ContainerState::Terminated { reason, code } => {
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
