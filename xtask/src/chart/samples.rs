//! What the sample policies do: each refuses what it says, with its message, and nothing else.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::{files, scratch};
use crate::{cluster::Cluster, command, places::Places};

/// How often something is tried until a new policy counts.
const TRIES: usize = 30;
/// Two namespaces, of which one has the labels that policies look for; a pod in each, and people who may get into them.
const SCENE: &str = "\
apiVersion: v1
kind: Namespace
metadata:
  name: podshell-chart-open
---
apiVersion: v1
kind: Namespace
metadata:
  name: podshell-chart-labelled
  labels: {podshell.dev/debug-images: restricted}
";
const PODS: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: shell, namespace: NAMESPACE}
spec:
  terminationGracePeriodSeconds: 1
  automountServiceAccountToken: false
  containers:
    - {name: bash, image: 'podshell.test/bash:1', imagePullPolicy: Never}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: shell, namespace: NAMESPACE}
rules:
  - {apiGroups: [''], resources: [pods], verbs: [get]}
  - {apiGroups: [''], resources: [pods/exec, pods/attach], verbs: [get, create]}
  - {apiGroups: [''], resources: [pods/ephemeralcontainers], verbs: [patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: shell, namespace: NAMESPACE}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: shell}
subjects:
  - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: podshell-users}
  - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: others}
";
const OPEN: &str = "podshell-chart-open";
const LABELLED: &str = "podshell-chart-labelled";

/// Sets the scene, tries, and removes all of it.
pub(super) fn check(places: &Places, cluster: &Cluster) -> Result<()> {
    let policies = files(&places.repository.join("deploy/samples/admission"))?;
    let scene = scratch(places, "samples.yaml", SCENE)?;
    super::clear(cluster, &[OPEN, LABELLED])?;
    command::run(cluster.kubectl().args(["apply", "--filename"]).arg(&scene))?;
    for namespace in [OPEN, LABELLED] {
        let mut wait = cluster.kubectl();
        wait.args(["wait", "--for=create", "--timeout=60s"]);
        wait.args(["--namespace", namespace, "serviceaccount/default"]);
        command::run(&mut wait)?;
        let pods = PODS.replace("NAMESPACE", namespace);
        let pods = scratch(places, &format!("{namespace}.yaml"), &pods)?;
        command::run(cluster.kubectl().args(["apply", "--filename"]).arg(pods))?;
        let mut wait = cluster.kubectl();
        wait.args(["wait", "--for=condition=Ready", "--timeout=60s"]);
        command::run(wait.args(["--namespace", namespace, "pod/shell"]))?;
    }
    for policy in &policies {
        command::run(cluster.kubectl().args(["apply", "--filename"]).arg(policy))?;
    }
    let done = try_all(cluster);
    for policy in policies.iter().chain([&scene]) {
        let mut delete = cluster.kubectl();
        delete.args(["delete", "--ignore-not-found", "--wait=false", "--filename"]);
        command::run(delete.arg(policy))?;
    }
    done
}

fn try_all(cluster: &Cluster) -> Result<()> {
    let user = |namespace, group| Person {
        cluster,
        namespace,
        group,
    };
    let registry = "registry.example.com/debug/";
    // Of the launch line, and of the clean-up.
    let shell = ["sh", "-c", "true"];
    let restricted = user(OPEN, "podshell-users");
    restricted.is_refused(
        &restricted.exec(&["cat", "/proc/1/status"]),
        "start sh or bash",
    )?;
    restricted.may(&restricted.exec(&shell))?;
    for shell in ["bash", "/bin/sh"] {
        restricted.may(&restricted.exec(&[shell, "-c", "true"]))?;
    }
    let other = user(OPEN, "others");
    other.may(&other.exec(&["cat", "/proc/1/status"]))?;
    other.may(&other.debug("elsewhere.example.com/image"))?;

    let other = user(LABELLED, "others");
    for image in [
        "elsewhere.example.com/image",
        "registry.example.com/debug-evil",
    ] {
        other.is_refused(&other.debug(image), registry)?;
    }
    other.may(&other.debug("registry.example.com/debug/image"))?;

    other.may(&other.exec(&shell))?;
    let mut label = cluster.kubectl();
    command::run(label.args(["label", "namespace", LABELLED, "podshell.dev/no-shell="]))?;
    let says = "takes no shells";
    other.is_refused(&other.exec(&shell), says)?;
    other.is_refused(&other.verb("attach", &["shell"]), says)?;
    other.is_refused(&other.debug("registry.example.com/debug/other"), says)?;
    let elsewhere = user(OPEN, "others");
    elsewhere.may(&elsewhere.exec(&shell))
}

/// Somebody of a group, at the pod of a namespace.
struct Person<'cluster> {
    cluster: &'cluster Cluster,
    namespace: &'static str,
    group: &'static str,
}

impl Person<'_> {
    fn exec(&self, what: &[&str]) -> Vec<String> {
        self.verb("exec", &[&["shell", "--"], what].concat())
    }

    fn debug(&self, image: &str) -> Vec<String> {
        // Without a terminal it adds the container and looks no further.
        self.verb("debug", &["shell", "--quiet", "--image", image])
    }

    fn verb(&self, verb: &str, arguments: &[&str]) -> Vec<String> {
        let who = ["--as=somebody", "--as-group", self.group];
        let place = ["--namespace", self.namespace];
        let all = [&[verb][..], &who, &place, arguments].concat();
        all.into_iter().map(str::to_owned).collect()
    }

    /// It has to go well.
    fn may(&self, arguments: &[String]) -> Result<()> {
        let (went_well, said) = self.run(arguments)?;
        if !went_well {
            bail!("kubectl {} must go well: {said}", arguments.join(" "));
        }
        Ok(())
    }

    /// It has to be refused with these words, once the policy counts.
    fn is_refused(&self, arguments: &[String], words: &str) -> Result<()> {
        let mut said = String::new();
        for _ in 0..TRIES {
            let went_well;
            (went_well, said) = self.run(arguments)?;
            if !went_well && said.contains("denied request") && said.contains(words) {
                return Ok(());
            }
        }
        bail!(
            "kubectl {} must be refused with {words:?}: {said}",
            arguments.join(" ")
        )
    }

    fn run(&self, arguments: &[String]) -> Result<(bool, String)> {
        let mut kubectl: Command = self.cluster.kubectl();
        let output = kubectl
            .args(arguments)
            .output()
            .context("can't start kubectl")?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok((output.status.success(), said))
    }
}
