//! Describes a container: what the API says about it, and what runs in it.

use std::time::Duration;

use bytes::Bytes;
use k8s_openapi::{
    api::core::v1 as core, apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp,
};

use super::render;
use crate::{
    load,
    sandbox::{BASIC_PROGRAMS, Programs},
};

/// What one container is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerState {
    /// It runs; exec and attach work.
    Running,
    /// It waits, with this reason (`ContainerCreating`, `CrashLoopBackOff`, `ImagePullBackOff`, …).
    Waiting(String),
    /// It has ended with this code.
    Terminated(i32),
}

/// The process that a container is started with, which attach speaks to.
#[derive(Clone, Debug)]
pub(crate) struct MainProcess {
    /// Program and arguments.
    pub(crate) command: Vec<String>,
    /// Whether it has a stdin; without one, what clients send goes nowhere.
    pub(crate) stdin: bool,
    pub(crate) tty: bool,
}

impl Default for MainProcess {
    /// One that says nothing, reads nothing and stays.
    fn default() -> Self {
        Self {
            command: vec!["sleep".to_owned(), "1000000000".to_owned()],
            stdin: false,
            tty: false,
        }
    }
}

/// A line that a container has printed, with its end.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) time: Timestamp,
    pub(crate) text: Bytes,
}

