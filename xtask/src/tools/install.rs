//! Gets a program that `cargo install` can build: the one that is there if it fits, else one that others have built, else
//! from its source.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::Result;

use crate::{command, places::Places};

/// How long a program may take to tell its version.
const LIMIT: Duration = Duration::from_secs(20);

/// A program that `cargo install` can build.
#[derive(Debug)]
pub(super) struct Tool<'version> {
    pub(super) package: &'static str,
    pub(super) binary: &'static str,
    pub(super) version: &'version str,
    pub(super) fits: Fits,
    /// What makes it say its version.
    pub(super) asked: &'static [&'static str],
    /// How cargo is to build it.
    pub(super) flags: &'static [&'static str],
    /// At which level of optimisation: what has little to do itself is quicker to build than to wait for.
    pub(super) level: &'static str,
    /// Packages in it that have much to do, which are built at level 1 whatever the rest is.
    pub(super) at_work: &'static [&'static str],
}

/// Which other versions of a tool do as well.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fits {
    /// None.
    Exactly,
    /// Later ones that promise to be compatible, as Cargo understands it.
    Compatible,
}

/// Where a tool comes from.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    /// An earlier run has got it.
    Cache,
    /// Whoever uses this machine has installed it.
    Path,
    /// `cargo binstall` fetches it as others have built it.
    Binstall,
    /// It is built here, which takes minutes.
    Build,
}

impl Tool<'_> {
    /// Gets it. Returns the folder to find it in, or nothing if PATH has it.
    pub(super) fn install(&self, places: &Places) -> Result<Option<PathBuf>> {
        let root = places
            .cache
            .join(format!("tools/{}-{}", self.package, self.version));
        let folder = root.join("bin");
        let program = folder
            .join(self.binary)
            .with_extension(env::consts::EXE_EXTENSION);
        let in_path = |binary: &str| version_in_path(binary, self.asked);
        let source = self.choose(program.exists(), in_path, has_binstall);
        match source {
            Source::Cache => {}
            Source::Path => return Ok(None),
            Source::Binstall => {
                if let Err(error) = self.fetch(&root) {
                    eprintln!("{error:#}");
                    self.build(places, &root)?;
                }
            }
            Source::Build => self.build(places, &root)?,
        }
        Ok(Some(folder))
    }

    /// Where it is to come from. What takes a moment to find out is asked only if it matters.
    fn choose(
        &self,
        is_cached: bool,
        version_in_path: impl FnOnce(&str) -> Option<String>,
        has_binstall: impl FnOnce() -> bool,
    ) -> Source {
        if is_cached {
            Source::Cache
        } else if version_in_path(self.binary).is_some_and(|version| self.is_served_by(&version)) {
            Source::Path
        } else if has_binstall() {
            Source::Binstall
        } else {
            Source::Build
        }
    }

    /// Whether this version of it does.
    fn is_served_by(&self, version: &str) -> bool {
        match self.fits {
            Fits::Exactly => version == self.version,
            Fits::Compatible => is_compatible(version, self.version),
        }
    }

    fn fetch(&self, root: &Path) -> Result<()> {
        let Self {
            package, version, ..
        } = self;
        eprintln!("fetching {package} {version}");
        let mut cargo = command::cargo();
        cargo
            .args(["binstall", "--no-confirm", "--disable-strategies=compile"])
            .arg("--root")
            .arg(root)
            .arg(format!("{package}@{version}"));
        command::run(&mut cargo)
    }

    fn build(&self, places: &Places, root: &Path) -> Result<()> {
        let Self {
            package,
            version,
            level,
            at_work,
            ..
        } = self;
        eprintln!("building {package} {version} (some minutes, once)");
        // It is shared, as the tools have much in common, and goes when the temporary folder is emptied.
        let target = env::temp_dir().join("podshell-tools");
        let mut cargo = command::cargo();
        cargo
            .args(["install", "--quiet", "--root"])
            .arg(root)
            .args(self.flags)
            .args(
                at_work.iter().map(|package| {
                    format!("--config=profile.release.package.{package}.opt-level=1")
                }),
            )
            .arg(format!("{package}@{version}"));
        // It is built to be used now: half the time of the optimised build, or a third.
        cargo.env("CARGO_TARGET_DIR", target).envs([
            ("CARGO_PROFILE_RELEASE_OPT_LEVEL", *level),
            ("CARGO_PROFILE_RELEASE_LTO", "off"),
            ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
            ("CARGO_PROFILE_RELEASE_STRIP", "true"),
        ]);
        command::run_long(
            cargo.current_dir(&places.cache),
            &format!("building {package}"),
        )
    }
}

