//! One exec connection: Kubernetes' channels over a WebSocket, its two directions apart.
//!
//! This is our own loop over [`Client::connect`] and not kube's `AttachedProcess`, in which stdin,
//! resize and ping wait for output. Here each direction flows on its own, and output goes from the
//! socket's buffer to the session without a copy.
//!
//! The channels are those of `v4.channel.k8s.io` and, with half-closing, `v5.channel.k8s.io`
//! (KEP-4006). API servers hand v4 through to the kubelet but translate v5, which costs them twice
//! the CPU time and each keystroke some 100 µs; a terminal has no use for what v5 adds. So v4 is
//! asked for first.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::Status};
use kube::{Client, Resource, api::AttachParams, client::UpgradeConnectionError, core::Request};
use podshell_shared::terminal::Size;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{Role, WebSocketConfig},
    },
};

use super::{ANSWER_TIME, ClusterError};
use crate::session::{Ended, ShellEvent, ShellReader, ShellWriter, Target};

/// The socket's read buffer: output comes in frames of 7–11 KB on average.
const READ_BUFFER: usize = 16 << 10;
/// The longest message that the API server may send; its frames have at most 32 KiB.
const MAX_MESSAGE: usize = 4 << 20;
/// How much may wait to be written before writing fails; far above one message of input.
const MAX_WRITE_BUFFER: usize = 4 << 20;
/// How long the rest of the output may take once the process has ended.
const TAIL_TIME: Duration = Duration::from_secs(2);
/// How long a closing handshake may take.
const CLOSE_TIME: Duration = Duration::from_secs(1);

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
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

type Socket = WebSocketStream<hyper_util::rt::TokioIo<hyper::upgrade::Upgraded>>;

/// Starts `command` with a terminal in the target's container.
pub(super) async fn start(
    client: &Client,
    target: &Target,
    command: &[&str],
) -> Result<(ShellInput, ShellOutput), ClusterError> {
    let stream = match connect(client, target, command, Protocol::V4).await {
        Err(Refused::Protocol) => connect(client, target, command, Protocol::V5).await,
        answered => answered,
    };
    let (sink, stream) = match stream {
        Ok(socket) => socket.split(),
        Err(Refused::Protocol) => {
            return Err(ClusterError::Unreachable(
                "it takes neither the v4 nor the v5 exec protocol".to_owned(),
            ));
        }
        Err(Refused::Error(error)) => return Err(error),
    };
    Ok((
        ShellInput { sink },
        ShellOutput {
            stream,
            ended: None,
        },
    ))
}

/// Why there is no exec connection.
enum Refused {
    /// The API server does not take this subprotocol.
    Protocol,
    Error(ClusterError),
}

async fn connect(
    client: &Client,
    target: &Target,
    command: &[&str],
    protocol: Protocol,
) -> Result<Socket, Refused> {
    // a terminal has one output stream: the runtime refuses stderr beside a TTY
    let params = AttachParams::interactive_tty().container(&target.container);
    let mut request = Request::new(Pod::url_path(&(), Some(&target.namespace)))
        .exec(&target.pod, command.iter().copied(), &params)
        .map_err(|error| Refused::Error(ClusterError::Unreachable(error.to_string())))?;
    request.extensions_mut().insert(protocol);
    let connected = match timeout(ANSWER_TIME, client.connect(request)).await {
        Ok(Ok(connected)) => connected,
        Ok(Err(error)) if refuses_protocol(&error) => return Err(Refused::Protocol),
        Ok(Err(error)) => return Err(Refused::Error(error.into())),
        Err(_) => return Err(Refused::Error(ClusterError::Silent)),
    };
    // kube's own wrapping has read buffers of 128 KiB and no bound for writing
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    let io = connected.into_stream().into_inner();
    Ok(WebSocketStream::from_raw_socket(io, Role::Client, Some(config)).await)
}

fn refuses_protocol(error: &kube::Error) -> bool {
    match error {
        kube::Error::UpgradeConnection(error) => !matches!(
            error,
            UpgradeConnectionError::GetPendingUpgrade(_)
                | UpgradeConnectionError::SecWebSocketAcceptKeyMismatch
        ),
        // what Kubernetes' WebSocket library answers then: 403 without the Status that every other
        // refusal has, which kube says in these words
        kube::Error::Api(status) => {
            matches!(status.code, 400 | 403) && status.reason == "Failed to parse error data"
        }
        _ => false,
    }
}

