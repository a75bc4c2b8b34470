//! The websocket transport, of `/{server}/{session}/websocket` and raw. One task owns the socket; its two directions and
//! its clock run side by side and never wait for each other.

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
        protocol::{Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use crate::{
    builder::{Config, SHUTDOWN},
    ended::Ended,
    framing::{Framing, close, pack},
    intake::{Intake, Limits, Taken},
    liveness::{HEARTBEATS_UNTIL_LOST, Liveness, Watched},
    pace::Pace,
    queue::{Incoming, Rx, Tx},
    session::Link,
};

/// Bytes of the read buffer, which is allocated as long as the connection lives. A longer frame makes it grow, up to what
/// [`Intake`] lets through.
const READ_BUFFER: usize = 4 * 1024;

/// Bytes that are gathered before they are written without a flush. As each message waits until those before it are below
/// this mark, the write buffer never holds more than this, one message and what answers the client's pings.
const WRITE_BUFFER: usize = 16 * 1024;

/// Frames that are gathered for one flush at most, so that a busy sender keeps neither heartbeats nor reading waiting.
const FRAMES_PER_FLUSH: usize = 16;

/// Pings that a client may send while it takes nothing, so that the answers to them do not pile up: 64 KiB at most.
const MAX_PINGS_WHILE_BLOCKED: usize = 512;

type Socket<Io> = WebSocketStream<Intake<Watched<Io>>>;
type Sink<Io> = SplitSink<Socket<Io>, Message>;
type Stream<Io> = SplitStream<Socket<Io>>;

/// Serves a session over an upgraded connection until it is over and the connection is done with.
pub(crate) async fn serve<Io>(io: Io, mut link: Link, mut outbox: Rx, config: &Config)
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let liveness = Arc::new(Liveness::new());
    let framing = link.framing();
    let longest = framing.longest(config.max_message_size);
    let limits = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(longest))
        .max_frame_size(Some(longest));
    let io = Watched::new(io, Arc::clone(&liveness));
    let pace = link.pace();
    let taken = Taken::default();
    let io = Intake::new(
        io,
        Limits {
            longest,
            wait: config.heartbeat * HEARTBEATS_UNTIL_LOST,
        },
        link.share(),
        taken.clone(),
        Arc::clone(&liveness),
        Arc::clone(&pace),
    );
    let (mut sink, mut stream) = WebSocketStream::from_raw_socket(io, Role::Server, Some(limits))
        .await
        .split();

    let over = link.over();
    let inbox = link.inbox();
    let intake = (inbox, taken, config.max_message_size);
    let ended = tokio::select! {
        biased;
        () = over.cancelled() => Ended::ByServer,
        () = config.shutdown.cancelled() => Ended::Shutdown,
        ended = read(&mut stream, intake, framing, &liveness, &pace) => ended,
        Err(_) = write(&mut sink, &mut outbox, framing, config.heartbeat, &pace) => Ended::ConnectionLost,
        () = liveness.lost(config.heartbeat * HEARTBEATS_UNTIL_LOST) => Ended::TimedOut,
    };
    let ended = link.end(ended);

    // A client that does not take its leave in time is cut off, so there is nothing to do about an elapsed timeout.
    let _ = timeout(config.close_timeout, async {
        match ended {
            Ended::ByServer | Ended::Shutdown => say_goodbye(sink, stream, &link, outbox).await,
            Ended::MessageTooLong => {
                refuse(sink, stream, CloseCode::Size, "Message too long").await
            }
            Ended::ProtocolViolation if framing != Framing::SockJs => {
                refuse(sink, stream, CloseCode::Protocol, "Protocol violation").await;
            }
            // The answer to its close frame is still to be sent.
            Ended::ByClient { .. } => drain(&mut stream).await,
            // SockJS wants the connection of one who breaks the protocol cut without a word.
            Ended::ProtocolViolation | Ended::ConnectionLost | Ended::TimedOut => {}
        }
    })
    .await;
}

