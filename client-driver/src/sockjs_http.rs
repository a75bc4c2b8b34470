//! A connection over plain HTTP: the requests that the client's `polling` asks for.

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use podshell_client::{
    codec::{self, Encoded},
    polling::{self, Receiving, Sending},
    transport::Transport,
};
use podshell_shared::{terminal::ClientMessage, utf8::Utf8Stream};
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::JoinHandle,
};

use crate::transport_event::TransportEvent;

/// So many events wait to be taken before no more is read.
const EVENTS: usize = 16;

/// A SockJS session over plain HTTP. Dropped, it stops receiving as soon as all is sent.
#[derive(Debug)]
pub(crate) struct SockJsConnection {
    transport: Transport,
    messages: UnboundedSender<String>,
    events: mpsc::Receiver<TransportEvent>,
}

/// Where the requests of a session go.
#[derive(Clone, Debug)]
struct Requests {
    client: HttpClient<HttpConnector, Full<Bytes>>,
    url: String,
    query: String,
}

impl SockJsConnection {
    /// Begins a session.
    pub(crate) fn open(transport: Transport, url: String, query: Option<&str>) -> Self {
        let requests = Requests {
            client: HttpClient::builder(TokioExecutor::new()).build_http(),
            url,
            query: query.unwrap_or_default().to_owned(),
        };
        let (tell, events) = mpsc::channel(EVENTS);
        let (messages, queue) = mpsc::unbounded_channel();
        let receiving = tokio::spawn(receive(requests.clone(), transport, tell.clone()));
        tokio::spawn(send(requests, queue, tell, receiving));
        Self {
            transport,
            messages,
            events,
        }
    }

    /// Sends a message, behind those before it.
    pub(crate) fn send(&self, message: &ClientMessage) {
        if let Encoded::Text(text) = self.transport.encode(message) {
            // Where nobody sends any more, it has been told that the connection is gone.
            let _ = self.messages.send(text);
        }
    }

    /// Waits for what it tells next. Cancel-safe.
    pub(crate) async fn next_event(&mut self) -> TransportEvent {
        let event = self.events.recv().await;
        event.unwrap_or(TransportEvent::Closed)
    }
}

impl Requests {
    /// Makes a request; [`None`] if it is not answered well.
    async fn make(&self, method: Method, name: &str, body: String) -> Option<Response<Incoming>> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/{name}?{}", self.url, self.query))
            .header("content-type", "text/plain")
            .body(Full::from(body));
        let response = self.client.request(request.ok()?).await.ok()?;
        response.status().is_success().then_some(response)
    }
}

/// Receives until the session ends.
async fn receive(requests: Requests, transport: Transport, tell: mpsc::Sender<TransportEvent>) {
    let mut receiving = Receiving::default();
    loop {
        let good = receive_once(&requests, transport, &mut receiving, &tell).await;
        if receiving.done(good.is_some()) == polling::Action::GiveUp {
            // Nobody may listen any more.
            let _ = tell.send(TransportEvent::Closed).await;
            return;
        }
    }
}

/// Takes in one response; [`None`] if it breaks.
async fn receive_once(
    requests: &Requests,
    transport: Transport,
    receiving: &mut Receiving,
    tell: &mpsc::Sender<TransportEvent>,
) -> Option<()> {
    let (method, name) = match transport {
        Transport::EventSource => (Method::GET, "eventsource"),
        Transport::XhrStreaming => (Method::POST, "xhr_streaming"),
        _ => (Method::POST, "xhr"),
    };
    let mut body = requests
        .make(method, name, String::new())
        .await?
        .into_body();
    let mut characters = Utf8Stream::default();
    let mut lines = String::new();
    while let Some(part) = body.frame().await {
        let Ok(bytes) = part.ok()?.into_data() else {
            continue;
        };
        let mut text = String::new();
        characters.push(&bytes, |part| text.push_str(part));
        let frames = if transport == Transport::EventSource {
            lines.push_str(&text);
            let events = take_events(&mut lines);
            events
                .iter()
                .map(|data| receiving.receive_event(data))
                .collect()
        } else {
            receiving.receive(&text)
        };
        for event in frames.iter().flat_map(|frame| codec::decode_text(frame)) {
            // Nobody may listen any more, but a response that breaks off ends the session, and what is still to be sent
            // would be lost with it.
            let _ = tell.send(TransportEvent::Server(event)).await;
        }
    }
    Some(())
}

/// Takes the data of all whole events of a stream of them, as a browser does (HTML's "Server-sent events").
fn take_events(lines: &mut String) -> Vec<String> {
    let whole = lines.rfind('\n').map_or(0, |end| end + 1);
    let rest = lines.split_off(whole);
    let whole = std::mem::replace(lines, rest);
    let data = |line: &str| Some(line.strip_prefix("data:")?.trim_start().to_owned());
    whole.lines().filter_map(data).collect()
}

/// Sends what is to be sent, one request after the other, and then ends what receives.
async fn send(
    requests: Requests,
    mut queue: UnboundedReceiver<String>,
    tell: mpsc::Sender<TransportEvent>,
    receiving: JoinHandle<()>,
) {
    let mut sending = Sending::default();
    while let Some(message) = queue.recv().await {
        let mut action = sending.push(message);
        while let polling::Action::Request(batch) = action {
            let sent = requests.make(Method::POST, "xhr_send", batch).await;
            while let Ok(message) = queue.try_recv() {
                // It waits for the next request.
                sending.push(message);
            }
            action = sending.done(sent.is_some());
        }
        if action == polling::Action::GiveUp {
            // Nobody may listen any more.
            let _ = tell.send(TransportEvent::Closed).await;
            break;
        }
    }
    receiving.abort();
}
