//! Ephemeral containers: the patch that adds them to a pod, and what a kubelet then makes of them.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use k8s_openapi::{
    api::core::v1::{EphemeralContainer, Pod},
    apimachinery::pkg::apis::meta::v1::StatusCause,
};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::sleep;

use crate::{
    access::Action,
    cluster::Shared,
    fault::{Route, Start},
    main_process::Place,
    pod::{self, ContainerState, NOT_STARTED, Phase},
    pod_security,
    status::ApiError,
};

const STRATEGIC: &str = "application/strategic-merge-patch+json";
const MERGE: &str = "application/merge-patch+json";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
     and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/// The only part of a patch that this subresource looks at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Patch {
    spec: SpecPatch,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SpecPatch {
    ephemeral_containers: Option<Vec<Value>>,
}

/// `PATCH /api/v1/namespaces/{namespace}/pods/{name}/ephemeralcontainers`, as a strategic or a JSON merge patch.
pub(crate) async fn patch(
    State(shared): State<Arc<Shared>>,
    Path((namespace, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Pod>, ApiError> {
    shared.faults.gate(Route::EphemeralContainers).await?;
    shared.access.check(Action {
        verb: "patch",
        resource: "pods",
        subresource: Some("ephemeralcontainers"),
        namespace: Some(&namespace),
        name: Some(&name),
    })?;
    let kind = headers
        .get(header::CONTENT_TYPE)
        .map(|kind| kind.as_bytes());
    let strategic = kind == Some(STRATEGIC.as_bytes());
    if !strategic && kind != Some(MERGE.as_bytes()) {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {MERGE}, {STRATEGIC}"
        );
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let patch: Patch = serde_json::from_slice(&body)
        .map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}")))?;

    let mut added = Err(ApiError::not_found("pods", &name));
    let enforced = shared.pod_security.enforced(&namespace);
    let stored = shared.store.change(&namespace, &name, |pod| {
        added = apply(pod, &name, patch, strategic).and_then(|names| {
            pod_security::check(enforced, &name, pod, &pod.ephemeral_specs())?;
            Ok(names)
        });
        added.is_ok()
    });
    for container in added? {
        let place = Place {
            namespace: namespace.clone(),
            pod: name.clone(),
            container,
        };
        let start = shared.faults.start();
        let stop = shared.stop.clone();
        let task = run(shared.clone(), place, start);
        shared
            .tasks
            .spawn(async move { stop.run_until_cancelled(task).await });
    }
    let stored = stored.ok_or_else(|| ApiError::not_found("pods", &name))?;
    Ok(Json(stored.object.as_ref().clone()))
}

/// Adds to `pod` what the patch adds, if that is valid; the new containers' names.
fn apply(
    pod: &mut pod::Pod,
    name: &str,
    patch: Patch,
    strategic: bool,
) -> Result<Vec<String>, ApiError> {
    let malformed = |error: serde_json::Error| ApiError::bad_request(error.to_string());
    let old = pod.ephemeral_specs();
    let Some(patches) = patch.spec.ephemeral_containers else {
        return Ok(Vec::new());
    };
    let mut merged: Vec<Value> = Vec::new();
    if strategic {
        for container in &old {
            merged.push(serde_json::to_value(container).map_err(malformed)?);
        }
    }
    for patch in patches {
        let named = |container: &&mut Value| strategic && container["name"] == patch["name"];
        match merged.iter_mut().find(named) {
            Some(container) => merge(container, patch),
            None => merged.push(patch),
        }
    }
    let new = merged.into_iter().map(serde_json::from_value);
    let new: Vec<EphemeralContainer> = new.collect::<Result<_, _>>().map_err(malformed)?;
    let causes = validate(pod, &old, &new);
    if !causes.is_empty() {
        return Err(ApiError::invalid("Pod", name, causes));
    }
    let mut names = Vec::new();
    for container in new {
        if !old.contains(&container) {
            names.push(container.name.clone());
            pod.add_ephemeral(container);
        }
    }
    Ok(names)
}

/// RFC 7396; the lists within a container are replaced by either kind of patch.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(target) = target else {
        return;
    };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(&key);
        } else {
            merge(target.entry(key).or_insert(Value::Null), value);
        }
    }
}

