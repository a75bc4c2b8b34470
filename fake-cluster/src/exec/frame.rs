//! WebSocket frames (RFC 6455 §5), one by one: messages are neither joined nor cut, since the kubelet doesn't either.

use std::io::Cursor;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Control, Data, OpCode},
};

/// The kubelet's limit for a frame.
const MAX_PAYLOAD: u64 = 32 << 20;
/// Read this much at a time while little comes, for a reader that waits holds its buffer.
const READ_LITTLE: usize = 512;
/// Read this much at a time while much comes.
const READ_MUCH: usize = 64 << 10;

const BINARY: OpCode = OpCode::Data(Data::Binary);

/// Why the connection can't go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    #[error("the connection failed: {0}")]
    Io(#[from] std::io::Error),
    #[error("not a WebSocket frame")]
    Malformed,
    #[error("a frame from the client was not masked (RFC 6455 §5.1)")]
    Unmasked,
    #[error("a frame of {0} bytes is longer than {MAX_PAYLOAD}")]
    TooLong(u64),
}

/// A frame from the client, unmasked.
#[derive(Debug)]
pub(super) enum Incoming {
    /// Text, binary or continuation: all the same to the kubelet.
    Data(Bytes),
    Ping(Bytes),
    Pong,
    Close,
}

/// The receiving half.
#[derive(Debug)]
pub(super) struct FrameReader<R> {
    io: R,
    buffer: BytesMut,
    /// How much to read at a time.
    read: usize,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(super) fn new(io: R) -> Self {
        Self {
            io,
            buffer: BytesMut::new(),
            read: READ_LITTLE,
        }
    }

    /// The next frame; `None` at the end of the connection. Nothing is lost if this is dropped before it is ready.
    pub(super) async fn next(&mut self) -> Result<Option<Incoming>, FrameError> {
        loop {
            let mut cursor = Cursor::new(&self.buffer[..]);
            let header = FrameHeader::parse(&mut cursor).map_err(|_| FrameError::Malformed)?;
            if let Some((header, length)) = header {
                let start = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
                let mask = header.mask.ok_or(FrameError::Unmasked)?;
                let payload = match usize::try_from(length) {
                    Ok(payload) if length <= MAX_PAYLOAD => payload,
                    _ => return Err(FrameError::TooLong(length)),
                };
                if self.buffer.len() - start >= payload {
                    self.buffer.advance(start);
                    let payload = unmask(self.buffer.split_to(payload), mask);
                    return incoming(header.opcode, payload).map(Some);
                }
                self.buffer.reserve(start + payload - self.buffer.len());
            }
            if self.buffer.is_empty() {
                self.buffer = BytesMut::with_capacity(self.read);
            }
            self.buffer.reserve(self.read);
            let count = self.io.read_buf(&mut self.buffer).await?;
            if count == 0 {
                return Ok(None);
            }
            self.read = if count >= self.read {
                READ_MUCH
            } else {
                READ_LITTLE
            };
        }
    }
}

fn unmask(mut payload: BytesMut, mask: [u8; 4]) -> Bytes {
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    payload.freeze()
}

fn incoming(opcode: OpCode, payload: Bytes) -> Result<Incoming, FrameError> {
    match opcode {
        OpCode::Data(Data::Continue | Data::Text | Data::Binary) => Ok(Incoming::Data(payload)),
        OpCode::Control(Control::Ping) => Ok(Incoming::Ping(payload)),
        OpCode::Control(Control::Pong) => Ok(Incoming::Pong),
        OpCode::Control(Control::Close) => Ok(Incoming::Close),
        _ => Err(FrameError::Malformed),
    }
}

/// The sending half.
#[derive(Debug)]
pub(super) struct FrameWriter<W> {
    io: W,
    /// Whether a frame has been begun and not ended: then nothing sensible can follow.
    torn: bool,
}

impl<W: AsyncWrite + Unpin> FrameWriter<W> {
    pub(super) fn new(io: W) -> Self {
        Self { io, torn: false }
    }

    /// One binary message: the channel, then `payload`.
    pub(super) async fn message(&mut self, channel: u8, payload: &[u8]) -> Result<(), FrameError> {
        let length = 1 + payload.len();
        self.frame(BINARY, length, &[&[channel], payload]).await
    }

    /// As [`message`](Self::message), but the frame promises one byte more than it brings.
    pub(super) async fn torn_message(
        &mut self,
        channel: u8,
        payload: &[u8],
    ) -> Result<(), FrameError> {
        let length = 2 + payload.len();
        self.frame(BINARY, length, &[&[channel], payload]).await?;
        self.torn = true;
        Ok(())
    }

    /// The answer to a ping.
    pub(super) async fn pong(&mut self, payload: &[u8]) -> Result<(), FrameError> {
        let pong = OpCode::Control(Control::Pong);
        self.frame(pong, payload.len(), &[payload]).await
    }

    /// A close frame with code 1000, unless a frame before it was left torn.
    pub(super) async fn close(&mut self) -> Result<(), FrameError> {
        if self.torn {
            return Ok(());
        }
        let code = 1000_u16.to_be_bytes();
        let close = OpCode::Control(Control::Close);
        self.frame(close, code.len(), &[&code]).await
    }

    /// Ends the sending side of the TCP connection.
    pub(super) async fn shutdown(&mut self) -> Result<(), FrameError> {
        Ok(self.io.shutdown().await?)
    }

    /// A frame with `parts` after a header that says `length`.
    async fn frame(
        &mut self,
        opcode: OpCode,
        length: usize,
        parts: &[&[u8]],
    ) -> Result<(), FrameError> {
        let header = FrameHeader {
            opcode,
            ..FrameHeader::default()
        };
        let length = length as u64;
        let mut bytes = Vec::with_capacity(
            header.len(length) + parts.iter().map(|part| part.len()).sum::<usize>(),
        );
        header
            .format(length, &mut bytes)
            .map_err(|_| FrameError::Malformed)?;
        for part in parts {
            bytes.extend_from_slice(part);
        }
        self.torn = true;
        self.io.write_all(&bytes).await?;
        self.io.flush().await?;
        self.torn = false;
        Ok(())
    }
}
