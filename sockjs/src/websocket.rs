//! The websocket transport: `/{server}/{session}/websocket`. One task owns the socket; its two directions and its clock
//! run side by side and never wait for each other.

use std::{convert::Infallible, sync::Arc, time::Duration};

use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        error::ProtocolError,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use crate::{
    builder::Config,
    frame,
    liveness::{Liveness, Watched},
    queue::{Rx, Tx},
    session::{Ended, Link},
};

/// Bytes of the read buffer, which is allocated as long as the connection lives.
const READ_BUFFER: usize = 8 * 1024;

/// Bytes that are gathered before they are written without a flush.
const WRITE_BUFFER: usize = 16 * 1024;

/// Frames that are gathered for one flush at most, so that a busy sender keeps neither heartbeats nor reading waiting.
const FRAMES_PER_FLUSH: usize = 16;

/// The client is gone when nothing was heard from it for so many heartbeats.
const HEARTBEATS_UNTIL_LOST: u32 = 2;

/// Sent when the server shuts down. 1001 is "going away" (RFC 6455, section 7.4.1).
const SHUTDOWN: (u16, &str) = (1001, "Server shutting down");

type Socket<Io> = WebSocketStream<Watched<Io>>;
type Sink<Io> = SplitSink<Socket<Io>, Message>;
type Stream<Io> = SplitStream<Socket<Io>>;

/// Serves a session over an upgraded connection until it is over and the connection is done with.
pub(crate) async fn serve<Io>(io: Io, mut link: Link, config: &Config)
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let liveness = Arc::new(Liveness::new());
    let limits = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(config.max_message_size))
        .max_frame_size(Some(config.max_message_size));
    let io = Watched::new(io, Arc::clone(&liveness));
    let (mut sink, mut stream) = WebSocketStream::from_raw_socket(io, Role::Server, Some(limits))
        .await
        .split();

    let over = link.over();
    let inbox = link.inbox();
    let ended = tokio::select! {
        biased;
        () = over.cancelled() => Ended::ByServer,
        () = config.shutdown.cancelled() => Ended::Shutdown,
        ended = read(&mut stream, inbox, &liveness) => ended,
        Err(_) = write(&mut sink, &mut link.outbox, config.heartbeat) => Ended::ConnectionLost,
        () = liveness.lost(config.heartbeat * HEARTBEATS_UNTIL_LOST) => Ended::TimedOut,
    };
    link.end(ended);

    // A client that does not take its leave in time is cut off, so there is nothing to do about an elapsed timeout.
    let _ = timeout(config.close_timeout, async {
        match ended {
            Ended::ByServer | Ended::Shutdown => say_goodbye(sink, stream, &mut link).await,
            Ended::MessageTooLong => refuse(sink, stream).await,
            // The answer to its close frame is still to be sent.
            Ended::ByClient => drain(&mut stream).await,
            // SockJS wants the connection of one who breaks the protocol cut without a word.
            Ended::ProtocolViolation | Ended::ConnectionLost | Ended::TimedOut => {}
        }
    })
    .await;
}

/// Passes the client's messages on until there are no more.
async fn read<Io>(stream: &mut Stream<Io>, inbox: Option<Tx>, liveness: &Liveness) -> Ended
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = stream.next().await {
        let batch = match message {
            Ok(Message::Text(text)) => frame::decode_batch(&text),
            Ok(Message::Close(_)) => return Ended::ByClient,
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => continue,
            Err(Error::Capacity(_)) => return Ended::MessageTooLong,
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                return Ended::ConnectionLost;
            }
            Ok(Message::Binary(_)) | Err(Error::Protocol(_) | Error::Utf8(_)) => {
                return Ended::ProtocolViolation;
            }
            Err(_) => return Ended::ConnectionLost,
        };
        let Ok(batch) = batch else {
            return Ended::ProtocolViolation;
        };
        let Some(inbox) = &inbox else { continue };
        liveness
            .while_not_reading(async {
                for message in batch {
                    // Refused if the application dropped its receiver: then it wants no messages.
                    let _ = inbox.put(message).await;
                }
            })
            .await;
    }
    Ended::ConnectionLost
}

/// Opens the session and writes what it sends, with a heartbeat now and then. Cancelling loses nothing that is queued.
async fn write<Io>(
    sink: &mut Sink<Io>,
    outbox: &mut Rx,
    heartbeat: Duration,
) -> Result<Infallible, Error>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let mut beat = interval_at(Instant::now() + heartbeat, heartbeat);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    sink.start_send_unpin(Message::text("o"))?;
    loop {
        sink.flush().await?;
        tokio::select! {
            biased;
            _ = beat.tick() => {
                // The heartbeat is for proxies, the ping makes the client answer.
                sink.start_send_unpin(Message::text("h"))?;
                ready(sink).await?;
                sink.start_send_unpin(Message::Ping(Default::default()))?;
            }
            Some(frame) = outbox.take() => sink.start_send_unpin(Message::text(frame))?,
        }
        for _ in 1..FRAMES_PER_FLUSH {
            ready(sink).await?;
            let Some(frame) = outbox.try_take() else {
                break;
            };
            sink.start_send_unpin(Message::text(frame))?;
        }
    }
}

/// Waits until the sink takes a message: what is taken out of the queue only afterwards is safe from a cancellation.
async fn ready<Io>(sink: &mut Sink<Io>) -> Result<(), Error>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    std::future::poll_fn(|cx| sink.poll_ready_unpin(cx)).await
}

/// Sends what is still queued, the close frames of SockJS and WebSocket, and waits for the client's answer.
async fn say_goodbye<Io>(mut sink: Sink<Io>, mut stream: Stream<Io>, link: &mut Link)
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let goodbye = async {
        while let Some(frame) = link.outbox.try_take() {
            sink.feed(Message::text(frame)).await?;
        }
        sink.feed(Message::text(link.close_frame(SHUTDOWN))).await?;
        sink.send(close(CloseCode::Normal, "")).await
    };
    // If sending fails the client is gone, and reading ends by itself.
    let ((), _) = tokio::join!(drain(&mut stream), goodbye);
}

/// Tells a client that its message is too long. The rest of the message is thrown away unread: to close the connection
/// with bytes unread would reset it, and a reset may overtake the close frame.
async fn refuse<Io>(mut sink: Sink<Io>, stream: Stream<Io>)
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    if sink
        .send(close(CloseCode::Size, "Message too long"))
        .await
        .is_err()
    {
        return;
    }
    let Ok(mut socket) = sink.reunite(stream) else {
        return;
    };
    let io = socket.get_mut();
    if io.shutdown().await.is_err() {
        return;
    }
    let mut rest = vec![0; READ_BUFFER];
    while matches!(io.read(&mut rest).await, Ok(1..)) {}
}

/// Throws away what the client still says, until it says nothing more.
async fn drain<Io>(stream: &mut Stream<Io>)
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(_)) = stream.next().await {}
}

fn close(code: CloseCode, reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame {
        code,
        reason: reason.into(),
    }))
}
