//! Builds the binary that holds the page, and starts it.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::{self, ScopedJoinHandle},
};

use anyhow::{Context as _, Result};

use crate::{command, page, places::Places, steps::Steps, tools};

/// Builds page and binary for release. Returns the binary's path.
pub(crate) fn build(places: &Places, steps: &mut Steps) -> Result<PathBuf> {
    let binary = places
        .target
        .join("release")
        .join(format!("podshell{}", std::env::consts::EXE_SUFFIX));
    let is_first = !binary.exists();
    thread::scope(|scope| {
        // What the server is made of needs no page, and the first time takes minutes, as the page does.
        let dependencies = is_first.then(|| scope.spawn(|| build_dependencies(places)));
        steps.step("page", || page::build(places))?;
        steps.step("binary", || {
            // If that fails, so will what follows, and say why.
            let _ = dependencies.map(ScopedJoinHandle::join);
            build_with_page(places, &binary)
        })
    })?;
    Ok(binary)
}

/// Compiles what the server is made of, but not itself.
fn build_dependencies(places: &Places) -> Result<()> {
    tools::check_c_compiler()?;
    let mut cargo = command::cargo();
    cargo.args([
        "rustc",
        "--release",
        "--package=podshell",
        "--lib",
        "--quiet",
    ]);
    // The compiler is asked for nothing but a name.
    cargo.args(["--", "--print=crate-name"]);
    cargo.stdout(Stdio::null());
    command::run_long(
        cargo.current_dir(&places.repository),
        "compiling what the server is made of",
    )
}

fn build_with_page(places: &Places, binary: &Path) -> Result<()> {
    tools::check_c_compiler()?;
    command::run(
        command::cargo()
            .args(["build", "--release", "--package=podshell", "--bin=podshell"])
            .current_dir(&places.repository),
    )?;
    let size = fs::metadata(binary)
        .with_context(|| format!("{} was not built", binary.display()))?
        .len();
    eprintln!("{} ({:.1} MB)", binary.display(), size as f64 / 1e6);
    Ok(())
}

/// Starts the binary in place of this program: signals and the exit code are its own.
#[cfg(unix)]
pub(crate) fn start(binary: &Path, flags: &[OsString]) -> Result<()> {
    use std::os::unix::process::CommandExt as _;

    // Returns only if it can't be started.
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
