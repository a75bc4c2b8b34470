//! The cluster that end-to-end tests run on: one made by kind, or any that a kubeconfig names, with the tests' pods in it.

mod files;
mod node;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, bail};

use self::files::Files;
use crate::{
    command,
    engine::Engine,
    node_image, packages,
    places::{Kept, Places},
    versions::Kubernetes,
};

/// Where the tests' pods are, as pods.yaml says.
const NAMESPACE: &str = "podshell-e2e";
const LIMIT: Duration = Duration::from_secs(20);
/// What the images are made from where this machine's packages can't be used.
const DEBIAN_IMAGE: &str = "debian:bookworm-slim";

/// A cluster that answers.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// How to reach it.
    pub(crate) kubeconfig: PathBuf,
    /// What it is, for people.
    pub(crate) description: String,
    /// The version that its API server names.
    version: String,
    /// What it was made with, if we made it.
    kubernetes: Kubernetes,
    kubectl: PathBuf,
    /// The address of the Docker engine that it runs in, if that isn't the usual one.
    engine: Option<String>,
}

/// Makes the cluster if there is none that answers, with images and pods in it.
pub(crate) fn up(places: &Places, kubernetes: &Kubernetes) -> Result<Cluster> {
    let _lock = places.lock(Kept::Cluster)?;
    let folder = kubernetes.folder(places);
    let files = Files::below(&folder);
    if !files.kubeconfig.exists() || version(&kubectl(&folder)?, &files.kubeconfig).is_err() {
        create(places, kubernetes, &files)?;
    }
    let kubectl = kubectl(&folder)?;
    let version = version(&kubectl, &files.kubeconfig)?;
    let own = files.own_image.exists();
    let image = if own {
        "node image made here"
    } else {
        "node image pulled"
    };
    let name = kubernetes.cluster();
    let cluster = Cluster {
        kubeconfig: files.kubeconfig.clone(),
        description: format!("kind cluster {name}, Kubernetes {version}, {image}"),
        version,
        kubernetes: kubernetes.clone(),
        kubectl,
        engine: files.engine_address(),
    };
    eprintln!("{} answers", cluster.description);
    let fresh = cluster.load_images(places, &files)?;
    cluster.apply_pods(places, fresh)?;
    Ok(cluster)
}

/// Makes what the cluster is made of, which takes minutes where it can't be pulled. [`up`] waits for that.
pub(crate) fn prepare(places: &Places, kubernetes: &Kubernetes) -> Result<()> {
    let _lock = places.lock(Kept::Cluster)?;
    let folder = kubernetes.folder(places);
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    node_image::provide(places, kubernetes, &Engine::find_or_start(places)?)?;
    node_image::kind(places, kubernetes).map(drop)
}

/// The cluster that [`up`] made, if it is there and answers.
pub(crate) fn running(places: &Places, kubernetes: &Kubernetes) -> Result<Option<Cluster>> {
    let cluster = as_it_is(places, kubernetes)?;
    cluster.map(|_| up(places, kubernetes)).transpose()
}

/// The cluster that [`up`] made as it is, with nothing loaded or applied, if it is there and answers.
pub(crate) fn as_it_is(places: &Places, kubernetes: &Kubernetes) -> Result<Option<Cluster>> {
    let folder = kubernetes.folder(places);
    let files = Files::below(&folder);
    if !files.kubeconfig.exists() {
        return Ok(None);
    }
    let kubectl = kubectl(&folder)?;
    let Ok(version) = version(&kubectl, &files.kubeconfig) else {
        return Ok(None);
    };
    let name = kubernetes.cluster();
    Ok(Some(Cluster {
        kubeconfig: files.kubeconfig.clone(),
        description: format!("kind cluster {name}, Kubernetes {version}"),
        version,
        kubernetes: kubernetes.clone(),
        kubectl,
        engine: files.engine_address(),
    }))
}

