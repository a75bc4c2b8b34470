//! The pods of one list as the page gets them, and what changed since when. Does no I/O.
//!
//! Each change has a version, one more than the one before. A pod stands at the version of its latest change, so that who
//! comes back after many changes of one pod gets it once; one that is gone leaves its name at a version, for a while.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    fmt,
    ops::Bound,
    rc::Rc,
    str::FromStr,
};

use super::texts::Texts;
use crate::random;

/// So many names of pods that are gone are kept. Who missed more begins anew.
const GONE: usize = 4096;

/// A pod's namespace and name. The text is there once, however often it is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name {
    pub(super) namespace: Rc<str>,
    pub(super) name: Rc<str>,
}

/// How far a client has come in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// The list: versions of another mean nothing.
    list: u64,
    /// All changes up to this one are known.
    number: u64,
    /// What was gone before this one is of no interest: the client did not know it.
    begun: u64,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            list,
            number,
            begun,
        } = self;
        write!(f, "{list:x}.{number}.{begun}")
    }
}

impl FromStr for Version {
    type Err = ();

    /// What can't be read is a version of no list.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.');
        let mut part = |radix| u64::from_str_radix(parts.next().unwrap_or_default(), radix);
        let read = (part(16), part(10), part(10));
        let (Ok(list), Ok(number), Ok(begun)) = read else {
            return Err(());
        };
        Ok(Self {
            list,
            number,
            begun,
        })
    }
}

#[derive(Debug)]
struct Row {
    version: u64,
    /// When the API server last told of it.
    round: u64,
    json: Rc<[u8]>,
}

/// The pods of one list.
#[derive(Debug)]
pub(super) struct Table {
    list: u64,
    version: u64,
    round: u64,
    pods: BTreeMap<Name, Row>,
    /// Every pod that is there, and every one that is known to be gone, by its version.
    order: BTreeMap<u64, Name>,
    gone: BTreeMap<Name, u64>,
    /// The same by age, with some that are there again.
    oldest: VecDeque<(u64, Name)>,
    /// What went up to this version may be forgotten.
    forgotten: u64,
    namespaces: HashSet<Rc<str>>,
    texts: Rc<Texts>,
}

/// What a client does not have yet.
#[derive(Debug)]
pub(super) struct Changes<'a> {
    /// Whether this goes on from what the client has.
    pub(super) partial: bool,
    /// Whether there is more.
    pub(super) more: bool,
    pub(super) version: Version,
    /// The pods that have come or changed, each as JSON.
    pub(super) pods: Vec<&'a [u8]>,
    pub(super) gone: Vec<&'a Name>,
}

impl Table {
    /// An empty one, whose versions are no other's. What is in it is there once for all that share `texts`.
    pub(super) fn new(texts: Rc<Texts>) -> Self {
        Self {
            list: random::below(u64::MAX),
            version: 0,
            round: 0,
            pods: BTreeMap::new(),
            order: BTreeMap::new(),
            gone: BTreeMap::new(),
            oldest: VecDeque::new(),
            forgotten: 0,
            namespaces: HashSet::new(),
            texts,
        }
    }

    /// The version of the latest change.
    pub(super) fn version(&self) -> Version {
        Version {
            list: self.list,
            number: self.version,
            begun: self.version,
        }
    }

    /// Whether there is something, and a client that has come so far lacks some of it.
    pub(super) fn has_news(&self, since: Option<Version>) -> bool {
        let is_behind = |since: Version| since.list != self.list || since.number != self.version;
        self.version > 0 && since.is_none_or(is_behind)
    }

    /// The round that goes on.
    pub(super) fn round(&self) -> u64 {
        self.round
    }

    /// The API server begins to tell of all pods: gives what [`put`](Self::put) and [`sweep`](Self::sweep) are to be called
    /// with.
    pub(super) fn begin_round(&mut self) -> u64 {
        self.round += 1;
        self.round
    }

    /// A pod is there, and looks so.
    pub(super) fn put(&mut self, namespace: &str, name: &str, json: Vec<u8>, round: u64) {
        let name = self.name(namespace, name);
        if let Some(row) = self.pods.get_mut(&name) {
            row.round = round;
            if *row.json == *json {
                return;
            }
            self.order.remove(&row.version);
        } else if let Some(version) = self.gone.remove(&name) {
            self.order.remove(&version);
        }
        self.version += 1;
        let row = Row {
            version: self.version,
            round,
            json: self.texts.share(json),
        };
        self.order.insert(self.version, name.clone());
        if let Some(before) = self.pods.insert(name, row) {
            self.texts.release(&before.json);
        }
    }

