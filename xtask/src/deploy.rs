//! `cargo xtask cluster deploy`: Podshell in the test cluster, its image loaded and the Helm chart installed.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, Result};
use clap::ValueEnum;

use crate::{
    chart::helm::Helm,
    cluster::{self, Cluster},
    command,
    image::{self, Image},
    places::Places,
    provider::Provider,
    steps::Steps,
    versions::Kubernetes,
};

/// The name of the Secret with what a proxy sends, and of the key in it.
const PROXY_SECRET: (&str, &str) = ("podshell-proxy", "proxy-secret");
/// The same of what an OpenID provider knows Podshell by.
const CLIENT_SECRET: (&str, &str) = ("podshell-oidc", "client-secret");
/// The `ConfigMap` with who vouches for the provider.
const AUTHORITY: &str = "podshell-oidc-ca";

/// What to install.
#[derive(Debug, clap::Args)]
pub(crate) struct Wishes {
    /// The Kubernetes of the cluster
    #[arg(long, value_name = "VERSION", default_value_t)]
    kubernetes: Kubernetes,
    /// How people sign in. Each has a namespace of its own, so all can be there
    #[arg(long, value_name = "HOW", default_value = "token")]
    sign_in: SignIn,
    #[command(flatten)]
    chart: Chart,
}

/// What the chart is told beside what the tests tell it.
#[derive(Debug, Default, clap::Args)]
struct Chart {
    /// Values of the chart, over those in e2e/cluster/values
    #[arg(long, value_name = "PATH")]
    values: Vec<PathBuf>,
    /// One value of the chart, as for Helm
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

/// The ways to sign in that can be deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SignIn {
    Token,
    Proxy,
    Oidc,
}

impl SignIn {
    /// Its namespace, which is the release's name as well.
    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Self::Token => "podshell",
            Self::Proxy => "podshell-proxy",
            Self::Oidc => "podshell-oidc",
        }
    }

    fn values(self, places: &Places) -> PathBuf {
        let name = match self {
            Self::Token => "token.yaml",
            Self::Proxy => "proxy.yaml",
            Self::Oidc => "oidc.yaml",
        };
        places.repository.join("e2e/cluster/values").join(name)
    }
}

/// Builds the image, sees to the cluster, and installs.
pub(crate) fn run(places: &Places, steps: &mut Steps, wishes: &Wishes) -> Result<()> {
    let image = image::run(places, steps, &image::Wishes::usual()?)?;
    let cluster = steps.step("cluster", || cluster::up(places, &wishes.kubernetes))?;
    steps.step("load the image", || cluster.load(places, &image.archive))?;
    steps.step("deploy", || {
        cluster.renew_service_rules()?;
        install(places, &cluster, &image, wishes.sign_in, &wishes.chart)
    })?;
    let namespace = wishes.sign_in.namespace();
    let mut service = cluster.kubectl();
    service.args(["--namespace", namespace, "get", "service", namespace]);
    service.arg("--output=jsonpath={.spec.ports[0].nodePort}");
    service.stdout(Stdio::piped());
    let port = command::read(&mut service)?;
    println!(
        "It is at port {port} of the node, for a proxy on this machine: deploy/proxies has examples. Its own name is the \
         publicUrl in {}.",
        wishes.sign_in.values(places).display()
    );
    Ok(())
}

/// Installs what a test needs.
pub(crate) fn usual(
    places: &Places,
    cluster: &Cluster,
    image: &Image,
    sign_in: SignIn,
) -> Result<()> {
    install(places, cluster, image, sign_in, &Chart::default())
}

fn install(
    places: &Places,
    cluster: &Cluster,
    image: &Image,
    sign_in: SignIn,
    chart: &Chart,
) -> Result<()> {
    let namespace = sign_in.namespace();
    make_namespace(cluster, namespace)?;
    let (repository, tag) = image
        .name
        .rsplit_once(':')
        .context("an image's name has a tag")?;
    let mut settings = vec![
        format!("image.repository={repository}"),
        format!("image.tag={tag}"),
        // The name stays the same: this makes a new pod of a new image.
        format!("podAnnotations.image-digest={}", image.digest),
        format!("trustedProxies={{{}}}", cluster.gateway()?),
    ];
    match sign_in {
        SignIn::Token => {}
        SignIn::Proxy => {
            make_secret(cluster, namespace, PROXY_SECRET)?;
            if cluster.is_constrained()? {
                settings.push("impersonation=constrained".to_owned());
            }
        }
        SignIn::Oidc => {
            let provider = cluster.provider(places)?;
            make_secret(cluster, namespace, CLIENT_SECRET)?;
            put_authority(cluster, namespace, &provider)?;
            settings.push(format!("oidc.issuer={}", provider.issuer));
            // The server reads it at its start.
            let digest = provider.authority_digest()?;
            settings.push(format!("podAnnotations.authority-digest={digest}"));
        }
    }
    settings.extend(chart.set.iter().cloned());
    let values: Vec<_> = [sign_in.values(places)]
        .into_iter()
        .chain(chart.values.iter().cloned())
        .collect();
    let helm = Helm::find(places)?;
    let release = (namespace, namespace);
    let installed = helm.install(&cluster.kubeconfig, release, &values, &settings);
    if installed.is_err() {
        // Helm says no more than that it waited in vain.
        let mut logs = cluster.kubectl();
        logs.args(["--namespace", namespace, "logs", "--tail=20"]);
        logs.arg(format!("deployment/{namespace}"))
            .stdout(io::stderr());
        drop(command::run(&mut logs));
    }
    installed
}

/// Makes a namespace that admits nothing but what the restricted profile allows.
fn make_namespace(cluster: &Cluster, name: &str) -> Result<()> {
    let mut get = cluster.kubectl();
    get.args(["get", "namespace", name]).stderr(Stdio::null());
    if !get.status().is_ok_and(|status| status.success()) {
        command::run(cluster.kubectl().args(["create", "namespace", name]))?;
    }
    let profile = "pod-security.kubernetes.io/enforce=restricted";
    let mut label = cluster.kubectl();
    label.args(["label", "--overwrite", "namespace", name, profile]);
    command::run(&mut label)
}

/// Makes what only we and somebody else know, if it is not there.
fn make_secret(cluster: &Cluster, namespace: &str, (name, key): (&str, &str)) -> Result<()> {
    let mut get = cluster.kubectl();
    get.args(["--namespace", namespace, "get", "secret", name]);
    if get
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
    {
        return Ok(());
    }
    let mut create = cluster.kubectl();
    create.args(["--namespace", namespace, "create", "secret", "generic"]);
    // For a cluster of tests: elsewhere it is no argument, which other users of the machine can see.
    create.args([name, &format!("--from-literal={key}={}", random()?)]);
    command::run(&mut create)
}

/// Tells who vouches for the provider.
fn put_authority(cluster: &Cluster, namespace: &str, provider: &Provider) -> Result<()> {
    let mut create = cluster.kubectl();
    create.args(["--namespace", namespace, "create", "configmap", AUTHORITY]);
    create.arg(format!(
        "--from-file=ca.crt={}",
        provider.authority().display()
    ));
    create.args(["--dry-run=client", "--output=yaml"]);
    let text = command::read(create.stdout(Stdio::piped()))?;
    let file = provider.folder.join("configmap.yaml");
    fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
    command::run(cluster.kubectl().args(["apply", "--filename"]).arg(file))
}

/// 32 random bytes in hexadecimal digits.
fn random() -> Result<String> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0; 32];
    File::open(source)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .with_context(|| format!("reading {}", source.display()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
