//! Where things lie: the repository, what is kept per user, and what cargo builds into.

use std::{
    env,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::command;

/// The folders that tasks work in.
#[derive(Debug)]
pub(crate) struct Places {
    /// The root of the repository.
    pub(crate) repository: PathBuf,
    /// What is kept for every later run of this user: `$XDG_CACHE_HOME/podshell`, by default `~/.cache/podshell`.
    pub(crate) cache: PathBuf,
    /// Cargo's target directory.
    pub(crate) target: PathBuf,
}

impl Places {
    /// Finds the folders, and makes the cache.
    pub(crate) fn find() -> Result<Self> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask lies in no workspace")?
            .to_owned();
        let caches = match env::var_os("XDG_CACHE_HOME") {
            Some(folder) if !folder.is_empty() => PathBuf::from(folder),
            _ => env::home_dir()
                .context("there is no home directory to keep things in; set XDG_CACHE_HOME")?
                .join(".cache"),
        };
        let cache = caches.join("podshell");
        fs::create_dir_all(&cache).with_context(|| format!("making {}", cache.display()))?;
        let target = target_directory(&repository)?;
        Ok(Self {
            repository,
            cache,
            target,
        })
    }

    /// Waits until no other xtask changes what is kept in the cache; until the answer is dropped, others wait for this one.
    pub(crate) fn lock(&self) -> Result<File> {
        let path = self.cache.join("lock");
        let file = File::create(&path).with_context(|| format!("making {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                eprintln!("waiting for another cargo xtask to end its set-up");
                file.lock()
                    .with_context(|| format!("locking {}", path.display()))?;
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("locking {}", path.display()));
            }
        }
        Ok(file)
    }

    /// The version of a package in Cargo.lock.
    pub(crate) fn locked_version(&self, package: &str) -> Result<String> {
        let path = self.repository.join("Cargo.lock");
        let lock =
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        match version_in(&lock, package) {
            Some(version) => Ok(version.to_owned()),
            None => bail!("Cargo.lock names no {package}"),
        }
    }
}

/// The first version that a Cargo.lock gives for a package.
fn version_in<'lock>(lock: &'lock str, package: &str) -> Option<&'lock str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    lines
        .next()?
        .strip_prefix("version = \"")?
        .strip_suffix('"')
}

fn target_directory(repository: &Path) -> Result<PathBuf> {
    let metadata = command::read(command::cargo().current_dir(repository).args([
        "metadata",
        "--no-deps",
        "--format-version=1",
        "--offline",
    ]))?;
    let metadata: serde_json::Value =
        serde_json::from_str(&metadata).context("cargo metadata gave no JSON")?;
    let target = metadata["target_directory"]
        .as_str()
        .context("cargo metadata names no target directory")?;
    Ok(PathBuf::from(target))
}

#[cfg(test)]
mod tests {
    use super::version_in;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.80\"\n\n\
                        [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\nsource = \"registry\"\n";

    #[test]
    fn version_of_a_locked_package() {
        assert_eq!(version_in(LOCK, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(version_in(LOCK, "wasm-bindgen-futures"), Some("0.4.80"));
    }

    #[test]
    fn no_version_of_an_unknown_package() {
        assert_eq!(version_in(LOCK, "wasm"), None);
        assert_eq!(version_in("name = \"cut\"", "cut"), None);
    }
}
