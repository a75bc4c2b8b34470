//! Of a pod in a list, what is looked at; the rest, which is most of it, is skipped unread.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1,
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time},
};
use serde::Deserialize;

use crate::cluster::pods;

/// A pod as the page gets it.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) namespace: String,
    pub(super) name: String,
    /// The API server's version of it.
    pub(super) version: String,
    /// For the page.
    pub(super) json: Vec<u8>,
}

impl Item {
    /// Reads a pod as the API server tells of it; [`None`] if that is no pod.
    pub(super) fn read(json: &str) -> Option<Self> {
        let mut pod = serde_json::from_str::<Looked>(json).ok()?;
        let version = pod.metadata.resource_version.take();
        let pod = pods::summary(pod.into());
        if pod.name.is_empty() {
            return None;
        }
        Some(Self {
            json: serde_json::to_vec(&pod).ok()?,
            namespace: pod.namespace,
            name: pod.name,
            version: version.unwrap_or_default(),
        })
    }
}

#[derive(Deserialize)]
struct Looked {
    metadata: Metadata,
    spec: Option<Spec>,
    status: Option<v1::PodStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    creation_timestamp: Option<Time>,
    deletion_timestamp: Option<Time>,
    deletion_grace_period_seconds: Option<i64>,
    resource_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    containers: Option<Vec<Container>>,
    init_containers: Option<Vec<Container>>,
    ephemeral_containers: Option<Vec<Container>>,
    node_name: Option<String>,
    node_selector: Option<BTreeMap<String, String>>,
    os: Option<v1::PodOS>,
    readiness_gates: Option<Vec<v1::PodReadinessGate>>,
    restart_policy: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    #[serde(default)]
    name: String,
    image: Option<String>,
    restart_policy: Option<String>,
    stdin: Option<bool>,
    tty: Option<bool>,
    /// Of an ephemeral one.
    target_container_name: Option<String>,
}

impl From<Looked> for v1::Pod {
    fn from(looked: Looked) -> Self {
        let Metadata {
            name,
            namespace,
            labels,
            annotations,
            creation_timestamp,
            deletion_timestamp,
            deletion_grace_period_seconds,
            resource_version,
        } = looked.metadata;
        Self {
            metadata: ObjectMeta {
                name,
                namespace,
                labels,
                annotations,
                creation_timestamp,
                deletion_timestamp,
                deletion_grace_period_seconds,
                resource_version,
                ..ObjectMeta::default()
            },
            spec: looked.spec.map(Into::into),
            status: looked.status,
        }
    }
}

impl From<Spec> for v1::PodSpec {
    fn from(spec: Spec) -> Self {
        let regular = |containers: Vec<Container>| containers.into_iter().map(Into::into).collect();
        let ephemeral = spec.ephemeral_containers;
        Self {
            containers: spec.containers.map(regular).unwrap_or_default(),
            init_containers: spec.init_containers.map(regular),
            ephemeral_containers: ephemeral.map(|all| all.into_iter().map(Into::into).collect()),
            node_name: spec.node_name,
            node_selector: spec.node_selector,
            os: spec.os,
            readiness_gates: spec.readiness_gates,
            restart_policy: spec.restart_policy,
            ..Self::default()
        }
    }
}

impl From<Container> for v1::Container {
    fn from(container: Container) -> Self {
        Self {
            name: container.name,
            image: container.image,
            restart_policy: container.restart_policy,
            stdin: container.stdin,
            tty: container.tty,
            ..Self::default()
        }
    }
}

impl From<Container> for v1::EphemeralContainer {
    fn from(container: Container) -> Self {
        Self {
            name: container.name,
            image: container.image,
            restart_policy: container.restart_policy,
            stdin: container.stdin,
            tty: container.tty,
            target_container_name: container.target_container_name,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// With all that any list of the page could show.
    fn rich() -> Value {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": "web-0", "namespace": "shop", "uid": "u", "resourceVersion": "17",
                "creationTimestamp": "2026-11-20T10:00:00Z",
                "deletionTimestamp": "2026-11-20T11:00:00Z", "deletionGracePeriodSeconds": 30,
                "labels": {"app": "web"},
                "annotations": {"kubectl.kubernetes.io/default-container": "main"},
                "managedFields": [{"manager": "kubelet", "fieldsV1": {"f:status": {"f:phase": {}}}}],
            },
            "spec": {
                "nodeName": "node-1", "nodeSelector": {"kubernetes.io/os": "linux"}, "os": {"name": "linux"},
                "readinessGates": [{"conditionType": "ready/gate"}],
                "containers": [
                    {"name": "app", "image": "web:1", "stdin": true, "env": [{"name": "A", "value": "b"}]},
                    {"name": "main", "image": "web:2"},
                ],
                "initContainers": [
                    {"name": "setup", "image": "setup:1"},
                    {"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"},
                ],
                "ephemeralContainers": [{"name": "debug", "image": "busybox", "tty": true, "targetContainerName": "app"}],
            },
            "status": {
                "phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory.",
                "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}],
                "containerStatuses": [{
                    "name": "app", "image": "web:1", "imageID": "x", "ready": false, "restartCount": 3,
                    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
                    "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-11-20T10:30:00Z"}},
                }],
                "initContainerStatuses": [{
                    "name": "setup", "image": "setup:1", "imageID": "y", "ready": true, "restartCount": 0,
                    "state": {"terminated": {"exitCode": 0, "signal": 9, "reason": "Completed"}},
                }],
            },
        })
    }

    #[test]
    fn what_is_skipped_is_nothing_that_the_page_shows() {
        let evicted = rich();
        let mut lost = rich();
        lost["status"]["phase"] = "Running".into();
        lost["status"]["reason"] = "NodeLost".into();
        let mut ending = lost.clone();
        ending["status"]["reason"] = Value::Null;
        // Its container has failed for good: the pod's own policy says so.
        let mut failed = ending.clone();
        failed["metadata"]["deletionTimestamp"] = Value::Null;
        failed["spec"]["restartPolicy"] = "Never".into();
        failed["status"]["message"] = Value::Null;
        failed["status"]["containerStatuses"][0]["state"] =
            json!({"terminated": {"exitCode": 1, "reason": "Error"}});
        for (pod, status) in [
            (failed, "Error"),
            (evicted, "CrashLoopBackOff"),
            (lost, "Unknown"),
            (ending, "Terminating"),
        ] {
            let item = Item::read(&pod.to_string()).unwrap();
            let whole = pods::summary(serde_json::from_value(pod).unwrap());
            let shown = (&*whole.status, whole.default_container.as_deref());
            assert_eq!(shown, (status, Some("main")));
            assert_eq!(
                String::from_utf8(item.json).unwrap(),
                serde_json::to_string(&whole).unwrap()
            );
            let read = (&*item.namespace, &*item.name, &*item.version);
            assert_eq!(read, ("shop", "web-0", "17"));
        }
    }

    #[test]
    fn pods_with_hardly_anything_are_read_and_what_is_none_is_not() {
        for pod in [
            json!({"metadata": {"name": "x"}}),
            json!({"metadata": {"name": "x", "labels": null}, "spec": null, "status": null}),
            json!({"metadata": {"name": "x"}, "spec": {"containers": null}, "status": {}, "new": [1]}),
        ] {
            assert!(Item::read(&pod.to_string()).is_some(), "{pod}");
        }
        for odd in [
            "",
            "{}",
            "[]",
            "null",
            r#"{"metadata":{"name":""}}"#,
            r#"{"metadata":{"name":1}}"#,
        ] {
            assert!(Item::read(odd).is_none(), "{odd}");
        }
    }
}