/// Takes the cluster that a kubeconfig names, and makes the tests' pods in it.
pub(crate) fn existing(places: &Places, kubeconfig: &Path) -> Result<Cluster> {
    let kubernetes = Kubernetes::default();
    let kubectl = kubectl(&kubernetes.folder(places))?;
    let kubeconfig = fs::canonicalize(kubeconfig)
        .with_context(|| format!("looking for {}", kubeconfig.display()))?;
    let version = version(&kubectl, &kubeconfig)
        .with_context(|| format!("the cluster of {} does not answer", kubeconfig.display()))?;
    let description = format!(
        "the cluster of {}, Kubernetes {version}",
        kubeconfig.display()
    );
    let cluster = Cluster {
        kubeconfig,
        description,
        version,
        kubernetes,
        kubectl,
        engine: None,
    };
    cluster.apply_pods(places, false).context(
        "the images podshell.test/{bash,busybox,noshell}:1 must be on the cluster's nodes, as nothing is pulled: \
         `e2e/cluster/images.sh FOLDER` makes them as archives",
    )?;
    Ok(cluster)
}

/// Deletes the cluster of one Kubernetes, else all that were made, and stops the engine if we started it and none is left.
pub(crate) fn down(places: &Places, only: Option<&Kubernetes>) -> Result<()> {
    let _lock = places.lock(Kept::Cluster)?;
    let mut left = false;
    for kubernetes in Kubernetes::kept(places)? {
        let files = Files::below(&kubernetes.folder(places));
        if only.is_some_and(|only| *only != kubernetes) {
            left |= files.engine.exists();
            continue;
        }
        let engine = Engine {
            address: files.engine_address(),
        };
        if files.engine.exists() && engine.answers() {
            delete(places, &kubernetes, &engine)?;
        }
        files.forget()?;
    }
    if left {
        return Ok(());
    }
    // With all that it runs.
    Engine::stop_own(places)
}

impl Cluster {
    /// What to type to use it.
    pub(crate) fn exports(&self) -> String {
        let mut exports = format!("export KUBECONFIG={}", self.kubeconfig.display());
        if let Some(address) = &self.engine {
            exports.push_str(&format!(" DOCKER_HOST={address}"));
        }
        if let Some(folder) = self.tools() {
            exports.push_str(&format!(" PATH={}:$PATH", folder.display()));
        }
        exports
    }

    /// The folder of kubectl, if it isn't on PATH.
    pub(crate) fn tools(&self) -> Option<&Path> {
        self.kubectl
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
    }

    fn engine(&self) -> Engine {
        Engine {
            address: self.engine.clone(),
        }
    }

    /// Makes the test images and gives them to the node, if it hasn't those of today's scripts. Says whether it did.
    fn load_images(&self, places: &Places, files: &Files) -> Result<bool> {
        let scripts = places.repository.join("e2e/cluster");
        let recipe = fs::read_to_string(scripts.join("images.sh"))?
            + &fs::read_to_string(scripts.join("mkimage.sh"))?;
        if fs::read_to_string(&files.loaded).is_ok_and(|loaded| loaded == recipe) {
            return Ok(false);
        }
        eprintln!("making the test images");
        make_images(&scripts, &files.images, &self.engine())?;
        let archives = ["bash.tar", "busybox.tar", "noshell.tar"];
        for archive in archives {
            self.load(places, &files.images.join(archive))?;
        }
        fs::write(&files.loaded, recipe)?;
        Ok(true)
    }

    /// Makes the tests' pods, anew if the images are, and waits until they run.
    fn apply_pods(&self, places: &Places, anew: bool) -> Result<()> {
        let manifest = places.repository.join("e2e/cluster/pods.yaml");
        let namespace = ["--namespace", NAMESPACE];
        if !command::succeeds(self.kubectl().args(["get", "namespace", NAMESPACE]), LIMIT) {
            command::run(
                self.kubectl()
                    .args(["create", "namespace", NAMESPACE, "--save-config"]),
            )?;
        }
        // Without it no pod is admitted.
        command::run(self.kubectl().args(namespace).args([
            "wait",
            "--for=create",
            "--timeout=60s",
            "serviceaccount/default",
        ]))?;
        let delete = || {
            command::run(
                self.kubectl()
                    .args(namespace)
                    .args(["delete", "pods", "--all", "--now"]),
            )
        };
        let apply = || {
            self.kubectl()
                .args(["apply", "--filename"])
                .arg(&manifest)
                .stderr(Stdio::null())
                .status()
        };
        if anew {
            delete()?;
        }
        if !apply()?.success() {
            // Most of a pod can't be changed.
            delete()?;
            command::run(self.kubectl().args(["apply", "--filename"]).arg(&manifest))?;
        }
        command::run(self.kubectl().args(namespace).args([
            "wait",
            "--for=condition=Ready",
            "--timeout=90s",
            "pod/shell",
        ]))
        .with_context(|| format!("the pod shell in {NAMESPACE} does not become ready"))
    }

