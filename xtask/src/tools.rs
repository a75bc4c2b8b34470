//! The programs that building and testing need: checks for what a person installs, and gets the rest, once per version.

mod install;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use self::install::{Fits, Tool};
use crate::{
    command, go,
    places::{Kept, Places},
};

const TRUNK: &str = "0.21.14";
const CARGO_AUDITABLE: &str = "0.7.7";
const CARGO_CYCLONEDX: &str = "0.5.9";
const CARGO_DENY: &str = "0.20.2";
const CARGO_FUZZ: &str = "0.13.1";
const HELM: &str = "v4.3.1";
/// The Go 1.x that Helm needs.
const HELM_GO_MINOR: u32 = 26;
const NODE_MAJOR: u32 = 20;
const LIMIT: Duration = Duration::from_secs(20);

/// Checks that Node is there, and recent enough.
pub(crate) fn check_node() -> Result<()> {
    let how = "get it from https://nodejs.org or your system's packages";
    let Ok(version) = command::read(Command::new("node").arg("--version")) else {
        bail!("Node {NODE_MAJOR} or later is needed: {how}");
    };
    match node_major(&version) {
        Some(major) if major >= NODE_MAJOR => Ok(()),
        _ => bail!("Node {NODE_MAJOR} or later is needed, and this is {version}: {how}"),
    }
}

/// Checks that there is a C compiler, for the cryptography library.
pub(crate) fn check_c_compiler() -> Result<()> {
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    if cfg!(windows) || command::succeeds(Command::new(&compiler).arg("--version"), LIMIT) {
        return Ok(());
    }
    bail!(
        "a C compiler is needed, and {} does not run: install gcc or clang (Debian: apt-get install build-essential; \
         macOS: xcode-select --install)",
        compiler.display()
    )
}

/// Trunk and wasm-bindgen, the latter in the version that the page's code was locked to. Returns the folders to find them in,
/// before all others.
pub(crate) fn page_tools(places: &Places) -> Result<Vec<PathBuf>> {
    let _lock = places.lock(Kept::Tools)?;
    let wasm_bindgen = places.locked_version("wasm-bindgen")?;
    let tools = [
        Tool {
            package: "trunk",
            binary: "trunk",
            version: TRUNK,
            fits: Fits::Compatible,
            asked: &["--version"],
            // It is given all that it needs, and speaks plain HTTP with this machine alone: no TLS.
            flags: &["--locked", "--no-default-features"],
            level: "0",
            at_work: &[],
        },
        // Its lock file holds more than is needed.
        Tool {
            package: "wasm-bindgen-cli",
            binary: "wasm-bindgen",
            version: &wasm_bindgen,
            fits: Fits::Exactly,
            asked: &["--version"],
            flags: &["--bin=wasm-bindgen"],
            level: "0",
            at_work: &[
                "gimli",
                "walrus",
                "wasm-bindgen-cli-support",
                "wasm-encoder",
                "wasmparser",
            ],
        },
    ];
    let folders = tools.iter().map(|tool| tool.install(places).transpose());
    folders.flatten().collect()
}

/// cargo-auditable, which puts the list of dependencies into a binary. Returns what it is to be called by.
pub(crate) fn cargo_auditable(places: &Places) -> Result<PathBuf> {
    // It has no way to say its version, so one on PATH is not known to fit.
    cargo_tool(places, "cargo-auditable", CARGO_AUDITABLE, &["--version"])
}

/// cargo-cyclonedx. Returns what it is to be called by.
pub(crate) fn cargo_cyclonedx(places: &Places) -> Result<PathBuf> {
    cargo_tool(
        places,
        "cargo-cyclonedx",
        CARGO_CYCLONEDX,
        &["cyclonedx", "--version"],
    )
}

/// cargo-deny. Returns what it is to be called by.
pub(crate) fn cargo_deny(places: &Places) -> Result<PathBuf> {
    cargo_tool(places, "cargo-deny", CARGO_DENY, &["--version"])
}

/// cargo-fuzz. Returns what it is to be called by.
pub(crate) fn cargo_fuzz(places: &Places) -> Result<PathBuf> {
    cargo_tool(places, "cargo-fuzz", CARGO_FUZZ, &["--version"])
}

/// Helm, in exactly one version, as what it prints is compared. Returns what it is to be called by.
pub(crate) fn helm(places: &Places) -> Result<PathBuf> {
    let _lock = places.lock(Kept::Tools)?;
    let folder = places.cache.join(format!("tools/helm-{HELM}/bin"));
    let own = folder
        .join("helm")
        .with_extension(env::consts::EXE_EXTENSION);
    if own.exists() {
        return Ok(own);
    }
    let version = Command::new("helm")
        .args(["version", "--template={{.Version}}"])
        .output();
    if version.is_ok_and(|output| output.stdout == HELM.as_bytes()) {
        return Ok("helm".into());
    }
    if !go::is_recent(HELM_GO_MINOR) {
        bail!(
            "Helm {HELM} is needed to check the chart: install it (https://helm.sh) or Go 1.{HELM_GO_MINOR} or later \
             (https://go.dev/dl), which builds it"
        );
    }
    eprintln!("building Helm {HELM} (some minutes, once)");
    go::install(&format!("helm.sh/helm/v4/cmd/helm@{HELM}"), &folder)?;
    Ok(own)
}

fn cargo_tool(
    places: &Places,
    package: &'static str,
    version: &str,
    asked: &'static [&'static str],
) -> Result<PathBuf> {
    let _lock = places.lock(Kept::Tools)?;
    let tool = Tool {
        package,
        binary: package,
        version,
        fits: Fits::Compatible,
        asked,
        flags: &["--locked"],
        level: "1",
        at_work: &[],
    };
    let folder = tool.install(places)?;
    Ok(folder.unwrap_or_default().join(package))
}

/// Installs the npm packages of a folder by its lock file, if they aren't those already.
pub(crate) fn npm_packages(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    let wanted = fs::read(&lock).with_context(|| format!("reading {}", lock.display()))?;
    let stamp = folder.join("node_modules/.installed-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    eprintln!("installing the npm packages of {}", folder.display());
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    command::run_long(
        Command::new(npm)
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(folder),
        "installing npm packages",
    )?;
    fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))
}

/// `20` out of `v20.19.1`.
fn node_major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::node_major;

    #[test]
    fn node_versions() {
        assert_eq!(node_major("v20.19.1"), Some(20));
        assert_eq!(node_major("v8.0.0"), Some(8));
        assert_eq!(node_major("nonsense"), None);
    }
}
