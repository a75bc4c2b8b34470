//! `pods/log`: refuses what a kubelet refuses, in its words, then sends lines as they are printed, until the container ends.

use std::{collections::VecDeque, io, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Path, Query, State},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::stream;
use http::header::CONTENT_TYPE;
use k8s_openapi::api::core::v1 as core;
use tokio::{sync::watch, time::sleep};

use crate::{
    access::Action,
    cluster::Shared,
    fault::{LogPlan, Route},
    logs::At,
    main_process::Place,
    pod::{Container, Line, ago},
    status::ApiError,
};

/// How much of a flood is sent at once.
const FLOOD: usize = 16 << 10;

/// What is asked for.
#[derive(Debug, Default)]
struct Options {
    container: Option<String>,
    follow: bool,
    previous: bool,
    timestamps: bool,
    since: Option<i64>,
    tail: Option<i64>,
}

impl Options {
    fn parse(query: Vec<(String, String)>) -> Result<Self, ApiError> {
        let mut options = Self::default();
        let number = |value: &str| {
            let number = value.parse::<i64>().ok().filter(|number| *number >= 0);
            number.ok_or_else(|| ApiError::bad_request(format!("invalid number {value:?}")))
        };
        for (key, value) in query {
            // As the API machinery reads a bool.
            let yes = !matches!(value.as_str(), "" | "0" | "false");
            match key.as_str() {
                "container" => options.container = Some(value),
                "follow" => options.follow = yes,
                "previous" => options.previous = yes,
                "timestamps" => options.timestamps = yes,
                "sinceSeconds" => options.since = Some(number(&value)?),
                "tailLines" => options.tail = Some(number(&value)?),
                _ => {}
            }
        }
        Ok(options)
    }

    /// The lines that are asked for.
    fn select(&self, mut lines: Vec<Line>) -> Vec<Line> {
        if let Some(since) = self.since {
            let from = ago(Duration::ZERO).0.as_second() - since;
            lines.retain(|line| line.time.as_second() >= from);
        }
        let tail = self.tail.map_or(usize::MAX, |tail| tail as usize);
        lines.drain(..lines.len().saturating_sub(tail));
        lines
    }
}

/// A log that is being sent.
struct Log {
    shared: Arc<Shared>,
    place: Place,
    dir: PathBuf,
    options: Options,
    container: Container,
    plan: LogPlan,
    at: At,
    pending: VecDeque<Bytes>,
    /// How many lines of a flood there were.
    flood: u64,
    /// Whether nothing comes after `pending`.
    is_over: bool,
    news: watch::Receiver<()>,
    newest: watch::Receiver<u64>,
}

