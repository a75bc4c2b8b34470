//! Describes pods.

mod container;
mod render;

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::api::core::v1 as core;

pub(crate) use self::container::Line;
pub use self::container::{Container, ContainerState};
pub(crate) use self::render::{NOT_STARTED, ago};

/// The phase of a pod. Containers without a state of their own follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Containers wait with reason `ContainerCreating`.
    Pending,
    /// Containers run; init containers have ended with code 0.
    Running,
    /// Containers have ended with code 0.
    Succeeded,
    /// Containers have ended with code 1.
    Failed,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}

/// The list of a pod's spec that a container is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Init,
    Main,
    Ephemeral,
}

/// A pod: what the API says about it, and its containers.
#[derive(Clone, Debug)]
pub struct Pod {
    namespace: String,
    name: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    phase: Phase,
    /// Why it is in that phase, in short and in long.
    reason: Option<(String, String)>,
    age: Duration,
    /// `None` for one that no node has taken yet.
    node: Option<String>,
    /// What the scheduler says of that.
    unschedulable: Option<String>,
    node_os: String,
    security: core::PodSecurityContext,
    containers: Vec<(Role, Container)>,
}

impl Pod {
    /// A running pod without containers on a Linux node, one hour old.
    #[must_use]
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            phase: Phase::Running,
            reason: None,
            age: Duration::from_secs(3600),
            node: Some("node-1".to_owned()),
            unschedulable: None,
            node_os: "linux".to_owned(),
            security: core::PodSecurityContext::default(),
            containers: Vec::new(),
        }
    }

    /// Adds a container.
    #[must_use]
    pub fn container(mut self, container: Container) -> Self {
        self.containers.push((Role::Main, container));
        self
    }

    /// Adds an init container.
    #[must_use]
    pub fn init_container(mut self, container: Container) -> Self {
        self.containers.push((Role::Init, container));
        self
    }

    /// Adds an ephemeral (debug) container.
    #[must_use]
    pub fn ephemeral_container(mut self, container: Container) -> Self {
        self.containers.push((Role::Ephemeral, container));
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// Adds an annotation.
    #[must_use]
    pub fn annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.annotations.insert(key.into(), value.into());
        self
    }

    /// What all of its containers run as that don't say so themselves.
    #[must_use]
    pub fn security(mut self, security: core::PodSecurityContext) -> Self {
        self.security = security;
        self
    }

    /// Why it is in its phase: `Evicted`, and what the node had to do with it.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>, message: impl Into<String>) -> Self {
        self.reason = Some((reason.into(), message.into()));
        self
    }

    /// Has no node yet.
    #[must_use]
    pub fn unscheduled(mut self) -> Self {
        self.node = None;
        self
    }

    /// Fits on no node, of which the scheduler says this.
    #[must_use]
    pub fn unschedulable(mut self, message: impl Into<String>) -> Self {
        self.unschedulable = Some(message.into());
        self.unscheduled()
    }

    /// The phase to begin with.
    #[must_use]
    pub fn phase(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    /// How long ago it was created.
    #[must_use]
    pub fn age(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// The node's name.
    #[must_use]
    pub fn node(mut self, node: impl Into<String>) -> Self {
        self.node = Some(node.into());
        self
    }

    /// The node's operating system (`linux`, `windows`), as `spec.os` and the node selector say it.
    #[must_use]
    pub fn node_os(mut self, os: impl Into<String>) -> Self {
        self.node_os = os.into();
        self
    }

    pub(crate) fn key(&self) -> (String, String) {
        (self.namespace.clone(), self.name.clone())
    }

    /// Its first container has been started once more.
    pub(crate) fn restart(&mut self) {
        let mut main = self.containers.iter_mut();
        if let Some((_, container)) = main.find(|(role, _)| *role == Role::Main) {
            container.restarts += 1;
        }
    }

    /// One of its containers has ended with this code, and runs again. False if there is none of this name.
    pub(crate) fn restarted(&mut self, name: &str, code: i32) -> bool {
        let found = self.containers.iter_mut().find(|(_, c)| c.name == name);
        let Some((_, container)) = found else {
            return false;
        };
        container.restarts += 1;
        container.last_end = Some((code, ago(Duration::ZERO)));
        container.state = Some(ContainerState::Running);
        true
    }

    /// Moves to `phase`, every container with it.
    pub(crate) fn set_phase(&mut self, phase: Phase) {
        self.phase = phase;
        for (_, container) in &mut self.containers {
            container.state = None;
            container.message = None;
            container.unseen = false;
        }
    }

    /// False if there is no such container.
    pub(crate) fn set_container_state(
        &mut self,
        name: &str,
        state: ContainerState,
        message: Option<String>,
    ) -> bool {
        let found = self.containers.iter_mut().find(|(_, c)| c.name == name);
        let Some((_, container)) = found else {
            return false;
        };
        container.state = Some(state);
        container.message = message;
        container.unseen = false;
        true
    }

    /// Adds a container that the API was asked for.
    pub(crate) fn add_ephemeral(&mut self, spec: core::EphemeralContainer) {
        self.containers
            .push((Role::Ephemeral, Container::from_ephemeral(spec)));
    }

    /// Whether a kubelet can start `container` beside the others, or what it says instead: reason and message.
    pub(crate) fn can_start(
        &self,
        container: &core::EphemeralContainer,
    ) -> Result<(), (&'static str, String)> {
        let own = container.security_context.clone().unwrap_or_default();
        let not_root = own.run_as_non_root.or(self.security.run_as_non_root);
        let user = own.run_as_user.or(self.security.run_as_user);
        if not_root == Some(true) && user.unwrap_or(0) == 0 {
            let what = match user {
                // The user of every image here.
                None => "image will run as root",
                Some(_) => "container's runAsUser breaks non-root policy",
            };
            let message = format!("container has runAsNonRoot and {what}");
            return Err(("CreateContainerConfigError", message));
        }
        match container.target_container_name.as_deref() {
            Some(target) if !target.is_empty() && !self.is_running(target) => {
                let message =
                    format!("invalid target container: container \"{target}\" is not running");
                Err(("CreateContainerError", message))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn security_context(&self) -> &core::PodSecurityContext {
        &self.security
    }

    pub(crate) fn is_in_phase(&self, phase: Phase) -> bool {
        self.phase == phase
    }

    pub(crate) fn find_container(&self, name: &str) -> Option<&Container> {
        self.containers
            .iter()
            .map(|(_, container)| container)
            .find(|container| container.name == name)
    }

    /// Names of the init containers, then of the containers proper.
    pub(crate) fn lasting_containers(&self) -> impl Iterator<Item = &str> {
        self.of(Role::Init)
            .chain(self.of(Role::Main))
            .map(|container| container.name.as_str())
    }

    /// The container that is meant where none is named; if there is none, the names to choose from in the API's order.
    pub(crate) fn default_container(&self) -> Result<&str, Vec<&str>> {
        let mut main = self.of(Role::Main);
        match (main.next(), main.next()) {
            (Some(only), None) => Ok(&only.name),
            (None, _) => Err(Vec::new()),
            _ => {
                let ephemeral = self.of(Role::Ephemeral).map(|c| c.name.as_str());
                Err(self.lasting_containers().chain(ephemeral).collect())
            }
        }
    }

    pub(crate) fn has_init_containers(&self) -> bool {
        self.of(Role::Init).next().is_some()
    }

    /// Names of the containers in which nothing can run.
    pub(crate) fn stopped_containers(&self) -> impl Iterator<Item = &str> {
        self.containers
            .iter()
            .filter(|(role, container)| self.state_of(*role, container) != ContainerState::Running)
            .map(|(_, container)| container.name.as_str())
    }

    pub(crate) fn is_running(&self, container: &str) -> bool {
        self.find_container(container).is_some()
            && !self.stopped_containers().any(|name| name == container)
    }

    fn of(&self, role: Role) -> impl Iterator<Item = &Container> {
        self.containers
            .iter()
            .filter(move |(its, _)| *its == role)
            .map(|(_, container)| container)
    }

    fn state_of(&self, role: Role, container: &Container) -> ContainerState {
        if let Some(state) = &container.state {
            return state.clone();
        }
        match self.phase {
            Phase::Pending if role == Role::Main && self.has_init_containers() => {
                ContainerState::Waiting("PodInitializing".to_owned())
            }
            Phase::Pending => ContainerState::Waiting("ContainerCreating".to_owned()),
            Phase::Running if role == Role::Init && !container.sidecar => {
                ContainerState::Terminated(0)
            }
            Phase::Running => ContainerState::Running,
            Phase::Succeeded => ContainerState::Terminated(0),
            Phase::Failed => ContainerState::Terminated(1),
        }
    }
}
