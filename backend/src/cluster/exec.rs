//! One connection to a process in a container: Kubernetes' channels over a WebSocket, its two directions
//! apart.
//!
//! This is our own loop over [`Client::connect`] and not kube's `AttachedProcess`, in which stdin,
//! resize and ping wait for output. Here each direction flows on its own, and output goes from the
//! socket's buffer to the session without a copy.
//!
//! The channels are those of `v4.channel.k8s.io` and, with half-closing, `v5.channel.k8s.io`
//! (KEP-4006). API servers hand v4 through to the kubelet but translate v5, since Kubernetes 1.36 the
//! kubelet does, which costs them twice the CPU time and each keystroke some 100 µs; a terminal has
//! no use for what v5 adds. So v4 is asked for first.

mod handshake;
pub(super) mod output;
pub(super) mod process_marker;

use std::{future::pending, pin::Pin, time::Duration};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{
    Sink, SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use http::HeaderName;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::Status};
use kube::{Client, Resource, api::AttachParams, core::Request};
use podshell_shared::terminal::Size;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Message,
        error::ProtocolError,
        protocol::{Role, WebSocketConfig},
    },
};

use self::{handshake::Refused, output::ExecOutput};
use super::{ANSWER_TIME, ClusterError, words};
use crate::session::{
    Output, Permit, ProcessEnd, ProcessEvent, ProcessWriter, SessionId, Target, ToProcess,
};

/// The socket's read buffer: output comes in frames of 7–11 KB on average.
const READ_BUFFER: usize = 4 << 10;
/// The longest message that the API server may send; its frames have at most 32 KiB.
const MAX_MESSAGE: usize = 4 << 20;
/// How much may wait to be written before writing fails; far above one message of input.
const MAX_WRITE_BUFFER: usize = 4 << 20;
/// How long the rest of the output may take once the process has ended.
const TAIL_TIME: Duration = Duration::from_secs(2);
/// How long a closing handshake may take.
const CLOSE_TIME: Duration = Duration::from_secs(1);

const STDIN: u8 = 0;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
const RESIZE: u8 = 4;

/// The subprotocol to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    V4,
    V5,
}

impl Protocol {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::V4 => "v4.channel.k8s.io",
            Self::V5 => "v5.channel.k8s.io",
        }
    }
}

/// What to connect to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Process<'a> {
    /// A new one, with a terminal.
    OnTerminal(&'a [&'a str]),
    /// A new one, with stdin and stdout alone.
    OnPipes(&'a [&'a str]),
    /// The container's main process, which has these.
    Main { stdin: bool, tty: bool },
}

impl Process<'_> {
    pub(super) fn request(
        self,
        target: &Target,
    ) -> Result<http::Request<Vec<u8>>, kube::core::request::Error> {
        let (stdin, tty) = match self {
            Self::OnTerminal(_) => (true, true),
            Self::OnPipes(_) => (true, false),
            Self::Main { stdin, tty } => (stdin, tty),
        };
        let params = AttachParams {
            container: Some(target.container.clone()),
            stdin,
            stdout: true,
            // A terminal has one output stream: the runtime refuses stderr beside a TTY.
            stderr: matches!(self, Self::Main { tty: false, .. }),
            tty,
            ..Default::default()
        };
        let pods = Request::new(Pod::url_path(&(), Some(&target.namespace)));
        match self {
            Self::OnTerminal(command) | Self::OnPipes(command) => {
                pods.exec(&target.pod, command.iter().copied(), &params)
            }
            Self::Main { .. } => pods.attach(&target.pod, &params),
        }
    }
}

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// What the API server is to call a request in its audit log (kube-apiserver's `--audit-policy-file`).
const AUDIT_ID: HeaderName = HeaderName::from_static("audit-id");

