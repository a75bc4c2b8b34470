//! The main processes of containers: started once, and spoken to by everyone who attaches.

use std::{
    collections::HashMap,
    convert::Infallible,
    path::{Path, PathBuf},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use crate::{
    cluster::Shared,
    logs::Logs,
    pod::{Container, ContainerState},
    record::Size,
    sandbox::{Programs, Sandbox},
    spawn::{Input, Output, Program, Started, exit_code},
};

/// Bytes of output per read, as for an exec.
const READ_SIZE: usize = 8 << 10;
/// Reads that wait for a client to take them; then the process waits for it, as with a real container runtime.
const CHUNKS: usize = 4;
/// Messages that wait for the process to read its stdin; then its clients' input waits.
const ORDERS: usize = 4;
/// How long clients may take to read what the process had written when it ended.
const DRAIN: Duration = Duration::from_secs(5);

/// A container in its pod.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) container: String,
}

impl Place {
    pub(crate) fn dir(&self, shared: &Shared) -> PathBuf {
        shared.dir(&self.namespace, &self.pod, &self.container)
    }

    /// Whether something can be started in it: not if the pod has gone since it was asked for.
    pub(crate) fn is_running(&self, shared: &Shared) -> bool {
        let stored = shared.store.get(&self.namespace, &self.pod);
        stored.is_some_and(|stored| stored.accepts_exec(&self.container))
    }
}

/// What the process wrote: the channel, and the bytes.
pub(crate) type Chunk = (u8, Bytes);

/// What a client sends.
#[derive(Debug)]
enum Order {
    Stdin(Bytes),
    Resize(Size),
}

#[derive(Debug)]
struct Client {
    id: u64,
    chunks: mpsc::Sender<Chunk>,
}

/// A main process.
#[derive(Debug)]
pub(crate) struct Main {
    /// Who sees the output; `None` once that has ended.
    clients: Mutex<Option<Vec<Client>>>,
    orders: mpsc::Sender<Order>,
    has_stdin: bool,
    exit: watch::Sender<Option<i32>>,
}

impl Main {
    /// The exit code, once there is one.
    pub(crate) fn exit(&self) -> watch::Receiver<Option<i32>> {
        self.exit.subscribe()
    }

    /// Waits until there is room for `bytes`.
    pub(crate) async fn write(&self, bytes: Bytes) {
        if self.has_stdin {
            // A process that has ended needs no input.
            let _ = self.orders.send(Order::Stdin(bytes)).await;
        }
    }

    pub(crate) async fn resize(&self, size: Size) {
        let _ = self.orders.send(Order::Resize(size)).await;
    }

    /// Ends the output of one client.
    pub(crate) fn leave(&self, client: u64) {
        if let Some(clients) = &mut *self.clients() {
            clients.retain(|its| its.id != client);
        }
    }

    /// False if there is no more output to come.
    fn join(&self, id: u64, chunks: mpsc::Sender<Chunk>) -> bool {
        match &mut *self.clients() {
            Some(clients) => {
                clients.push(Client { id, chunks });
                true
            }
            None => false,
        }
    }

    fn clients(&self) -> MutexGuard<'_, Option<Vec<Client>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the output to the log and to all clients, each read to all before the next, until it ends.
    async fn pump(&self, mut output: Output, logs: &Logs, dir: &Path) {
        while output.is_open() {
            let chunk = output.read(READ_SIZE).await;
            if chunk.1.is_empty() {
                continue;
            }
            logs.print(dir, &chunk.1);
            let clients: Vec<_> = self
                .clients()
                .iter()
                .flatten()
                .map(|client| (client.id, client.chunks.clone()))
                .collect();
            for (id, client) in clients {
                if client.send(chunk.clone()).await.is_err() {
                    self.leave(id);
                }
            }
        }
    }
}

/// The main processes that run, by their containers' directories.
#[derive(Debug)]
pub(crate) struct Mains(watch::Sender<HashMap<PathBuf, Arc<Main>>>);

impl Default for Mains {
    fn default() -> Self {
        Self(watch::Sender::new(HashMap::new()))
    }
}

impl Mains {
    /// The main process of a container and what it writes from now on; started if it does not run. `client` is any number
    /// that no other client has.
    pub(crate) fn attach(
        &self,
        shared: &Arc<Shared>,
        place: &Place,
        container: &Container,
        client: u64,
    ) -> Result<(Arc<Main>, mpsc::Receiver<Chunk>), String> {
        let (sender, chunks) = mpsc::channel(CHUNKS);
        let mut answer = Err("container is in CONTAINER_EXITED state".to_owned());
        self.0.send_if_modified(|mains| {
            if let Some(main) = mains.get(&place.dir(shared)) {
                if main.join(client, sender) {
                    answer = Ok(main.clone());
                }
                return false;
            }
            let chunks = sender;
            answer = start(
                shared,
                place,
                container,
                vec![Client { id: client, chunks }],
            );
            insert(mains, shared, place, &answer)
        });
        Ok((answer?, chunks))
    }

