//! A client of exec and attach, plain enough to misbehave with.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::time::Duration;

use fake_cluster::{Container, ExecRecord, FakeCluster, Pod};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        self, Message,
        client::IntoClientRequest,
        protocol::frame::{
            Frame,
            coding::{Data, OpCode},
        },
    },
};

/// Longer than anything here takes, on a busy machine too.
pub const DEADLINE: Duration = Duration::from_secs(30);

pub const V4: &str = "v4.channel.k8s.io";
pub const V5: &str = "v5.channel.k8s.io";
pub const BOTH: &str = "v5.channel.k8s.io, v4.channel.k8s.io";

/// A cluster with the pod `default/web-0`, container `app`.
pub async fn cluster() -> FakeCluster {
    cluster_with(Container::new("app")).await
}

pub async fn cluster_with(container: Container) -> FakeCluster {
    FakeCluster::builder()
        .pod(Pod::new("default", "web-0").container(container))
        .start()
        .await
        .unwrap()
}

/// Waits until the newest exec is as `ready` wants it.
pub async fn until_exec(cluster: &FakeCluster, ready: impl Fn(&ExecRecord) -> bool) -> ExecRecord {
    let mut execs = cluster.watch_execs();
    let found = timeout(
        DEADLINE,
        execs.wait_for(|all| all.last().is_some_and(&ready)),
    )
    .await;
    found
        .unwrap_or_else(|_| panic!("not reached: {:?}", cluster.execs()))
        .unwrap()
        .last()
        .unwrap()
        .clone()
}

/// kube's client.
pub fn client(cluster: &FakeCluster) -> kube::Client {
    let mut config = kube::Config::new(cluster.url().parse().unwrap());
    config.auth_info.token = Some(cluster.token().into());
    kube::Client::try_from(config).unwrap()
}

/// A request for an exec on a terminal, to be sent by hand.
pub fn raw_request(cluster: &FakeCluster, command: &[&str]) -> String {
    format!(
        "GET /api/v1/namespaces/default/pods/web-0/exec?{} HTTP/1.1\r\nHost: {}\r\n\
         Authorization: Bearer {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {V4}\r\n\r\n",
        tty(command),
        address(cluster),
        cluster.token(),
    )
}

/// Where it listens: `127.0.0.1:port`.
pub fn address(cluster: &FakeCluster) -> String {
    cluster.url().replace("http://", "")
}

/// The query for a terminal.
pub fn tty(command: &[&str]) -> String {
    query(command, "stdin=true&stdout=true&stderr=false&tty=true")
}

/// The query for pipes.
pub fn pipes(command: &[&str]) -> String {
    query(command, "stdin=true&stdout=true&stderr=true&tty=false")
}

fn query(command: &[&str], rest: &str) -> String {
    let command: String = command
        .iter()
        .map(|word| {
            let word: String = word.bytes().map(|byte| format!("%{byte:02x}")).collect();
            format!("&command={word}")
        })
        .collect();
    format!("container=app&{rest}{command}")
}

/// An exec as its client sees it.
pub struct Exec {
    ws: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub protocol: String,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Sizes of the messages on channel 1.
    pub sizes: Vec<usize>,
    pub status: Option<Value>,
    pub close_code: Option<u16>,
    /// Set when the connection ended without a close frame.
    pub broken: bool,
}

impl Exec {
    pub async fn open(cluster: &FakeCluster, protocols: &str, query: &str) -> Self {
        Self::try_open(cluster, "default", "web-0", protocols, query)
            .await
            .unwrap()
    }

    pub async fn try_open(
        cluster: &FakeCluster,
        namespace: &str,
        pod: &str,
        protocols: &str,
        query: &str,
    ) -> Result<Self, (u16, String)> {
        let path = format!("namespaces/{namespace}/pods/{pod}/exec?{query}");
        Self::try_path(cluster, &path, protocols).await
    }

    /// Attaches to `container` of `default/web-0`, on a terminal or not.
    pub async fn attach(
        cluster: &FakeCluster,
        protocols: &str,
        container: &str,
        tty: bool,
    ) -> Self {
        Self::try_attach(cluster, protocols, container, tty)
            .await
            .unwrap()
    }

    pub async fn try_attach(
        cluster: &FakeCluster,
        protocols: &str,
        container: &str,
        tty: bool,
    ) -> Result<Self, (u16, String)> {
        let stderr = !tty;
        let path = format!(
            "namespaces/default/pods/web-0/attach?container={container}&stdin=true&stdout=true&stderr={stderr}&tty={tty}"
        );
        Self::try_path(cluster, &path, protocols).await
    }

