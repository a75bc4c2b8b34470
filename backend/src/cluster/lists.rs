//! Lists of pods. Each is shared by all pages of those who see the same, and is kept up to date as long as one looks.
//!
//! All of it is in a thread of its own, with a runtime and connections of its own: to fetch, unpack and read the pods of a
//! large cluster takes seconds, which no terminal waits for. What a request wants goes there as an [`Ask`], and an answer
//! comes back as bytes that are ready to be sent.

mod answer;
mod fetch;
mod follow;
mod item;
mod list;
mod shelf;
mod table;
mod texts;

use std::{
    fmt, io,
    rc::Rc,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    thread,
};

use bytes::Bytes;
use kube::Client;
use tokio::{
    runtime::{Builder, Runtime},
    sync::{mpsc, oneshot},
    task::{LocalSet, spawn_local},
    time::{Duration, Instant, timeout_at},
};

use self::{
    answer::About,
    list::{List, State},
    shelf::{Key, Shelf},
    table::Version,
};
use super::{Cluster, ClusterError, HiddenNamespaces};

/// What the thread is called.
const THREAD: &str = "lists";
/// Beside terminals, on a machine that has not enough processors for both, it comes second.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;
/// How many requests may wait for the thread to take them.
const WAITING: usize = 64;
/// How long a page waits for what is new while a list is loaded; then it asks again.
const NEWS_WITHIN: Duration = Duration::from_secs(10);
/// How long a whole list may take to be loaded for whoever asks for all of it.
const LOADED_WITHIN: Duration = Duration::from_secs(60);

/// How lists are kept, and which.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// What is listed for whoever names no namespace; all if there are none.
    pub(crate) namespaces: Vec<String>,
    pub(crate) hidden: HiddenNamespaces,
    /// How long one is kept up to date that nobody looks at.
    pub(crate) kept: Duration,
    /// How many watches there may be at once.
    pub(crate) most: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            namespaces: Vec::new(),
            hidden: HiddenNamespaces::default(),
            kept: Duration::from_secs(60),
            most: 8,
        }
    }
}

/// What is asked of a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct PodsQuery {
    /// One namespace alone.
    pub(crate) namespace: Option<String>,
    /// The version that is known: an answer gives what is newer. All pods if it is missing; if it is empty, they come in
    /// parts, as newer than nothing.
    pub(crate) after: Option<String>,
    /// Whether the answer may be packed.
    pub(crate) gzip: bool,
}

/// A [`PodList`](podshell_shared::api::PodList) as JSON.
#[derive(Debug)]
pub(crate) struct PodsAnswer {
    /// Whether it is packed.
    pub(crate) gzip: bool,
    pub(crate) body: PodsBody,
}

/// The bytes of an answer.
#[derive(Debug)]
pub(crate) enum PodsBody {
    Whole(Bytes),
    /// As they are made. [`None`] is the end; without it, something is missing.
    Pieces(mpsc::Receiver<Option<Bytes>>),
}

/// The way to the lists of a cluster.
#[derive(Default)]
pub(super) struct Lists {
    settings: OnceLock<Settings>,
    thread: Mutex<Option<mpsc::Sender<Ask>>>,
}

/// What somebody wants to know.
struct Ask {
    key: Key,
    client: Client,
    cluster: Arc<str>,
    demo: bool,
    after: Option<String>,
    gzip: bool,
    answer: oneshot::Sender<Result<PodsAnswer, Arc<ClusterError>>>,
}

impl Cluster {
    /// How lists of pods are kept from here on; it is said once.
    pub(crate) fn keep_lists(&self, settings: Settings) {
        let _ = self.lists.settings.set(settings);
    }

