//! The cluster that is measured on, reached without Podshell: WebSocket execs as kubectl makes them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderValue, Uri, header::SEC_WEBSOCKET_PROTOCOL};
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Client, Config, Resource as _,
    api::AttachParams,
    client::{Body, ConfigExt as _},
    config::{KubeConfigOptions, Kubeconfig},
    core::Request,
};
use podshell_shared::terminal::Size;
use tokio::time::{Duration, timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{Role, WebSocketConfig},
    },
};
use tower::{BoxError, ServiceBuilder, util::MapRequestLayer};

use crate::delay::Delay;

/// As much as a browser reads at once; far more than a frame of output has.
const READ_BUFFER: usize = 128 << 10;
/// How long a command may take that prepares a measurement or looks at what it left.
const SCRIPT_TIME: Duration = Duration::from_secs(120);

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
const RESIZE: u8 = 4;

/// The exec subprotocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Handed through to the kubelet by the API server.
    V4,
    /// What kubectl asks for.
    V5,
}

impl Protocol {
    fn name(self) -> &'static str {
        match self {
            Self::V4 => "v4.channel.k8s.io",
            Self::V5 => "v5.channel.k8s.io",
        }
    }
}

/// Where a shell is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) namespace: &'static str,
    pub(crate) pod: &'static str,
    pub(crate) container: &'static str,
}

/// A cluster.
#[derive(Clone)]
pub(crate) struct Cluster {
    /// What it is, for people.
    pub(crate) name: String,
    /// How a server reaches it.
    pub(crate) kubeconfig: PathBuf,
    /// The container with bash that is measured in.
    pub(crate) place: Place,
    client: Client,
}

impl Cluster {
    /// The cluster of a kubeconfig.
    pub(crate) async fn connect(kubeconfig: &Path, name: String, place: Place) -> Result<Self> {
        let read = Kubeconfig::read_from(kubeconfig)?;
        let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await?;
        Ok(Self {
            name,
            kubeconfig: kubeconfig.to_owned(),
            place,
            client: client(config)?,
        })
    }

    /// The same cluster, reached over a line which takes so long each way.
    pub(crate) async fn far(&self, one_way: Duration) -> Result<(Self, Delay)> {
        let read = Kubeconfig::read_from(&self.kubeconfig)?;
        let options = KubeConfigOptions::default();
        let mut config = Config::from_custom_kubeconfig(read, &options).await?;
        let url = &config.cluster_url;
        let host = url.host().context("the cluster's URL has no host")?;
        let default = if url.scheme_str() == Some("https") {
            443
        } else {
            80
        };
        let port = url.port_u16().unwrap_or(default);
        let mut line = Delay::new(one_way).await?;
        line.lead_to(format!("{host}:{port}"));
        // Its certificate is not for the line's end.
        let name = host.trim_matches(['[', ']']).to_owned();
        config.tls_server_name.get_or_insert(name);
        let mut parts = config.cluster_url.into_parts();
        parts.authority = Some(line.address().to_string().parse()?);
        config.cluster_url = Uri::from_parts(parts)?;
        let client = client(config)?;
        Ok((
            Self {
                client,
                ..self.clone()
            },
            line,
        ))
    }

    /// Starts `command` with a terminal.
    pub(crate) async fn exec(&self, protocol: Protocol, command: &[&str]) -> Result<Exec> {
        let params = AttachParams::interactive_tty();
        self.open(protocol, command, params).await
    }

    /// Runs a script of `sh` to its end and gives what it printed.
    pub(crate) async fn run(&self, script: &str) -> Result<String> {
        let params = AttachParams::default().stderr(true);
        let command = ["sh", "-c", script];
        let mut exec = self.open(Protocol::V5, &command, params).await?;
        let mut printed = Vec::new();
        let to_the_end = async {
            loop {
                match exec.read().await? {
                    Some(Output::Data(data)) => printed.extend_from_slice(&data),
                    Some(Output::Status(status)) => return Ok(status),
                    None => bail!("the connection ended early"),
                }
            }
        };
        let status = timeout(SCRIPT_TIME, to_the_end)
            .await
            .with_context(|| format!("{script:?} did not end"))??;
        let printed = String::from_utf8_lossy(&printed).into_owned();
        if !status.contains(r#""Success""#) {
            bail!("{script:?} failed: {status} {printed}");
        }
        Ok(printed)
    }

    async fn open(
        &self,
        protocol: Protocol,
        command: &[&str],
        params: AttachParams,
    ) -> Result<Exec> {
        let params = params.container(self.place.container);
        let mut request = Request::new(Pod::url_path(&(), Some(self.place.namespace))).exec(
            self.place.pod,
            command.iter().copied(),
            &params,
        )?;
        request.extensions_mut().insert(protocol);
        let connection = self.client.connect(request).await?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0);
        let io = connection.into_stream().into_inner();
        let socket = WebSocketStream::from_raw_socket(io, Role::Client, Some(config)).await;
        Ok(Exec { socket })
    }
}

/// kube's client, but with `TCP_NODELAY`, as Go's have it, and one subprotocol on offer.
fn client(config: Config) -> Result<Client> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    let connector = config.rustls_https_connector_with_connector(connector)?;
    let offer = MapRequestLayer::new(|mut request: http::Request<Body>| {
        if let Some(protocol) = request.extensions().get::<Protocol>() {
            let name = HeaderValue::from_static(protocol.name());
            request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name);
        }
        request
    });
    let service = ServiceBuilder::new()
        .layer(offer)
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(HttpClient::builder(TokioExecutor::new()).build(connector));
    Ok(Client::new(service, config.default_namespace))
}

/// A process in the container, and a WebSocket to it.
#[derive(Debug)]
pub(crate) struct Exec {
    socket: WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>,
}

/// What comes from a process.
#[derive(Debug)]
pub(crate) enum Output {
    Data(Bytes),
    /// How it ended, as JSON.
    Status(String),
}

impl Exec {
    /// Sends input.
    pub(crate) async fn write(&mut self, data: &[u8]) -> Result<()> {
        self.send(STDIN, data).await
    }

    /// Tells the terminal's size.
    pub(crate) async fn resize(&mut self, Size { rows, cols }: Size) -> Result<()> {
        let size = format!(r#"{{"Width":{cols},"Height":{rows}}}"#);
        self.send(RESIZE, size.as_bytes()).await
    }

    async fn send(&mut self, channel: u8, data: &[u8]) -> Result<()> {
        let mut frame = BytesMut::with_capacity(1 + data.len());
        frame.put_u8(channel);
        frame.put_slice(data);
        Ok(self.socket.send(Message::Binary(frame.freeze())).await?)
    }

    /// Waits for what comes next; [`None`] at the end of the connection.
    pub(crate) async fn read(&mut self) -> Result<Option<Output>> {
        loop {
            let mut frame = match self.socket.next().await {
                Some(Ok(Message::Binary(frame))) if frame.len() > 1 => frame,
                Some(Ok(Message::Close(_))) | None => return Ok(None),
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Err(error.into()),
            };
            let data = frame.split_off(1);
            match frame[0] {
                STDOUT | STDERR => return Ok(Some(Output::Data(data))),
                ERROR => {
                    let status = String::from_utf8_lossy(&data).into_owned();
                    return Ok(Some(Output::Status(status)));
                }
                _ => {}
            }
        }
    }
}