/// What an API server has against the new list, in its words.
fn validate(
    pod: &pod::Pod,
    old: &[EphemeralContainer],
    new: &[EphemeralContainer],
) -> Vec<StatusCause> {
    let mut causes = Vec::new();
    let mut object = |kind: &str, field: String, message: String| {
        causes.push(StatusCause {
            reason: Some(format!("FieldValue{kind}")),
            message: Some(message),
            field: Some(field),
        });
    };
    for (index, container) in new.iter().enumerate() {
        let name = &container.name;
        let field = |field: &str| format!("spec.ephemeralContainers[{index}].{field}");
        if name.is_empty() {
            object("Required", field("name"), "Required value".to_owned());
        } else if !is_label(name) {
            let message = format!("Invalid value: \"{name}\": {LABEL}");
            object("Invalid", field("name"), message);
        }
        if container.image.as_ref().is_none_or(String::is_empty) {
            object("Required", field("image"), "Required value".to_owned());
        }
        let earlier = new[..index].iter().map(|earlier| earlier.name.as_str());
        if earlier
            .chain(pod.lasting_containers())
            .any(|its| its == name)
        {
            let message = format!("Duplicate value: \"{name}\"");
            object("Duplicate", field("name"), message);
        }
        if let Some(target) = &container.target_container_name
            && !target.is_empty()
            && !pod.lasting_containers().any(|its| its == target)
        {
            let message = format!("Not found: \"{target}\"");
            object("NotFound", field("targetContainerName"), message);
        }
    }
    for container in old {
        let name = &container.name;
        let what = match new.iter().find(|its| its.name == *name) {
            Some(same) if same == container => continue,
            Some(_) => "changed",
            None => "removed",
        };
        let message =
            format!("Forbidden: existing ephemeral containers \"{name}\" may not be {what}\n");
        object("Forbidden", "spec.ephemeralContainers".to_owned(), message);
    }
    causes
}

fn is_label(name: &str) -> bool {
    let inner = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    name.len() <= 63 && name.bytes().all(inner) && !name.starts_with('-') && !name.ends_with('-')
}

/// What a kubelet does: it sees the container, pulls its image, and runs it.
async fn run(shared: Arc<Shared>, place: Place, start: Start) {
    let set = |state: ContainerState, message: Option<String>| {
        let Place {
            namespace,
            pod,
            container,
        } = &place;
        shared.store.change(namespace, pod, |pod| {
            // A pod that is over stays so.
            !pod.is_in_phase(Phase::Succeeded)
                && !pod.is_in_phase(Phase::Failed)
                && pod.set_container_state(container, state, message)
        })
    };
    let waiting = |reason: &str| ContainerState::Waiting(reason.to_owned());
    let Some(stored) = shared.store.get(&place.namespace, &place.pod) else {
        return;
    };
    // sic: the kubelet says so of every container that waits in a pod with init containers
    let creating = if stored.spec.has_init_containers() {
        "PodInitializing"
    } else {
        "ContainerCreating"
    };
    set(waiting(creating), None);
    sleep(start.step).await;
    if let Some(message) = start.pull_fails {
        set(waiting("ErrImagePull"), Some(message.clone()));
        sleep(start.step).await;
        let container = stored.spec.find_container(&place.container);
        let image = container
            .map(pod::Container::image_name)
            .unwrap_or_default();
        let message = format!("Back-off pulling image \"{image}\": ErrImagePull: {message}");
        set(waiting("ImagePullBackOff"), Some(message));
        return;
    }
    let stored = shared.store.get(&place.namespace, &place.pod);
    let spec = stored.and_then(|stored| {
        let mut all = stored.spec.ephemeral_specs().into_iter();
        let spec = all.find(|one| one.name == place.container)?;
        Some((stored, spec))
    });
    if let Some((stored, spec)) = spec
        && let Err((reason, message)) = stored.spec.can_start(&spec)
    {
        set(waiting(reason), Some(message));
        return;
    }
    let Some(stored) = set(ContainerState::Running, None) else {
        return;
    };
    if let Some(container) = stored.spec.find_container(&place.container)
        && let Err(why) = shared.mains.start(&shared, &place, container)
    {
        set(ContainerState::Terminated(NOT_STARTED), Some(why));
    }
}
