//! Ephemeral containers: added by a patch, started in a while, entered by exec and attach.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::time::Duration;

use common::{DEADLINE, Exec, V4, V5, client, cluster, exit_code};
use fake_cluster::{ApiEffect, Container, EphemeralEffect, FakeCluster, Fault, Phase, Pod, Route};
use k8s_openapi::api::core::v1;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};
use tokio::time::timeout;

fn pods(cluster: &FakeCluster) -> Api<v1::Pod> {
    Api::namespaced(client(cluster), "default")
}

fn strategic(containers: &Value) -> Patch<Value> {
    Patch::Strategic(json!({"spec": {"ephemeralContainers": containers}}))
}

async fn patch(cluster: &FakeCluster, patch: &Patch<Value>) -> kube::Result<v1::Pod> {
    let params = PatchParams::default();
    pods(cluster)
        .patch_ephemeral_containers("web-0", &params, patch)
        .await
}

/// Adds the container `debug` with a shell on a terminal.
async fn add(cluster: &FakeCluster) -> v1::Pod {
    let debug = json!([{
        "name": "debug",
        "image": "busybox:1.37",
        "command": ["sh"],
        "stdin": true,
        "tty": true,
        "targetContainerName": "app",
    }]);
    patch(cluster, &strategic(&debug)).await.unwrap()
}

async fn refusal(cluster: &FakeCluster, with: &Patch<Value>) -> (u16, String, String) {
    match patch(cluster, with).await {
        Err(kube::Error::Api(status)) => (status.code, status.reason, status.message),
        other => panic!("{other:?}"),
    }
}

/// Waits until the only ephemeral container's state is as `wanted`; the status.
async fn until(
    cluster: &FakeCluster,
    wanted: impl Fn(&v1::ContainerState) -> bool,
) -> v1::ContainerStatus {
    let pods = pods(cluster);
    let reached = async {
        loop {
            let status = pods.get("web-0").await.unwrap().status.unwrap();
            let statuses = status.ephemeral_container_statuses.unwrap_or_default();
            for status in statuses {
                if wanted(status.state.as_ref().unwrap()) {
                    return status;
                }
            }
        }
    };
    timeout(DEADLINE, reached).await.unwrap()
}

fn waits(state: &v1::ContainerState, reason: &str) -> bool {
    let waiting = state.waiting.as_ref();
    waiting.is_some_and(|waiting| waiting.reason.as_deref() == Some(reason))
}

/// The query of an exec in the container `debug`.
fn in_debug(tty: bool, command: &[&str]) -> String {
    let query = if tty {
        common::tty(command)
    } else {
        common::pipes(command)
    };
    query.replace("container=app", "container=debug")
}

#[tokio::test]
async fn one_is_added_starts_and_has_a_shell() {
    let cluster = cluster().await;
    cluster.inject(Fault::ephemeral(EphemeralEffect::Delay(Duration::from_millis(300))).once());
    let pod = add(&cluster).await;
    let spec = pod.spec.unwrap().ephemeral_containers.unwrap().remove(0);
    assert_eq!(spec.target_container_name.as_deref(), Some("app"));
    assert_eq!((spec.stdin, spec.tty), (Some(true), Some(true)));
    // The kubelet has not seen it.
    assert_eq!(pod.status.unwrap().ephemeral_container_statuses, None);

    let status = until(&cluster, |state| waits(state, "ContainerCreating")).await;
    assert_eq!(
        (status.image.as_str(), status.image_id.as_str()),
        ("busybox:1.37", "")
    );
    let query = in_debug(true, &["sh"]);
    let refused = Exec::try_open(&cluster, "default", "web-0", V4, &query).await;
    let message = r#"container not found ("debug")"#.to_owned();
    assert_eq!(refused.err(), Some((500, message)));

    let status = until(&cluster, |state| state.running.is_some()).await;
    assert!(
        status.image_id.starts_with("busybox@sha256:"),
        "{}",
        status.image_id
    );
    let mut exec = Exec::open(&cluster, V4, &query).await;
    exec.type_in("echo $((6*7)); exit 4\n").await;
    assert_eq!(exit_code(&exec.end().await.unwrap()), 4);
    assert!(exec.text().contains("42\r\n"), "{}", exec.text());

    // Its own shell is its main process, and ends it.
    let mut attach = Exec::attach(&cluster, V5, "debug", true).await;
    attach.type_in("exit 5\n").await;
    assert_eq!(attach.end().await.unwrap()["status"], "Success");
    let status = until(&cluster, |state| state.terminated.is_some()).await;
    assert_eq!(status.state.unwrap().terminated.unwrap().exit_code, 5);
    assert_eq!(cluster.live_processes(), 0);
}

