//! What moves a client natively: it makes the connections that the client asks for, sends what it says, and keeps its time.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client as HttpClient, rt::TokioExecutor};
use podshell_client::{Action, Client, End, Phase, ScreenUpdate, TAIL, transport::Transport};
use podshell_shared::{
    api::SessionLife,
    terminal::{ClientMessage, EndReason, Exit, Size},
};
use tokio::time::sleep;

use crate::{
    connection::{Address, ClientError},
    multiplex::{Channel, Multiplexes},
    transport_event::TransportEvent,
    web_socket::WebSocketConnection,
};

/// How often a client's deadlines are looked at, in ms.
const TICK: f64 = 1_000.0;
/// A connection that lasted so long was a good one, in ms.
const HELD: f64 = 10_000.0;

/// A client with its connection.
#[derive(Debug)]
pub struct Driver {
    client: Client,
    address: Address,
    connection: Option<Connection>,
    /// What it shares with the other terminals of its page.
    multiplexes: Multiplexes,
    /// In bytes.
    read_buffer: usize,
    started: Instant,
    /// How far the client's clock is ahead, in ms.
    ahead: f64,
    /// When the client was ticked last, by its clock.
    ticked: f64,
}

/// A connection, whatever the transport.
#[derive(Debug)]
enum Connection {
    WebSocket(Box<WebSocketConnection>),
    Channel(Channel),
}

impl Driver {
    /// Drives a client that begins a session. If it `opens_early`, it opens its first connection while the id is being
    /// minted. `read_buffer` is in bytes.
    pub fn start(
        address: &Address,
        transport: Transport,
        opens_early: bool,
        size: Size,
        read_buffer: usize,
    ) -> Self {
        let client = Client::start(opens_early, Some(size), transport, || 0.5, 0.0);
        Self::new(client, address, read_buffer)
    }

    /// Drives a client from its time 0 on.
    pub fn new(client: Client, address: &Address, read_buffer: usize) -> Self {
        Self {
            client,
            address: address.clone(),
            connection: None,
            multiplexes: Multiplexes::default(),
            read_buffer,
            started: Instant::now(),
            ahead: 0.0,
            ticked: 0.0,
        }
    }

    /// As one terminal of several on a page: they share what they have over plain HTTP.
    #[must_use]
    pub fn on_page(mut self, multiplexes: &Multiplexes) -> Self {
        self.multiplexes = multiplexes.clone();
        self
    }

    /// The client that is driven.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The time by the client's clock, in ms.
    pub fn now(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1_000.0 + self.ahead
    }

    /// Does something to the client, and then what it wants to be done; `act` is told the time.
    pub async fn act<T>(&mut self, act: impl FnOnce(&mut Client, f64) -> T) -> T {
        let now = self.now();
        let result = act(&mut self.client, now);
        self.perform_actions().await;
        result
    }

    /// Does what the client wants to be done.
    pub async fn perform_actions(&mut self) {
        while let Some(action) = self.client.next_action() {
            match action {
                Action::Disconnect => self.connection = None,
                Action::Connect(transport) => {
                    self.connection = self.open(transport).await.ok();
                    if self.connection.is_none() {
                        if self.is_gone().await == Some(true) {
                            self.client.refused(no_session());
                        }
                        self.client.connection_closed(self.now());
                    }
                }
                Action::Send(message) => self.send(&message).await,
                // A server that does not hear of it waits longer.
                Action::Leave(key) => drop(self.announce_leave(key).await),
            }
        }
    }