    /// Starts the main process of a container that nobody is attached to.
    pub(crate) fn start(
        &self,
        shared: &Arc<Shared>,
        place: &Place,
        container: &Container,
    ) -> Result<(), String> {
        let mut answer = Err(String::new());
        self.0.send_if_modified(|mains| {
            answer = start(shared, place, container, Vec::new());
            insert(mains, shared, place, &answer)
        });
        answer.map(drop)
    }

    /// Sees to it that the main process of a container runs, if it can.
    pub(crate) fn ensure(&self, shared: &Arc<Shared>, place: &Place, container: &Container) {
        self.0.send_if_modified(|mains| {
            if mains.contains_key(&place.dir(shared)) {
                return false;
            }
            let started = start(shared, place, container, Vec::new());
            insert(mains, shared, place, &started)
        });
    }

    /// Waits until none runs under `dir`.
    pub(crate) async fn ended(&self, dir: &Path) {
        let mut mains = self.0.subscribe();
        // The sender is part of what this is called on.
        let _ = mains
            .wait_for(|mains| !mains.keys().any(|its| its.starts_with(dir)))
            .await;
    }

    fn remove(&self, dir: &Path) {
        self.0.send_modify(|mains| {
            mains.remove(dir);
        });
    }
}

fn insert(
    mains: &mut HashMap<PathBuf, Arc<Main>>,
    shared: &Shared,
    place: &Place,
    started: &Result<Arc<Main>, String>,
) -> bool {
    if let Ok(main) = started {
        mains.insert(place.dir(shared), main.clone());
    }
    started.is_ok()
}

/// Starts a main process and the task that owns it.
fn start(
    shared: &Arc<Shared>,
    place: &Place,
    container: &Container,
    clients: Vec<Client>,
) -> Result<Arc<Main>, String> {
    let dir = place.dir(shared);
    let spec = container.main_process();
    let spawn = || {
        if !place.is_running(shared) {
            return Err("container is not running".to_owned());
        }
        let failed = |error: std::io::Error| error.to_string();
        let programs = Programs::Host;
        let sandbox = Sandbox::prepare(&dir, &programs).map_err(failed)?;
        let program = Program {
            file: sandbox.find(&programs, &spec.command[0])?,
            command: spec.command.clone(),
            sandbox,
            hostname: place.pod.clone(),
        };
        let started = if spec.tty {
            program.start_on_terminal()
        } else {
            program.start_on_pipes(spec.stdin, true, true)
        };
        started.map_err(failed)
    };
    let pid = |started: &Started| started.child.id();
    let started = shared.processes.start(&dir, spawn, pid);
    let (key, started) = started.ok_or("the cluster is being shut down")??;
    let (orders, receiver) = mpsc::channel(ORDERS);
    let main = Arc::new(Main {
        clients: Mutex::new(Some(clients)),
        orders,
        has_stdin: spec.stdin,
        exit: watch::Sender::new(None),
    });
    let task = run(
        shared.clone(),
        place.clone(),
        main.clone(),
        started,
        receiver,
        key,
    );
    shared.tasks.spawn(task);
    Ok(main)
}

/// The life of a main process. With it ends the container, and what else runs there.
async fn run(
    shared: Arc<Shared>,
    place: Place,
    main: Arc<Main>,
    started: Started,
    orders: mpsc::Receiver<Order>,
    key: u64,
) {
    let Started {
        mut child,
        output,
        input,
    } = started;
    let dir = place.dir(&shared);
    let mut pump = pin!(main.pump(output, &shared.logs, &dir));
    let mut feed = pin!(feed(input, orders));
    let mut pumped = false;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status,
            () = &mut pump, if !pumped => pumped = true,
            never = &mut feed => match never {},
        }
    };
    let code = status.map_or(255, exit_code);
    shared.processes.reaped(key);
    let Place {
        namespace,
        pod,
        container,
    } = &place;
    shared.store.change(namespace, pod, |pod| {
        let state = ContainerState::Terminated(code);
        pod.is_running(container) && pod.set_container_state(container, state, None)
    });
    // Nothing is started in it any more; what still runs there would keep the output open.
    shared.processes.kill_in(&dir);
    if !pumped {
        let _ = timeout(DRAIN, pump).await;
    }
    main.exit.send_replace(Some(code));
    main.clients().take();
    shared.mains.remove(&dir);
}

/// Does what the clients want.
async fn feed(mut input: Input, mut orders: mpsc::Receiver<Order>) -> Infallible {
    loop {
        match orders.recv().await {
            Some(Order::Stdin(bytes)) => input.write(&bytes).await,
            Some(Order::Resize(size)) => input.resize(size),
            None => std::future::pending().await,
        }
    }
}