    /// A kubectl command that prints nothing but errors.
    pub(crate) fn kubectl(&self) -> Command {
        let mut kubectl = Command::new(&self.kubectl);
        kubectl
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .stdout(Stdio::null());
        kubectl
    }
}

fn create(places: &Places, kubernetes: &Kubernetes, files: &Files) -> Result<()> {
    let folder = kubernetes.folder(places);
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    files.forget()?;
    let engine = Engine::find_or_start(places)?;
    let image = node_image::provide(places, kubernetes, &engine)?;
    // One that no longer answers, say after the machine was restarted.
    delete(places, kubernetes, &engine)?;
    fs::write(&files.engine, engine.address.as_deref().unwrap_or_default())?;
    let name = kubernetes.cluster();
    let mut create = engine.command(node_image::kind(places, kubernetes)?);
    create.args(["create", "cluster", "--name", &name]);
    create.args(["--image", &image.name, "--wait=120s", "--kubeconfig"]);
    create.arg(&files.kubeconfig);
    if image.own {
        fs::write(&files.own_image, &image.name)?;
        create
            .arg("--config")
            .arg(places.repository.join("e2e/cluster/kind.yaml"));
    }
    command::run(&mut create)?;
    if kubectl(&folder).is_err() {
        // The node's own.
        let bin = folder.join("bin");
        fs::create_dir_all(&bin)?;
        command::run(
            engine
                .docker()
                .arg("cp")
                .arg(format!("{name}-control-plane:/usr/bin/kubectl"))
                .arg(&bin)
                .stdout(Stdio::null()),
        )?;
    }
    Ok(())
}

/// Deletes the cluster, if there is one.
fn delete(places: &Places, kubernetes: &Kubernetes, engine: &Engine) -> Result<()> {
    let mut kind = engine.command(node_image::kind(places, kubernetes)?);
    kind.args(["delete", "cluster", "--quiet", "--name"]);
    kind.arg(kubernetes.cluster()).arg("--kubeconfig");
    command::run(kind.arg(Files::below(&kubernetes.folder(places)).kubeconfig))
}

/// Makes the test images as archives in a folder.
fn make_images(scripts: &Path, folder: &Path, engine: &Engine) -> Result<()> {
    let needed = ["busybox-static", "bash-static"];
    if packages::is_debian() && (packages::missing(&needed).is_empty() || packages::is_root()) {
        packages::install(&needed)?;
        return command::run(Command::new(scripts.join("images.sh")).arg(folder));
    }
    fs::create_dir_all(folder)?;
    let volume = |folder: &Path, name: &str| format!("--volume={}:{name}", folder.display());
    let script = format!(
        "apt-get update -qq && apt-get install -qq --no-install-recommends {} >/dev/null && /scripts/images.sh /images",
        needed.join(" ")
    );
    let mut docker = engine.docker();
    docker.args([
        "run",
        "--rm",
        &volume(scripts, "/scripts:ro"),
        &volume(folder, "/images"),
        DEBIAN_IMAGE,
    ]);
    command::run_long(
        docker.args(["sh", "-c", &script]).stdout(Stdio::null()),
        "making the test images",
    )
}

/// kubectl out of the folder, or the one on PATH.
fn kubectl(folder: &Path) -> Result<PathBuf> {
    let own = folder.join("bin/kubectl");
    if own.exists() {
        return Ok(own);
    }
    if command::succeeds(Command::new("kubectl").args(["version", "--client"]), LIMIT) {
        return Ok("kubectl".into());
    }
    bail!("kubectl is needed: https://kubernetes.io/docs/tasks/tools")
}

/// The version of the Kubernetes that answers.
fn version(kubectl: &Path, kubeconfig: &Path) -> Result<String> {
    let output = Command::new(kubectl)
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .args(["get", "--raw=/version", "--request-timeout=30s"])
        .output()
        .with_context(|| format!("can't start {}", kubectl.display()))?;
    if !output.status.success() {
        return Err(anyhow!(
            "{}",
            String::from_utf8_lossy(&output.stderr).trim().to_owned()
        ));
    }
    let version: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("/version gave no JSON")?;
    Ok(version["gitVersion"]
        .as_str()
        .context("/version names no version")?
        .to_owned())
}
