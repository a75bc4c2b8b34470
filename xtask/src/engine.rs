//! The Docker engine that kind works with: the one that answers, else one that this repository starts.

use std::{env, process::Command, time::Duration};

use anyhow::{Result, bail};

use crate::{command, packages, places::Places};

const LIMIT: Duration = Duration::from_secs(10);

/// A Docker engine that answers.
#[derive(Debug)]
pub(crate) struct Engine {
    /// Its address, where it isn't the one that the environment names.
    pub(crate) address: Option<String>,
}

impl Engine {
    /// Finds an engine, or starts one.
    pub(crate) fn find_or_start(places: &Places) -> Result<Self> {
        let engine = Self { address: None };
        if engine.answers() {
            return Ok(engine);
        }
        if env::consts::OS != "linux" || !packages::is_root() {
            bail!(
                "no Docker engine answers, and one can be started here only on Linux as root. Start Docker, or name a \
                 cluster that you have: cargo xtask e2e --kubeconfig PATH"
            );
        }
        packages::install(&["docker.io", "containerd", "runc", "iptables"])?;
        let address = command::read(&mut script(places, "up"))?;
        Ok(Self {
            address: Some(address),
        })
    }

    /// Stops the engine that [`Self::find_or_start`] started, if it did.
    pub(crate) fn stop_own(places: &Places) -> Result<()> {
        if env::consts::OS == "linux" {
            command::run(&mut script(places, "down"))
        } else {
            Ok(())
        }
    }

    /// Whether it answers.
    pub(crate) fn answers(&self) -> bool {
        command::succeeds(self.docker().arg("info"), LIMIT)
    }

    /// Whether it holds an image.
    pub(crate) fn has(&self, image: &str) -> bool {
        command::succeeds(self.docker().args(["image", "inspect", image]), LIMIT)
    }

    /// A docker command for it.
    pub(crate) fn docker(&self) -> Command {
        self.command("docker")
    }

    /// A command that works with it.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        if let Some(address) = &self.address {
            command.env("DOCKER_HOST", address);
        }
        command
    }
}

fn script(places: &Places, task: &str) -> Command {
    let mut script = Command::new(places.repository.join("e2e/cluster/engine.sh"));
    script.arg(task).env("PODSHELL_CACHE", &places.cache);
    script
}