/// A container: what the API says about it and which programs it has.
#[derive(Clone, Debug)]
pub struct Container {
    pub(super) name: String,
    pub(super) image: String,
    pub(super) state: Option<ContainerState>,
    /// What a state of its own says in long.
    pub(super) message: Option<String>,
    /// Whether the kubelet has not looked at it yet: then it has no status.
    pub(super) unseen: bool,
    pub(super) restarts: i32,
    /// How its last run ended, and when.
    pub(super) last_end: Option<(i32, Time)>,
    /// Whether it goes on beside the regular ones, as an init container.
    pub(super) sidecar: bool,
    /// As the API was given it.
    pub(super) ephemeral: Option<Box<core::EphemeralContainer>>,
    pub(super) security: Option<core::SecurityContext>,
    programs: Programs,
    /// Instead of the usual `PATH`.
    path: Option<String>,
    run: Option<Vec<String>>,
    processless: Option<load::Kind>,
    main: MainProcess,
    has_main: bool,
    /// What it has printed, and what it had printed before it was started anew.
    printed: Vec<Line>,
    printed_before: Vec<Line>,
    floods: bool,
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
            message: None,
            unseen: false,
            restarts: 0,
            last_end: None,
            sidecar: false,
            ephemeral: None,
            security: None,
            programs: Programs::Host,
            path: None,
            run: None,
            processless: None,
            main: MainProcess::default(),
            has_main: false,
            printed: Vec::new(),
            printed_before: Vec::new(),
            floods: false,
        }
    }

    /// What the API was asked to add to a pod.
    pub(crate) fn from_ephemeral(spec: core::EphemeralContainer) -> Self {
        let mut command = spec.command.clone().unwrap_or_default();
        command.extend(spec.args.clone().unwrap_or_default());
        if command.is_empty() {
            // What the images are made to start that people debug with.
            command.push("sh".to_owned());
        }
        Self {
            image: spec.image.clone().unwrap_or_default(),
            state: Some(ContainerState::Waiting("ContainerCreating".to_owned())),
            unseen: true,
            main: MainProcess {
                command,
                stdin: spec.stdin.unwrap_or_default(),
                tty: spec.tty.unwrap_or_default(),
            },
            has_main: true,
            ephemeral: Some(Box::new(spec.clone())),
            ..Self::new(spec.name)
        }
    }

    /// The image's name, as listed; `imageID` follows from it.
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

    /// The `message` that goes with a state of waiting or having ended.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// How often it has been restarted, as listed.
    #[must_use]
    pub fn restarts(mut self, restarts: i32) -> Self {
        self.restarts = restarts;
        self
    }

    /// How its last run ended, so long ago.
    #[must_use]
    pub fn last_ended(mut self, code: i32, ago: Duration) -> Self {
        self.last_end = Some((code, render::ago(ago)));
        self
    }

    /// As an init container, is a sidecar: it goes on beside the regular ones.
    #[must_use]
    pub fn sidecar(mut self) -> Self {
        self.sidecar = true;
        self
    }

    /// The kubelet has not looked at it: it has no status.
    #[must_use]
    pub fn unseen(mut self) -> Self {
        self.unseen = true;
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

    /// What it runs as, and what it may do, as listed.
    #[must_use]
    pub fn security(mut self, security: core::SecurityContext) -> Self {
        self.security = Some(security);
        self
    }

    /// Its `PATH`, be it one that leads nowhere; `/bin/sh` is then found by its path alone.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Runs this program of this machine with these arguments for every exec, whatever command is asked for.
    #[must_use]
    pub fn run(mut self, program: &str, args: &[&str]) -> Self {
        self.run = Some(command(program, args));
        self
    }

    /// The main process, which attach speaks to: a program of this machine, whatever programs the container has for
    /// execs. It has a stdin, and a terminal if `tty`. Without this it is one that says nothing, reads nothing and stays.
    ///
    /// It is started by the first attach, and so its output is seen from the beginning. When it ends, so does the
    /// container, and all that runs in it.
    #[must_use]
    pub fn main(mut self, program: &str, args: &[&str], tty: bool) -> Self {
        self.main = MainProcess {
            command: command(program, args),
            stdin: true,
            tty,
        };
        self.has_main = true;
        self
    }

    /// Has printed this line, so long ago.
    #[must_use]
    pub fn printed_line(mut self, ago: Duration, text: &str) -> Self {
        self.printed.push(line(ago, text));
        self
    }

    /// Had printed this line, so long ago, before it was started anew.
    #[must_use]
    pub fn printed_line_before(mut self, ago: Duration, text: &str) -> Self {
        self.printed_before.push(line(ago, text));
        self
    }

    /// Prints lines without end, as fast as whoever reads its log takes them.
    #[must_use]
    pub fn flooding(mut self) -> Self {
        self.floods = true;
        self
    }

    /// Runs no process for an exec, whatever command is asked for: it sends `prompt`, then back what it is sent. Thousands
    /// of them cost little.
    #[must_use]
    pub fn idle(mut self, prompt: impl Into<Vec<u8>>) -> Self {
        self.processless = Some(load::Kind::Idle(prompt.into().into()));
        self
    }

    /// Runs no process for an exec, whatever command is asked for: it makes output and checks input as [`load`] says.
    #[must_use]
    pub fn generator(mut self) -> Self {
        self.processless = Some(load::Kind::Generator);
        self
    }

    pub(crate) fn image_name(&self) -> &str {
        &self.image
    }

    pub(crate) fn programs(&self) -> &Programs {
        &self.programs
    }

    /// The `PATH` that it has instead of the usual one.
    pub(crate) fn own_path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// The command that replaces whatever is asked for.
    pub(crate) fn replacement(&self) -> Option<&[String]> {
        self.run.as_deref()
    }

    /// What takes the place of a process.
    pub(crate) fn processless(&self) -> Option<&load::Kind> {
        self.processless.as_ref()
    }

    pub(crate) fn main_process(&self) -> &MainProcess {
        &self.main
    }

    /// Whether its main process does anything.
    pub(crate) fn has_main(&self) -> bool {
        self.has_main
    }

    pub(crate) fn printed(&self) -> &[Line] {
        &self.printed
    }

    pub(crate) fn printed_before(&self) -> &[Line] {
        &self.printed_before
    }

    pub(crate) fn floods(&self) -> bool {
        self.floods
    }
}

fn line(ago: Duration, text: &str) -> Line {
    Line {
        time: render::ago(ago).0,
        text: format!("{text}\n").into(),
    }
}

fn command(program: &str, args: &[&str]) -> Vec<String> {
    let words = std::iter::once(program).chain(args.iter().copied());
    words.map(str::to_owned).collect()
}
