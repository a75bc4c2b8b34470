//! Lists of pods: whole or by pages, packed where they are long; or a watch, if that is asked for.

use std::{io::Write as _, sync::Arc, time::Duration};

use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, StatusCode, header};
use k8s_openapi::{List, api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::ListMeta};
use serde::Deserialize;
use tokio::task::spawn_blocking;

use crate::{
    access::Action, cluster::Shared, crowd, fault::Route, selection::Selection, status::ApiError,
    watch::watch_pods,
};

/// API servers pack what is longer, in bytes.
const PACKED_FROM: usize = 128 << 10;

pub(crate) async fn all_pods(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<ListQuery>,
    headers: HeaderMap,
) -> Response {
    let answered = list_or_watch(shared, None, query, &headers).await;
    answered.into_response()
}

pub(crate) async fn pods(
    State(shared): State<Arc<Shared>>,
    Path(namespace): Path<String>,
    Query(query): Query<ListQuery>,
    headers: HeaderMap,
) -> Response {
    let answered = list_or_watch(shared, Some(namespace), query, &headers).await;
    answered.into_response()
}

/// The query of a list or watch, as far as it is understood.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ListQuery {
    watch: Option<String>,
    allow_watch_bookmarks: Option<String>,
    resource_version: String,
    timeout_seconds: Option<u64>,
    field_selector: String,
    label_selector: String,
    limit: usize,
    #[serde(rename = "continue")]
    rest: String,
}

fn is_true(value: Option<&str>) -> bool {
    matches!(value, Some("1" | "true"))
}

async fn list_or_watch(
    shared: Arc<Shared>,
    namespace: Option<String>,
    query: ListQuery,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let watching = is_true(query.watch.as_deref());
    let (route, verb) = if watching {
        (Route::WatchPods, "watch")
    } else {
        (Route::ListPods, "list")
    };
    shared.faults.gate(route).await?;
    shared.access.check(Action {
        verb,
        resource: "pods",
        subresource: None,
        namespace: namespace.as_deref(),
        name: None,
    })?;
    let selection = Selection::new(namespace, &query.field_selector, &query.label_selector)?;
    if watching {
        let time = query.timeout_seconds;
        let time = time.map_or(Duration::MAX, Duration::from_secs);
        let bookmarks = is_true(query.allow_watch_bookmarks.as_deref());
        return watch_pods(shared, selection, &query.resource_version, time, bookmarks);
    }
    let takes = headers.get(header::ACCEPT_ENCODING);
    let takes = takes
        .and_then(|takes| takes.to_str().ok())
        .unwrap_or_default();
    let takes_gzip = takes.contains("gzip");
    // Execs don't wait for it: no terminal is to seem slow because of this cluster.
    let made = spawn_blocking(move || {
        let page = page(&shared, &selection, query.limit, &query.rest)?;
        let json = serde_json::to_vec(&page).map_err(|error| failed(&error))?;
        Ok(packed(json, takes_gzip))
    });
    made.await.map_err(|error| failed(&error))?
}

fn failed(error: &dyn std::error::Error) -> ApiError {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

/// What of a list there is behind what `rest` stands for: all, or as much as `limit` says, which is not 0 then.
fn page(
    shared: &Shared,
    selection: &Selection,
    limit: usize,
    rest: &str,
) -> Result<List<Pod>, ApiError> {
    let (mut version, pods) = shared.store.list();
    let mut begin = None;
    if !rest.is_empty() {
        let place =
            Place::read(rest).ok_or_else(|| ApiError::bad_request("continue key is not valid"))?;
        if shared.store.has_forgotten(place.version) {
            return Err(ApiError::new(
                StatusCode::GONE,
                "The provided continue parameter is too old to display a consistent list result.",
            ));
        }
        // All pages are of one state. Here they are of what there is, as watched from that state on it becomes the same.
        version = place.version;
        begin = Some(place);
    }
    let key = |pod: &Pod| {
        let metadata = &pod.metadata;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        (text(&metadata.namespace), text(&metadata.name))
    };
    let mut chosen = pods.iter().filter(|pod| {
        selection.holds(pod) && begin.as_ref().is_none_or(|begin| key(pod) > begin.last)
    });
    let limit = if limit == 0 { usize::MAX } else { limit };
    let items: Vec<_> = chosen
        .by_ref()
        .take(limit)
        .map(|pod| crowd::told(pod))
        .collect();
    let left = chosen.count();
    let rest = items.last().filter(|_| left > 0).map(|last| {
        let last = key(last);
        Place { version, last }.text()
    });
    Ok(List {
        items,
        metadata: ListMeta {
            resource_version: Some(version.to_string()),
            remaining_item_count: rest.as_ref().and_then(|_| i64::try_from(left).ok()),
            continue_: rest,
            ..ListMeta::default()
        },
    })
}

/// Where a page of a list ends.
struct Place {
    version: u64,
    last: (String, String),
}

impl Place {
    fn read(text: &str) -> Option<Self> {
        let (version, last) = text.split_once('&')?;
        let (namespace, name) = last.split_once('/')?;
        Some(Self {
            version: version.parse().ok()?,
            last: (namespace.to_owned(), name.to_owned()),
        })
    }

    /// With letters that have a meaning in an address, as base64 has them.
    fn text(&self) -> String {
        let (namespace, name) = &self.last;
        format!("{}&{namespace}/{name}", self.version)
    }
}

/// An answer of JSON, packed if it is long and the client can unpack it.
fn packed(json: Vec<u8>, takes_gzip: bool) -> Response {
    let kind = (header::CONTENT_TYPE, "application/json");
    if json.len() < PACKED_FROM || !takes_gzip {
        return ([kind], json).into_response();
    }
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    match packer.write_all(&json).and_then(|()| packer.finish()) {
        Ok(packed) => {
            let coding = (header::CONTENT_ENCODING, "gzip");
            ([kind, coding], packed).into_response()
        }
        Err(_) => ([kind], json).into_response(),
    }
}