/// The direction towards the container: one unfragmented WebSocket frame per message, for the API
/// server and the kubelet take each continuation frame as a message of its own.
pub struct ShellInput {
    sink: SplitSink<Socket, Message>,
}

impl ShellInput {
    async fn send(&mut self, message: Message) -> Result<(), String> {
        self.sink
            .send(message)
            .await
            .map_err(|error| error.to_string())
    }
}

impl ShellWriter for ShellInput {
    async fn stdin(&mut self, data: &[u8]) -> Result<(), String> {
        let mut frame = BytesMut::with_capacity(1 + data.len());
        frame.put_u8(STDIN);
        frame.put_slice(data);
        self.send(Message::Binary(frame.freeze())).await
    }

    async fn resize(&mut self, Size { rows, cols }: Size) -> Result<(), String> {
        let mut frame = vec![RESIZE];
        frame.extend(format!(r#"{{"Width":{cols},"Height":{rows}}}"#).bytes());
        self.send(Message::Binary(frame.into())).await
    }

    async fn keep_alive(&mut self) -> Result<(), String> {
        self.send(Message::Ping(Bytes::new())).await
    }

    async fn close(&mut self) {
        // whether the other side still listens makes no difference any more
        let _ = timeout(CLOSE_TIME, self.sink.close()).await;
    }
}

impl std::fmt::Debug for ShellInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShellInput").finish_non_exhaustive()
    }
}

/// The direction from the container.
pub struct ShellOutput {
    stream: SplitStream<Socket>,
    /// How the process ended and until when its last output is waited for.
    ended: Option<(Ended, Instant)>,
}

impl ShellReader for ShellOutput {
    async fn next(&mut self) -> ShellEvent {
        loop {
            let message = match &self.ended {
                None => self.stream.next().await,
                // the status may overtake output; what is not here by then won't come
                Some((_, until)) => timeout_at(*until, self.stream.next()).await.unwrap_or(None),
            };
            match message {
                Some(Ok(Message::Binary(mut frame))) => {
                    if frame.is_empty() {
                        continue;
                    }
                    let payload = frame.split_off(1);
                    match frame[0] {
                        STDOUT | STDERR if !payload.is_empty() => {
                            return ShellEvent::Output(payload);
                        }
                        ERROR => {
                            self.ended = Some((end_of(&payload), Instant::now() + TAIL_TIME));
                        }
                        _ => {}
                    }
                }
                Some(Ok(Message::Close(_))) | None => {
                    return ShellEvent::Ended(self.take_end("the connection was closed"));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    return ShellEvent::Ended(self.take_end(&error.to_string()));
                }
            }
        }
    }
}

impl ShellOutput {
    fn take_end(&mut self, why: &str) -> Ended {
        match self.ended.take() {
            Some((ended, _)) => ended,
            None => Ended::Lost(why.to_owned()),
        }
    }
}

impl std::fmt::Debug for ShellOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShellOutput").finish_non_exhaustive()
    }
}

/// Reads the Status that ends an exec: `Success`, or a `Failure` with the exit code among its
/// causes, or one with a message only when nothing was started.
fn end_of(payload: &[u8]) -> Ended {
    let Ok(status) = serde_json::from_slice::<Status>(payload) else {
        return Ended::Failed(String::from_utf8_lossy(payload).into_owned());
    };
    if status.status.as_deref() == Some("Success") {
        return Ended::Exited(0);
    }
    let code = status
        .details
        .and_then(|details| details.causes)
        .into_iter()
        .flatten()
        .filter(|cause| cause.reason.as_deref() == Some("ExitCode"))
        .find_map(|cause| cause.message?.parse().ok());
    match code {
        Some(code) => Ended::Exited(code),
        None => Ended::Failed(status.message.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_tells_the_end() {
        let end = |text: &str| end_of(text.as_bytes());
        assert_eq!(
            end(r#"{"metadata":{},"status":"Success"}"#),
            Ended::Exited(0)
        );
        assert_eq!(
            end(
                r#"{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: exit status 3",
                "reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}"#
            ),
            Ended::Exited(3)
        );
        assert_eq!(
            end(
                r#"{"metadata":{},"status":"Failure","message":"no such shell","reason":"InternalError"}"#
            ),
            Ended::Failed("no such shell".to_owned())
        );
        assert_eq!(end("broken"), Ended::Failed("broken".to_owned()));
    }
}
