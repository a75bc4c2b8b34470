//! The HTTP routes, and the calls that need no file of their own: version, namespaces, a pod and access reviews.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, State},
    middleware,
    routing::{get, patch, post},
};
use http::StatusCode;
use k8s_openapi::{
    List,
    api::{
        authentication::v1::{SelfSubjectReview, SelfSubjectReviewStatus, UserInfo},
        authorization::v1::{SelfSubjectAccessReview, SubjectAccessReviewStatus},
        core::v1::{Namespace, NamespaceSpec, NamespaceStatus, Pod},
    },
    apimachinery::pkg::{apis::meta::v1::ListMeta, version::Info},
};

use crate::{
    access::Action,
    cluster::Shared,
    crowd, ephemeral, exec,
    fault::Route,
    guard::{Guard, guard},
    list,
    pod::ago,
    pods_log,
    status::ApiError,
    users::User,
};

/// The age of every namespace.
const NAMESPACE_AGE: Duration = Duration::from_secs(30 * 24 * 3600);

type Cluster = State<Arc<Shared>>;

/// All routes, behind the guard.
pub(crate) fn router(shared: Arc<Shared>, its_guard: Arc<Guard>) -> Router {
    Router::new()
        .route("/version", get(version))
        .route("/api/v1/namespaces", get(list_namespaces))
        .route("/api/v1/namespaces/{namespace}", get(get_namespace))
        .route("/api/v1/pods", get(list::all_pods))
        .route("/api/v1/namespaces/{namespace}/pods", get(list::pods))
        .route("/api/v1/namespaces/{namespace}/pods/{name}", get(get_pod))
        .route(
            "/api/v1/namespaces/{namespace}/pods/{name}/exec",
            get(exec::exec).post(exec::exec),
        )
        .route(
            "/api/v1/namespaces/{namespace}/pods/{name}/attach",
            get(exec::attach).post(exec::attach),
        )
        .route(
            "/api/v1/namespaces/{namespace}/pods/{name}/log",
            get(pods_log::log),
        )
        .route(
            "/api/v1/namespaces/{namespace}/pods/{name}/ephemeralcontainers",
            patch(ephemeral::patch),
        )
        .route(
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            post(review),
        )
        .route(
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            post(who_am_i),
        )
        .fallback(unknown)
        .layer(middleware::from_fn_with_state(its_guard, guard))
        .with_state(shared)
}

async fn unknown() -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "the server could not find the requested resource",
    )
}

async fn version(State(shared): Cluster) -> Result<Json<Info>, ApiError> {
    shared.faults.gate(Route::Version).await?;
    Ok(Json(Info {
        major: "1".to_owned(),
        minor: "35".to_owned(),
        git_version: "v1.35.4".to_owned(),
        git_tree_state: "clean".to_owned(),
        platform: "linux/amd64".to_owned(),
        ..Info::default()
    }))
}

async fn list_namespaces(State(shared): Cluster) -> Result<Json<List<Namespace>>, ApiError> {
    shared.faults.gate(Route::Namespaces).await?;
    shared.access.check(Action {
        verb: "list",
        resource: "namespaces",
        subresource: None,
        namespace: None,
        name: None,
    })?;
    let (version, names) = shared.store.namespaces();
    let items = names
        .into_iter()
        .map(|name| namespace(&shared, name))
        .collect();
    let metadata = ListMeta {
        resource_version: Some(version.to_string()),
        ..ListMeta::default()
    };
    Ok(Json(List { items, metadata }))
}

async fn get_namespace(
    State(shared): Cluster,
    Path(name): Path<String>,
) -> Result<Json<Namespace>, ApiError> {
    shared.faults.gate(Route::Namespaces).await?;
    shared.access.check(Action {
        verb: "get",
        resource: "namespaces",
        subresource: None,
        namespace: Some(&name),
        name: Some(&name),
    })?;
    if shared.store.namespaces().1.contains(&name) {
        Ok(Json(namespace(&shared, name)))
    } else {
        Err(ApiError::not_found("namespaces", &name))
    }
}

fn namespace(shared: &Shared, name: String) -> Namespace {
    let mut namespace = Namespace {
        spec: Some(NamespaceSpec {
            finalizers: Some(vec!["kubernetes".to_owned()]),
        }),
        status: Some(NamespaceStatus {
            phase: Some("Active".to_owned()),
            ..NamespaceStatus::default()
        }),
        ..Namespace::default()
    };
    let label = ("kubernetes.io/metadata.name".to_owned(), name.clone());
    let enforced = shared.pod_security.enforced(&name);
    let enforced = enforced.map(|standard| {
        let label = "pod-security.kubernetes.io/enforce".to_owned();
        (label, standard.name().to_owned())
    });
    namespace.metadata.labels = Some(std::iter::once(label).chain(enforced).collect());
    namespace.metadata.creation_timestamp = Some(ago(NAMESPACE_AGE));
    namespace.metadata.name = Some(name);
    namespace
}

async fn get_pod(
    State(shared): Cluster,
    Path((namespace, name)): Path<(String, String)>,
) -> Result<Json<Pod>, ApiError> {
    shared.faults.gate(Route::GetPod).await?;
    shared.access.check(Action {
        verb: "get",
        resource: "pods",
        subresource: None,
        namespace: Some(&namespace),
        name: Some(&name),
    })?;
    match shared.store.get(&namespace, &name) {
        Some(stored) => Ok(Json(crowd::told(&stored.object))),
        None => Err(ApiError::not_found("pods", &name)),
    }
}

async fn review(
    State(shared): Cluster,
    Json(mut review): Json<SelfSubjectAccessReview>,
) -> Result<(StatusCode, Json<SelfSubjectAccessReview>), ApiError> {
    shared.faults.gate(Route::AccessReview).await?;
    shared.access.check(Action {
        verb: "create",
        resource: "selfsubjectaccessreviews",
        subresource: None,
        namespace: None,
        name: None,
    })?;
    let attributes = review.spec.resource_attributes.as_ref();
    let denied = attributes.and_then(|asked| {
        shared.access.denied(Action {
            verb: asked.verb.as_deref().unwrap_or_default(),
            resource: asked.resource.as_deref().unwrap_or_default(),
            subresource: asked.subresource.as_deref().filter(|s| !s.is_empty()),
            namespace: asked.namespace.as_deref(),
            name: asked.name.as_deref(),
        })
    });
    review.status = Some(SubjectAccessReviewStatus {
        allowed: denied.is_none(),
        reason: denied,
        ..SubjectAccessReviewStatus::default()
    });
    Ok((StatusCode::CREATED, Json(review)))
}

async fn who_am_i(
    State(shared): Cluster,
    Json(mut review): Json<SelfSubjectReview>,
) -> Result<(StatusCode, Json<SelfSubjectReview>), ApiError> {
    shared.faults.gate(Route::SelfReview).await?;
    let User { name, groups } = User::calling();
    review.status = Some(SelfSubjectReviewStatus {
        user_info: Some(UserInfo {
            username: Some(name),
            groups: Some(groups),
            ..UserInfo::default()
        }),
    });
    Ok((StatusCode::CREATED, Json(review)))
}