    /// A pod is gone.
    pub(super) fn remove(&mut self, namespace: &str, name: &str) {
        let name = self.name(namespace, name);
        self.remove_name(&name);
    }

    fn remove_name(&mut self, name: &Name) {
        let Some((name, row)) = self.pods.remove_entry(name) else {
            return;
        };
        self.texts.release(&row.json);
        self.order.remove(&row.version);
        self.version += 1;
        self.order.insert(self.version, name.clone());
        self.gone.insert(name.clone(), self.version);
        self.oldest.push_back((self.version, name));
        while self.oldest.len() > GONE {
            let Some((version, name)) = self.oldest.pop_front() else {
                break;
            };
            if self.gone.get(&name) == Some(&version) {
                self.gone.remove(&name);
                self.order.remove(&version);
                self.forgotten = version;
            }
        }
    }

    /// The API server has told of all pods of a namespace, or of all namespaces, since this round began: what it did not tell
    /// of is gone.
    pub(super) fn sweep(&mut self, namespace: Option<&str>, round: u64) {
        let is_swept = |name: &Name, row: &Row| {
            row.round < round && namespace.is_none_or(|namespace| *name.namespace == *namespace)
        };
        let rows = self.pods.iter().filter(|(name, row)| is_swept(name, row));
        let gone: Vec<_> = rows.map(|(name, _)| name.clone()).collect();
        for name in gone {
            self.remove_name(&name);
        }
        self.namespaces.retain(|name| Rc::strong_count(name) > 1);
    }

    /// What a client lacks that has come so far, in the order of its changes: as much as makes up `bytes`, and one pod at
    /// least.
    pub(super) fn changes(&self, since: Option<Version>, bytes: usize) -> Changes<'_> {
        let since = since.filter(|since| {
            since.list == self.list
                && since.number <= self.version
                && self.forgotten <= since.number.max(since.begun)
        });
        let partial = since.is_some();
        let (mut number, begun) = match since {
            Some(since) => (since.number, since.begun),
            None => (0, self.version),
        };
        let (mut pods, mut gone) = (Vec::new(), Vec::new());
        let (mut left, mut more) = (bytes, false);
        for (version, name) in self
            .order
            .range((Bound::Excluded(number), Bound::Unbounded))
        {
            if left == 0 {
                more = true;
                break;
            }
            let taken = match self.pods.get(name) {
                Some(row) => {
                    pods.push(&*row.json);
                    row.json.len()
                }
                None if *version > begun => {
                    gone.push(name);
                    name.namespace.len() + name.name.len()
                }
                // Gone before the client asked for the first time.
                None => 0,
            };
            left = left.saturating_sub(taken);
            number = *version;
        }
        let version = if more {
            Version {
                list: self.list,
                number,
                begun,
            }
        } else {
            self.version()
        };
        Changes {
            partial,
            more,
            version,
            pods,
            gone,
        }
    }

    /// The first pods behind one, by namespace and name, each as JSON: as much as makes up `bytes`. With the last one's name.
    pub(super) fn after(&self, name: Option<&Name>, bytes: usize) -> (Vec<&[u8]>, Option<Name>) {
        let start = name.map_or(Bound::Unbounded, Bound::Excluded);
        let (mut pods, mut last, mut left) = (Vec::new(), None, bytes);
        for (name, row) in self.pods.range((start, Bound::Unbounded)) {
            pods.push(&*row.json);
            last = Some(name.clone());
            left = left.saturating_sub(row.json.len());
            if left == 0 {
                break;
            }
        }
        (pods, last)
    }

    fn name(&mut self, namespace: &str, name: &str) -> Name {
        let namespace = match self.namespaces.get(namespace) {
            Some(known) => Rc::clone(known),
            None => {
                let new = Rc::<str>::from(namespace);
                self.namespaces.insert(Rc::clone(&new));
                new
            }
        };
        let name = name.into();
        Name { namespace, name }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        for row in std::mem::take(&mut self.pods).into_values() {
            self.texts.release(&row.json);
        }
    }
}

#[cfg(test)]
mod tests;
