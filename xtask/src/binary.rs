//! Builds the binary that holds the page, and starts it.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{command, page, places::Places, steps::Steps, tools};

/// Builds page and binary for release. Returns the binary's path.
pub(crate) fn build(places: &Places, steps: &mut Steps) -> Result<PathBuf> {
    steps.step("page", || page::build(places))?;
    steps.step("binary", || {
        tools::check_c_compiler()?;
        command::run(
            command::cargo()
                .args(["build", "--release", "--package=podshell", "--bin=podshell"])
                .current_dir(&places.repository),
        )?;
        let binary = places
            .target
            .join("release")
            .join(format!("podshell{}", std::env::consts::EXE_SUFFIX));
        let size = fs::metadata(&binary)
            .with_context(|| format!("{} was not built", binary.display()))?
            .len();
        eprintln!("{} ({:.1} MB)", binary.display(), size as f64 / 1e6);
        Ok(binary)
    })
}

/// Starts the binary in place of this program: signals and the exit code are its own.
#[cfg(unix)]
pub(crate) fn start(binary: &Path, flags: &[OsString]) -> Result<()> {
    use std::os::unix::process::CommandExt as _;

    // returns only if it can't be started
    Err(Command::new(binary).args(flags).exec())
        .with_context(|| format!("starting {}", binary.display()))
}

/// Starts the binary and ends with its exit code.
#[cfg(not(unix))]
pub(crate) fn start(binary: &Path, flags: &[OsString]) -> Result<()> {
    let status = Command::new(binary)
        .args(flags)
        .status()
        .with_context(|| format!("starting {}", binary.display()))?;
    std::process::exit(status.code().unwrap_or(1))
}