/// Connects to a process in the target's container, for a session if it is a session's own.
pub(super) async fn connect(
    client: &Client,
    target: &Target,
    process: Process<'_>,
    id: Option<SessionId>,
) -> Result<(ExecInput, ExecOutput), ClusterError> {
    let socket = match open(client, target, process, id, Protocol::V4).await {
        Err(Refused::Protocol(_)) => open(client, target, process, id, Protocol::V5).await,
        answered => answered,
    };
    let (sink, stream) = match socket {
        Ok(socket) => socket.split(),
        Err(Refused::Protocol(error) | Refused::Error(error)) => return Err(error),
    };
    let input = ExecInput {
        sink,
        is_writing: false,
        is_broken: false,
    };
    let frames = Frames {
        stream,
        ended: None,
    };
    Ok((input, ExecOutput::new(frames)))
}

async fn open(
    client: &Client,
    target: &Target,
    process: Process<'_>,
    id: Option<SessionId>,
    protocol: Protocol,
) -> Result<Socket, Refused> {
    let mut request = process
        .request(target)
        .map_err(|error| Refused::Error(ClusterError::Unreachable(error.to_string())))?;
    if let Some(id) = id.and_then(|id| id.to_string().parse().ok()) {
        request.headers_mut().insert(AUDIT_ID, id);
    }
    let upgraded = timeout(ANSWER_TIME, handshake::upgrade(client, request, protocol)).await;
    let upgraded = upgraded.map_err(|_| Refused::Error(ClusterError::Silent))??;
    // By default there are read buffers of 128 KiB, and no bound for writing.
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    let io = TokioIo::new(upgraded);
    Ok(WebSocketStream::from_raw_socket(io, Role::Client, Some(config)).await)
}

/// The direction towards the container: one unfragmented WebSocket frame per message, for the API
/// server and the kubelet take each continuation frame as a message of its own.
pub struct ExecInput {
    sink: SplitSink<Socket, Message>,
    is_writing: bool,
    is_broken: bool,
}

impl ExecInput {
    /// Ends the connection; in the container this ends nothing.
    pub(super) async fn close(mut self) {
        // Whether the other side still listens makes no difference any more.
        let _ = timeout(CLOSE_TIME, self.sink.close()).await;
    }
}

impl ProcessWriter for ExecInput {
    type Permit<'a> = InputPermit<'a>;

    async fn reserve(&mut self) -> InputPermit<'_> {
        if !self.is_broken {
            self.is_broken = self.sink.flush().await.is_err();
            self.is_writing = false;
        }
        if self.is_broken {
            pending().await
        }
        InputPermit(self)
    }

    fn is_writing(&self) -> bool {
        self.is_writing
    }
}

/// The right to send something to a process.
#[derive(Debug)]
pub struct InputPermit<'a>(&'a mut ExecInput);

impl Permit<ToProcess> for InputPermit<'_> {
    fn send(self, message: ToProcess) {
        let message = match message {
            ToProcess::Stdin(data) => {
                let mut frame = BytesMut::with_capacity(1 + data.len());
                frame.put_u8(STDIN);
                frame.put_slice(&data);
                Message::Binary(frame.freeze())
            }
            ToProcess::Resize(Size { rows, cols }) => {
                let mut frame = vec![RESIZE];
                frame.extend(format!(r#"{{"Width":{cols},"Height":{rows}}}"#).bytes());
                Message::Binary(frame.into())
            }
            ToProcess::Ping => Message::Ping(Bytes::from_static(b"ping")),
        };
        // Half a split sink does nothing here but keep the message for the flush to come. Its place is
        // free, for the flush before was complete.
        let Self(input) = self;
        input.is_broken |= Pin::new(&mut input.sink).start_send(message).is_err();
        input.is_writing = true;
    }
}

impl std::fmt::Debug for ExecInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExecInput").finish_non_exhaustive()
    }
}

/// The direction from the container, as it comes.
pub(super) struct Frames {
    stream: SplitStream<Socket>,
    /// How the process ended and until when its last output is waited for.
    ended: Option<(ProcessEnd, Instant)>,
}

