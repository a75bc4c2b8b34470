//! The plain manifest, for who does not use Helm: made of the chart, and compared with what it would be made of today.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, bail};

use super::helm::Helm;
use crate::places::Places;

const START: &str = "\
# Podshell without Helm: each user signs in with a token of their own, and the deployment's account may do nothing.
# Made of the chart by `cargo xtask chart manifest`; what to do differently is for the chart's values.
#
# 1. Put in your own: the address that people open it by (PODSHELL_PUBLIC_URL), and the image.
# 2. Apply it, and make the key that seals ids and cookies:
#      kubectl apply --filename podshell.yaml
#      kubectl --namespace podshell create secret generic podshell-ticket-key --from-literal=key=\"$(openssl rand -base64 32)\"
# 3. Let a proxy with TLS pass that address on to http://podshell.podshell.svc, with its Host header unchanged.
apiVersion: v1
kind: Namespace
metadata:
  name: podshell
  labels:
    pod-security.kubernetes.io/enforce: restricted
";

/// Lines that are true of what Helm installs alone.
const OF_HELM: [&str; 3] = [
    "app.kubernetes.io/managed-by:",
    "helm.sh/chart:",
    "# Source:",
];

/// Writes it.
pub(super) fn write(places: &Places, helm: &Helm) -> Result<()> {
    let path = path(places);
    fs::write(&path, make(places, helm)?).with_context(|| format!("writing {}", path.display()))
}

/// Fails if it is not what it would be today.
pub(super) fn compare(places: &Places, helm: &Helm) -> Result<()> {
    let path = path(places);
    let wanted = make(places, helm)?;
    if fs::read_to_string(&path).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    bail!(
        "{} is not what the chart makes now: run `cargo xtask chart manifest`",
        path.display()
    )
}

fn path(places: &Places) -> PathBuf {
    places.repository.join("deploy/podshell.yaml")
}

fn make(places: &Places, helm: &Helm) -> Result<String> {
    let values = places
        .repository
        .join("deploy/chart/podshell/ci/manifest.yaml");
    let text = helm.template(&values, "podshell", "podshell")?;
    Ok(format!("{START}{}", without_helm(&text)))
}

fn without_helm(text: &str) -> String {
    let is_kept = |line: &&str| {
        let line = line.trim_start();
        !OF_HELM.iter().any(|start| line.starts_with(start))
    };
    let lines = text.lines().filter(is_kept);
    lines.flat_map(|line| [line.trim_end(), "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::without_helm;

    #[test]
    fn nothing_is_left_of_helm() {
        let text = "---\n# Source: a.yaml\nmetadata:\n  labels:\n    helm.sh/chart: a-1\n    a: b";
        assert_eq!(without_helm(text), "---\nmetadata:\n  labels:\n    a: b\n");
    }
}
