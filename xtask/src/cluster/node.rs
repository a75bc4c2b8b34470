//! The node of the cluster that kind makes: images for it, its network, and how its API server is run.

use std::{
    fs,
    net::Ipv4Addr,
    path::Path,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::{Cluster, NAME};
use crate::{command, node_image, places::Places};

/// What all requests are noted by: who, what, when, from where; no bodies.
const POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    resources: [{group: '', resources: [pods/exec, pods/attach, pods/ephemeralcontainers]}]
  - level: None
";
/// The flags that are added to the API server's.
const FLAGS: [&str; 4] = [
    "--audit-log-path=/var/log/kubernetes/audit.log",
    "--audit-log-maxsize=20",
    "--audit-policy-file=/etc/podshell/audit-policy.yaml",
    CONSTRAINED,
];
const CONSTRAINED: &str = "--feature-gates=ConstrainedImpersonation=true";
/// Folders of the node that they need: the name, where, what it is.
const FOLDERS: [(&str, &str, &str); 2] = [
    ("podshell", "/etc/podshell", "Directory"),
    ("podshell-log", "/var/log/kubernetes", "DirectoryOrCreate"),
];
/// Where the kubelet reads what to run.
const MANIFEST: &str = "/etc/kubernetes/manifests/kube-apiserver.yaml";
/// How long the API server may be away.
const AWAY: Duration = Duration::from_secs(180);

impl Cluster {
    /// Gives an image to the node.
    pub(crate) fn load(&self, places: &Places, archive: &Path) -> Result<()> {
        let mut kind = self.engine().command(node_image::kind(places)?);
        kind.args(["load", "image-archive", "--name", NAME]);
        command::run(kind.arg(archive))
    }

    /// This machine's address as what comes by a port of the node sees it: that of the network which kind makes.
    pub(crate) fn gateway(&self) -> Result<Ipv4Addr> {
        let mut docker = self.engine().docker();
        docker.args(["network", "inspect", "kind", "--format"]);
        docker.arg("{{range .IPAM.Config}}{{println .Gateway}}{{end}}");
        let gateways = command::read(&mut docker)?;
        let first = gateways.lines().find_map(|line| line.parse().ok());
        first.context("kind's network has no gateway")
    }

    /// Whether the API server knows constrained impersonation.
    pub(crate) fn is_constrained(&self) -> Result<bool> {
        Ok(self.api_server()?.contains(CONSTRAINED))
    }

    /// Lets the API server keep an audit log and know constrained impersonation, if it does not.
    pub(crate) fn audit(&self, places: &Places) -> Result<()> {
        if FLAGS
            .iter()
            .all(|flag| self.api_server().is_ok_and(|all| all.contains(flag)))
        {
            eprintln!("it does already");
            return Ok(());
        }
        let folder = places.target.join("api-server");
        let (policy, manifest) = (folder.join("podshell"), folder.join("kube-apiserver.yaml"));
        fs::create_dir_all(&policy).with_context(|| format!("making {}", policy.display()))?;
        fs::write(policy.join("audit-policy.yaml"), POLICY)?;
        let node = format!("{NAME}-control-plane");
        let copy = |from: String, to: String| {
            let mut docker = self.engine().docker();
            command::run(docker.args(["cp", &from, &to]).stdout(Stdio::null()))
        };
        copy(format!("{node}:{MANIFEST}"), manifest.display().to_string())?;
        let text = fs::read_to_string(&manifest)?;
        fs::write(&manifest, with_flags(&text)?)?;
        copy(policy.display().to_string(), format!("{node}:/etc/"))?;
        // Not into the folder of manifests, where the kubelet would read half of it.
        let aside = "/etc/kubernetes/kube-apiserver.yaml";
        copy(manifest.display().to_string(), format!("{node}:{aside}"))?;
        let mut docker = self.engine().docker();
        command::run(docker.args(["exec", &node, "mv", aside, MANIFEST]))?;
        self.wait_for_api_server()?;
        eprintln!("the audit log is in the node's /var/log/kubernetes");
        Ok(())
    }

    /// Waits until the API server runs with what was added, and answers.
    #[expect(
        clippy::disallowed_methods,
        reason = "nothing tells when it is back, and there is no other work on this thread"
    )]
    fn wait_for_api_server(&self) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < AWAY {
            let is_new = self.api_server().is_ok_and(|all| all.contains(CONSTRAINED));
            if is_new && command::succeeds(self.kubectl().args(["get", "--raw=/readyz"]), AWAY) {
                return Ok(());
            }
            thread::sleep(Duration::from_secs(1));
        }
        bail!("the API server did not come back")
    }

    /// How the API server was started, as the cluster has it.
    fn api_server(&self) -> Result<String> {
        let mut get = self.kubectl();
        get.args([
            "--namespace=kube-system",
            "--request-timeout=5s",
            "get",
            "pods",
        ]);
        get.args(["--selector=component=kube-apiserver"]);
        get.arg("--output=jsonpath={.items[*].spec.containers[*].command}");
        // It may be away just now, which is nothing to tell of.
        let output = get.stdout(Stdio::piped()).output();
        let output = output.context("can't start kubectl")?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// The API server's manifest with the flags and folders, if they are not there.
fn with_flags(manifest: &str) -> Result<String> {
    let mut text = String::new();
    let mut found = 0;
    for line in manifest.lines() {
        text.push_str(line);
        text.push('\n');
        match line {
            "    - kube-apiserver" => {
                for flag in FLAGS.iter().filter(|flag| !manifest.contains(**flag)) {
                    text.push_str(&format!("    - {flag}\n"));
                }
            }
            "    volumeMounts:" => {
                for (name, path, _) in FOLDERS.iter().filter(|folder| is_new(manifest, folder)) {
                    text.push_str(&format!("    - {{mountPath: {path}, name: {name}}}\n"));
                }
            }
            "  volumes:" => {
                for (name, path, kind) in FOLDERS.iter().filter(|folder| is_new(manifest, folder)) {
                    text.push_str(&format!(
                        "  - {{name: {name}, hostPath: {{path: {path}, type: {kind}}}}}\n"
                    ));
                }
            }
            _ => continue,
        }
        found += 1;
    }
    if found != 3 {
        bail!("the API server's manifest has another form than expected:\n{manifest}");
    }
    Ok(text)
}

fn is_new(manifest: &str, (name, ..): &(&str, &str, &str)) -> bool {
    !manifest.contains(&format!("name: {name}}}"))
}

#[cfg(test)]
mod tests {
    use super::with_flags;

    const MANIFEST: &str = "\
spec:
  containers:
  - command:
    - kube-apiserver
    - --secure-port=6443
    image: registry.k8s.io/kube-apiserver:v1
    volumeMounts:
    - mountPath: /etc/ssl/certs
      name: ca-certs
  volumes:
  - hostPath:
      path: /etc/ssl/certs
    name: ca-certs
";

    #[test]
    fn flags_and_folders_are_added_once() {
        let changed = with_flags(MANIFEST).unwrap();
        assert!(
            changed.contains("    - kube-apiserver\n    - --audit-log-path="),
            "{changed}"
        );
        assert!(
            changed.contains("volumeMounts:\n    - {mountPath: /etc/podshell, name: podshell}\n"),
            "{changed}"
        );
        assert!(changed.contains("type: DirectoryOrCreate}}"), "{changed}");
        assert_eq!(with_flags(&changed).unwrap(), changed);
        assert!(with_flags("spec: {}").is_err());
    }
}
