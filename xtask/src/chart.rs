//! What installs Podshell in a cluster: checks of the Helm chart, the sample policies and the dashboard, and the plain
//! manifest made of the chart.

mod dashboard;
mod forms;
pub(crate) mod helm;
mod manifest;
mod rights;
mod samples;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use self::helm::Helm;
use crate::{
    cluster::{self, Cluster},
    command,
    places::Places,
    steps::Steps,
    versions::Kubernetes,
};

/// What there is to do with the chart.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Check chart, manifest, sample policies and dashboard; with a cluster that is up, also against its API server
    Check {
        /// The Kubernetes of that cluster
        #[arg(long, value_name = "VERSION", default_value_t)]
        kubernetes: Kubernetes,
    },
    /// Write deploy/podshell.yaml anew
    Manifest,
}

/// Does it.
pub(crate) fn run(places: &Places, steps: &mut Steps, task: &Task) -> Result<()> {
    match task {
        Task::Manifest => manifest::write(places, &Helm::find(places)?),
        Task::Check { kubernetes } => {
            steps.step("chart", || check(places))?;
            let Some(cluster) = cluster::as_it_is(places, kubernetes)? else {
                eprintln!("\nNo cluster is up to ask for more (cargo xtask cluster up makes one).");
                return Ok(());
            };
            eprintln!("\nasking {}", cluster.description);
            let helm = Helm::find(places)?;
            steps.step("forms", || forms::check(places, &helm, &cluster))?;
            steps.step("rights", || rights::check(places, &helm, &cluster))?;
            steps.step("sample policies", || samples::check(places, &cluster))
        }
    }
}

/// Checks what can be checked without a cluster.
pub(crate) fn check(places: &Places) -> Result<()> {
    let helm = Helm::find(places)?;
    for values in values(places)? {
        helm.lint(&values)?;
        let text = helm.template(&values, "podshell", "podshell")?;
        for wrong in ["<no value>", "<nil>", "%!"] {
            if let Some(line) = text.lines().find(|line| line.contains(wrong)) {
                bail!(
                    "with {} the chart makes this line: {line}",
                    values.display()
                );
            }
        }
    }
    helm::refusals(&helm)?;
    dashboard::check(places)?;
    manifest::compare(places, &helm)
}

/// The values that the chart is tried with: one file for each mode.
fn values(places: &Places) -> Result<Vec<PathBuf>> {
    files(&places.repository.join("deploy/chart/podshell/ci"))
}

/// The YAML files of a folder, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        bail!("there is no YAML in {}", folder.display());
    }
    Ok(files)
}

/// Writes something to ask a cluster by, where it can be read afterwards.
fn scratch(places: &Places, name: &str, text: &str) -> Result<PathBuf> {
    let folder = places.target.join("chart");
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let path = folder.join(name);
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

/// Deletes namespaces and waits until they are gone: a run that was broken off may have left them.
fn clear(cluster: &Cluster, namespaces: &[&str]) -> Result<()> {
    let mut delete = cluster.kubectl();
    delete.args(["delete", "--ignore-not-found", "--timeout=60s", "namespace"]);
    command::run(delete.args(namespaces))
}

/// The name of a file without folder and ending.
fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
