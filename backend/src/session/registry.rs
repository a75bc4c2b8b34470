//! All sessions: how many there may be, who goes on with which, and how all of them end.

use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use humantime::format_duration;
use podshell_shared::terminal::{EndReason, Exit, session_handle};
use tokio::{
    sync::{
        mpsc::{self, error::TrySendError},
        oneshot, watch,
    },
    time::{Duration, Instant, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

use crate::{
    random,
    secret::{Digest, digest_of},
};

use super::{
    Caller, Identity, Observer, RunningProcess, SessionId, SessionObserver, Target,
    TerminalBackend,
    event_loop::{Session, Stop, keep},
    exit::{failed, no_session, signed_out},
    flow::window::{POOL, Pool},
};

/// How long a session's owner may take to hand it over; it may be waiting for the API server.
const HAND_OVER: Duration = Duration::from_secs(15);
/// How long a termination may take: 5 s for the processes to heed it, and what the cluster takes.
const TERMINATE_WITHIN: Duration = Duration::from_secs(9);
/// How long before the server's end the last termination has to be over; a tenth of its time if that is shorter.
const LAST_STEPS: Duration = Duration::from_millis(500);

/// What sessions are allowed.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How many there may be.
    pub sessions: usize,
    /// How many one caller may have.
    pub per_caller: usize,
    /// How long one lives on whose connection was lost.
    pub grace: Duration,
    /// How long one lives on whose page said that it goes away.
    pub leave_grace: Duration,
    /// How long nothing may be typed; [`None`] for any time.
    pub idle: Option<Duration>,
    /// How long a session may last; [`None`] for any time.
    pub lifetime: Option<Duration>,
    /// How long the server takes to end.
    pub drain: Duration,
    /// Whether a lone Ctrl-C of a client that knows no more than Dashboard's messages is an
    /// [`Interrupt`](podshell_shared::terminal::ClientMessage::Interrupt).
    pub legacy_interrupt: bool,
}

/// The sessions of a server.
#[derive(Debug)]
pub struct Sessions<S: TerminalBackend>(Arc<Inner<S>>);

impl<S: TerminalBackend> Clone for Sessions<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[derive(Debug)]
struct Inner<S: TerminalBackend> {
    limits: Limits,
    pool: Pool,
    observer: Option<Arc<dyn Observer>>,
    shutdown: CancellationToken,
    /// When it will, once that is known.
    announced: watch::Sender<Option<Instant>>,
    /// When all have to have ended, once the server shuts down.
    drained_by: OnceLock<Instant>,
    /// How many may have left something behind.
    left: AtomicUsize,
    tasks: TaskTracker,
    table: Mutex<Table<S>>,
}

#[derive(Debug)]
struct Table<S: TerminalBackend> {
    living: usize,
    callers: HashMap<Caller, usize>,
    /// How many are where.
    targets: HashMap<String, usize>,
    /// By the handle of the key.
    owners: HashMap<String, Owner<S>>,
}

/// Who owns a session, and who may claim it.
#[derive(Debug)]
struct Owner<S: TerminalBackend> {
    caller: Caller,
    /// Of the whole key.
    key: Digest,
    asks: mpsc::Sender<Ask<S>>,
}

/// What is asked of who owns a session.
#[derive(Debug)]
pub(super) enum Ask<S: TerminalBackend> {
    /// To send it there.
    HandOver(Claim<S>),
    /// Not to wait long for its client, whose page went away.
    Leave,
    /// To end it.
    End(Exit),
}

/// Where a session is to be sent by who owns it.
pub(super) type Claim<S> = oneshot::Sender<Session<S>>;

/// A session's slot among all; free again when dropped.
#[derive(Debug)]
pub(super) struct Slot<S: TerminalBackend> {
    sessions: Sessions<S>,
    caller: Caller,
    target: String,
    handle: Option<String>,
}

impl<S: TerminalBackend> Sessions<S> {
    /// No sessions yet; `observer` watches them, and `shutdown` ends them all.
    pub fn new(
        limits: Limits,
        observer: Option<Arc<dyn Observer>>,
        shutdown: CancellationToken,
    ) -> Self {
        Self(Arc::new(Inner {
            limits,
            pool: Pool::new(POOL),
            observer,
            shutdown,
            announced: watch::Sender::new(None),
            drained_by: OnceLock::new(),
            left: AtomicUsize::new(0),
            tasks: TaskTracker::new(),
            table: Mutex::new(Table {
                living: 0,
                callers: HashMap::new(),
                targets: HashMap::new(),
                owners: HashMap::new(),
            }),
        }))
    }

    /// How many are alive, those included that are being ended.
    pub fn living(&self) -> usize {
        self.table().living
    }

    /// Tells all clients that the server shuts down then.
    pub fn announce(&self, shutdown: Instant) {
        self.0.announced.send_replace(Some(shutdown));
    }

    /// When the server shuts down, once that is known.
    pub(super) fn announced(&self) -> watch::Receiver<Option<Instant>> {
        self.0.announced.subscribe()
    }

    /// Done when the server shuts down.
    pub async fn shutdown(&self) {
        self.0.shutdown.cancelled().await;
    }

    /// Shuts down: tells all clients, and ends all sessions by `until`.
    pub fn shut_down(&self, until: Instant) {
        self.0.drained_by.get_or_init(|| until);
        self.0.shutdown.cancel();
    }

    /// Waits, once the server shuts down, until all sessions without a client have ended.
    pub async fn ended(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// How many sessions may have left processes behind, those included that have not ended: these are named in
    /// the log, as the others were.
    pub fn left(&self) -> usize {
        let table = self.table();
        for (target, sessions) in &table.targets {
            warn!(%target, sessions, "sessions did not end in time, their processes may still run");
        }
        self.0.left.load(Ordering::Relaxed) + table.living
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// What watches a session that begins, if anything does; how it ends if it must not go on unwatched.
    pub(super) fn observe(
        &self,
        id: SessionId,
        identity: &Identity,
        target: &Target,
    ) -> Result<Option<Box<dyn SessionObserver>>, Exit> {
        match &self.0.observer {
            Some(observer) => observer.begin(id, identity, target),
            None => Ok(None),
        }
    }

    /// What the windows of all sessions share.
    pub(super) fn pool(&self) -> &Pool {
        &self.0.pool
    }

    /// A slot for one more session of `caller`.
    pub(super) fn enter(&self, caller: &Caller, target: &Target) -> Result<Slot<S>, Exit> {
        let limits = self.limits();
        let mut table = self.table();
        let full = |message: &str| {
            let grace = format_duration(limits.grace);
            let lost = "One whose connection was lost counts for as long as it waits";
            failed(EndReason::Limit, format!("{message} {lost}, {grace}."))
        };
        if table.living >= limits.sessions {
            return Err(full(
                "This server has as many sessions as it allows. Close one, or try again later.",
            ));
        }
        let own = table.callers.entry(caller.clone()).or_default();
        if *own >= limits.per_caller {
            return Err(full(
                "You have as many sessions as this server allows one person. Close one first.",
            ));
        }
        *own += 1;
        table.living += 1;
        let target = target.to_string();
        *table.targets.entry(target.clone()).or_default() += 1;
        Ok(Slot {
            sessions: self.clone(),
            caller: caller.clone(),
            target,
            handle: None,
        })
    }

    /// A key to resume a session with, and where what is asked of its owner arrives.
    pub(super) fn register(&self, slot: &mut Slot<S>) -> (String, mpsc::Receiver<Ask<S>>) {
        let handle = random::text::<12>();
        let key = format!("{handle}.{}", random::text::<24>());
        let (asks, asked) = mpsc::channel(1);
        let owner = Owner {
            caller: slot.caller.clone(),
            key: digest_of(&key),
            asks,
        };
        self.table().owners.insert(handle.clone(), owner);
        slot.handle = Some(handle);
        (key, asked)
    }

    /// Whose session has this [handle](session_handle), if there is one.
    pub fn caller_of(&self, handle: &str) -> Option<Caller> {
        let table = self.table();
        Some(table.owners.get(handle)?.caller.clone())
    }

    /// Takes over the session with this key, from whoever owns it now.
    pub(super) async fn claim(&self, caller: &Caller, key: &str) -> Result<Session<S>, Exit> {
        let asks = self.owner(key, |owner| owner.caller == *caller);
        let asks = asks.ok_or_else(no_session)?;
        let (claim, mut claimed) = oneshot::channel();
        let handed_over = async {
            asks.send(Ask::HandOver(claim)).await.ok()?;
            (&mut claimed).await.ok()
        };
        let session = match timeout(HAND_OVER, handed_over).await {
            Ok(session) => session,
            // Unless it came just now; from here on its owner keeps it.
            Err(_) => {
                claimed.close();
                claimed.try_recv().ok()
            }
        };
        session.ok_or_else(no_session)
    }

    /// Whoever has the key says that its page went away: the session waits for it shortly, from the loss of its client on.
    /// False if there is no such session.
    pub fn leave(&self, key: &str) -> bool {
        // Where a claim waits, somebody is about to come back.
        self.owner(key, |_| true)
            .is_some_and(|asks| !matches!(asks.try_send(Ask::Leave), Err(TrySendError::Closed(_))))
    }

    /// Ends all sessions of a caller, who has signed out.
    pub fn sign_out(&self, caller: &Caller) {
        let owners: Vec<_> = {
            let table = self.table();
            let own = table
                .owners
                .values()
                .filter(|owner| owner.caller == *caller);
            own.map(|owner| owner.asks.clone()).collect()
        };
        for asks in owners {
            self.0.tasks.spawn(async move {
                // One that is over has ended already.
                let _ = asks.send(Ask::End(signed_out())).await;
            });
        }
    }

    /// The way to the owner of the session that has this key, if that is one `of` which it may be.
    fn owner(&self, key: &str, of: impl FnOnce(&Owner<S>) -> bool) -> Option<mpsc::Sender<Ask<S>>> {
        let table = self.table();
        let owner = table.owners.get(session_handle(key))?;
        (of(owner) && is_equal(&owner.key, key)).then(|| owner.asks.clone())
    }

    /// Keeps a session without a client until one claims it or its time is over.
    pub(super) fn keep(&self, mut session: Session<S>) {
        let sessions = self.clone();
        self.0.tasks.spawn(async move {
            match keep(&sessions, &mut session).await {
                Stop::Ended { exit, alive } => sessions.end(session, &exit, alive),
                Stop::Claimed(claim) => sessions.hand_over(session, claim),
                // Nobody can be lost.
                Stop::Detached => {}
            }
        });
    }

    /// Hands a session that is detached over to who claimed it; keeps it if that one is gone already.
    pub(super) fn hand_over(&self, session: Session<S>, claim: Claim<S>) {
        if let Err(session) = claim.send(session) {
            self.keep(session);
        }
    }

    /// Ends a session for good. If its shell is `alive`, or may be, it is terminated behind the scenes.
    pub(super) fn end(&self, mut session: Session<S>, exit: &Exit, alive: bool) {
        if let Some(observer) = &mut session.observer {
            observer.ended(exit);
        }
        if alive {
            let Session {
                target,
                backend,
                shell,
                slot,
                observer,
                ..
            } = session;
            self.terminate(target, backend, shell, slot, observer);
        }
    }

    /// Terminates a shell that is still being opened, as soon as it is.
    pub(super) fn terminate_opening(
        &self,
        target: Target,
        backend: S,
        opening: impl Future<Output = Result<RunningProcess<S>, Exit>> + Send + 'static,
        slot: Slot<S>,
        observer: Option<Box<dyn SessionObserver>>,
    ) {
        let sessions = self.clone();
        self.0.tasks.spawn(async move {
            if let Ok(shell) = opening.await {
                sessions.terminate(target, backend, shell, slot, observer);
            }
        });
    }

    /// Ends what runs in a shell's terminal; the session keeps its slot until that is done.
    pub(super) fn terminate(
        &self,
        target: Target,
        backend: S,
        shell: RunningProcess<S>,
        slot: Slot<S>,
        mut observer: Option<Box<dyn SessionObserver>>,
    ) {
        let sessions = self.clone();
        let until = self.terminated_by();
        self.0.tasks.spawn(async move {
            let ended = backend.terminate(&target, shell, until).await;
            if let Err(remains) = ended {
                if let Some(observer) = &mut observer {
                    observer.left_behind();
                }
                warn!(%target, %remains, "a shell did not end as it should");
                sessions.0.left.fetch_add(1, Ordering::Relaxed);
            }
            drop(slot);
        });
    }

    /// When a termination that begins now has to be over.
    fn terminated_by(&self) -> Instant {
        let drain = self.limits().drain;
        match self.0.drained_by.get() {
            Some(until) => *until - LAST_STEPS.min(drain / 10),
            // A shutdown that comes meanwhile takes no longer than this.
            None => Instant::now() + TERMINATE_WITHIN.min(drain * 9 / 10),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table<S>> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: TerminalBackend> Drop for Slot<S> {
    fn drop(&mut self) {
        let mut table = self.sessions.table();
        table.living -= 1;
        one_less(&mut table.callers, &self.caller);
        one_less(&mut table.targets, &self.target);
        if let Some(handle) = &self.handle {
            table.owners.remove(handle);
        }
    }
}

fn one_less<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// Whether this is the key of that digest. The time that it takes tells nothing of either.
fn is_equal(digest: &Digest, key: &str) -> bool {
    verify_slices_are_equal(digest, &digest_of(key)).is_ok()
}
