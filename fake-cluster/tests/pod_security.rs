//! Pod Security admission, and which ephemeral containers a kubelet does not start.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use common::{DEADLINE, client};
use fake_cluster::{Container, ContainerState, FakeCluster, Pod, PodSecurityStandard};
use k8s_openapi::api::core::v1;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};
use tokio::time::timeout;

/// A cluster whose pod forbids root, and has a container that runs and one that does not.
async fn cluster() -> FakeCluster {
    let security = json!({"runAsNonRoot": true});
    let pod = Pod::new("default", "web-0")
        .security(serde_json::from_value(security).unwrap())
        .container(Container::new("app"))
        .container(Container::new("down").state(ContainerState::Terminated(1)));
    FakeCluster::builder().pod(pod).start().await.unwrap()
}

fn pods(cluster: &FakeCluster) -> Api<v1::Pod> {
    Api::namespaced(client(cluster), "default")
}

/// Adds a container of this name with a security context; what the API server has against it.
async fn add(cluster: &FakeCluster, name: &str, target: &str, security: &Value) -> String {
    let patch = json!({"spec": {"ephemeralContainers": [{
        "name": name, "image": "busybox", "stdin": true, "tty": true,
        "targetContainerName": target, "securityContext": security,
    }]}});
    let patch = Patch::Strategic(patch);
    let (pods, params) = (pods(cluster), PatchParams::default());
    match pods
        .patch_ephemeral_containers("web-0", &params, &patch)
        .await
    {
        Ok(_) => String::new(),
        Err(kube::Error::Api(status)) => {
            assert_eq!(status.code, 403);
            status.message
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_namespace_refuses_what_its_standard_does() {
    let cluster = cluster().await;
    let traces = json!({"capabilities": {"add": ["SYS_PTRACE"]}, "runAsUser": 1000});
    let plain = json!({"runAsUser": 1000});
    let strict = json!({
        "runAsUser": 1000,
        "runAsNonRoot": true,
        "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    });
    for (standard, refused) in [
        (PodSecurityStandard::Restricted, [true, true, false]),
        (PodSecurityStandard::Baseline, [true, false, false]),
        (PodSecurityStandard::Privileged, [false, false, false]),
    ] {
        cluster.enforce("default", standard);
        for (at, security) in [&traces, &plain, &strict].into_iter().enumerate() {
            let name = format!("{standard:?}-{at}").to_lowercase();
            let said = add(&cluster, &name, "app", security).await;
            assert_eq!(!said.is_empty(), refused[at], "{name}: {said}");
            let start = r#"pods "web-0" is forbidden: violates PodSecurity ""#;
            assert!(said.is_empty() || said.starts_with(start), "{said}");
        }
    }
    let namespaces: Api<v1::Namespace> = Api::all(client(&cluster));
    let labels = namespaces.get("default").await.unwrap().metadata.labels;
    let label = "pod-security.kubernetes.io/enforce";
    assert_eq!(labels.unwrap()[label], "privileged");
}

#[tokio::test]
async fn a_kubelet_starts_nobody_as_root_who_must_not_be_and_none_beside_what_does_not_run() {
    let cluster = cluster().await;
    for (name, target, security, reason) in [
        ("root", "app", json!({}), "CreateContainerConfigError"),
        (
            "zero",
            "app",
            json!({"runAsUser": 0}),
            "CreateContainerConfigError",
        ),
        (
            "beside",
            "down",
            json!({"runAsUser": 1000}),
            "CreateContainerError",
        ),
        ("fits", "app", json!({"runAsUser": 1000}), ""),
        ("own", "app", json!({"runAsNonRoot": false}), ""),
    ] {
        assert_eq!(add(&cluster, name, target, &security).await, "");
        let pods = pods(&cluster);
        let settled = async {
            loop {
                let status = pods.get("web-0").await.unwrap().status.unwrap();
                let all = status.ephemeral_container_statuses.unwrap_or_default();
                let own = all.into_iter().find(|status| status.name == name);
                let state = own.and_then(|own| own.state).unwrap_or_default();
                let waits = state.waiting.and_then(|waiting| waiting.reason);
                match waits.as_deref() {
                    None if state.running.is_none() => {}
                    Some("ContainerCreating") => {}
                    waits => return waits.unwrap_or_default().to_owned(),
                }
            }
        };
        assert_eq!(timeout(DEADLINE, settled).await.unwrap(), reason, "{name}");
    }
}
