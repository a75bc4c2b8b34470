//! Helm with our chart: linting, rendering, and what the chart has to refuse.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{command, places::Places, tools};

/// Settings that must be refused, each with what has to stand in the error.
const REFUSED: [(&[&str], &str); 12] = [
    (&[], "publicUrl"),
    (&["publicUrl=http://shell.example.com"], "publicUrl"),
    (&["publicUrl=https://shell.example.com/path"], "publicUrl"),
    (&[FINE, "bogus=1"], "bogus"),
    (&[FINE, "replicas=2"], "replicas"),
    (&[FINE, "signIn=local"], "signIn"),
    (&[FINE, "actAs=impersonate"], "actAs"),
    (&[FINE, "signIn=oidc"], "oidc"),
    (
        &[FINE, "signIn=proxy", "actAs=impersonate"],
        "trustedProxies",
    ),
    (
        &[
            FINE,
            "signIn=proxy",
            "actAs=impersonate",
            "trustedProxies={10.0.0.1}",
        ],
        "existingSecret",
    ),
    (
        &[
            FINE,
            "signIn=proxy",
            "actAs=impersonate",
            "proxy.ca.configMap=x",
        ],
        "existingSecret",
    ),
    (&[FINE, "httpRoute.enabled=true"], "parentRefs"),
];
const FINE: &str = "publicUrl=https://shell.example.com";

/// Helm and the chart.
#[derive(Debug)]
pub(crate) struct Helm {
    program: PathBuf,
    chart: PathBuf,
}

impl Helm {
    /// Finds Helm, or builds it.
    pub(crate) fn find(places: &Places) -> Result<Self> {
        Ok(Self {
            program: tools::helm(places)?,
            chart: places.repository.join("deploy/chart/podshell"),
        })
    }

    /// Lints the chart with these values.
    pub(super) fn lint(&self, values: &Path) -> Result<()> {
        let mut helm = self.command("lint");
        helm.args(["--strict", "--quiet", "--values"]).arg(values);
        command::run(&mut helm)
    }

    /// All that the chart makes of these values, without its tests.
    pub(super) fn template(&self, values: &Path, release: &str, namespace: &str) -> Result<String> {
        let mut helm = self.command("template");
        helm.args(["--skip-tests", "--name-template", release])
            .args(["--namespace", namespace, "--values"])
            .arg(values);
        command::read(&mut helm)
    }

    /// The pod that `helm test` starts.
    pub(super) fn test_pod(&self, values: &Path, namespace: &str) -> Result<String> {
        let mut helm = self.command("template");
        helm.args(["--show-only=templates/tests/reach.yaml", "--namespace"])
            .arg(namespace)
            .args(["--name-template=podshell", "--values"])
            .arg(values);
        command::read(&mut helm)
    }

    /// Installs the chart in a cluster, or what it changes there, and waits until all is ready.
    pub(crate) fn install(
        &self,
        kubeconfig: &Path,
        (release, namespace): (&str, &str),
        values: &[PathBuf],
        settings: &[String],
    ) -> Result<()> {
        let mut helm = Command::new(&self.program);
        helm.args(["upgrade", "--install", release])
            .arg(&self.chart)
            .args(["--namespace", namespace, "--wait", "--timeout=90s"])
            .arg("--kubeconfig")
            .arg(kubeconfig);
        for file in values {
            helm.arg("--values").arg(file);
        }
        for setting in settings {
            helm.args(["--set", setting]);
        }
        command::run(&mut helm)
    }

    /// A Helm command about the chart.
    fn command(&self, task: &str) -> Command {
        let mut helm = Command::new(&self.program);
        helm.arg(task).arg(&self.chart);
        helm
    }
}

/// Checks that wrong settings are refused, with an error that names them.
pub(super) fn refusals(helm: &Helm) -> Result<()> {
    for (settings, named) in REFUSED {
        let mut template = helm.command("template");
        for setting in settings {
            template.args(["--set", setting]);
        }
        let output = template.output().context("can't start helm")?;
        let error = String::from_utf8_lossy(&output.stderr);
        if output.status.success() || !error.contains(named) {
            bail!("{settings:?} must be refused with a word about {named}: {error}");
        }
    }
    // The schema has no words of its own for it.
    let mut template = helm.command("template");
    template.args(["--skip-schema-validation", "--set", "replicas=2"]);
    let output = template.output().context("can't start helm")?;
    let error = String::from_utf8_lossy(&output.stderr);
    if output.status.success() || !error.contains("one is the most until more are supported") {
        bail!("replicas=2 must be refused with the reason: {error}");
    }
    Ok(())
}

/// The documents of some YAML that are of these kinds, as YAML.
pub(super) fn of_kinds(text: &str, kinds: &[&str]) -> String {
    let is_wanted = |document: &&str| {
        let kind = document
            .lines()
            .find_map(|line| line.strip_prefix("kind: "));
        kind.is_some_and(|kind| kinds.contains(&kind))
    };
    let documents = text.split("\n---\n").filter(is_wanted);
    documents.collect::<Vec<_>>().join("\n---\n")
}

#[cfg(test)]
mod tests {
    use super::of_kinds;

    #[test]
    fn documents_are_chosen_by_kind() {
        let text = "---\nkind: Role\na: 1\n---\nkind: Secret\n---\nkind: Role\na: 2";
        assert_eq!(
            of_kinds(text, &["Role"]),
            "---\nkind: Role\na: 1\n---\nkind: Role\na: 2"
        );
        assert_eq!(of_kinds(text, &["Pod"]), "");
    }
}
