//! The conversation of an exec or attach with its client: the channels both ways, and how it ends.

use std::{io, time::Duration};

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{ReadHalf, WriteHalf},
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    Granted,
    frame::{FrameError, FrameReader, FrameWriter, Incoming},
    session::{Session, Streams},
    streams::{Input, Output},
};
use crate::{
    fault::{Limit, LimitKind},
    record::{ExecState, Mode, Protocol, Size},
    spawn::{STDERR, STDOUT},
    status::ExecEnd,
};

const STDIN: u8 = 0;
const ERROR: u8 = 3;
const RESIZE: u8 = 4;
/// v5 only: closes the channel that its second byte names.
const CLOSE: u8 = 255;

/// Bytes of output per message, as a kubelet's reads bring in most cases.
const READ_SIZE: usize = 8 << 10;
/// How long the output of a process that has ended may pause before it counts as all: a background job can keep the
/// terminal open for ever.
const QUIET: Duration = Duration::from_millis(100);
/// How much of it is still sent; more than fits in a terminal or pipe must be a background job's.
const LEFTOVER: usize = 1 << 20;
/// How long the client may take to close its side after the end.
const LINGER: Duration = Duration::from_secs(1);

pub(super) type Reader = FrameReader<ReadHalf<TokioIo<Upgraded>>>;
pub(super) type Writer = FrameWriter<WriteHalf<TokioIo<Upgraded>>>;

/// Why a conversation stopped before the process ended.
enum Broken {
    /// The client closed, or its connection failed.
    Gone,
    /// A fault says that the connection is dropped.
    Cut,
    /// A fault says that nothing is sent or read any more.
    Stalled,
}

impl From<FrameError> for Broken {
    fn from(_: FrameError) -> Self {
        Self::Gone
    }
}

impl Session {
    /// Carries bytes both ways until the process or the connection ends.
    pub(super) async fn talk(&self, mut reader: Reader, mut writer: Writer, streams: &mut Streams) {
        let Streams {
            output,
            input,
            exit,
        } = streams;
        // Only the newest ping needs an answer (RFC 6455 §5.5.3), so reading never waits for a pong to be written.
        let pong = watch::Sender::new(Bytes::new());
        let sent = tokio::select! {
            sent = self.send(&mut writer, output, exit.clone(), pong.subscribe()) => sent,
            broken = self.receive(&mut reader, input, &pong) => Err(broken),
        };
        match sent {
            Ok(code) => {
                if let Some(code) = code {
                    self.set_state(ExecState::Ended(code));
                }
                let code = match self.granted.mode {
                    Mode::Exec => code.unwrap_or_default(),
                    // How a main process ended is not said.
                    Mode::Attach => 0,
                };
                let command = self.granted.options.command.clone();
                let end = ExecEnd::Exited { code, command };
                let _ = self.farewell(&mut reader, &mut writer, &end).await;
            }
            Err(Broken::Gone) => {
                // What a client that has closed in good order gets.
                let _ = timeout(LINGER, writer.close()).await;
            }
            Err(Broken::Cut) => {}
            Err(Broken::Stalled) => std::future::pending().await,
        }
    }

    /// The way out: output and pongs. Ends with the exit code once the process has ended and its output has been sent; an
    /// attach ends with its output, whether or not the process has.
    async fn send(
        &self,
        writer: &mut Writer,
        output: &mut Output,
        mut exit: watch::Receiver<Option<i32>>,
        mut pong: watch::Receiver<Bytes>,
    ) -> Result<Option<i32>, Broken> {
        let plan = &self.granted.plan;
        let mut limit = plan.limit;
        let read_size = plan.read_size.unwrap_or(READ_SIZE);
        let attached = self.granted.mode == Mode::Attach;
        let mut code = None;
        let mut leftover = LEFTOVER;

        self.greet(writer).await?;
        pass(&mut limit, writer, STDOUT, &[]).await?;
        let delay = sleep(plan.delay_output);
        tokio::pin!(delay);
        // Even no time at all is a millisecond to a timer.
        let mut delayed = !plan.delay_output.is_zero();
        loop {
            let over = !output.is_open() || leftover == 0;
            if over && !delayed && (attached || code.is_some()) {
                return Ok(code.or(*exit.borrow()));
            }
            // Nothing is read from the process while a frame waits to be written: that is the back-pressure.
            tokio::select! {
                biased;
                Ok(()) = pong.changed() => {
                    let payload = pong.borrow_and_update().clone();
                    writer.pong(&payload).await?;
                }
                () = &mut delay, if delayed => delayed = false,
                (channel, bytes) = output.read(read_size), if !delayed && output.is_open() => {
                    if code.is_some() {
                        leftover = leftover.saturating_sub(bytes.len());
                    }
                    pass(&mut limit, writer, channel, &bytes).await?;
                }
                ended = exit_of(&mut exit), if code.is_none() && !attached => code = Some(ended),
                () = sleep(QUIET), if code.is_some() && !delayed => leftover = 0,
            }
        }
    }

