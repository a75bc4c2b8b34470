//! Packages of Debian and its kin: which are missing, and installing them as root.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Result, bail};

use crate::command;

/// Whether this is a system with Debian's package tools.
pub(crate) fn is_debian() -> bool {
    Path::new("/etc/debian_version").exists() && Path::new("/usr/bin/apt-get").exists()
}

/// Whether this program may install packages and start system services.
pub(crate) fn is_root() -> bool {
    command::read(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}

/// Installs the packages that are missing. Quick when none is.
///
/// Fails with the command to type where this isn't Debian or the caller isn't root.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let missing = missing(packages);
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !is_debian() {
        bail!(
            "not found: {names} (Debian's names). Install what your system calls these, then try again"
        );
    }
    if !is_root() {
        bail!("packages are missing. Run: sudo apt-get install --no-install-recommends {names}");
    }
    eprintln!("installing {names}");
    let install = || {
        let mut apt = Command::new("apt-get");
        apt.args(["install", "--yes", "--no-install-recommends", "--quiet=2"])
            // Another xtask may be at it.
            .arg("--option=DPkg::Lock::Timeout=600")
            .args(&missing);
        // Its own progress is for terminals; its errors are shown.
        apt.env("DEBIAN_FRONTEND", "noninteractive")
            .stdout(Stdio::null());
        command::run_long(&mut apt, "installing packages")
    };
    if install().is_ok() {
        return Ok(());
    }
    // Package lists that are old or not there.
    command::run_long(
        Command::new("apt-get").args(["update", "--quiet=2"]),
        "updating the package lists",
    )?;
    install()
}

/// Finds a program that tests use where it is: what a variable names (nothing at all: it is not wanted), else the first of
/// `paths` that is there, after `packages` were installed where that can be done. [`None`] if there is none, with a word of
/// what comes `of_that`.
pub(crate) fn find_optional(
    variable: &str,
    paths: &[&str],
    packages: &[&str],
    of_that: &str,
) -> Option<PathBuf> {
    if let Some(path) = env::var_os(variable) {
        return Some(path.into()).filter(|path: &PathBuf| !path.as_os_str().is_empty());
    }
    let there = || paths.iter().find(|path| Path::new(path).exists());
    if there().is_none()
        && is_debian()
        && let Err(error) = install(packages)
    {
        eprintln!("{error:#}");
    }
    if there().is_none() {
        eprintln!("\nWARNING: {of_that}; set {variable} to the path of one\n");
    }
    there().map(PathBuf::from)
}

/// Those that aren't installed.
pub(crate) fn missing<'name>(packages: &[&'name str]) -> Vec<&'name str> {
    let query = Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status} ${Package}\n"])
        .args(packages)
        .output();
    // It ends with an error as soon as one is unknown; what it lists is right all the same.
    let listed = query
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    not_installed(packages, &listed)
}

fn not_installed<'name>(packages: &[&'name str], listed: &str) -> Vec<&'name str> {
    packages
        .iter()
        .copied()
        .filter(|name| {
            !listed
                .lines()
                .any(|line| line == format!("installed {name}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::not_installed;

    #[test]
    fn packages_that_dpkg_does_not_call_installed_are_missing() {
        let listed = "installed runc\nconfig-files iptables\n";
        assert_eq!(
            not_installed(&["runc", "iptables", "busybox-static"], listed),
            ["iptables", "busybox-static"]
        );
        assert_eq!(not_installed(&["runc"], listed), [""; 0]);
    }
}