    /// The pods that the identity may list.
    ///
    /// # Errors
    ///
    /// If the API server refuses it, fails or is silent, or if there are too many lists.
    pub(crate) async fn pods(&self, query: PodsQuery) -> Result<PodsAnswer, Arc<ClusterError>> {
        let (answer, answered) = oneshot::channel();
        let ask = Ask {
            key: Key {
                who: self.call_as.digest(),
                namespace: query.namespace,
            },
            client: self.client.clone(),
            cluster: Arc::clone(&self.name),
            demo: self.demo,
            after: query.after,
            gzip: query.gzip,
            answer,
        };
        let thread = self.lists.thread().map_err(|error| {
            ClusterError::Unreachable(format!("there can be no thread for it: {error}"))
        })?;
        // A thread that has ended answers nothing.
        let _ = thread.send(ask).await;
        let answered = answered.await;
        answered.unwrap_or_else(|_| Err(Arc::new(ClusterError::Silent)))
    }
}

impl Lists {
    /// The thread; begins it if there is none.
    fn thread(&self) -> io::Result<mpsc::Sender<Ask>> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asks) = thread.as_ref().filter(|asks| !asks.is_closed()) {
            return Ok(asks.clone());
        }
        let (sender, asks) = mpsc::channel(WAITING);
        let settings = self.settings.get_or_init(Settings::default).clone();
        let runtime = Builder::new_current_thread()
            .enable_all()
            // For looking up names.
            .max_blocking_threads(2)
            .build()?;
        thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || run(runtime, asks, settings))?;
        Ok(thread.insert(sender).clone())
    }
}

impl fmt::Debug for Lists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lists").finish_non_exhaustive()
    }
}

/// Is the thread, until nobody can ask it any more.
fn run(runtime: Runtime, mut asks: mpsc::Receiver<Ask>, settings: Settings) {
    // Of this thread alone, on Linux. One that may not be less urgent is as urgent as others.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICE);
    let shelf = Rc::new(Shelf::new(settings));
    let tasks = LocalSet::new();
    tasks.block_on(&runtime, async {
        while let Some(ask) = asks.recv().await {
            spawn_local(answer(Rc::clone(&shelf), ask));
        }
    });
    drop(tasks);
    runtime.shutdown_background();
}

/// Answers somebody, unless they go away.
async fn answer(shelf: Rc<Shelf>, ask: Ask) {
    let Ask {
        key,
        client,
        cluster,
        demo,
        after,
        gzip,
        answer: mut waiting,
    } = ask;
    let answered = async {
        let list = shelf.look(&key, client).map_err(Arc::new)?;
        let since = match &after {
            Some(after) => Since::Version(after.parse().ok()),
            None => Since::Never,
        };
        let is_loading = ready(&list, since).await?;
        let namespaces = list.namespaces();
        let about = About {
            cluster: &cluster,
            demo,
            namespaces: &namespaces,
        };
        Ok(match since {
            Since::Version(since) => answer::changes(&list, about, since, is_loading, gzip),
            Since::Never => answer::whole(list, about, gzip),
        })
    };
    tokio::select! {
        answered = answered => {
            // Who has gone hears nothing.
            let _ = waiting.send(answered);
        }
        () = waiting.closed() => {}
    }
}

/// What somebody knows.
#[derive(Clone, Copy)]
enum Since {
    /// They want all of it at once.
    Never,
    /// They take it in parts, and have come so far; or begin.
    Version(Option<Version>),
}

/// Waits until a list can answer: all of it is there, or something that a client lacks who takes it in parts. Gives whether
/// it is loading still.
async fn ready(list: &List, since: Since) -> Result<bool, Arc<ClusterError>> {
    let within = match since {
        Since::Version(_) => NEWS_WITHIN,
        Since::Never => LOADED_WITHIN,
    };
    let until = Instant::now() + within;
    let mut news = list.subscribe();
    loop {
        news.mark_unchanged();
        match list.state() {
            State::Ready => return Ok(false),
            State::Failing(why) | State::Over(why) => return Err(why),
            State::Loading => {
                if let Since::Version(since) = since
                    && list.has_more_than(since)
                {
                    return Ok(true);
                }
            }
        }
        if timeout_at(until, news.changed()).await.is_err() {
            return match since {
                Since::Version(_) => Ok(true),
                Since::Never => Err(Arc::new(ClusterError::Silent)),
            };
        }
    }
}
