//! A WebSocket connection whose long messages wait, unread, until there is room for them, and come in pieces.
//!
//! What reads frames makes room for a whole one as soon as its header is there, and keeps that as long as the connection.
//! So a long frame is cut here into fragments of one message (RFC 6455, section 5.4), which says the same.

use std::{
    future::Future,
    io::{self, Cursor, ErrorKind},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Data, OpCode},
};

use crate::{
    liveness::Liveness,
    pace::Pace,
    progress::Progress,
    room::{LONG, Room, Share},
};

/// Longer frames are cut, in bytes. A multiple of the mask's length, so that each piece begins where the mask does.
const PIECE: u64 = 64 * 1024;

/// The longest header, in bytes.
const HEADER: usize = 14;

/// What a connection's messages may be.
#[derive(Debug)]
pub(crate) struct Limits {
    /// The longest frame, in bytes. One that is longer is passed on as it is, to be refused.
    pub(crate) longest: usize,
    /// How long a long message may wait for room, and each stretch of it take to arrive.
    pub(crate) wait: Duration,
}

/// The room of the message that is being read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taken(Arc<Mutex<Option<Room>>>);

impl Taken {
    /// The room of the message that was just read, if it is a long one.
    pub(crate) fn take(&self) -> Option<Room> {
        self.lock().take()
    }

    fn is_there(&self) -> bool {
        self.lock().is_some()
    }

