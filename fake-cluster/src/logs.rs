//! What containers have printed: line by line, with the time of each, of the run that goes on and of the one before.

use std::{
    collections::{HashMap, VecDeque},
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;

use crate::pod::{Container, Line, ago};

/// How much is kept of one run, in bytes: a kubelet keeps 10 MiB.
const KEPT: usize = 1 << 20;
/// A line that is longer is cut, as a container runtime does it.
const LINE: usize = 16 << 10;

/// What one container has printed, beside what it is described with.
#[derive(Debug, Default)]
struct Log {
    /// Which run it is of.
    run: u64,
    lines: VecDeque<Line>,
    bytes: usize,
    /// How many lines are kept no more.
    forgotten: u64,
    /// The beginning of a line.
    rest: Vec<u8>,
    previous: Option<Vec<Line>>,
}

/// Where somebody is who reads a log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    run: u64,
    line: u64,
}

/// The logs of all containers, by their directories.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    all: Mutex<HashMap<PathBuf, Log>>,
    news: watch::Sender<()>,
    readers: AtomicUsize,
}

impl Logs {
    /// Changes when any of them does.
    pub(crate) fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// A container prints something.
    pub(crate) fn print(&self, dir: &Path, bytes: &[u8]) {
        self.change(dir, |log| log.print(bytes));
    }

    /// A container is started once more.
    pub(crate) fn restart(&self, dir: &Path, container: &Container) {
        self.change(dir, |log| {
            let mut before = if log.run == 0 {
                container.printed().to_vec()
            } else {
                Vec::new()
            };
            before.extend(log.lines.drain(..));
            *log = Log {
                run: log.run + 1,
                previous: Some(before),
                ..Log::default()
            };
        });
    }

    /// What a container has printed so far, and where that ends.
    pub(crate) fn read(&self, dir: &Path, container: &Container) -> (Vec<Line>, At) {
        let mut all = self.lock();
        let log = all.entry(dir.to_owned()).or_default();
        let mut lines = if log.run == 0 {
            container.printed().to_vec()
        } else {
            Vec::new()
        };
        lines.extend(log.lines.iter().cloned());
        (lines, log.end())
    }

    /// What has been printed since; [`None`] if the container was started anew.
    pub(crate) fn since(&self, dir: &Path, at: &mut At) -> Option<Vec<Line>> {
        let mut all = self.lock();
        let log = all.entry(dir.to_owned()).or_default();
        if log.run != at.run {
            return None;
        }
        let known = at.line.saturating_sub(log.forgotten);
        let lines = log.lines.iter();
        let lines = lines.skip(usize::try_from(known).unwrap_or(usize::MAX));
        *at = log.end();
        Some(lines.cloned().collect())
    }

    /// What it had printed before it was started anew.
    pub(crate) fn previous(&self, dir: &Path, container: &Container) -> Vec<Line> {
        let mut all = self.lock();
        let log = all.entry(dir.to_owned()).or_default();
        let before = log.previous.clone();
        before.unwrap_or_else(|| container.printed_before().to_vec())
    }

    /// One more reads a log.
    pub(crate) fn enter(&self) {
        self.readers.fetch_add(1, Ordering::Relaxed);
    }

    /// One has read enough.
    pub(crate) fn leave(&self) {
        self.readers.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many read one.
    pub(crate) fn readers(&self) -> usize {
        self.readers.load(Ordering::Relaxed)
    }

    fn change(&self, dir: &Path, change: impl FnOnce(&mut Log)) {
        change(self.lock().entry(dir.to_owned()).or_default());
        self.news.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, Log>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn print(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        loop {
            let end = self.rest.iter().position(|byte| *byte == b'\n');
            let line: Vec<u8> = match end {
                Some(end) => self.rest.drain(..=end).collect(),
                None if self.rest.len() > LINE => {
                    let mut cut: Vec<u8> = self.rest.drain(..LINE).collect();
                    cut.push(b'\n');
                    cut
                }
                None => return,
            };
            self.bytes += line.len();
            self.lines.push_back(Line {
                time: ago(Duration::ZERO).0,
                text: line.into(),
            });
            while self.bytes > KEPT
                && let Some(oldest) = self.lines.pop_front()
            {
                self.bytes -= oldest.text.len();
                self.forgotten += 1;
            }
        }
    }

    fn end(&self) -> At {
        At {
            run: self.run,
            line: self.forgotten + self.lines.len() as u64,
        }
    }
}
