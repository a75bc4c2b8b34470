//! The list of pods, and one of them.

use std::io;

use axum::{
    Json,
    body::Body,
    extract::{Path, Query, State},
    http::{
        HeaderMap, HeaderValue,
        header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY},
    },
    response::{IntoResponse as _, Response},
};
use futures_util::stream;
use podshell_shared::api::{ApiError, Pod, PodList};
use serde::Deserialize;

use super::{check_label, check_pod};
use crate::{
    auth::CallersCluster,
    cluster::{ClusterError, PodsAnswer, PodsBody, PodsQuery},
    error::Failure,
    switches::Switches,
};

/// Which pods are asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct ListQuery {
    namespace: Option<String>,
    after: Option<String>,
}

/// `GET /api/v1/pods`: all pods that the caller may list, or what is new of them.
#[utoipa::path(
    get,
    path = "/api/v1/pods",
    params(
        ("namespace" = Option<String>, Query, description = "One namespace alone."),
        ("after" = Option<String>, Query, description = "The version of the answer before: what is newer is answered, at once, in parts. Empty to begin. Without it all pods are answered.")
    ),
    responses((status = OK, body = PodList), (status = "4XX", body = ApiError), (status = "5XX", body = ApiError)),
    security(("key" = []))
)]
pub(crate) async fn list(
    State(switches): State<Switches>,
    CallersCluster(cluster): CallersCluster,
    Query(ListQuery { namespace, after }): Query<ListQuery>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let namespace = namespace.filter(|namespace| !namespace.is_empty());
    if let Some(namespace) = &namespace {
        check_label(namespace)?;
        switches.check_namespace(namespace)?;
    }
    let is_everything = namespace.is_none();
    let query = PodsQuery {
        namespace,
        after,
        gzip: takes_gzip(&headers),
    };
    match cluster.pods(query).await {
        Ok(answer) => Ok(respond(answer)),
        Err(error) => Err(refused(&error, is_everything)),
    }
}

/// `GET /api/v1/pod/{namespace}/{pod}`: one pod, as it is listed.
#[utoipa::path(
    get,
    path = "/api/v1/pod/{namespace}/{pod}",
    params(("namespace" = String, Path), ("pod" = String, Path)),
    responses((status = OK, body = Pod), (status = "4XX", body = ApiError), (status = "5XX", body = ApiError)),
    security(("key" = []))
)]
pub(crate) async fn one(
    State(switches): State<Switches>,
    CallersCluster(cluster): CallersCluster,
    Path((namespace, pod)): Path<(String, String)>,
) -> Result<Json<Pod>, Failure> {
    check_pod(&namespace, &pod)?;
    switches.check_namespace(&namespace)?;
    Ok(Json(cluster.pod_shown(&namespace, &pod).await?))
}

fn refused(error: &ClusterError, is_everything: bool) -> Failure {
    let failure = Failure::from(error);
    match error {
        ClusterError::Api { status: 403, .. } if is_everything => failure.hint(
            "Name a namespace whose pods you may list, or ask your cluster administrator for the right to list all.",
        ),
        _ => failure,
    }
}

/// Whether an answer may be packed.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).into_iter();
    let codings = values.filter_map(|value| value.to_str().ok());
    codings.flat_map(|value| value.split(',')).any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        let quality = quality.trim().strip_prefix("q=").unwrap_or("1");
        name.trim().eq_ignore_ascii_case("gzip")
            && quality.trim().parse().is_ok_and(|q: f32| q > 0.0)
    })
}

fn respond(answer: PodsAnswer) -> Response {
    let body = match answer.body {
        PodsBody::Whole(bytes) => Body::from(bytes),
        PodsBody::Pieces(pieces) => {
            Body::from_stream(stream::unfold(pieces, |mut pieces| async move {
                match pieces.recv().await {
                    Some(Some(piece)) => Some((Ok(piece), pieces)),
                    Some(None) => None,
                    // Else what came would be taken for all.
                    None => Some((Err(io::Error::other("the list was cut short")), pieces)),
                }
            }))
        }
    };
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (VARY, "accept-encoding"),
    ];
    let mut response = (headers, body).into_response();
    if answer.gzip {
        let packed = HeaderValue::from_static("gzip");
        response.headers_mut().insert(CONTENT_ENCODING, packed);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_answers_go_to_who_takes_them() {
        for (sent, takes) in [
            ("gzip, deflate, br, zstd", true),
            ("br, GZIP;q=0.5", true),
            ("gzip ; q=1.0", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("identity", false),
            ("x-gzip", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(sent));
            assert_eq!(takes_gzip(&headers), takes, "{sent}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