/// `GET /api/v1/namespaces/{namespace}/pods/{name}/log`
pub(crate) async fn log(
    State(shared): State<Arc<Shared>>,
    Path((namespace, pod)): Path<(String, String)>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, ApiError> {
    shared.faults.gate(Route::Log).await?;
    shared.access.check(Action {
        verb: "get",
        resource: "pods",
        subresource: Some("log"),
        namespace: Some(&namespace),
        name: Some(&pod),
    })?;
    let options = Options::parse(query)?;
    let stored = shared.store.get(&namespace, &pod);
    let stored = stored.ok_or_else(|| ApiError::not_found("pods", &pod))?;
    let name = match &options.container {
        Some(name) => name.clone(),
        None => match stored.spec.default_container() {
            Ok(name) => name.to_owned(),
            Err(names) => {
                let names = names.join(" ");
                return Err(ApiError::bad_request(format!(
                    "a container name must be specified for pod {pod}, choose one of: [{names}]"
                )));
            }
        },
    };
    let Some(container) = stored.spec.find_container(&name).cloned() else {
        return Err(ApiError::bad_request(format!(
            "container {name} is not valid for pod {pod}"
        )));
    };
    check(&stored.object, &pod, &name, options.previous)?;
    let place = Place {
        namespace,
        pod,
        container: name,
    };
    let dir = place.dir(&shared);
    if container.has_main() && !options.previous && place.is_running(&shared) {
        shared.mains.ensure(&shared, &place, &container);
    }
    let (lines, at) = shared.logs.read(&dir, &container);
    let lines = if options.previous {
        shared.logs.previous(&dir, &container)
    } else {
        lines
    };
    let plan = shared.faults.log();
    shared.logs.enter();
    let mut log = Log {
        news: shared.logs.news(),
        newest: shared.store.newest(),
        is_over: options.previous || !options.follow,
        shared,
        place,
        dir,
        container,
        plan,
        at,
        pending: VecDeque::new(),
        flood: 0,
        options,
    };
    let lines = log.options.select(lines);
    log.push(lines);
    // A kubelet answers when there is something to be said.
    let first = log.next().await;
    let rest = stream::unfold(log, |mut log| async move { Some((log.next().await?, log)) });
    let all = stream::unfold((first, Box::pin(rest)), |(first, mut rest)| async move {
        let next = match first {
            Some(first) => first,
            None => futures_util::StreamExt::next(&mut rest).await?,
        };
        Some((next, (None, rest)))
    });
    let kind = [(CONTENT_TYPE, "text/plain")];
    Ok((kind, Body::from_stream(all)).into_response())
}

/// Whether a kubelet has a log to send.
fn check(pod: &core::Pod, name: &str, container: &str, previous: bool) -> Result<(), ApiError> {
    let status = pod.status.as_ref();
    let statuses = status.into_iter().flat_map(|status| {
        let all = [
            &status.container_statuses,
            &status.init_container_statuses,
            &status.ephemeral_container_statuses,
        ];
        all.into_iter().flatten().flatten()
    });
    let mut statuses = statuses.filter(|status| status.name == container);
    let status = statuses.next();
    let state = status.and_then(|status| status.state.clone());
    let state = state.unwrap_or_default();
    let last = status.and_then(|status| status.last_state.as_ref()?.terminated.as_ref());
    let of = format!("container {container:?} in pod {name:?}");
    if previous && last.is_none() {
        let words = format!("previous terminated {of} not found");
        return Err(ApiError::bad_request(words));
    }
    if previous || last.is_some() || state.running.is_some() || state.terminated.is_some() {
        return Ok(());
    }
    let reason = state.waiting.and_then(|waiting| waiting.reason);
    let why = match reason.as_deref() {
        Some("ErrImagePull") => "image can't be pulled",
        Some("ImagePullBackOff") => "trying and failing to pull image",
        Some(reason) => reason,
        None => "no logs yet",
    };
    Err(ApiError::bad_request(format!(
        "{of} is waiting to start: {why}"
    )))
}

impl Log {
    fn push(&mut self, lines: Vec<Line>) {
        let timestamps = self.options.timestamps;
        let line = |Line { time, text }: Line| {
            if timestamps {
                [format!("{time:.9} ").as_bytes(), &text].concat().into()
            } else {
                text
            }
        };
        let lines = lines.into_iter().map(line);
        if self.plan.pause.is_zero() {
            let all: Vec<u8> = lines.flatten().collect();
            if !all.is_empty() {
                self.pending.push_back(all.into());
            }
        } else {
            self.pending.extend(lines);
        }
    }

    /// What is sent next; [`None`] at the end.
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            if let Some(chunk) = self.pending.pop_front() {
                return Some(self.send(chunk).await);
            }
            if self.container.floods() {
                self.flood();
                continue;
            }
            if self.is_over {
                return None;
            }
            self.news.mark_unchanged();
            self.newest.mark_unchanged();
            let runs = self.place.is_running(&self.shared);
            match self.shared.logs.since(&self.dir, &mut self.at) {
                Some(lines) => self.push(lines),
                None => self.is_over = true,
            }
            self.is_over |= !runs;
            if !self.pending.is_empty() || self.is_over {
                continue;
            }
            tokio::select! {
                _ = self.news.changed() => {}
                _ = self.newest.changed() => {}
                () = self.shared.stop.cancelled() => self.is_over = true,
            }
        }
    }

    async fn send(&mut self, chunk: Bytes) -> io::Result<Bytes> {
        sleep(self.plan.pause).await;
        let Some(left) = &mut self.plan.cut_after else {
            return Ok(chunk);
        };
        if *left == 0 {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let sent = chunk.slice(..chunk.len().min(*left));
        *left -= sent.len();
        if *left == 0 {
            // The next is the cut.
            self.pending.push_front(Bytes::from_static(b"\n"));
        }
        Ok(sent)
    }

    fn flood(&mut self) {
        let mut chunk = Vec::with_capacity(FLOOD + 64);
        while chunk.len() < FLOOD {
            self.flood += 1;
            let line = format!("line {} of a flood\n", self.flood);
            chunk.extend_from_slice(line.as_bytes());
        }
        self.pending.push_back(chunk.into());
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.shared.logs.leave();
    }
}
