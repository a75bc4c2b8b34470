//! Knows every process the cluster has started, and ends them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio_util::sync::CancellationToken;

/// Rounds of looking, and of killing, until nothing changes any more.
const ROUNDS: usize = 100;

/// A process started for an exec or as a container's main one: the leader of its session (terminal) or process group (pipes).
#[derive(Debug)]
struct Leader {
    pid: Pid,
    /// The container's directory.
    dir: PathBuf,
}

#[derive(Debug, Default)]
struct Inner {
    closed: bool,
    started: u64,
    /// By when they were started.
    leaders: BTreeMap<u64, Leader>,
    /// By the container's directory: cancelled when its processes are killed.
    pretended: BTreeMap<PathBuf, CancellationToken>,
}

/// The processes of the cluster.
///
/// A process belongs to a container if it is in the session or process group of one of these leaders, or has the container's
/// directory in its environment (`HOME`) or as its working directory; so also the background job of a shell that has
/// ended, and what has left its session. The last two are only known where there is a `/proc`.
#[derive(Debug)]
pub(crate) struct Processes {
    root: PathBuf,
    inner: Mutex<Inner>,
}

impl Processes {
    /// Everything under `root`, the directory that all the containers' directories are in.
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            inner: Mutex::default(),
        }
    }

    /// Starts a process in `dir` by `spawn`; `pid` tells its id. What comes with it is the key for
    /// [`reaped`](Self::reaped). `None` if the cluster is being shut down.
    pub(crate) fn start<T, E>(
        &self,
        dir: &Path,
        spawn: impl FnOnce() -> Result<T, E>,
        pid: impl FnOnce(&T) -> Option<u32>,
    ) -> Option<Result<(u64, T), E>> {
        // Held over the spawn, so that nothing is started, or put into the directory, behind the back of `close`.
        let mut inner = self.lock();
        if inner.closed {
            return None;
        }
        let spawned = match spawn() {
            Ok(spawned) => spawned,
            Err(error) => return Some(Err(error)),
        };
        let key = inner.started;
        inner.started += 1;
        if let Some(pid) = pid(&spawned).and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
            let dir = dir.to_owned();
            inner.leaders.insert(key, Leader { pid, dir });
        }
        Some(Ok((key, spawned)))
    }

    /// For what passes for a process in `dir`: it has to end when this is cancelled.
    pub(crate) fn pretend(&self, dir: &Path) -> CancellationToken {
        let mut inner = self.lock();
        inner.pretended.entry(dir.to_owned()).or_default().clone()
    }

    /// Forgets a process that has been reaped.
    pub(crate) fn reaped(&self, key: u64) {
        self.lock().leaders.remove(&key);
    }

    /// The processes that are alive: ids and commands.
    pub(crate) fn list(&self) -> Vec<String> {
        let found = find(&self.lock(), &self.root);
        found.into_iter().map(describe).collect()
    }

    /// Kills every process that belongs to a directory under `dir`.
    pub(crate) fn kill_in(&self, dir: &Path) {
        let mut inner = self.lock();
        inner.pretended.retain(|its, killed| {
            let stays = !its.starts_with(dir);
            if !stays {
                killed.cancel();
            }
            stays
        });
        for _ in 0..ROUNDS {
            let found = find(&inner, dir);
            if found.is_empty() {
                return;
            }
            for pid in found {
                // One that has just ended is no error.
                let _ = kill_process(pid, Signal::KILL);
            }
            for leader in inner.leaders.values() {
                if leader.dir.starts_with(dir) {
                    let _ = kill_process_group(leader.pid, Signal::KILL);
                }
            }
            if !Path::new("/proc/self/stat").exists() {
                return;
            }
            std::thread::yield_now();
        }
    }

    /// Kills all, and starts no more.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.kill_in(&self.root);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The live processes that belong to a directory under `dir`.
///
/// One look can miss a process: its parent forks it after the list of processes was read, and ends before its own turn in
/// the list. So two looks have to agree.
fn find(inner: &Inner, dir: &Path) -> Vec<Pid> {
    let mut found = look(inner, dir);
    for _ in 0..ROUNDS {
        let again = look(inner, dir);
        if again == found {
            break;
        }
        found = again;
    }
    found
}

fn describe(pid: Pid) -> String {
    let pid = pid.as_raw_nonzero();
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let command = String::from_utf8_lossy(&command).replace('\0', " ");
    format!("{pid} {}", command.trim_end())
}

fn look(inner: &Inner, dir: &Path) -> Vec<Pid> {
    let leaders: Vec<Pid> = inner
        .leaders
        .values()
        .filter(|leader| leader.dir.starts_with(dir))
        .map(|leader| leader.pid)
        .collect();
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return leaders;
    };
    // With the separator, so that web-1 is not taken for web-10.
    let mut marker = dir.as_os_str().as_encoded_bytes().to_vec();
    marker.push(b'/');
    entries
        .flatten()
        .filter_map(|entry| {
            let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
            belongs(&entry.path(), &leaders, dir, &marker)?.then_some(pid)
        })
        .collect()
}

/// Whether the process that `proc` (`/proc/<pid>`) describes is alive and belongs; `None` if it has gone meanwhile.
fn belongs(proc: &Path, leaders: &[Pid], dir: &Path, marker: &[u8]) -> Option<bool> {
    let stat = std::fs::read_to_string(proc.join("stat")).ok()?;
    // "pid (name) state ppid pgrp session …", where the name may hold anything
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    if matches!(fields.next()?, "Z" | "X") {
        return Some(false);
    }
    let mut id = || Pid::from_raw(fields.next()?.parse().ok()?);
    let _parent = id();
    let groups = [id(), id()];
    if groups.iter().flatten().any(|group| leaders.contains(group)) {
        return Some(true);
    }
    if std::fs::read_link(proc.join("cwd")).is_ok_and(|cwd| cwd.starts_with(dir)) {
        return Some(true);
    }
    let environment = std::fs::read(proc.join("environ")).ok()?;
    Some(
        environment
            .windows(marker.len())
            .any(|window| window == marker),
    )
}
