//! Builds the binary that needs no file but itself, with the list of what it is made of inside.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use object::{Object as _, ObjectSection as _};

use crate::{command, places::Places, remap, tools};

/// What an image is built for: the machine that builds it.
#[derive(Debug)]
pub(super) struct Platform {
    /// Rust's name for it.
    pub(super) target: &'static str,
    /// Go's name for its processor, which images are found by.
    pub(super) architecture: &'static str,
}

impl Platform {
    /// Nothing is compiled for another machine: the C library that is linked in has to be there.
    pub(super) fn of_this_machine() -> Result<Self> {
        let (target, architecture) = match (env::consts::OS, env::consts::ARCH) {
            ("linux", "x86_64") => ("x86_64-unknown-linux-gnu", "amd64"),
            ("linux", "aarch64") => ("aarch64-unknown-linux-gnu", "arm64"),
            (system, processor) => bail!(
                "an image is made on Linux, of x86_64 or aarch64, and this is {system} of {processor}: build it in a container \
                 (deploy/image/README.md)"
            ),
        };
        Ok(Self {
            target,
            architecture,
        })
    }
}

/// Builds it around the page in `dist/`, into a folder of its own, so that no other build starts anew.
pub(super) fn build(places: &Places, platform: &Platform) -> Result<PathBuf> {
    tools::check_c_compiler()?;
    let auditable = tools::cargo_auditable(places)?;
    let target = places.target.join("image");
    let flags = format!("-Ctarget-feature=+crt-static\x1f{}", remap::flags(places)?);
    let mut cargo = Command::new(auditable);
    cargo
        .args(["auditable", "build", "--release", "--locked"])
        .args(["--package=podshell", "--bin=podshell"])
        // With a target named, the flags are not those of macros and build scripts, which can't be linked so.
        .args(["--target", platform.target])
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", flags);
    command::run_long(
        cargo.current_dir(&places.repository),
        "compiling the static binary",
    )?;
    let binary = target.join(platform.target).join("release/podshell");
    check(&binary)?;
    Ok(binary)
}

/// Whether it is what an empty image needs. A compiler that links otherwise by default would be noticed in a cluster only.
fn check(binary: &Path) -> Result<()> {
    let content = fs::read(binary).with_context(|| format!("reading {}", binary.display()))?;
    let program = object::File::parse(&*content)
        .with_context(|| format!("{} is no program", binary.display()))?;
    let has = |wanted: &str| {
        let mut sections = program.sections();
        sections.any(|section| section.name() == Ok(wanted))
    };
    if has(".interp") {
        bail!("{} is not linked statically", binary.display());
    }
    if !has(".dep-v0") {
        bail!("{} has no list of what it is made of", binary.display());
    }
    Ok(())
}