/// The version of the program of this name that PATH has.
fn version_in_path(binary: &str, asked: &[&str]) -> Option<String> {
    let mut program = Command::new(binary);
    program.args(asked);
    // Asked twice, for what it says is read without a deadline.
    if !command::succeeds(&mut program, LIMIT) {
        return None;
    }
    let said = command::read(&mut program).ok()?;
    version_in(&said).map(str::to_owned)
}

/// `0.21.14` out of `trunk 0.21.14`.
fn version_in(said: &str) -> Option<&str> {
    said.lines().next()?.split(' ').nth(1)
}

fn has_binstall() -> bool {
    command::succeeds(command::cargo().args(["binstall", "-V"]), LIMIT)
}

/// Whether `version` promises all that `wanted` has: it is no earlier, and the leftmost number that is not 0 is the same.
fn is_compatible(version: &str, wanted: &str) -> bool {
    let (Some(version), Some(wanted)) = (numbers(version), numbers(wanted)) else {
        return false;
    };
    let same = wanted.iter().position(|number| *number != 0).unwrap_or(2);
    version[..=same] == wanted[..=same] && version >= wanted
}

/// Major, minor and patch; nothing for a pre-release, which promises nothing.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let mut numbers = version.split('.').map(str::parse);
    let mut next = || numbers.next()?.ok();
    let first_three = [next()?, next()?, next()?];
    numbers.next().is_none().then_some(first_three)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUNK: Tool<'_> = Tool {
        package: "trunk",
        binary: "trunk",
        version: "0.21.14",
        fits: Fits::Compatible,
        asked: &["--version"],
        flags: &[],
        level: "0",
        at_work: &[],
    };

    fn source(tool: &Tool<'_>, in_path: Option<&str>, has_binstall: bool) -> Source {
        let in_path = |binary: &str| {
            assert_eq!(binary, tool.binary);
            in_path.map(str::to_owned)
        };
        tool.choose(false, in_path, || has_binstall)
    }

    #[test]
    fn what_an_earlier_run_got_is_taken_without_another_question() {
        let source = TRUNK.choose(true, |_| panic!("asked"), || panic!("asked"));
        assert_eq!(source, Source::Cache);
    }

    #[test]
    fn path_is_taken_if_its_version_fits() {
        for has_binstall in [true, false] {
            for version in ["0.21.14", "0.21.15"] {
                assert_eq!(source(&TRUNK, Some(version), has_binstall), Source::Path);
            }
        }
    }

    #[test]
    fn else_it_is_fetched_where_there_is_binstall_and_built_where_there_is_none() {
        for in_path in [None, Some("0.21.13"), Some("0.22.0"), Some("nonsense")] {
            assert_eq!(source(&TRUNK, in_path, true), Source::Binstall);
            assert_eq!(source(&TRUNK, in_path, false), Source::Build);
        }
    }

    #[test]
    fn what_has_to_be_one_version_is_no_other() {
        let exact = Tool {
            fits: Fits::Exactly,
            ..TRUNK
        };
        assert_eq!(source(&exact, Some("0.21.14"), true), Source::Path);
        assert_eq!(source(&exact, Some("0.21.15"), true), Source::Binstall);
    }

    #[test]
    fn compatible_versions() {
        for (version, wanted, is_so) in [
            ("1.2.3", "1.2.3", true),
            ("1.3.0", "1.2.3", true),
            ("1.2.2", "1.2.3", false),
            ("2.0.0", "1.2.3", false),
            ("0.3.0", "0.2.3", false),
            ("0.0.4", "0.0.3", false),
            ("1.3.0-beta.1", "1.2.3", false),
            ("1.3", "1.2.3", false),
        ] {
            assert_eq!(is_compatible(version, wanted), is_so, "{version} {wanted}");
        }
    }

    #[test]
    fn versions_as_programs_say_them() {
        assert_eq!(version_in("trunk 0.21.14"), Some("0.21.14"));
        assert_eq!(version_in("wasm-bindgen 0.2.130\n"), Some("0.2.130"));
        assert_eq!(
            version_in("cargo-deny 0.20.2 (abc 2026-01-01)"),
            Some("0.20.2")
        );
        assert_eq!(version_in(""), None);
    }
}
