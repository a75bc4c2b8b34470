//! Watches on pods: one JSON line per change, until the client, the time or the cluster ends.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use http::{StatusCode, header};
use serde::Serialize;
use serde_json::json;
use tokio::sync::watch;

use crate::{
    cluster::Shared,
    selection::Selection,
    status::ApiError,
    store::{Change, ChangeKind},
};

/// A watch in progress.
struct Watch {
    shared: Arc<Shared>,
    selection: Selection,
    newest: watch::Receiver<u64>,
    /// Up to here the client knows all.
    version: u64,
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
) -> Result<Response, ApiError> {
    let mut watch = Watch {
        newest: shared.store.newest(),
        shared,
        selection,
        version: 0,
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
    let deadline = Box::pin(tokio::time::sleep(time));
    let lines = stream::unfold((watch, deadline), |(mut watch, mut deadline)| async move {
        let stop = watch.shared.stop.clone();
        let line = tokio::select! {
            line = watch.next() => line,
            () = stop.cancelled() => None,
            () = &mut deadline => None,
        }?;
        Some((Ok::<_, std::convert::Infallible>(line), (watch, deadline)))
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
                        self.newest.changed().await.ok()?;
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
            self.push_line(&json!({"type": kind, "object": *change.object}));
        }
    }

    fn push_line(&mut self, event: &impl Serialize) {
        // Plain data always has a JSON form.
        if let Ok(mut line) = serde_json::to_vec(event) {
            line.push(b'\n');
            self.pending.push_back(line.into());
        }
    }
}
