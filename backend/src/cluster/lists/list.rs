//! One list of pods: what it shows, how it fares, and when somebody last looked at it.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::Arc,
};

use kube::Client;
use tokio::{
    sync::watch,
    time::{Duration, Instant, sleep_until},
};

use super::{
    HiddenNamespaces,
    item::Item,
    table::{Table, Version},
    texts::Texts,
};
use crate::cluster::ClusterError;

/// How a list fares.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// Not all of it is there yet.
    Loading,
    /// It is as the cluster has it.
    Ready,
    /// It was so, and is not kept up to date at the moment.
    Failing(Arc<ClusterError>),
    /// It is no more, or never was.
    Over(Arc<ClusterError>),
}

/// One list of pods. All of it is in one thread.
pub(super) struct List {
    /// What calls as whoever looks at it.
    client: RefCell<Client>,
    hidden: HiddenNamespaces,
    /// None where all are listed.
    namespaces: RefCell<Vec<String>>,
    table: RefCell<Table>,
    texts: Rc<Texts>,
    progress: RefCell<Progress>,
    news: watch::Sender<()>,
    seen: Cell<Instant>,
}

#[derive(Debug, Default)]
struct Progress {
    /// Of each namespace that is followed, whether all of its pods have been listed once.
    has_begun: Vec<bool>,
    failing: BTreeMap<usize, Arc<ClusterError>>,
    over: Option<(Arc<ClusterError>, Instant)>,
}

impl List {
    /// A list of these namespaces, or of all, that is empty.
    pub(super) fn new(
        client: Client,
        namespaces: Vec<String>,
        hidden: HiddenNamespaces,
        texts: &Rc<Texts>,
    ) -> Self {
        Self {
            client: RefCell::new(client),
            hidden,
            namespaces: RefCell::new(namespaces),
            table: RefCell::new(Table::new(Rc::clone(texts))),
            texts: Rc::clone(texts),
            progress: RefCell::default(),
            news: watch::Sender::new(()),
            seen: Cell::new(Instant::now()),
        }
    }

    /// Somebody looks at it, whose client it is from here on.
    pub(super) fn look(&self, client: Client) {
        self.client.replace(client);
        self.seen.set(Instant::now());
    }

    /// How long ago somebody last looked.
    pub(super) fn unseen_for(&self) -> Duration {
        self.seen.get().elapsed()
    }

    /// Waits until nobody has looked for so long.
    pub(super) async fn unseen(&self, time: Duration) {
        while self.unseen_for() < time {
            sleep_until(self.seen.get() + time).await;
        }
    }

    /// How it fares.
    pub(super) fn state(&self) -> State {
        let progress = self.progress.borrow();
        if let Some((why, _)) = &progress.over {
            State::Over(Arc::clone(why))
        } else if let Some(why) = progress.failing.values().next() {
            State::Failing(Arc::clone(why))
        } else if !progress.has_begun.is_empty() && progress.has_begun.iter().all(|begun| *begun) {
            State::Ready
        } else {
            State::Loading
        }
    }

    /// How long it has been over, if it is.
    pub(super) fn over_for(&self) -> Option<Duration> {
        let over = self.progress.borrow();
        over.over.as_ref().map(|(_, since)| since.elapsed())
    }

    /// It can't go on. What was in it is forgotten.
    pub(super) fn end(&self, why: ClusterError) {
        self.table.replace(Table::new(Rc::clone(&self.texts)));
        self.progress.borrow_mut().over = Some((Arc::new(why), Instant::now()));
        self.has_news();
    }

    /// What wakes whoever waits for something of it.
    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// There may be something new for whoever waits.
    pub(super) fn has_news(&self) {
        self.news.send_replace(());
    }

    /// Whether a client that has come so far lacks something.
    pub(super) fn has_more_than(&self, since: Option<Version>) -> bool {
        self.table.borrow().has_news(since)
    }

    /// Looks at what is in it.
    pub(super) fn read<T>(&self, look: impl FnOnce(&Table) -> T) -> T {
        look(&self.table.borrow())
    }

    pub(super) fn namespaces(&self) -> Vec<String> {
        self.namespaces.borrow().clone()
    }
}

/// What the API server tells.
impl List {
    pub(super) fn client(&self) -> Client {
        self.client.borrow().clone()
    }

    /// The namespace that the cluster's configuration names.
    pub(super) fn own_namespace(&self) -> String {
        self.client.borrow().default_namespace().to_owned()
    }

    /// From here on, this namespace alone is listed.
    pub(super) fn narrow(&self, namespace: String) {
        self.namespaces.replace(vec![namespace]);
    }

    /// So many namespaces are about to be followed.
    pub(super) fn expect(&self, count: usize) {
        self.progress.borrow_mut().has_begun = vec![false; count];
    }

    /// Whether nothing has been listed as a whole yet.
    pub(super) fn is_new(&self) -> bool {
        !self.progress.borrow().has_begun.contains(&true)
    }

    /// Whether all pods of one of the namespaces have been listed once.
    pub(super) fn has_begun(&self, place: usize) -> bool {
        self.progress.borrow().has_begun[place]
    }

    /// All pods of one of the namespaces are known, and their changes come.
    pub(super) fn is_well(&self, place: usize) {
        let mut progress = self.progress.borrow_mut();
        progress.has_begun[place] = true;
        progress.failing.remove(&place);
        drop(progress);
        self.has_news();
    }

    /// Changes in one of the namespaces don't come at the moment.
    pub(super) fn is_unwell(&self, place: usize, why: ClusterError) {
        let mut progress = self.progress.borrow_mut();
        progress.failing.insert(place, Arc::new(why));
        drop(progress);
        self.has_news();
    }

    /// One of the namespaces is not listed any more.
    pub(super) fn leave_out(&self, place: usize, namespace: &str) {
        self.namespaces.borrow_mut().retain(|one| one != namespace);
        let round = self.begin_round();
        self.sweep(Some(namespace), round);
        self.is_well(place);
    }

    pub(super) fn begin_round(&self) -> u64 {
        self.table.borrow_mut().begin_round()
    }

    pub(super) fn round(&self) -> u64 {
        self.table.borrow().round()
    }

    pub(super) fn put(&self, item: Item, round: u64) {
        // What it takes to read pods is for no thread that carries terminals.
        debug_assert_eq!(std::thread::current().name(), Some(super::THREAD));
        if !self.hidden.hides(&item.namespace) {
            let mut table = self.table.borrow_mut();
            table.put(&item.namespace, &item.name, item.json, round);
        }
    }

    pub(super) fn remove(&self, item: &Item) {
        let mut table = self.table.borrow_mut();
        table.remove(&item.namespace, &item.name);
    }

    pub(super) fn sweep(&self, namespace: Option<&str>, round: u64) {
        self.table.borrow_mut().sweep(namespace, round);
    }
}