    /// The way in: stdin, sizes, pings. Ends when the client has gone.
    async fn receive(
        &self,
        reader: &mut Reader,
        input: &mut Input,
        pong: &watch::Sender<Bytes>,
    ) -> Broken {
        let records = &self.shared.records;
        let Granted {
            id,
            options,
            protocol,
            ..
        } = &self.granted;
        loop {
            let message = match reader.next().await {
                Ok(Some(Incoming::Data(message))) => message,
                Ok(Some(Incoming::Ping(payload))) => {
                    pong.send_replace(payload);
                    continue;
                }
                Ok(Some(Incoming::Pong)) => continue,
                Ok(Some(Incoming::Close) | None) | Err(_) => return Broken::Gone,
            };
            match message.split_first() {
                Some((&STDIN, bytes)) if options.stdin => {
                    records.update(*id, |record| record.stdin_bytes += bytes.len() as u64);
                    input.write(message.slice(1..)).await;
                }
                Some((&RESIZE, json)) if options.tty => {
                    if let Ok(size) = serde_json::from_slice::<Size>(json) {
                        input.resize(size).await;
                        records.update(*id, |record| record.sizes.push(size));
                    }
                }
                Some((&CLOSE, [STDIN])) if *protocol == Protocol::V5 => {
                    input.close();
                    records.update(*id, |record| record.stdin_closed = true);
                }
                // A channel that isn't there.
                _ => {}
            }
        }
    }

    /// An empty message on the first channel there is: how a kubelet says that the streams are ready.
    pub(super) async fn greet(&self, writer: &mut Writer) -> Result<(), FrameError> {
        let options = &self.granted.options;
        let channel = if options.stdout {
            STDOUT
        } else if options.stderr {
            STDERR
        } else {
            ERROR
        };
        writer.message(channel, &[]).await
    }

    /// The end: the status, a close frame, and time for the client to read them.
    pub(super) async fn farewell(
        &self,
        reader: &mut Reader,
        writer: &mut Writer,
        end: &ExecEnd,
    ) -> Result<(), FrameError> {
        let status = end.status(self.granted.protocol);
        let status = serde_json::to_vec(&status).map_err(io::Error::from)?;
        writer.message(ERROR, &status).await?;
        writer.close().await?;
        writer.shutdown().await?;
        // Closing with bytes unread would reset the connection and could take the status with it.
        let drained = timeout(LINGER, async {
            while !matches!(
                reader.next().await,
                Ok(Some(Incoming::Close) | None) | Err(_)
            ) {}
        });
        let _ = drained.await;
        Ok(())
    }
}

/// The exit code, once there is one.
async fn exit_of(exit: &mut watch::Receiver<Option<i32>>) -> i32 {
    let code = exit.wait_for(Option::is_some).await.map(|code| *code);
    match code {
        Ok(Some(code)) => code,
        _ => std::future::pending().await,
    }
}

/// Sends `payload` as one message, or as much of it as `limit` lets through, and then what `limit` says.
async fn pass(
    limit: &mut Option<Limit>,
    writer: &mut Writer,
    channel: u8,
    payload: &[u8],
) -> Result<(), Broken> {
    if let Some(Limit { left, kind }) = limit {
        if *left <= payload.len() {
            let payload = &payload[..*left];
            if *kind == LimitKind::CutMidFrame {
                writer.torn_message(channel, payload).await?;
            } else if !payload.is_empty() {
                writer.message(channel, payload).await?;
            }
            return Err(match kind {
                LimitKind::Stall => Broken::Stalled,
                LimitKind::Cut | LimitKind::CutMidFrame => Broken::Cut,
            });
        }
        *left -= payload.len();
    }
    if !payload.is_empty() {
        writer.message(channel, payload).await?;
    }
    Ok(())
}