impl Frames {
    /// Waits for what comes next. Cancel-safe.
    pub(super) async fn read_frame(&mut self) -> ProcessEvent {
        loop {
            let message = match &self.ended {
                None => self.stream.next().await,
                // The status may overtake output; what is not here by then won't come.
                Some((_, until)) => timeout_at(*until, self.stream.next()).await.unwrap_or(None),
            };
            match message {
                // An empty one says that the connection stands.
                Some(Ok(Message::Binary(frame))) if frame.len() > 1 => match frame[0] {
                    // There is no stderr beside a terminal.
                    STDERR => return ProcessEvent::Output(Output::copy_of(&frame[1..])),
                    ERROR => {
                        self.ended = Some((end_of(&frame[1..]), Instant::now() + TAIL_TIME));
                    }
                    _ => {
                        if let Some(output) = Output::from_frame(frame) {
                            return ProcessEvent::Output(output);
                        }
                    }
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => return ProcessEvent::Alive,
                Some(Ok(Message::Close(_))) | None => {
                    return ProcessEvent::Ended(self.take_end("it was closed"));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    return ProcessEvent::Ended(self.take_end(&what_broke(&error)));
                }
            }
        }
    }

    fn take_end(&mut self, why: &str) -> ProcessEnd {
        match self.ended.take() {
            Some((ended, _)) => ended,
            None => ProcessEnd::Lost(why.to_owned()),
        }
    }
}

/// What became of a connection that stood, in our words.
fn what_broke(error: &tungstenite::Error) -> String {
    use tungstenite::Error::{AlreadyClosed, Capacity, ConnectionClosed, Io, Protocol, Utf8};
    let broke = match error {
        Io(error) => words::what_broke(error),
        Protocol(ProtocolError::ResetWithoutClosingHandshake)
        | ConnectionClosed
        | AlreadyClosed => Some("was broken off"),
        Capacity(_) => Some("brought a message that is too long"),
        Protocol(_) | Utf8(_) => Some("brought something that is no WebSocket message"),
        _ => None,
    };
    format!("it {}", broke.unwrap_or("broke"))
}

/// Reads the Status that ends an exec: `Success`, or a `Failure` with the exit code among its
/// causes, or one with a message only when nothing was started.
fn end_of(payload: &[u8]) -> ProcessEnd {
    let Ok(status) = serde_json::from_slice::<Status>(payload) else {
        return ProcessEnd::Failed(words::fit(&String::from_utf8_lossy(payload)));
    };
    if status.status.as_deref() == Some("Success") {
        return ProcessEnd::Exited(0);
    }
    let code = status
        .details
        .and_then(|details| details.causes)
        .into_iter()
        .flatten()
        .filter(|cause| cause.reason.as_deref() == Some("ExitCode"))
        .find_map(|cause| cause.message?.parse().ok());
    match code {
        Some(code) => ProcessEnd::Exited(code),
        None => ProcessEnd::Failed(words::fit(&status.message.unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_connection_is_told_in_our_words() {
        let rustls = "peer closed connection without sending TLS close_notify: https://docs.rs/x";
        let io = |kind, words: &str| tungstenite::Error::Io(std::io::Error::new(kind, words));
        let eof = std::io::ErrorKind::UnexpectedEof;
        assert_eq!(what_broke(&io(eof, rustls)), "it was broken off");
        assert_eq!(
            what_broke(&io(std::io::ErrorKind::InvalidData, "https://docs.rs/x")),
            "it broke"
        );
        let reset = ProtocolError::ResetWithoutClosingHandshake;
        assert_eq!(what_broke(&reset.into()), "it was broken off");
    }

    #[test]
    fn status_tells_the_end() {
        let end = |text: &str| end_of(text.as_bytes());
        assert_eq!(
            end(r#"{"metadata":{},"status":"Success"}"#),
            ProcessEnd::Exited(0)
        );
        assert_eq!(
            end(
                r#"{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: exit status 3",
                "reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}"#
            ),
            ProcessEnd::Exited(3)
        );
        assert_eq!(
            end(
                r#"{"metadata":{},"status":"Failure","message":"no such shell","reason":"InternalError"}"#
            ),
            ProcessEnd::Failed("no such shell".to_owned())
        );
        assert_eq!(end("broken"), ProcessEnd::Failed("broken".to_owned()));
    }
}
