//! Watches on pods: one JSON line per change, until the client, the time or the cluster ends.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use http::{StatusCode, header};
use serde::Serialize;
use serde_json::json;
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    cluster::Shared,
    crowd,
    selection::Selection,
    status::ApiError,
    store::{Change, ChangeKind},
    users::User,
};

/// How long nothing happens before a bookmark says so. A real API server takes a minute.
const BOOKMARK_AFTER: Duration = Duration::from_millis(200);

/// Who watches.
#[derive(Debug, Default)]
pub(crate) struct Watchers(Mutex<Watching>);

#[derive(Debug, Default)]
struct Watching {
    next: u64,
    /// Each watch's user, and what breaks its connection.
    all: BTreeMap<u64, (String, CancellationToken)>,
}

impl Watchers {
    pub(crate) fn names(&self) -> Vec<String> {
        let watching = self.lock();
        watching
            .all
            .values()
            .map(|(user, _)| user.clone())
            .collect()
    }

    pub(crate) fn cut(&self) {
        self.lock().all.values().for_each(|(_, cut)| cut.cancel());
    }

    fn add(&self, user: String) -> (u64, CancellationToken) {
        let mut watching = self.lock();
        let (id, cut) = (watching.next, CancellationToken::new());
        watching.next += 1;
        watching.all.insert(id, (user, cut.clone()));
        (id, cut)
    }

    fn remove(&self, id: u64) {
        self.lock().all.remove(&id);
    }

    fn lock(&self) -> MutexGuard<'_, Watching> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A watch in progress.
struct Watch {
    shared: Arc<Shared>,
    id: u64,
    selection: Selection,
    bookmarks: bool,
    newest: watch::Receiver<u64>,
    /// Up to here the client knows all.
    version: u64,
    /// The version that it was told of last.
    told: u64,
    /// Lines not yet sent.
    pending: VecDeque<Bytes>,
    /// Whether the line after `pending` is the last.
    over: bool,
}

/// Follows the pods of `selection` from `version` on, for `time` at most.
pub(crate) fn watch_pods(
    shared: Arc<Shared>,
    selection: Selection,
    version: &str,
    time: Duration,
    bookmarks: bool,
) -> Result<Response, ApiError> {
    let (id, cut) = shared.watchers.add(User::calling().name);
    let mut watch = Watch {
        newest: shared.store.newest(),
        shared,
        id,
        selection,
        bookmarks,
        version: 0,
        told: 0,
        pending: VecDeque::new(),
        over: false,
    };
    match version {
        // From any state: that is the present one, pod by pod.
        "" | "0" => {
            let (version, pods) = watch.shared.store.list();
            watch.version = version;
            for object in pods {
                watch.push(&Change {
                    version,
                    kind: ChangeKind::Added,
                    object,
                });
            }
        }
        version => {
            watch.version = version.parse().map_err(|_| {
                ApiError::bad_request(format!("invalid resource version \"{version}\""))
            })?;
        }
    }
    watch.told = watch.version;
    let deadline = Box::pin(sleep(time));
    let lines = stream::unfold((watch, deadline), move |(mut watch, mut deadline)| {
        let cut = cut.clone();
        async move {
            let stop = watch.shared.stop.clone();
            let line = tokio::select! {
                line = watch.next() => Ok(line?),
                () = stop.cancelled() => return None,
                () = &mut deadline => return None,
                () = cut.cancelled() => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
            };
            Some((line, (watch, deadline)))
        }
    });
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((json, Body::from_stream(lines)).into_response())
}

impl Watch {
    /// The next line; waits for one.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.pending.pop_front() {
                return Some(line);
            }
            if self.over {
                return None;
            }
            let newest = *self.newest.borrow_and_update();
            match self.shared.store.changes(self.version) {
                Ok(changes) => {
                    for change in changes {
                        self.version = change.version;
                        self.push(&change);
                    }
                    if self.pending.is_empty() && self.version >= newest {
                        let is_due = self.bookmarks && self.told < self.version;
                        let quiet = sleep(if is_due {
                            BOOKMARK_AFTER
                        } else {
                            Duration::MAX
                        });
                        tokio::select! {
                            changed = self.newest.changed() => changed.ok()?,
                            () = quiet => self.push_bookmark(),
                        }
                    }
                }
                Err(expired) => {
                    let message = format!(
                        "too old resource version: {} ({})",
                        self.version, expired.oldest
                    );
                    let status = ApiError::new(StatusCode::GONE, message).into_status();
                    self.push_line(&json!({"type": "ERROR", "object": status}));
                    self.over = true;
                }
            }
        }
    }

    fn push(&mut self, change: &Change) {
        if self.selection.holds(&change.object) {
            let kind = change.kind.name();
            self.told = change.version;
            self.push_line(&json!({"type": kind, "object": crowd::told(&change.object)}));
        }
    }

    /// As an API server has it: a pod with nothing but a version.
    fn push_bookmark(&mut self) {
        self.told = self.version;
        let object = json!({
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": {"resourceVersion": self.version.to_string(), "creationTimestamp": null},
            "spec": {"containers": null},
            "status": {},
        });
        self.push_line(&json!({"type": "BOOKMARK", "object": object}));
    }

    fn push_line(&mut self, event: &impl Serialize) {
        // Plain data always has a JSON form.
        if let Ok(mut line) = serde_json::to_vec(event) {
            line.push(b'\n');
            self.pending.push_back(line.into());
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.watchers.remove(self.id);
    }
}
