//! Makes answers of a list: what changed, at once; or all of it, piece by piece as it is taken.

use std::{io::Write as _, rc::Rc};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use serde::Serialize;
use tokio::{
    sync::mpsc,
    time::{Duration, timeout},
};

use super::{
    PodsAnswer, PodsBody,
    list::List,
    table::{Changes, Name, Version},
};

/// How much of the pods' JSON an answer of changes has, in bytes: a browser reads it between two frames.
const CHANGES: usize = 192 << 10;
/// How much of it is made at once where all are asked for.
const PIECE: usize = 256 << 10;
/// How many pieces wait to be taken.
const PIECES: usize = 2;
/// How long one may wait.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);
/// What is shorter is not worth packing.
const PACKED_FROM: usize = 400;

/// What a list is of.
#[derive(Clone, Copy, Serialize)]
pub(super) struct About<'a> {
    pub(super) cluster: &'a str,
    pub(super) demo: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) namespaces: &'a [String],
}

/// What an answer says before its pods, as [`podshell_shared::api::PodList`] has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(flatten)]
    about: About<'a>,
    version: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

impl Head<'_> {
    /// As JSON, up to where the first pod follows.
    fn open(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(self).expect("plain data has a JSON form");
        text.pop();
        text.extend_from_slice(b",\"pods\":[");
        text
    }
}

/// What a client lacks that has come so far; it is to ask for more if the list is not all there yet.
pub(super) fn changes(
    list: &List,
    about: About<'_>,
    since: Option<Version>,
    is_loading: bool,
    gzip: bool,
) -> PodsAnswer {
    let text = list.read(|table| {
        let Changes {
            partial,
            more,
            version,
            pods,
            gone,
        } = table.changes(since, CHANGES);
        let head = Head {
            about,
            version: version.to_string(),
            partial,
            more: more || is_loading,
        };
        let mut text = head.open();
        join(&mut text, &pods);
        text.push(b']');
        if !gone.is_empty() {
            let gone: Vec<_> = gone.into_iter().map(key).collect();
            text.extend_from_slice(b",\"gone\":");
            text.extend(serde_json::to_vec(&gone).expect("plain data has a JSON form"));
        }
        text.push(b'}');
        text
    });
    let gzip = gzip && text.len() >= PACKED_FROM;
    let body = if gzip {
        let mut packer = Packer::new(true);
        packer.add(&text);
        packer.finish()
    } else {
        text.into()
    };
    PodsAnswer {
        gzip,
        body: PodsBody::Whole(body),
    }
}

fn key(name: &Name) -> String {
    format!("{}/{}", name.namespace, name.name)
}

fn join(text: &mut Vec<u8>, pods: &[&[u8]]) {
    for (at, json) in pods.iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        text.extend_from_slice(json);
    }
}

/// All of it, by namespace and name. The version is that of its beginning: what changes meanwhile is newer.
pub(super) fn whole(list: Rc<List>, about: About<'_>, gzip: bool) -> PodsAnswer {
    let head = Head {
        about,
        version: list.read(|table| table.version().to_string()),
        partial: false,
        more: false,
    };
    let head = head.open();
    let (pieces, taken) = mpsc::channel(PIECES);
    tokio::task::spawn_local(async move {
        let mut packer = Packer::new(gzip);
        packer.add(&head);
        let mut last = None::<Name>;
        loop {
            let next = list.read(|table| {
                let (pods, next) = table.after(last.as_ref(), PIECE);
                let mut text = Vec::new();
                if last.is_some() && !pods.is_empty() {
                    text.push(b',');
                }
                join(&mut text, &pods);
                packer.add(&text);
                next
            });
            let Some(next) = next else {
                break;
            };
            last = Some(next);
            let piece = packer.take();
            if !hand_on(&pieces, Some(piece)).await {
                return;
            }
        }
        packer.add(b"]}");
        if hand_on(&pieces, Some(packer.finish())).await {
            hand_on(&pieces, None).await;
        }
    });
    PodsAnswer {
        gzip,
        body: PodsBody::Pieces(taken),
    }
}

/// Whether it was taken.
async fn hand_on(pieces: &mpsc::Sender<Option<Bytes>>, piece: Option<Bytes>) -> bool {
    if piece.as_ref().is_some_and(Bytes::is_empty) {
        // What packs it has not seen enough.
        return true;
    }
    matches!(timeout(TAKEN_WITHIN, pieces.send(piece)).await, Ok(Ok(())))
}

/// Packs an answer, or leaves it as it is.
enum Packer {
    Plain(Vec<u8>),
    Gzip(Box<GzEncoder<Vec<u8>>>),
}

impl Packer {
    fn new(gzip: bool) -> Self {
        if gzip {
            let packer = GzEncoder::new(Vec::new(), Compression::fast());
            Self::Gzip(Box::new(packer))
        } else {
            Self::Plain(Vec::new())
        }
    }

    fn add(&mut self, text: &[u8]) {
        match self {
            Self::Plain(plain) => plain.extend_from_slice(text),
            Self::Gzip(packer) => packer.write_all(text).expect("memory takes all"),
        }
    }

    /// What is ready.
    fn take(&mut self) -> Bytes {
        match self {
            Self::Plain(plain) => std::mem::take(plain).into(),
            Self::Gzip(packer) => std::mem::take(packer.get_mut()).into(),
        }
    }

    fn finish(self) -> Bytes {
        match self {
            Self::Plain(plain) => plain.into(),
            Self::Gzip(packer) => packer.finish().expect("memory takes all").into(),
        }
    }
}
