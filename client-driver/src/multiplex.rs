//! Connections over plain HTTP: the requests that the client's `multiplex` asks for, for all terminals of a page.

use std::{
    collections::HashMap,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use podshell_client::{
    multiplex::{ChannelEvent, Multiplex, Then},
    transport::Transport,
};
use podshell_shared::{terminal::ClientMessage, utf8::Utf8Stream};
use tokio::{
    sync::{
        Notify,
        mpsc::{self, UnboundedReceiver, UnboundedSender},
    },
    time::{Duration, Instant, timeout},
};

use crate::transport_event::TransportEvent;

/// What the terminals of a page share over plain HTTP: mostly one session, by the transport that works. Clones are of the same
/// page.
#[derive(Clone, Debug, Default)]
pub struct Multiplexes {
    shared: Arc<Mutex<Vec<Arc<Shared>>>>,
    requests: Arc<Requests>,
}

/// How many requests there are.
#[derive(Debug, Default)]
struct Requests {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// A request that counts until its answer was taken in.
#[derive(Debug)]
struct Counted(Arc<Requests>);

/// One session and its requests.
#[derive(Debug)]
struct Shared {
    state: Mutex<Multiplex>,
    /// Where the events of each channel go.
    owners: Mutex<HashMap<u32, UnboundedSender<TransportEvent>>>,
    /// Something is to be sent, or all is done.
    wake: Notify,
    client: HttpClient<HttpConnector, Full<Bytes>>,
    base: String,
    /// The session's.
    address: Mutex<String>,
    requests: Arc<Requests>,
    /// What times count from.
    began: Instant,
}

/// A connection of one terminal. Dropped, it is over as soon as all is sent that was said.
#[derive(Debug)]
pub(crate) struct Channel {
    shared: Arc<Shared>,
    number: u32,
    events: UnboundedReceiver<TransportEvent>,
}

impl Multiplexes {
    /// How many requests there are.
    pub fn requests(&self) -> usize {
        self.requests.now.load(Ordering::Relaxed)
    }

    /// How many requests there were at once, at the most.
    pub fn most_requests(&self) -> usize {
        self.requests.most.load(Ordering::Relaxed)
    }

    /// Breaks off all requests, as a network does that is lost.
    pub fn cut(&self) {
        for shared in lock(&self.shared).iter() {
            lock(&shared.state).lose();
            shared.deliver();
        }
    }

    /// Opens a channel, over a session that is there if there is one. `query` shows that a session may be opened.
    pub(crate) fn open(&self, transport: Transport, base: &str, query: &str) -> Channel {
        let mut all = lock(&self.shared);
        all.retain(|shared| !lock(&shared.state).is_done());
        let has_room = |shared: &&Arc<Shared>| {
            let state = lock(&shared.state);
            state.transport() == transport && state.has_room()
        };
        if let Some(shared) = all.iter().find(has_room) {
            return shared.open(query);
        }
        let shared = Arc::new(Shared {
            state: Mutex::new(Multiplex::new(transport)),
            owners: Mutex::default(),
            wake: Notify::new(),
            client: HttpClient::builder(TokioExecutor::new()).build_http(),
            base: base.to_owned(),
            address: Mutex::new(transport.address(base, fastrand::f64)),
            requests: Arc::clone(&self.requests),
            began: Instant::now(),
        });
        all.push(Arc::clone(&shared));
        let channel = shared.open(query);
        tokio::spawn(shared.carry());
        channel
    }
}

impl Channel {
    /// Sends a message, behind those before it.
    pub(crate) fn send(&self, message: &ClientMessage) {
        let now = self.shared.now();
        lock(&self.shared.state).say(self.number, message, now);
        self.shared.wake.notify_one();
    }

    /// Waits for what it tells next. Cancel-safe.
    pub(crate) async fn next_event(&mut self) -> TransportEvent {
        let event = self.events.recv().await;
        event.unwrap_or(TransportEvent::Closed)
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        lock(&self.shared.owners).remove(&self.number);
        lock(&self.shared.state).leave(self.number);
        self.shared.wake.notify_one();
    }
}

impl Shared {
    fn open(self: &Arc<Self>, query: &str) -> Channel {
        let (owner, events) = mpsc::unbounded_channel();
        let number = lock(&self.state).open(query);
        lock(&self.owners).insert(number, owner);
        self.deliver();
        Channel {
            shared: Arc::clone(self),
            number,
            events,
        }
    }

    /// Makes the requests, until there is nothing left to do.
    async fn carry(self: Arc<Self>) {
        // What receives ends with what sends: at the end of all.
        tokio::select! {
            () = self.send() => {}
            () = self.receive() => {}
        }
    }

    /// Hands events on.
    fn deliver(&self) {
        loop {
            let event = lock(&self.state).next_event();
            let Some((number, event)) = event else {
                break;
            };
            let event = match event {
                ChannelEvent::Server(event) => TransportEvent::Server(event),
                ChannelEvent::Closed => TransportEvent::Closed,
            };
            if let Some(owner) = lock(&self.owners).get(&number) {
                // It may be going just now.
                let _ = owner.send(event);
            }
        }
        self.wake.notify_one();
    }

    /// Sends what waits, one request after the other.
    async fn send(&self) {
        loop {
            let batch = lock(&self.state).next_batch(self.now());
            if let Some(batch) = batch {
                let sent = self.make(Method::POST, "xhr_send", batch).await;
                lock(&self.state).sent(sent.is_some());
                self.deliver();
                continue;
            }
            if lock(&self.state).is_done() {
                return;
            }
            let deadline = lock(&self.state).ack_deadline();
            match deadline.map(|deadline| (deadline - self.now()).max(0.0).ceil()) {
                Some(wait) => {
                    let wait = Duration::from_millis(wait as u64);
                    // It may be something else that wakes it.
                    let _ = timeout(wait, self.wake.notified()).await;
                }
                None => self.wake.notified().await,
            }
        }
    }

    /// In ms.
    fn now(&self) -> f64 {
        self.began.elapsed().as_secs_f64() * 1000.0
    }

    /// Receives until the session ends.
    async fn receive(&self) {
        loop {
            let good = self.receive_once().await;
            let then = lock(&self.state).received(good.is_some());
            if then == Then::Open {
                let transport = lock(&self.state).transport();
                *lock(&self.address) = transport.address(&self.base, fastrand::f64);
            }
            self.deliver();
            if then == Then::Stop {
                return;
            }
        }
    }

    /// Takes in one response; [`None`] if it breaks.
    async fn receive_once(&self) -> Option<()> {
        let transport = lock(&self.state).transport();
        let (method, name) = match transport {
            Transport::EventSource => (Method::GET, "eventsource"),
            Transport::XhrStreaming => (Method::POST, "xhr_streaming"),
            _ => (Method::POST, "xhr"),
        };
        let (response, _counted) = self.make(method, name, String::new()).await?;
        let mut body = response.into_body();
        let mut characters = Utf8Stream::default();
        let mut lines = String::new();
        while let Some(part) = body.frame().await {
            let Ok(bytes) = part.ok()?.into_data() else {
                continue;
            };
            let mut text = String::new();
            characters.push(&bytes, |part| text.push_str(part));
            if transport == Transport::EventSource {
                lines.push_str(&text);
                for data in take_events(&mut lines) {
                    lock(&self.state).receive_event(&data);
                }
            } else {
                lock(&self.state).receive(&text);
            }
            self.deliver();
        }
        Some(())
    }

    /// Makes a request; [`None`] if it is not answered well.
    async fn make(
        &self,
        method: Method,
        name: &str,
        body: String,
    ) -> Option<(Response<Incoming>, Counted)> {
        let address = lock(&self.address).clone();
        let query = lock(&self.state).query().to_owned();
        let request = Request::builder()
            .method(method)
            .uri(format!("{address}/{name}?{query}"))
            .header("content-type", "text/plain")
            .body(Full::from(body));
        let counted = Counted::new(&self.requests);
        let response = self.client.request(request.ok()?).await.ok()?;
        let is_good = response.status().is_success();
        is_good.then_some((response, counted))
    }
}

impl Counted {
    fn new(requests: &Arc<Requests>) -> Self {
        let now = requests.now.fetch_add(1, Ordering::Relaxed) + 1;
        requests.most.fetch_max(now, Ordering::Relaxed);
        Self(Arc::clone(requests))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is locked is whole at any time, and never locked across a wait.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the data of all whole events of a stream of them, as a browser does (HTML's "Server-sent events").
fn take_events(lines: &mut String) -> Vec<String> {
    let whole = lines.rfind('\n').map_or(0, |end| end + 1);
    let rest = lines.split_off(whole);
    let whole = mem::replace(lines, rest);
    let data = |line: &str| Some(line.strip_prefix("data:")?.trim_start().to_owned());
    whole.lines().filter_map(data).collect()
}