/// Passes the client's messages on until there are no more.
async fn read<Io>(
    stream: &mut Stream<Io>,
    (inbox, taken, longest): (Option<Tx<Incoming>>, Taken, usize),
    framing: Framing,
    liveness: &Liveness,
    pace: &Pace,
) -> Ended
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let mut pings_while_blocked = 0;
    while let Some(message) = stream.next().await {
        let data = match message {
            Ok(data @ (Message::Text(_) | Message::Binary(_))) => data,
            Ok(Message::Ping(_)) if liveness.blocked() => {
                pings_while_blocked += 1;
                if pings_while_blocked > MAX_PINGS_WHILE_BLOCKED {
                    return Ended::ProtocolViolation;
                }
                continue;
            }
            Ok(Message::Ping(_)) => {
                pings_while_blocked = 0;
                continue;
            }
            Ok(Message::Pong(content)) => {
                pace.answered(&content);
                continue;
            }
            Ok(Message::Frame(_)) => continue,
            Ok(Message::Close(frame)) => {
                let code = frame.map(|frame| frame.code.into());
                return Ended::ByClient { code };
            }
            Err(Error::Capacity(_)) => return Ended::MessageTooLong,
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                return Ended::ConnectionLost;
            }
            Err(Error::Protocol(_) | Error::Utf8(_)) => return Ended::ProtocolViolation,
            Err(_) => return Ended::ConnectionLost,
        };
        let mut room = taken.take();
        if let Some(room) = &mut room {
            room.shrink(data.len());
        }
        let Some(messages) = framing.unpack(data) else {
            return Ended::ProtocolViolation;
        };
        let Some(inbox) = &inbox else { continue };
        pace.hears(false);
        let are_taken = liveness
            .while_not_reading(async {
                for message in messages {
                    if message.len() > longest {
                        return false;
                    }
                    // What waits counts by its content, so it must not hold much more.
                    let message = if inbox.is_empty() {
                        message
                    } else {
                        message.apart()
                    };
                    // Refused if the application dropped its receiver: then it wants no messages.
                    let room = room.clone();
                    let _ = inbox.put(Incoming { message, room }).await;
                }
                true
            })
            .await;
        pace.hears(true);
        if !are_taken {
            return Ended::MessageTooLong;
        }
    }
    Ended::ConnectionLost
}

/// Opens the session and writes what it sends, with a heartbeat now and then. Cancelling loses nothing that is queued.
async fn write<Io>(
    sink: &mut Sink<Io>,
    outbox: &mut Rx,
    framing: Framing,
    heartbeat: Duration,
    pace: &Pace,
) -> Result<Infallible, Error>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let mut beat = interval_at(Instant::now() + heartbeat, heartbeat);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    if let Some(opening) = framing.opening() {
        sink.start_send_unpin(opening)?;
    }
    loop {
        sink.flush().await?;
        tokio::select! {
            biased;
            _ = beat.tick() => {
                // The heartbeat is for proxies, the ping makes the client answer.
                if let Some(heartbeat) = framing.heartbeat() {
                    sink.start_send_unpin(heartbeat)?;
                    ready(sink).await?;
                }
                sink.start_send_unpin(Message::Ping(Default::default()))?;
            }
            Some(message) = async { pace.ready().await; outbox.take().await } => {
                send(sink, message, pace).await?;
            }
        }
        for _ in 1..FRAMES_PER_FLUSH {
            ready(sink).await?;
            if !pace.has_room() {
                break;
            }
            let Some(message) = outbox.try_take() else {
                break;
            };
            send(sink, message, pace).await?;
        }
    }
}

/// Gives a message to a sink that is ready, and behind it what asks the client how far it is, if that is due.
async fn send<Io>(sink: &mut Sink<Io>, message: crate::Message, pace: &Pace) -> Result<(), Error>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let length = message.len();
    sink.start_send_unpin(pack(message))?;
    if let Some(ping) = pace.sent(length) {
        ready(sink).await?;
        sink.start_send_unpin(Message::Ping(ping))?;
    }
    Ok(())
}

/// Waits until the sink takes a message: what is taken out of the queue only afterwards is safe from a cancellation.
async fn ready<Io>(sink: &mut Sink<Io>) -> Result<(), Error>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    std::future::poll_fn(|cx| sink.poll_ready_unpin(cx)).await
}

/// Sends what is still queued, then that the session is closed, and waits for the client's answer.
async fn say_goodbye<Io>(mut sink: Sink<Io>, mut stream: Stream<Io>, link: &Link, mut outbox: Rx)
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let goodbye = async {
        while let Some(message) = outbox.try_take() {
            sink.feed(pack(message)).await?;
        }
        let (code, reason) = link.closed_with().unwrap_or(SHUTDOWN);
        let (sockjs_close, close) = link.framing().farewell(code, reason);
        if let Some(sockjs_close) = sockjs_close {
            sink.feed(sockjs_close).await?;
        }
        sink.send(Message::Close(Some(close))).await
    };
    // If sending fails the client is gone, and reading ends by itself.
    let ((), _) = tokio::join!(drain(&mut stream), goodbye);
}

/// Tells a client that what it sent is not accepted. The rest of it is thrown away unread: to close the connection with
/// bytes unread would reset it, and a reset may overtake the close frame.
async fn refuse<Io>(mut sink: Sink<Io>, stream: Stream<Io>, code: CloseCode, reason: &str)
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let frame = Message::Close(Some(close(code, reason)));
    if sink.send(frame).await.is_err() {
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
