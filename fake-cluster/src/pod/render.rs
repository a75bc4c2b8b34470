//! Renders a described pod as the API object that a client sees.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use k8s_openapi::{
    api::core::v1 as core,
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time},
    jiff::Timestamp,
};

use super::{Container, ContainerState, Phase, Pod, Role};
use crate::load::Sum;

/// The code of a container whose main process could not be started.
pub(crate) const NOT_STARTED: i32 = 128;

impl Pod {
    /// The API object, without `uid` and `resourceVersion`, which the store gives.
    pub(crate) fn render(&self) -> core::Pod {
        let created = ago(self.age);
        core::Pod {
            metadata: ObjectMeta {
                namespace: Some(self.namespace.clone()),
                name: Some(self.name.clone()),
                labels: (!self.labels.is_empty()).then(|| self.labels.clone()),
                annotations: (!self.annotations.is_empty()).then(|| self.annotations.clone()),
                creation_timestamp: Some(created.clone()),
                ..ObjectMeta::default()
            },
            spec: Some(self.render_spec()),
            status: Some(self.render_status(&created)),
        }
    }

    fn render_spec(&self) -> core::PodSpec {
        let container = |container: &Container| core::Container {
            name: container.name.clone(),
            image: Some(container.image.clone()),
            stdin: container.main_process().stdin.then_some(true),
            tty: container.main_process().tty.then_some(true),
            restart_policy: container.sidecar.then(|| "Always".to_owned()),
            security_context: container.security.clone(),
            ..core::Container::default()
        };
        let os_label = ("kubernetes.io/os".to_owned(), self.node_os.clone());
        core::PodSpec {
            containers: self.of(Role::Main).map(container).collect(),
            init_containers: non_empty(self.of(Role::Init).map(container).collect()),
            ephemeral_containers: non_empty(self.ephemeral_specs()),
            node_name: self.node.clone(),
            security_context: Some(self.security.clone()),
            node_selector: Some(BTreeMap::from([os_label])),
            os: Some(core::PodOS {
                name: self.node_os.clone(),
            }),
            ..core::PodSpec::default()
        }
    }

    /// The ephemeral containers as the API has them.
    pub(crate) fn ephemeral_specs(&self) -> Vec<core::EphemeralContainer> {
        let described = |container: &Container| core::EphemeralContainer {
            name: container.name.clone(),
            image: Some(container.image.clone()),
            ..core::EphemeralContainer::default()
        };
        self.of(Role::Ephemeral)
            .map(|container| match &container.ephemeral {
                Some(given) => given.as_ref().clone(),
                None => described(container),
            })
            .collect()
    }

    fn render_status(&self, created: &Time) -> core::PodStatus {
        let statuses = |role| -> Vec<core::ContainerStatus> {
            self.of(role)
                .filter(|container| !container.unseen)
                .map(|container| self.render_container(role, container, created))
                .collect()
        };
        let containers = statuses(Role::Main);
        let ready = !containers.is_empty() && containers.iter().all(|status| status.ready);
        let condition = |kind: &str, met: bool| core::PodCondition {
            type_: kind.to_owned(),
            status: if met { "True" } else { "False" }.to_owned(),
            last_transition_time: Some(created.clone()),
            ..core::PodCondition::default()
        };
        let mut scheduled = condition("PodScheduled", self.node.is_some());
        if let Some(message) = &self.unschedulable {
            scheduled.reason = Some("Unschedulable".to_owned());
            scheduled.message = Some(message.clone());
        }
        core::PodStatus {
            phase: Some(self.phase.name().to_owned()),
            reason: self.reason.as_ref().map(|(reason, _)| reason.clone()),
            message: self.reason.as_ref().map(|(_, message)| message.clone()),
            start_time: Some(created.clone()),
            conditions: Some(vec![
                scheduled,
                condition("Initialized", self.phase != Phase::Pending),
                condition("ContainersReady", ready),
                condition("Ready", ready),
            ]),
            init_container_statuses: non_empty(statuses(Role::Init)),
            ephemeral_container_statuses: non_empty(statuses(Role::Ephemeral)),
            container_statuses: Some(containers),
            ..core::PodStatus::default()
        }
    }

    fn render_container(
        &self,
        role: Role,
        container: &Container,
        created: &Time,
    ) -> core::ContainerStatus {
        let state = self.state_of(role, container);
        let running = state == ContainerState::Running;
        // What has never been started has none.
        let image_id = if container.restarts == 0 && matches!(state, ContainerState::Waiting(_)) {
            String::new()
        } else {
            image_id(&container.image)
        };
        let ready = match role {
            Role::Main => running,
            Role::Init if container.sidecar => running,
            Role::Init => state == ContainerState::Terminated(0),
            Role::Ephemeral => false,
        };
        core::ContainerStatus {
            name: container.name.clone(),
            image: container.image.clone(),
            image_id,
            ready,
            started: Some(running),
            restart_count: container.restarts,
            state: Some(render_state(state, container.message.clone(), created)),
            last_state: container
                .last_end
                .as_ref()
                .map(|(code, time)| render_state(ContainerState::Terminated(*code), None, time)),
            ..core::ContainerStatus::default()
        }
    }
}

/// What the container runtime calls the image; another name, another image.
fn image_id(image: &str) -> String {
    let digest: String = (0_u8..4)
        .map(|part| Sum::of(&[&[part], image.as_bytes()].concat()).to_string())
        .collect();
    // The tag is what follows the last colon, unless that is a port.
    let name = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    };
    format!("{name}@sha256:{digest}")
}

fn render_state(
    state: ContainerState,
    message: Option<String>,
    created: &Time,
) -> core::ContainerState {
    match state {
        ContainerState::Running => core::ContainerState {
            running: Some(core::ContainerStateRunning {
                started_at: Some(created.clone()),
            }),
            ..core::ContainerState::default()
        },
        ContainerState::Waiting(reason) => core::ContainerState {
            waiting: Some(core::ContainerStateWaiting {
                reason: Some(reason),
                message,
            }),
            ..core::ContainerState::default()
        },
        ContainerState::Terminated(code) => core::ContainerState {
            terminated: Some(core::ContainerStateTerminated {
                exit_code: code,
                reason: Some(ended_because(code).to_owned()),
                message,
                started_at: Some(created.clone()),
                finished_at: Some(created.clone()),
                ..core::ContainerStateTerminated::default()
            }),
            ..core::ContainerState::default()
        },
    }
}

/// The reason that a container runtime gives.
fn ended_because(code: i32) -> &'static str {
    match code {
        0 => "Completed",
        NOT_STARTED => "StartError",
        _ => "Error",
    }
}

fn non_empty<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

/// The time `age` ago, in whole seconds as the API has it.
pub(crate) fn ago(age: Duration) -> Time {
    let since_epoch = SystemTime::now()
        .checked_sub(age)
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .unwrap_or_default();
    let seconds = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
    Time(Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH))
}
