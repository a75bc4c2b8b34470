//! Describes pods and containers.

mod render;

use std::{collections::BTreeMap, time::Duration};

pub(crate) use self::render::ago;
use crate::sandbox::{BASIC_PROGRAMS, Programs};

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

/// What one container is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerState {
    /// It runs; exec works.
    Running,
    /// It waits, with this reason (`ContainerCreating`, `CrashLoopBackOff`, `ImagePullBackOff`, …).
    Waiting(String),
    /// It has ended with this code.
    Terminated(i32),
}

/// A container: what the API says about it and which programs it has.
#[derive(Clone, Debug)]
pub struct Container {
    name: String,
    image: String,
    state: Option<ContainerState>,
    restarts: i32,
    programs: Programs,
    run: Option<Vec<String>>,
}

impl Container {
    /// A container that follows its pod's phase and has all programs of this machine.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            image: format!("registry.example/{name}:1.0"),
            name,
            state: None,
            restarts: 0,
            programs: Programs::Host,
            run: None,
        }
    }

    /// The image's name, as listed.
    #[must_use]
    pub fn image(mut self, image: impl Into<String>) -> Self {
        self.image = image.into();
        self
    }

    /// A state of its own, whatever the pod's phase.
    #[must_use]
    pub fn state(mut self, state: ContainerState) -> Self {
        self.state = Some(state);
        self
    }

    /// How often it has been restarted, as listed.
    #[must_use]
    pub fn restarts(mut self, restarts: i32) -> Self {
        self.restarts = restarts;
        self
    }

    /// Has `sh` and a handful of common tools, but no bash: `PATH` leads to those alone. (Nothing keeps a script that runs
    /// in it from naming a program of this machine by its absolute path; an exec that asks for one is refused.)
    #[must_use]
    pub fn without_bash(self) -> Self {
        self.only(BASIC_PROGRAMS)
    }

    /// Has no program at all, as a distroless image: every exec fails as in a container without the program.
    #[must_use]
    pub fn without_shell(self) -> Self {
        self.only(&[])
    }

    /// Has these programs of this machine alone.
    #[must_use]
    pub fn only(mut self, programs: &[&str]) -> Self {
        self.programs = Programs::Only(programs.iter().map(|&name| name.to_owned()).collect());
        self
    }

    /// Runs this program of this machine with these arguments, whatever command is asked for.
    #[must_use]
    pub fn run(mut self, program: &str, args: &[&str]) -> Self {
        let command = std::iter::once(program).chain(args.iter().copied());
        self.run = Some(command.map(str::to_owned).collect());
        self
    }

    pub(crate) fn programs(&self) -> &Programs {
        &self.programs
    }

    /// The command that replaces whatever is asked for.
    pub(crate) fn replacement(&self) -> Option<&[String]> {
        self.run.as_deref()
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
    phase: Phase,
    age: Duration,
    node: String,
    node_os: String,
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
            phase: Phase::Running,
            age: Duration::from_secs(3600),
            node: "node-1".to_owned(),
            node_os: "linux".to_owned(),
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
        self.node = node.into();
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

    /// Moves to `phase`, every container with it.
    pub(crate) fn set_phase(&mut self, phase: Phase) {
        self.phase = phase;
        for (_, container) in &mut self.containers {
            container.state = None;
        }
    }

    /// False if there is no such container.
    pub(crate) fn set_container_state(&mut self, name: &str, state: ContainerState) -> bool {
        let found = self.containers.iter_mut().find(|(_, c)| c.name == name);
        found
            .map(|(_, container)| container.state = Some(state))
            .is_some()
    }

    pub(crate) fn find_container(&self, name: &str) -> Option<&Container> {
        self.containers
            .iter()
            .map(|(_, container)| container)
            .find(|container| container.name == name)
    }

    /// Names of the containers proper, and of the init containers.
    pub(crate) fn container_names(&self) -> (Vec<&str>, Vec<&str>) {
        (self.names(Role::Main), self.names(Role::Init))
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

    fn names(&self, role: Role) -> Vec<&str> {
        self.of(role)
            .map(|container| container.name.as_str())
            .collect()
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
            Phase::Pending if role == Role::Main && !self.names(Role::Init).is_empty() => {
                ContainerState::Waiting("PodInitializing".to_owned())
            }
            Phase::Pending => ContainerState::Waiting("ContainerCreating".to_owned()),
            Phase::Running if role == Role::Init => ContainerState::Terminated(0),
            Phase::Running => ContainerState::Running,
            Phase::Succeeded => ContainerState::Terminated(0),
            Phase::Failed => ContainerState::Terminated(1),
        }
    }
}
