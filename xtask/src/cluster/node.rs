//! The node of the cluster that kind makes: images for it, its network, and how its API server is run.

use std::{
    fs,
    net::Ipv4Addr,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::Cluster;
use crate::{command, node_image, places::Places, provider::Provider, versions};

/// What all requests are noted by: who, what, when, from where; no bodies.
const POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    resources: [{group: '', resources: [pods/exec, pods/attach, pods/log, pods/ephemeralcontainers]}]
  - level: None
";
/// The flags that are added to the API server's.
const FLAGS: [&str; 4] = [
    "--audit-log-path=/var/log/kubernetes/audit.log",
    "--audit-log-maxsize=20",
    "--audit-policy-file=/etc/podshell/audit-policy.yaml",
    "--authentication-config=/etc/podshell/authentication.yaml",
];
/// One more, where it is not so anyway.
const CONSTRAINED: &str = "--feature-gates=ConstrainedImpersonation=true";
/// The Kubernetes 1.x from which on it is.
const CONSTRAINED_SINCE: u32 = 36;
const AUTHENTICATION: &str = "/etc/podshell/authentication.yaml";
/// Folders of the node that they need: the name, where, what it is.
const FOLDERS: [(&str, &str, &str); 2] = [
    ("podshell", "/etc/podshell", "Directory"),
    ("podshell-log", "/var/log/kubernetes", "DirectoryOrCreate"),
];
/// Where the kubelet reads what to run.
const MANIFEST: &str = "/etc/kubernetes/manifests/kube-apiserver.yaml";
/// How long the API server may be away, or anything else.
const AWAY: Duration = Duration::from_secs(180);

impl Cluster {
    /// Gives an image to the node.
    pub(crate) fn load(&self, places: &Places, archive: &Path) -> Result<()> {
        let kind = node_image::kind(places, &self.kubernetes)?;
        let mut kind = self.engine().command(kind);
        kind.args(["load", "image-archive", "--name"]);
        command::run(kind.arg(self.kubernetes.cluster()).arg(archive))
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
        Ok(self.is_constrained_anyway() || self.api_server()?.contains(CONSTRAINED))
    }

    /// The tests' OpenID provider, as this cluster sees it. What it has is kept with the cluster.
    pub(crate) fn provider(&self, places: &Places) -> Result<Provider> {
        let folder = self.kubernetes.folder(places).join("provider");
        Provider::at(self.gateway()?, folder, places)
    }

    /// Lets the API server keep an audit log, trust the tests' OpenID provider and know constrained impersonation, if it does
    /// not. Returns the provider.
    pub(crate) fn prepare_api_server(&self, places: &Places) -> Result<Provider> {
        let provider = self.provider(places)?;
        let authentication = provider.authentication()?;
        let has_flags = self.has_flags();
        if has_flags && self.knows(&authentication) {
            eprintln!("the API server has its flags and files already");
            return Ok(provider);
        }
        let folder = places.target.join("api-server");
        let files = folder.join("podshell");
        fs::create_dir_all(&files).with_context(|| format!("making {}", files.display()))?;
        fs::write(files.join("audit-policy.yaml"), POLICY)?;
        fs::write(files.join("authentication.yaml"), authentication)?;
        self.copy(
            &files.display().to_string(),
            &format!("{}:/etc/", self.node()),
        )?;
        if has_flags {
            eprintln!("it trusts the provider within two minutes after that has started");
            return Ok(provider);
        }
        self.add_flags(&folder.join("kube-apiserver.yaml"))?;
        self.wait_for_api_server()?;
        eprintln!("the audit log is in the node's /var/log/kubernetes");
        Ok(provider)
    }

    /// Has kube-proxy make its rules out of nothing, where it makes them by nft. With Debian 12's (1.0.6) its maps were seen
    /// empty whenever it made all rules again over those that were there, as it does an hour after its start: from then on no
    /// Service leads anywhere. It is away meanwhile, as one that is only told to end makes rules until it has.
    pub(crate) fn renew_service_rules(&self) -> Result<()> {
        let mut mode = self.kube_proxy("get", &["configmap/kube-proxy", "--output=yaml"]);
        let mode = mode.stdout(Stdio::piped()).output()?.stdout;
        if !String::from_utf8_lossy(&mode).contains("mode: nftables") {
            return Ok(());
        }
        let node = self.node();
        let nft = |arguments: &[&str]| {
            let mut docker = self.engine().docker();
            docker.args(["exec", &node, "nft"]).args(arguments);
            docker
        };
        self.let_kube_proxy_run_on(r#"{"podshell.test/none":""}"#)?;
        let gone = ["pods", "--selector=k8s-app=kube-proxy"];
        let gone = [gone.as_slice(), &["--for=delete", "--timeout=120s"]].concat();
        command::run(&mut self.kube_proxy("wait", &gone))?;
        // There is none if this was broken off here before.
        let _ = command::succeeds(&mut nft(&["delete", "table", "ip", "kube-proxy"]), AWAY);
        self.let_kube_proxy_run_on(r#"{"podshell.test/none":null}"#)?;
        wait_until("kube-proxy makes no rules", || {
            let mut list = nft(&["list", "map", "ip", "kube-proxy", "service-ips"]);
            let listed = list.output();
            listed.is_ok_and(|listed| String::from_utf8_lossy(&listed.stdout).contains("elements"))
        })
    }

    /// Says which labels a node must have to have a kube-proxy.
    fn let_kube_proxy_run_on(&self, labels: &str) -> Result<()> {
        let patch = format!(r#"{{"spec":{{"template":{{"spec":{{"nodeSelector":{labels}}}}}}}}}"#);
        let patch = ["daemonset/kube-proxy", "--type=merge", "--patch", &patch];
        command::run(&mut self.kube_proxy("patch", &patch))
    }

    fn kube_proxy(&self, task: &str, arguments: &[&str]) -> Command {
        let mut kubectl = self.kubectl();
        kubectl
            .args(["--namespace=kube-system", task])
            .args(arguments);
        kubectl
    }

    fn node(&self) -> String {
        format!("{}-control-plane", self.kubernetes.cluster())
    }

    /// Copies to or from the node.
    fn copy(&self, from: &str, to: &str) -> Result<()> {
        let mut docker = self.engine().docker();
        command::run(docker.args(["cp", from, to]).stdout(Stdio::null()))
    }

    /// Whether the node has this for the API server to authenticate by.
    fn knows(&self, authentication: &str) -> bool {
        let mut docker = self.engine().docker();
        docker.args(["exec", &self.node(), "cat", AUTHENTICATION]);
        let output = docker.output();
        output.is_ok_and(|output| output.stdout == authentication.as_bytes())
    }

    /// Changes how the API server is run, which restarts it; `manifest` is for the text on its way.
    fn add_flags(&self, manifest: &Path) -> Result<()> {
        let node = self.node();
        let local = manifest.display().to_string();
        self.copy(&format!("{node}:{MANIFEST}"), &local)?;
        let text = fs::read_to_string(manifest)?;
        fs::write(manifest, with_flags(&text, &self.flags())?)?;
        // Not into the folder of manifests, where the kubelet would read half of it.
        let aside = "/etc/kubernetes/kube-apiserver.yaml";
        self.copy(&local, &format!("{node}:{aside}"))?;
        let mut docker = self.engine().docker();
        command::run(docker.args(["exec", &node, "mv", aside, MANIFEST]))
    }

    /// Waits until the API server runs with what was added, and answers.
    fn wait_for_api_server(&self) -> Result<()> {
        wait_until("the API server did not come back", || {
            let mut ready = self.kubectl();
            ready.args(["get", "--raw=/readyz"]);
            self.has_flags() && command::succeeds(&mut ready, AWAY)
        })
    }

    /// Whether the API server was started with all that is added.
    fn has_flags(&self) -> bool {
        self.api_server()
            .is_ok_and(|all| self.flags().iter().all(|flag| all.contains(flag)))
    }

    /// All that is added.
    fn flags(&self) -> Vec<&'static str> {
        let mut flags = FLAGS.to_vec();
        if !self.is_constrained_anyway() {
            flags.push(CONSTRAINED);
        }
        flags
    }

    /// Whether its Kubernetes knows constrained impersonation without being told to.
    fn is_constrained_anyway(&self) -> bool {
        versions::minor(&self.version).is_some_and(|minor| minor >= CONSTRAINED_SINCE)
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

/// Waits for something in the cluster.
#[expect(
    clippy::disallowed_methods,
    reason = "nothing tells when it is so, and there is no other work on this thread"
)]
fn wait_until(or: &str, is_so: impl Fn() -> bool) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < AWAY {
        if is_so() {
            return Ok(());
        }
        thread::sleep(Duration::from_secs(1));
    }
    bail!("{or}")
}

/// The API server's manifest with the flags and folders, if they are not there.
fn with_flags(manifest: &str, flags: &[&str]) -> Result<String> {
    let mut text = String::new();
    let mut found = 0;
    for line in manifest.lines() {
        text.push_str(line);
        text.push('\n');
        match line {
            "    - kube-apiserver" => {
                for flag in flags.iter().filter(|flag| !manifest.contains(**flag)) {
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
    use super::{FLAGS, with_flags};

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
        let changed = with_flags(MANIFEST, &FLAGS).unwrap();
        assert!(
            changed.contains("    - kube-apiserver\n    - --audit-log-path="),
            "{changed}"
        );
        assert!(
            changed.contains("volumeMounts:\n    - {mountPath: /etc/podshell, name: podshell}\n"),
            "{changed}"
        );
        assert!(changed.contains("type: DirectoryOrCreate}}"), "{changed}");
        assert_eq!(with_flags(&changed, &FLAGS).unwrap(), changed);
        assert!(with_flags("spec: {}", &FLAGS).is_err());
    }
}