#[tokio::test]
async fn it_sees_the_processes_of_its_target() {
    let cluster = cluster().await;
    let mut shell = Exec::open(&cluster, V4, &common::tty(&["sh"])).await;
    shell.type_in("sleep 1234567 & echo star''ted\n").await;
    shell.expect("started\r\n").await;
    add(&cluster).await;
    until(&cluster, |state| state.running.is_some()).await;
    let script = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '";
    let query = in_debug(false, &["sh", "-c", script]);
    let mut exec = Exec::open(&cluster, V4, &query).await;
    exec.end().await;
    assert!(exec.text().contains("sleep 1234567"), "{}", exec.text());
}

#[tokio::test]
async fn a_shell_without_stdin_ends_at_once() {
    let cluster = cluster().await;
    let debug = json!([{"name": "debug", "image": "busybox"}]);
    patch(&cluster, &strategic(&debug)).await.unwrap();
    let status = until(&cluster, |state| state.terminated.is_some()).await;
    let terminated = status.state.unwrap().terminated.unwrap();
    assert_eq!(
        (terminated.exit_code, terminated.reason.as_deref()),
        (0, Some("Completed"))
    );

    let broken = json!([{"name": "broken", "image": "scratch", "command": ["no-such-program"]}]);
    patch(&cluster, &strategic(&broken)).await.unwrap();
    let start_error = |state: &v1::ContainerState| {
        let terminated = state.terminated.as_ref();
        terminated.is_some_and(|ended| ended.reason.as_deref() == Some("StartError"))
    };
    let terminated = until(&cluster, start_error)
        .await
        .state
        .unwrap()
        .terminated
        .unwrap();
    assert_eq!(terminated.exit_code, 128);
    let message = "exec: \"no-such-program\": executable file not found in $PATH";
    assert_eq!(terminated.message.as_deref(), Some(message));
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_keeps_it_waiting() {
    let cluster = cluster().await;
    let message = "failed to resolve reference \"busybox:1.37\": not found".to_owned();
    cluster.inject(Fault::ephemeral(EphemeralEffect::Delay(
        Duration::from_millis(300),
    )));
    cluster.inject(Fault::ephemeral(EphemeralEffect::PullFails {
        message: message.clone(),
    }));
    add(&cluster).await;
    let status = until(&cluster, |state| waits(state, "ErrImagePull")).await;
    assert_eq!(
        status.state.unwrap().waiting.unwrap().message.as_deref(),
        Some(&*message)
    );
    let status = until(&cluster, |state| waits(state, "ImagePullBackOff")).await;
    assert_eq!(
        status.state.unwrap().waiting.unwrap().message.unwrap(),
        format!("Back-off pulling image \"busybox:1.37\": ErrImagePull: {message}")
    );
}

#[tokio::test]
async fn it_can_stay_in_creation() {
    let cluster = FakeCluster::builder()
        .pod(
            Pod::new("default", "web-0")
                .init_container(Container::new("init"))
                .container(Container::new("app")),
        )
        .start()
        .await
        .unwrap();
    cluster.inject(Fault::ephemeral(EphemeralEffect::Delay(Duration::MAX)));
    add(&cluster).await;
    until(&cluster, |state| waits(state, "PodInitializing")).await;
    // And the task that waits for it ends with the cluster.
    timeout(Duration::from_secs(3), cluster.shutdown())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_pod_that_is_over_starts_none() {
    let cluster = cluster().await;
    let over = Pod::new("default", "over").phase(Phase::Succeeded);
    cluster.add_pod(over.container(Container::new("app")));
    let pods = pods(&cluster);
    let debug = strategic(&json!([{"name": "debug", "image": "alpine"}]));
    let params = PatchParams::default();
    let pod = pods.patch_ephemeral_containers("over", &params, &debug);
    assert!(
        pod.await
            .unwrap()
            .spec
            .unwrap()
            .ephemeral_containers
            .is_some()
    );
    // By then the other's time would have come as well.
    add(&cluster).await;
    until(&cluster, |state| state.running.is_some()).await;
    let status = pods.get("over").await.unwrap().status.unwrap();
    assert_eq!(status.ephemeral_container_statuses, None);
}

#[tokio::test]
async fn what_is_not_valid_is_refused_in_the_api_servers_words() {
    let cluster = cluster().await;
    add(&cluster).await;
    let invalid = |error: &str| {
        let message = format!("Pod \"web-0\" is invalid: {error}");
        (422, "Invalid".to_owned(), message)
    };
    let one = |container: Value| strategic(&json!([container]));

    // What is there stays as it is.
    let changed = one(json!({"name": "debug", "image": "alpine"}));
    let forbidden =
        "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"debug\" may not be ";
    assert_eq!(
        refusal(&cluster, &changed).await,
        invalid(&format!("{forbidden}changed\n"))
    );
    let replaced = json!({"spec": {"ephemeralContainers": [{"name": "other", "image": "alpine"}]}});
    let removed = invalid(&format!("{forbidden}removed\n"));
    assert_eq!(refusal(&cluster, &Patch::Merge(replaced)).await, removed);

    let lost = json!({"name": "d2", "image": "alpine", "targetContainerName": "nope"});
    assert_eq!(
        refusal(&cluster, &one(lost)).await,
        invalid("spec.ephemeralContainers[1].targetContainerName: Not found: \"nope\"")
    );
    let taken = one(json!({"name": "app", "image": "alpine"}));
    assert_eq!(
        refusal(&cluster, &taken).await,
        invalid("spec.ephemeralContainers[1].name: Duplicate value: \"app\"")
    );
    let empty = one(json!({"name": "", "image": ""}));
    assert_eq!(
        refusal(&cluster, &empty).await,
        invalid(
            "[spec.ephemeralContainers[1].name: Required value, \
             spec.ephemeralContainers[1].image: Required value]"
        )
    );
    let (code, _, message) = refusal(&cluster, &one(json!({"name": "De_bug", "image": "x"}))).await;
    assert_eq!(code, 422);
    assert!(
        message.contains("Invalid value: \"De_bug\": a lowercase RFC 1123"),
        "{message}"
    );

    let pod = pods(&cluster).get("web-0").await.unwrap();
    assert_eq!(pod.spec.unwrap().ephemeral_containers.unwrap().len(), 1);
}

#[tokio::test]
async fn other_patches() {
    let cluster = cluster().await;
    let debug = json!({"name": "debug", "image": "alpine", "stdin": true, "env": [{"name": "A", "value": "b"}]});
    let list = json!([debug]);
    let body =
        json!({"spec": {"ephemeralContainers": list, "nodeName": "elsewhere"}, "status": {}});
    let pod = patch(&cluster, &Patch::Merge(body)).await.unwrap();
    let spec = pod.spec.unwrap();
    assert_eq!(
        spec.node_name.as_deref(),
        Some("node-1"),
        "the rest is not looked at"
    );
    assert_eq!(
        spec.ephemeral_containers.unwrap()[0].env.as_ref().unwrap()[0].name,
        "A"
    );
    // The same again changes nothing, a second one is added.
    let second =
        json!([{"name": "debug", "image": "alpine"}, {"name": "second", "image": "alpine"}]);
    let pod = patch(&cluster, &strategic(&second)).await.unwrap();
    let names: Vec<_> = pod.spec.unwrap().ephemeral_containers.unwrap();
    let names: Vec<_> = names
        .iter()
        .map(|container| container.name.as_str())
        .collect();
    assert_eq!(names, ["debug", "second"]);

    let refused = async |pod: &str, params: PatchParams, patch: Patch<Value>| {
        let pods = pods(&cluster);
        match pods.patch_ephemeral_containers(pod, &params, &patch).await {
            Err(kube::Error::Api(status)) => (status.code, status.message),
            other => panic!("{other:?}"),
        }
    };
    let apply = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-0"}});
    let (code, message) = refused("web-0", PatchParams::apply("test"), Patch::Apply(apply)).await;
    assert_eq!(code, 415);
    assert!(message.starts_with("the body of the request was in an unknown format"));
    let nothing = Patch::Strategic(json!({}));
    assert_eq!(
        refused("nope", PatchParams::default(), nothing).await,
        (404, "pods \"nope\" not found".to_owned())
    );
}

#[tokio::test]
async fn it_needs_its_own_right_and_can_fail() {
    let cluster = cluster().await;
    let debug = strategic(&json!([{"name": "debug", "image": "alpine"}]));
    let subresource = Some("ephemeralcontainers");
    cluster.deny("patch", "pods", subresource, "default", "ask first");
    let (code, reason, message) = refusal(&cluster, &debug).await;
    assert_eq!((code, reason.as_str()), (403, "Forbidden"));
    assert_eq!(
        message,
        "pods \"web-0\" is forbidden: User \"kubernetes-admin\" cannot patch resource \
         \"pods/ephemeralcontainers\" in API group \"\" in the namespace \"default\": ask first"
    );
    cluster.allow_all();
    let refuse = ApiEffect::Refuse {
        code: 500,
        message: "try later".to_owned(),
    };
    cluster.inject(Fault::api(Route::EphemeralContainers, refuse).once());
    let (code, _, message) = refusal(&cluster, &debug).await;
    assert_eq!((code, message.as_str()), (500, "try later"));
    patch(&cluster, &debug).await.unwrap();
}
