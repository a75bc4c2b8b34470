//! Whether an API server takes what we would give it: each mode of the chart, the manifest and the samples, by dry run.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::{files, helm::Helm, scratch, stem, values};
use crate::{cluster::Cluster, command, go, places::Places};

/// Where the chart is tried; without it a dry run has no namespace to be in.
const NAMESPACE: &str = "\
apiVersion: v1
kind: Namespace
metadata:
  name: podshell-chart
  labels:
    pod-security.kubernetes.io/enforce: restricted
    pod-security.kubernetes.io/warn: restricted
---
apiVersion: v1
kind: Namespace
metadata:
  name: podshell
";

/// Kinds that optional parts of the chart are of: the module that has their definitions, and where.
const DEFINITIONS: [(&str, &[&str]); 2] = [
    (
        "sigs.k8s.io/gateway-api@v1.6.1",
        &["config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"],
    ),
    (
        "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        &[
            "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
            "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
        ],
    ),
];

/// Asks a cluster, in which only two namespaces and the definitions of kinds are left.
pub(super) fn check(places: &Places, helm: &Helm, cluster: &Cluster) -> Result<()> {
    let namespaces = scratch(places, "namespaces.yaml", NAMESPACE)?;
    command::run(
        cluster
            .kubectl()
            .args(["apply", "--filename"])
            .arg(namespaces),
    )?;
    define(cluster)?;
    for values in values(places)? {
        let name = stem(&values);
        let text = helm.template(&values, "podshell", "podshell-chart")?;
        let test = helm.test_pod(&values, "podshell-chart")?;
        let all = scratch(
            places,
            &format!("{name}.yaml"),
            &format!("{text}\n{test}\n"),
        )?;
        try_out(cluster, &all)?;
    }
    let deploy = places.repository.join("deploy");
    try_out(cluster, &deploy.join("podshell.yaml"))?;
    for sample in files(&deploy.join("samples/admission"))? {
        try_out(cluster, &sample)?;
    }
    Ok(())
}

/// Lets the cluster know the kinds.
fn define(cluster: &Cluster) -> Result<()> {
    for (module, definitions) in DEFINITIONS {
        let folder = go::module(module)?;
        for file in definitions {
            let mut apply = cluster.kubectl();
            apply.args(["apply", "--server-side", "--force-conflicts", "--filename"]);
            command::run(apply.arg(folder.join(file)))?;
            let mut wait = cluster.kubectl();
            wait.args(["wait", "--for=condition=Established", "--timeout=30s"]);
            command::run(wait.arg("--filename").arg(folder.join(file)))?;
        }
    }
    Ok(())
}

/// A warning, say of a pod that the restricted profile would not admit, is a fault as well.
fn try_out(cluster: &Cluster, file: &Path) -> Result<()> {
    let mut apply = cluster.kubectl();
    apply.args([
        "apply",
        "--dry-run=server",
        "--warnings-as-errors",
        "--filename",
    ]);
    command::run(apply.arg(file))
        .with_context(|| format!("the API server does not take {}", file.display()))
}