    fn put(&self, room: Room) {
        *self.lock() = Some(room);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Room>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The message that is being read.
#[derive(Debug, Default)]
struct Message {
    length: u64,
    /// With the frame that is being read.
    ends: bool,
}

type Waiting = Pin<Box<dyn Future<Output = Option<Room>> + Send>>;

/// A connection.
pub(crate) struct Intake<Io> {
    io: Io,
    limits: Limits,
    share: Share,
    taken: Taken,
    liveness: Arc<Liveness>,
    pace: Arc<Pace>,
    /// What was read and not passed on: it begins with a header.
    held: Vec<u8>,
    /// A header to be passed on.
    header: Vec<u8>,
    /// What follows of the payload behind the header that was passed on last.
    left: u64,
    /// What follows of the frame, behind headers of its own.
    rest: Option<(FrameHeader, u64)>,
    message: Message,
    waiting: Option<Waiting>,
    /// Of the long message that is being read.
    progress: Option<Progress>,
    /// What comes is no WebSocket; it is passed on for who finds out.
    broken: bool,
}

/// A frame's header, as it is read.
enum Parsed {
    Header {
        header: FrameHeader,
        payload: u64,
        size: usize,
    },
    Unfinished,
    Broken,
}

fn parse(data: &[u8]) -> Parsed {
    let mut cursor = Cursor::new(data);
    match FrameHeader::parse(&mut cursor) {
        Ok(Some((header, payload))) => Parsed::Header {
            header,
            payload,
            size: usize::try_from(cursor.position()).unwrap_or(usize::MAX),
        },
        Ok(None) => Parsed::Unfinished,
        Err(_) => Parsed::Broken,
    }
}

impl<Io: AsyncRead + Unpin> Intake<Io> {
    pub(crate) fn new(
        io: Io,
        limits: Limits,
        share: Share,
        taken: Taken,
        liveness: Arc<Liveness>,
        pace: Arc<Pace>,
    ) -> Self {
        Self {
            io,
            limits,
            share,
            taken,
            liveness,
            pace,
            held: Vec::new(),
            header: Vec::new(),
            left: 0,
            rest: None,
            message: Message::default(),
            waiting: None,
            progress: None,
            broken: false,
        }
    }

    /// How many bytes a frame's message has with it.
    fn length_with(&self, header: &FrameHeader, payload: u64) -> u64 {
        match header.opcode {
            OpCode::Data(Data::Continue) => self.message.length.saturating_add(payload),
            _ => payload,
        }
    }

    /// Whether a frame is of a message that there has to be room for first.
    fn needs_room(&self, header: &FrameHeader, payload: u64) -> bool {
        self.is_regular(header, payload)
            && self.length_with(header, payload) > LONG as u64
            && !self.taken.is_there()
    }

    /// Whether it carries a message and is not too long.
    fn is_regular(&self, header: &FrameHeader, payload: u64) -> bool {
        matches!(header.opcode, OpCode::Data(_)) && payload <= self.limits.longest as u64
    }

    /// Whether it can be passed on as it comes.
    fn is_short(&self, header: &FrameHeader, payload: u64) -> bool {
        !self.is_regular(header, payload) || (payload <= PIECE && !self.needs_room(header, payload))
    }

    /// A frame begins.
    fn begin(&mut self, header: &FrameHeader, payload: u64) {
        if matches!(header.opcode, OpCode::Data(_)) {
            self.message.length = self.length_with(header, payload);
            self.message.ends = header.is_final;
        }
    }

    /// Looks at what was just read of one frame behind the other, and holds back what can't be passed on as it is.
    fn look_at(&mut self, buf: &mut ReadBuf<'_>, from: usize) {
        let mut at = from;
        while let Some(data) = buf.filled().get(at..).filter(|data| !data.is_empty()) {
            self.end_message();
            match parse(data) {
                Parsed::Header {
                    header,
                    payload,
                    size,
                } if self.is_short(&header, payload) => {
                    self.begin(&header, payload);
                    let there = (data.len() - size) as u64;
                    self.left = payload.saturating_sub(there);
                    at += size + usize::try_from(payload.min(there)).unwrap_or(usize::MAX);
                }
                Parsed::Broken => {
                    self.broken = true;
                    return;
                }
                Parsed::Header { .. } | Parsed::Unfinished => {
                    self.held = data.to_vec();
                    buf.set_filled(at);
                    return;
                }
            }
        }
    }

    /// What comes next belongs to another message, if the last one is complete.
    fn end_message(&mut self) {
        if self.message.ends {
            self.message = Message::default();
            self.progress = None;
        }
    }

    /// Takes the header that is held back, once it is whole and there is room for its message.
    fn poll_header(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match parse(&self.held) {
                Parsed::Header {
                    header,
                    payload,
                    size,
                } => {
                    if self.needs_room(&header, payload) {
                        ready!(self.poll_room(cx, &header, payload))?;
                    }
                    self.held.drain(..size);
                    self.cut(&header, payload);
                    return Poll::Ready(Ok(()));
                }
                Parsed::Unfinished => {
                    let mut more = [0; HEADER];
                    let mut more = ReadBuf::new(&mut more);
                    ready!(Pin::new(&mut self.io).poll_read(cx, &mut more))?;
                    self.held.extend_from_slice(more.filled());
                    // It ends here.
                    self.broken |= more.filled().is_empty();
                }
                Parsed::Broken => self.broken = true,
            }
            if self.broken {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Waits for room. Nothing is heard from the client meanwhile, which is not its fault.
    fn poll_room(
        &mut self,
        cx: &mut Context<'_>,
        header: &FrameHeader,
        payload: u64,
    ) -> Poll<io::Result<()>> {
        // Who sends a message in fragments does not say how long it gets.
        let length = if header.is_final {
            usize::try_from(self.length_with(header, payload)).unwrap_or(usize::MAX)
        } else {
            self.limits.longest
        };
        let wait = self.limits.wait;
        let (share, liveness, pace) = (&self.share, &self.liveness, &self.pace);
        let waiting = self.waiting.get_or_insert_with(|| {
            liveness.hears(false);
            pace.hears(false);
            Box::pin(share.clone().take(length, wait))
        });
        let room = ready!(waiting.as_mut().poll(cx));
        self.waiting = None;
        self.liveness.hears(true);
        self.pace.hears(true);
        let room = room.ok_or_else(|| late("there is no room for a long message"))?;
        self.taken.put(room);
        self.progress = Some(Progress::new(wait));
        Poll::Ready(Ok(()))
    }

    /// Begins a frame, in as many pieces as it takes.
    fn cut(&mut self, header: &FrameHeader, payload: u64) {
        self.begin(header, payload);
        if self.is_regular(header, payload) {
            self.rest = Some((header.clone(), payload));
            self.next_piece();
        } else {
            self.write_header(header, payload);
        }
    }

    /// Begins the next piece of a frame that is cut.
    fn next_piece(&mut self) {
        let Some((whole, left)) = self.rest.take() else {
            return;
        };
        let length = left.min(PIECE);
        let mut header = whole.clone();
        if length < left {
            header.is_final = false;
            let opcode = OpCode::Data(Data::Continue);
            self.rest = Some((FrameHeader { opcode, ..whole }, left - length));
        }
        self.write_header(&header, length);
    }

    fn write_header(&mut self, header: &FrameHeader, payload: u64) {
        header
            .format(payload, &mut self.header)
            .expect("a Vec takes all");
        self.left = payload;
    }

    /// Passes on payload, first what is held of it.
    fn poll_payload(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let most = if self.broken { u64::MAX } else { self.left };
        let most = usize::try_from(most)
            .unwrap_or(usize::MAX)
            .min(buf.remaining());
        let count = if self.held.is_empty() {
            let mut part = ReadBuf::new(buf.initialize_unfilled_to(most));
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut part))?;
            let count = part.filled().len();
            buf.advance(count);
            count
        } else {
            let count = most.min(self.held.len());
            buf.put_slice(&self.held[..count]);
            self.held.drain(..count);
            if self.held.is_empty() {
                self.held = Vec::new();
            }
            count
        };
        self.left = self.left.saturating_sub(count as u64);
        if let Some(progress) = &mut self.progress {
            progress.come(count);
        }
        Poll::Ready(Ok(()))
    }
}

fn late(what: &str) -> io::Error {
    io::Error::new(ErrorKind::TimedOut, what)
}

impl<Io: AsyncRead + Unpin> AsyncRead for Intake<Io> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        loop {
            if let Some(progress) = &mut me.progress
                && progress.poll_late(cx).is_ready()
            {
                return Poll::Ready(Err(late("a long message took too long")));
            }
            if !me.header.is_empty() {
                let count = me.header.len().min(buf.remaining());
                buf.put_slice(&me.header[..count]);
                me.header.drain(..count);
                return Poll::Ready(Ok(()));
            }
            if me.left > 0 || me.broken {
                return me.poll_payload(cx, buf);
            }
            if me.rest.is_some() {
                me.next_piece();
                continue;
            }
            me.end_message();
            if !me.held.is_empty() {
                ready!(me.poll_header(cx))?;
                continue;
            }
            let before = buf.filled().len();
            ready!(Pin::new(&mut me.io).poll_read(cx, buf))?;
            let is_end = buf.filled().len() == before;
            me.look_at(buf, before);
            // Else all of it is held back.
            if is_end || buf.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Intake<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
