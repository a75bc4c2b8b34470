//! The image of kind's node: pulled where that is possible, else made by the repository. And kind itself.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Result, bail};

use crate::{command, engine::Engine, go, packages, places::Places, versions::Kubernetes};

/// How long a registry may take for its first word.
const PULL_ANSWER: Duration = Duration::from_secs(30);
const LIMIT: Duration = Duration::from_secs(20);
/// The Go 1.x that the usual Kubernetes needs; where a module needs a later one, Go fetches it.
const GO_MINOR: u32 = 25;

/// A node image that the engine holds.
#[derive(Debug)]
pub(crate) struct NodeImage {
    /// Its name.
    pub(crate) name: String,
    /// Whether the repository made it, which kind must be told.
    pub(crate) own: bool,
}

/// Finds kind: our own, the one on PATH, or else compiles it.
pub(crate) fn kind(places: &Places, kubernetes: &Kubernetes) -> Result<PathBuf> {
    let own = kubernetes.folder(places).join("bin/kind");
    if own.exists() {
        return Ok(own);
    }
    if command::succeeds(Command::new("kind").arg("version"), LIMIT) {
        return Ok("kind".into());
    }
    if !go::is_recent(GO_MINOR) {
        bail!(
            "kind is needed for a cluster to test on: install it (https://kind.sigs.k8s.io) or Go 1.{GO_MINOR} or later \
             (https://go.dev/dl), which builds it. Or name a cluster that you have: cargo xtask e2e --kubeconfig PATH"
        );
    }
    command::run_long(&mut script(places, kubernetes, "kind"), "compiling kind")?;
    Ok(own)
}

/// Sees to it that the engine holds a node image.
///
/// One that is there is taken at once; a registry is asked only where nothing was made or pulled before.
pub(crate) fn provide(
    places: &Places,
    kubernetes: &Kubernetes,
    engine: &Engine,
) -> Result<NodeImage> {
    let pulled = NodeImage {
        name: kubernetes.published_image(),
        own: false,
    };
    let own = NodeImage {
        name: kubernetes.own_image(),
        own: true,
    };
    if engine.has(&pulled.name) {
        return Ok(pulled);
    }
    if engine.has(&own.name) {
        return Ok(own);
    }
    let packed = kubernetes.folder(places).join("node.tar");
    if !packed.exists() {
        eprintln!("pulling {}", pulled.name);
        match command::run_if_it_speaks(engine.docker().args(["pull", &pulled.name]), PULL_ANSWER) {
            Ok(()) => return Ok(pulled),
            Err(error) => eprintln!("it can't be pulled ({error:#}): making a node image here"),
        }
        make(places, kubernetes)?;
    }
    eprintln!("giving the node image to the Docker engine");
    let entrypoint = r#"--change=ENTRYPOINT ["/usr/local/bin/entrypoint"]"#;
    let mut import = engine.docker();
    import
        .args(["import", entrypoint])
        .arg(&packed)
        .arg(&own.name)
        .stdout(Stdio::null());
    command::run_long(&mut import, "importing the node image")?;
    Ok(own)
}

fn make(places: &Places, kubernetes: &Kubernetes) -> Result<()> {
    let reason = if env::consts::OS != "linux" || !packages::is_debian() || !packages::is_root() {
        Some("Debian and root".to_owned())
    } else if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
        Some("control groups of version 1, and this machine has version 2".to_owned())
    } else if !go::is_recent(GO_MINOR) {
        Some(format!("Go 1.{GO_MINOR} or later (https://go.dev/dl)"))
    } else {
        None
    };
    if let Some(reason) = reason {
        bail!(
            "making a node image takes {reason}. Make {} available to Docker, or name a cluster that you have: \
             cargo xtask e2e --kubeconfig PATH",
            kubernetes.published_image()
        );
    }
    packages::install(&["mmdebstrap", "busybox-static"])?;
    command::run_long(
        &mut script(places, kubernetes, "build"),
        "making the node image",
    )
}

/// What compiles for minutes, with less of a claim to the machine than what a person waits for.
fn script(places: &Places, kubernetes: &Kubernetes, task: &str) -> Command {
    let mut script = Command::new("nice");
    script
        .arg(places.repository.join("e2e/cluster/image.sh"))
        .arg(task)
        .env("PODSHELL_KUBERNETES", kubernetes.to_string())
        .env("PODSHELL_CLUSTER", kubernetes.folder(places))
        .stdout(Stdio::null());
    script
}
