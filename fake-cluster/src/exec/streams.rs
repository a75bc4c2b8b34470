//! Where a client's output comes from and its input goes to: a process of its own, the container's main one, or what takes
//! the place of processes.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::{
    load,
    main_process::{Chunk, Main},
    record::Size,
    spawn::{self, STDERR, STDOUT},
};

/// Where output comes from.
#[derive(Debug)]
pub(super) enum Output {
    Process(spawn::Output),
    Main(Attached),
    Load(load::Output),
}

/// The output of a main process, as far as one client wants it.
#[derive(Debug)]
pub(super) struct Attached {
    /// `None` once it has ended.
    pub(super) chunks: Option<mpsc::Receiver<Chunk>>,
    /// What did not fit into one read.
    pub(super) rest: Chunk,
    pub(super) stdout: bool,
    pub(super) stderr: bool,
}

impl Output {
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Process(output) => output.is_open(),
            Self::Main(attached) => attached.chunks.is_some(),
            Self::Load(output) => output.is_open(),
        }
    }

    /// Reads what there is: the channel, and `size` bytes at most, none when a part has ended. Nothing is lost if this is
    /// dropped before it is ready.
    pub(super) async fn read(&mut self, size: usize) -> (u8, Bytes) {
        match self {
            Self::Process(output) => output.read(size).await,
            Self::Main(attached) => attached.read(size).await,
            Self::Load(output) => (STDOUT, output.read(size).await),
        }
    }
}

impl Attached {
    async fn read(&mut self, size: usize) -> (u8, Bytes) {
        loop {
            let (channel, bytes) = &mut self.rest;
            let wanted = match *channel {
                STDERR => self.stderr,
                _ => self.stdout,
            };
            if wanted && !bytes.is_empty() {
                return (*channel, bytes.split_to(size.min(bytes.len())));
            }
            let Some(chunks) = &mut self.chunks else {
                return std::future::pending().await;
            };
            let Some(chunk) = chunks.recv().await else {
                self.chunks = None;
                return (STDOUT, Bytes::new());
            };
            self.rest = chunk;
        }
    }
}

/// Where input goes.
#[derive(Debug)]
pub(super) enum Input {
    Process(spawn::Input),
    Main { main: Arc<Main>, client: u64 },
    Load(load::Input),
}

impl Input {
    /// Waits until all of `bytes` has been taken; what nobody reads any more is dropped.
    pub(super) async fn write(&mut self, bytes: Bytes) {
        match self {
            Self::Process(input) => input.write(&bytes).await,
            Self::Main { main, .. } => main.write(bytes).await,
            Self::Load(input) => input.write(bytes).await,
        }
    }

    pub(super) async fn resize(&self, size: Size) {
        match self {
            Self::Process(input) => input.resize(size),
            Self::Main { main, .. } => main.resize(size).await,
            Self::Load(_) => {}
        }
    }

    /// Ends a pipe; a terminal gets nothing. A main process goes on reading, but the container runtime ends the attach.
    pub(super) fn close(&mut self) {
        match self {
            Self::Process(input) => input.close(),
            Self::Main { main, client } => main.leave(*client),
            Self::Load(input) => input.close(),
        }
    }
}
