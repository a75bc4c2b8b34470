//! The toolchain that compiles for wasm32: the usual one, or Debian's where its standard library can't be had by rustup.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::{command, packages, places::Places, remap};

/// The target's name.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Leptos then compiles what components share once, not for each view's own type: the page is an eighth smaller.
const SMALL_VIEWS: &str = "--cfg=erase_components";

/// What to set in the environment of a program that compiles for wasm32.
#[derive(Debug)]
pub(crate) struct Toolchain {
    variables: Vec<(&'static str, OsString)>,
    debian: bool,
}

impl Toolchain {
    /// Finds a toolchain for wasm32, or installs one.
    pub(crate) fn find(places: &Places) -> Result<Self> {
        // Each that compiles the page does so with the same flags, or it would be compiled anew.
        let flags = format!("{SMALL_VIEWS}\x1f{}", remap::flags(places)?);
        let flags = ("CARGO_ENCODED_RUSTFLAGS", flags.into());
        if has_standard_library() || add_by_rustup(places)? {
            return Ok(Self {
                variables: vec![flags],
                debian: false,
            });
        }
        let mut variables = debian_variables()?;
        variables.push(flags);
        // It has a target directory of its own, for it is another compiler.
        let target_directory = places.target.join("wasm");
        variables.push(("CARGO_TARGET_DIR", target_directory.into_os_string()));
        Ok(Self {
            variables,
            debian: true,
        })
    }

    /// A cargo command that compiles for wasm32.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = if self.debian {
            Command::new("/usr/bin/cargo")
        } else {
            command::cargo()
        };
        self.apply(&mut cargo, &[]);
        cargo
    }

    /// Makes a program use this toolchain, with `first` at the head of its PATH.
    pub(crate) fn apply(&self, program: &mut Command, first: &[PathBuf]) {
        let mut path: Vec<PathBuf> = first.to_vec();
        if self.debian {
            path.push("/usr/bin".into());
            program
                .env("CARGO", "/usr/bin/cargo")
                .env_remove("RUSTUP_TOOLCHAIN")
                .env_remove("LD_LIBRARY_PATH");
        }
        command::look_first(program, path);
        program.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }
}

/// Whether the compiler in use has the target's standard library.
fn has_standard_library() -> bool {
    let library =
        command::read(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]));
    library.is_ok_and(|folder| Path::new(&folder).exists())
}

/// Asks rustup for the target. A refusal is remembered per compiler, so that only the first run waits for it.
fn add_by_rustup(places: &Places) -> Result<bool> {
    let compiler = command::read(Command::new("rustc").arg("--version"))
        .context("is Rust installed? See https://rustup.rs")?;
    let refused = places.cache.join(format!("no-{TARGET}-by-rustup"));
    if fs::read_to_string(&refused).is_ok_and(|noted| noted == compiler) {
        return Ok(false);
    }
    eprintln!("adding the target {TARGET} by rustup");
    let added = command::run(
        Command::new("rustup")
            .args(["target", "add", TARGET])
            .stdout(Stdio::null()),
    );
    if added.is_ok() && has_standard_library() {
        return Ok(true);
    }
    fs::write(&refused, compiler).with_context(|| format!("writing {}", refused.display()))?;
    Ok(false)
}

/// Debian's compiler for browsers builds the standard library itself, from its source package.
fn debian_variables() -> Result<Vec<(&'static str, OsString)>> {
    if !packages::is_debian() {
        bail!(
            "the page needs Rust's target {TARGET}, which could not be had: run `rustup target add {TARGET}`"
        );
    }
    packages::install(&["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy"])?;
    let version = command::read(
        Command::new("/usr/bin/rustc")
            .arg("-vV")
            .env_remove("LD_LIBRARY_PATH"),
    )?;
    let llvm = llvm_major(&version).context("Debian's rustc names no LLVM version")?;
    packages::install(&[&format!("lld-{llvm}")])?;
    let linker = format!("/usr/lib/llvm-{llvm}/bin/wasm-ld");
    Ok(vec![
        ("RUSTC", "/usr/bin/rustc".into()),
        ("RUSTC_BOOTSTRAP", "1".into()),
        ("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort".into()),
        ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker.into()),
    ])
}

/// `22` out of `rustc -vV`'s line `LLVM version: 22.1.8`.
fn llvm_major(version: &str) -> Option<&str> {
    version
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "))?
        .split('.')
        .next()
}

#[cfg(test)]
mod tests {
    use super::llvm_major;

    #[test]
    fn llvm_version_of_a_compiler() {
        assert_eq!(
            llvm_major("rustc 1.96.0\nrelease: 1.96.0\nLLVM version: 22.1.8\n"),
            Some("22")
        );
        assert_eq!(llvm_major("rustc 1.96.0\n"), None);
    }
}
