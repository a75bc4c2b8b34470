//! What comes from the Go module proxy: programs that are built here, and files of modules.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};

use crate::command;

/// Whether Go is there, in this version 1.x or a later one.
pub(crate) fn is_recent(minor: u32) -> bool {
    let go = Command::new("go")
        .arg("version")
        .stderr(Stdio::null())
        .output();
    let version = go
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    minor_in(&version).is_some_and(|found| found >= minor)
}

/// Builds a program, say `helm.sh/helm/v4/cmd/helm@v4.3.1`, into a folder.
pub(crate) fn install(package: &str, folder: &Path) -> Result<()> {
    let mut go = Command::new("go");
    go.args(["install", "-trimpath", "-ldflags=-s -w", package])
        .env("CGO_ENABLED", "0")
        .env("GOBIN", folder)
        // No module of a folder around has a say in it.
        .current_dir(env::temp_dir());
    command::run_long(&mut go, &format!("building {package}"))
}

/// The folder with the files of a module, say `sigs.k8s.io/gateway-api@v1.6.1`.
pub(crate) fn module(module: &str) -> Result<PathBuf> {
    let mut go = Command::new("go");
    go.args(["mod", "download", "-json", module])
        .current_dir(env::temp_dir());
    let said: serde_json::Value =
        serde_json::from_str(&command::read(&mut go)?).context("go mod download gave no JSON")?;
    let folder = said["Dir"].as_str().context("a module without a folder")?;
    Ok(folder.into())
}

/// `26` out of `go version go1.26.8 linux/amd64`.
fn minor_in(version: &str) -> Option<u32> {
    version
        .strip_prefix("go version go1.")?
        .split(|next: char| !next.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::minor_in;

    #[test]
    fn go_versions() {
        assert_eq!(minor_in("go version go1.26.8 linux/amd64"), Some(26));
        assert_eq!(minor_in("go version go1.25rc1 linux/amd64"), Some(25));
        assert_eq!(minor_in(""), None);
    }
}