    async fn try_path(
        cluster: &FakeCluster,
        path: &str,
        protocols: &str,
    ) -> Result<Self, (u16, String)> {
        let url = cluster.url().replace("http://", "ws://");
        let url = format!("{url}/api/v1/{path}");
        let mut request = url.into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("Sec-WebSocket-Protocol", protocols.parse().unwrap());
        let bearer = format!("Bearer {}", cluster.token());
        headers.insert("Authorization", bearer.parse().unwrap());
        match timeout(DEADLINE, connect_async(request)).await.unwrap() {
            Ok((ws, response)) => Ok(Self {
                ws,
                protocol: response.headers()["Sec-WebSocket-Protocol"]
                    .to_str()
                    .unwrap()
                    .to_owned(),
                stdout: Vec::new(),
                stderr: Vec::new(),
                sizes: Vec::new(),
                status: None,
                close_code: None,
                broken: false,
            }),
            Err(tungstenite::Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                Err((response.status().as_u16(), String::from_utf8(body).unwrap()))
            }
            Err(other) => panic!("{other}"),
        }
    }

    pub async fn send(&mut self, channel: u8, bytes: &[u8]) {
        let message = [&[channel], bytes].concat();
        self.send_message(Message::binary(message)).await;
    }

    pub async fn send_message(&mut self, message: Message) {
        timeout(DEADLINE, self.ws.send(message))
            .await
            .unwrap()
            .unwrap();
    }

    pub async fn type_in(&mut self, text: &str) {
        self.send(0, text.as_bytes()).await;
    }

    pub async fn resize(&mut self, width: u16, height: u16) {
        let json = format!(r#"{{"Width":{width},"Height":{height}}}"#);
        self.send(4, json.as_bytes()).await;
    }

    /// One message in several frames.
    pub async fn send_fragmented(&mut self, fragments: &[&[u8]]) {
        for (index, fragment) in fragments.iter().enumerate() {
            let kind = if index == 0 {
                Data::Binary
            } else {
                Data::Continue
            };
            let last = index + 1 == fragments.len();
            let frame = Frame::message(fragment.to_vec(), OpCode::Data(kind), last);
            self.send_message(Message::Frame(frame)).await;
        }
    }

    /// Reads one message; false at the end.
    pub async fn read(&mut self) -> bool {
        let message = timeout(DEADLINE, self.ws.next()).await;
        let message = message.unwrap_or_else(|_| panic!("no message; stdout: {}", self.text()));
        match message {
            Some(Ok(Message::Binary(bytes))) => {
                let (channel, bytes) = bytes.split_first().unwrap();
                match channel {
                    1 => {
                        self.stdout.extend(bytes);
                        self.sizes.push(bytes.len());
                    }
                    2 => self.stderr.extend(bytes),
                    3 => self.status = Some(serde_json::from_slice(bytes).unwrap()),
                    other => panic!("channel {other}"),
                }
                true
            }
            Some(Ok(Message::Close(frame))) => {
                self.close_code = frame.map(|frame| frame.code.into());
                true
            }
            Some(Ok(_)) => true,
            Some(Err(_)) => {
                self.broken = self.close_code.is_none();
                false
            }
            None => false,
        }
    }

    /// The payload of the next pong.
    pub async fn pong(&mut self) -> Vec<u8> {
        loop {
            match timeout(DEADLINE, self.ws.next()).await.unwrap() {
                Some(Ok(Message::Pong(payload))) => return payload.to_vec(),
                Some(Ok(_)) => {}
                other => panic!("no pong: {other:?}"),
            }
        }
    }

    /// Reads until stdout holds `text`.
    pub async fn expect(&mut self, text: &str) {
        while !self.text().contains(text) {
            assert!(self.read().await, "ended without {text:?}: {}", self.text());
        }
    }

    /// Reads to the end: the status, if one came.
    pub async fn end(&mut self) -> Option<Value> {
        while self.read().await {}
        self.status.clone()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// The exit code that a status carries.
pub fn exit_code(status: &Value) -> i32 {
    if status["status"] == "Success" {
        return 0;
    }
    assert_eq!(status["reason"], "NonZeroExitCode", "{status}");
    let cause = &status["details"]["causes"][0];
    assert_eq!(cause["reason"], "ExitCode");
    cause["message"].as_str().unwrap().parse().unwrap()
}
