//! Where things lie: the repository, what is kept per user, and what cargo builds into.

use std::{
    env,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{command, steps};

/// How often whoever waits for a lock says so.
const REPORT: Duration = Duration::from_secs(30);

/// What is kept in the cache, of which each has a lock of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kept {
    /// Programs, and which browser there is.
    Tools,
    /// The cluster, and what it is made of.
    Cluster,
}

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

    /// Waits until no other xtask changes what is kept of that; until the answer is dropped, others wait for this one.
    pub(crate) fn lock(&self, kept: Kept) -> Result<File> {
        let (name, what) = match kept {
            Kept::Tools => ("tools.lock", "the tools"),
            Kept::Cluster => ("cluster.lock", "the cluster"),
        };
        let path = self.cache.join(name);
        let file = File::create(&path).with_context(|| format!("making {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("locking {}", path.display()));
            }
        }
        eprintln!("another cargo xtask is at work on {what}: waiting for it");
        let (locked, lock) = mpsc::channel();
        thread::spawn(move || locked.send(file.lock().map(|()| file)));
        let start = Instant::now();
        loop {
            match lock.recv_timeout(REPORT) {
                Ok(file) => return file.with_context(|| format!("locking {}", path.display())),
                Err(RecvTimeoutError::Timeout) => {
                    eprintln!("  still waiting ({})", steps::duration(start.elapsed()));
                }
                Err(RecvTimeoutError::Disconnected) => bail!("lost sight of {}", path.display()),
            }
        }
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
    use std::{env, fs, process};

    use super::*;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.80\"\n\n\
                        [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\nsource = \"registry\"\n";

    #[test]
    fn a_lock_is_for_one_thing_and_one_owner() {
        let cache = env::temp_dir().join(format!("podshell-xtask-lock-{}", process::id()));
        fs::create_dir_all(&cache).unwrap();
        let places = Places {
            repository: PathBuf::new(),
            cache: cache.clone(),
            target: PathBuf::new(),
        };
        let tools = places.lock(Kept::Tools).unwrap();
        let _cluster = places.lock(Kept::Cluster).unwrap();
        let other = File::open(cache.join("tools.lock")).unwrap();
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
        drop(tools);
        other.try_lock().unwrap();
        fs::remove_dir_all(&cache).unwrap();
    }

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