    /// Waits until something happens, and lets the client have it; gives what that means for the screen. Cancel-safe, but
    /// while the client connects and sends.
    pub async fn step(&mut self) -> Option<ScreenUpdate> {
        self.perform_actions().await;
        let now = self.now();
        let due = self.client.next_tick().unwrap_or(f64::INFINITY);
        let wait = (due.min(self.ticked + TICK) - now).max(0.0).ceil();
        let tick = sleep(Duration::from_millis(wait as u64));
        let event = match &mut self.connection {
            Some(connection) => tokio::select! {
                biased;
                () = tick => None,
                event = connection.next_event() => Some(event),
            },
            None => {
                tick.await;
                None
            }
        };
        let now = self.now();
        let update = match event {
            None => {
                self.tick();
                None
            }
            Some(TransportEvent::Server(event)) => self.client.receive(event, now),
            Some(TransportEvent::Output(data)) => {
                let tail = data.len().saturating_sub(TAIL);
                let end = self.client.receive_output(data.len(), &data[tail..], now);
                Some(ScreenUpdate::Output { data, end })
            }
            Some(TransportEvent::Closed) => {
                self.client.connection_closed(now);
                None
            }
        };
        self.perform_actions().await;
        update
    }

    /// Whether the session has ended for this client.
    pub fn has_ended(&self) -> bool {
        matches!(self.client.phase(), Phase::Ended(_))
    }

    /// Loses the connection, as if it had stood for long, and connects again at once.
    pub async fn reconnect(&mut self) {
        self.connection = None;
        self.ahead += HELD;
        self.tick();
        self.client.connection_closed(self.now());
        self.perform_actions().await;
        if let Some(wait) = self.client.retry_in(self.now()) {
            self.ahead += wait;
        }
        self.tick();
        self.perform_actions().await;
    }

    fn tick(&mut self) {
        self.ticked = self.now();
        self.client.tick(self.ticked);
    }

    async fn open(&self, transport: Transport) -> Result<Connection, ClientError> {
        let base = format!("http://{}/", self.address.host);
        let query = self.client.connection_query();
        Ok(if transport.is_web_socket() {
            let url = transport.address(&base, fastrand::f64);
            let opening =
                WebSocketConnection::open(transport, &url, query, &self.address, self.read_buffer);
            Connection::WebSocket(Box::new(opening.await?))
        } else {
            let query = query.unwrap_or_default();
            Connection::Channel(self.multiplexes.open(transport, &base, query))
        })
    }

    async fn send(&mut self, message: &ClientMessage) {
        match &mut self.connection {
            // On one that is closing it goes nowhere: that it is gone is told behind what it has still to tell.
            Some(Connection::WebSocket(connection)) => drop(connection.send(message).await),
            Some(Connection::Channel(channel)) => channel.send(message),
            None => {}
        }
    }

    /// Whether there is no session any more to go on with, as the API says; [`None`] where it is not asked for one, or says
    /// nothing. The page asks beside each try: browsers do not tell why a connection was refused.
    async fn is_gone(&self) -> Option<bool> {
        let handle = self.client.connection_query();
        let handle = handle.filter(|_| self.client.is_resuming())?;
        let uri = format!("http://{}/api/v1/sessions/{handle}", self.address.host);
        let request = Request::builder()
            .uri(uri)
            .header(AUTHORIZATION, format!("Bearer {}", self.address.token))
            .body(Full::<Bytes>::default());
        let client = HttpClient::builder(TokioExecutor::new()).build_http();
        let body = client.request(request.ok()?).await.ok()?.into_body();
        let body = body.collect().await.ok()?.to_bytes();
        let SessionLife { lives } = serde_json::from_slice(&body).ok()?;
        Some(!lives)
    }

    async fn announce_leave(&self, key: String) -> Option<()> {
        let uri = format!("http://{}/api/v1/sessions/leave", self.address.host);
        let request = Request::builder()
            .method(Method::POST)
            .uri(uri)
            .body(Full::<Bytes>::from(key));
        let client = HttpClient::builder(TokioExecutor::new()).build_http();
        client.request(request.ok()?).await.ok().map(drop)
    }
}

/// What the page takes it for that the API knows no such session.
fn no_session() -> End {
    End::Exit(Exit::new(EndReason::NoSession, ""))
}

impl Connection {
    async fn next_event(&mut self) -> TransportEvent {
        match self {
            Self::WebSocket(connection) => connection.next_event().await,
            Self::Channel(channel) => channel.next_event().await,
        }
    }
}
